/* The options among the words of a command line. */
#include "api/args.h"

#include "base/mem.h"

const struct args_shortcut args_shortcuts[] = {
    {'q', "quiet", "verbosity", "error"},
    {'v', "verbose", "verbosity", "debug"},
    {0, NULL, NULL, NULL},
};

static void
args_add(struct args *a, struct option_name name, struct slice value)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->items = mem_need(mem_realloc(a->items, a->cap * sizeof(*a->items)));
    }
    a->items[a->n++] = (struct args_item){name, value};
}

void
args_release(struct args *a)
{
    mem_free(a->items);
    *a = (struct args){0};
}

static void
take_shortcut(struct args *a, const struct args_shortcut *s)
{
    struct option_name name;
    if (option_find(slice_str(s->option), &name))
        args_add(a, name, slice_str(s->value));
}

static const struct args_shortcut *
find_shortcut(struct slice name)
{
    for (const struct args_shortcut *s = args_shortcuts; s->name; s++)
        if (slice_eq(name, slice_str(s->name)) || (name.n == 1 && name.p[0] == s->letter))
            return s;
    return NULL;
}

/* The next word as the value of the one before it. */
static bool
next_word(char *const *words, int n, int *at, struct slice *value, struct err *e)
{
    if (*at + 1 >= n)
        return err_set(e, ERR_USAGE, "'%.100s' needs a value", words[*at]);
    *value = slice_str(words[++*at]);
    return true;
}

/* The name=value, or name alone, of --set. */
static bool
take_set(struct args *a, struct slice text, struct err *e)
{
    struct slice value = text;
    struct slice key = slice_cut(&value, '=');
    struct option_name name;
    if (!option_find(key, &name))
        return option_unknown(key, e);
    if (key.n < text.n)
        args_add(a, name, value);
    else if (name.option->type == OPTION_BOOL)
        args_add(a, name, SLICE("yes"));
    else
        return err_set(e, ERR_USAGE, "'--set %s' needs '=' and a value", name.option->name);
    return true;
}

static enum args_result
result(bool good)
{
    return good ? ARGS_TAKEN : ARGS_FAILED;
}

static enum args_result
take_long(struct args *a, char *const *words, int n, int *at, struct err *e)
{
    struct slice word = slice_from(slice_str(words[*at]), 2), value = word;
    struct slice key = slice_cut(&value, '=');
    bool has_value = key.n < word.n;
    struct option_name name;
    if (slice_eq(key, SLICE("set")))
        return result((has_value || next_word(words, n, at, &value, e)) && take_set(a, value, e));
    const struct args_shortcut *shortcut = has_value ? NULL : find_shortcut(key);
    if (shortcut) {
        take_shortcut(a, shortcut);
        return ARGS_TAKEN;
    }
    if (!option_find(key, &name))
        return ARGS_OTHER;
    if (!has_value && name.option->type == OPTION_BOOL)
        value = SLICE("yes");
    else if (!has_value && !next_word(words, n, at, &value, e))
        return ARGS_FAILED;
    args_add(a, name, value);
    return ARGS_TAKEN;
}

static bool
known_letter(char letter)
{
    return option_find_letter(letter) || find_shortcut(slice_of(&letter, 1));
}

/* Letters without value may share one dash; one that takes a value takes all that follows. */
static enum args_result
take_letters(struct args *a, char *const *words, int n, int *at, struct err *e)
{
    struct slice rest = slice_from(slice_str(words[*at]), 1);
    if (!known_letter(rest.p[0]))
        return ARGS_OTHER;
    for (; rest.n; rest = slice_from(rest, 1)) {
        struct option_name name = {.option = option_find_letter(rest.p[0])};
        const struct args_shortcut *shortcut = find_shortcut(slice_first(rest, 1));
        struct slice value = slice_from(rest, 1);
        if (shortcut) {
            take_shortcut(a, shortcut);
        } else if (!name.option) {
            err_set(e, ERR_USAGE, "unknown option '-%c' in '%.100s'", rest.p[0], words[*at]);
            return ARGS_FAILED;
        } else if (name.option->type == OPTION_BOOL) {
            args_add(a, name, SLICE("yes"));
        } else if (value.n || next_word(words, n, at, &value, e)) {
            args_add(a, name, value);
            return ARGS_TAKEN;
        } else {
            return ARGS_FAILED;
        }
    }
    return ARGS_TAKEN;
}

enum args_result
args_take(struct args *a, char *const *words, int n, int *at, struct err *e)
{
    struct slice word = slice_str(words[*at]);
    if (word.n < 2 || word.p[0] != '-')
        return ARGS_OTHER;
    enum args_result r =
        word.p[1] == '-' ? take_long(a, words, n, at, e) : take_letters(a, words, n, at, e);
    if (r == ARGS_TAKEN)
        ++*at;
    return r;
}
