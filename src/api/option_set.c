/* Values of options: from text into a configuration. */
#include "api/option.h"
#include "base/clock.h"
#include "base/scan.h"

#include <assert.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

/* Longer times would not fit when they are added to a clock. */
#define DURATION_MAX (1000ull * 86400 * NS_PER_S)
#define TEXT_MAX     4096

static void *
field_of(const struct option *o, struct config *c)
{
    return (char *)c + o->offset;
}

/* Only so much of a value is repeated in a message. */
static struct slice
shown(struct slice s)
{
    return slice_first(s, 100);
}

static bool
set_bool(const struct option_name *name, struct config *c, struct slice text, struct err *e)
{
    bool v;
    if (!scan_bool(text, &v))
        return err_set(e, ERR_USAGE, "'%.*s' is neither yes nor no", SLICE_ARG(shown(text)));
    *(bool *)field_of(name->option, c) = v != name->opposite;
    return true;
}

static bool
set_int(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    uint64_t v, max = o->max ? o->max : INT64_MAX;
    if (!scan_u64(text, max, &v) || v < o->min)
        return err_set(e, ERR_USAGE, "'%.*s' is not a number from %" PRIu64 " to %" PRIu64,
                       SLICE_ARG(shown(text)), o->min, max);
    *(int64_t *)field_of(o, c) = (int64_t)v;
    return true;
}

/* The limit that a size does not keep, as people read it. */
static bool
refuse_size(const struct option *o, struct slice text, bool small, struct err *e)
{
    uint64_t limit = small ? o->min : o->max;
    unsigned shift = limit % 1024 ? 0 : limit % 1048576 ? 10 : 20;
    static const char *const units[] = {"", "k", "m"};
    return err_set(e, ERR_USAGE, "'%.*s' is %s than %" PRIu64 "%s", SLICE_ARG(shown(text)),
                   small ? "less" : "more", limit >> shift, units[shift / 10]);
}

static bool
set_size(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    uint64_t v;
    if (!scan_size(text, &v))
        return err_set(e, ERR_USAGE, "'%.*s' is not a size like 4096, 64k, 10m or 1g",
                       SLICE_ARG(shown(text)));
    if (v < o->min || (o->max && v > o->max))
        return refuse_size(o, text, v < o->min, e);
    *(uint64_t *)field_of(o, c) = v;
    return true;
}

static bool
set_duration(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    uint64_t v;
    if (!scan_duration(text, &v) || v < o->min || v > DURATION_MAX)
        return err_set(e, ERR_USAGE, "'%.*s' is not a time like 500ms, 10s, 5m or 1h%s",
                       SLICE_ARG(shown(text)), o->min ? ", above 0" : "");
    *(uint64_t *)field_of(o, c) = v;
    return true;
}

/* Appends the folder of the user: $HOME, or else what the user database says. */
static void
append_home(struct buf *out)
{
    char room[1024];
    struct passwd user, *found = NULL;
    const char *home = getenv("HOME");
    if ((!home || !home[0]) && getpwuid_r(getuid(), &user, room, sizeof(room), &found) == 0 &&
        found)
        home = found->pw_dir;
    buf_append(out, slice_str(home));
}

/* Appends the path with its "~" replaced; "+~/x" is a path to be appended to. */
static void
expand_path(struct buf *out, struct slice path)
{
    if (slice_starts(path, SLICE("+~"))) {
        buf_byte(out, '+');
        path = slice_from(path, 1);
    }
    bool home = slice_eq(path, SLICE("~")) || slice_starts(path, SLICE("~/"));
    if (home)
        append_home(out);
    buf_append(out, home ? slice_from(path, 1) : path);
}

/* A copy in the arena of the configuration; NULL and *e when it cannot be one. */
static const char *
keep_text(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    struct buf path;
    buf_init(&path, TEXT_MAX);
    if (slice_find(text, '\0') < text.n || text.n > TEXT_MAX) {
        err_set(e, ERR_USAGE, "the value holds a NUL byte or is longer than %d bytes", TEXT_MAX);
        return NULL;
    }
    if (o->type == OPTION_PATH) {
        expand_path(&path, text);
        text = buf_slice(&path);
    }
    struct slice kept = path.failed ? SLICE_NONE : arena_dup(c->arena, text);
    buf_release(&path);
    if (!kept.p)
        err_memory(e);
    return kept.p;
}

static bool
set_text(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    if (text.n == 0)
        return err_set(e, ERR_USAGE, "the value is empty");
    const char *kept = keep_text(o, c, text, e);
    TRY(kept && (!o->check || o->check(kept, e)));
    *(const char **)field_of(o, c) = kept;
    return true;
}

static bool
set_choice(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    for (struct slice rest = slice_str(o->choices); rest.n;) {
        struct slice choice = slice_cut(&rest, '|');
        if (!slice_eq_nocase(choice, text))
            continue;
        const char *kept = keep_text(o, c, choice, e);
        TRY(kept);
        *(const char **)field_of(o, c) = kept;
        return true;
    }
    return err_set(e, ERR_USAGE, "'%.*s' is not one of %s", SLICE_ARG(shown(text)), o->choices);
}

static size_t
list_len(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static bool
list_add(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    const char ***field = field_of(o, c);
    if (text.n == 0)
        return err_set(e, ERR_USAGE, "the value is empty");
    const char *kept = keep_text(o, c, text, e);
    TRY(kept && (!o->check || o->check(kept, e)));
    size_t n = list_len(*field);
    const char **longer = arena_alloc(c->arena, (n + 2) * sizeof(*longer));
    if (!longer)
        return err_memory(e);
    for (size_t i = 0; i < n; i++)
        longer[i] = (*field)[i];
    longer[n] = kept;
    *field = longer;
    return true;
}

static bool
set_list(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    const char ***field = field_of(o, c), **before = *field;
    if (!o->separator)
        return list_add(o, c, text, e);
    do {
        struct slice entry = slice_trim(slice_cut(&text, o->separator));
        if (list_add(o, c, entry, e))
            continue;
        *field = before;
        return false;
    } while (text.n);
    return true;
}

static bool
set_value(const struct option_name *name, struct config *c, struct slice text, struct err *e)
{
    switch (name->option->type) {
    case OPTION_BOOL: return set_bool(name, c, text, e);
    case OPTION_INT: return set_int(name->option, c, text, e);
    case OPTION_SIZE: return set_size(name->option, c, text, e);
    case OPTION_DURATION: return set_duration(name->option, c, text, e);
    case OPTION_TEXT:
    case OPTION_PATH: return set_text(name->option, c, text, e);
    case OPTION_CHOICE: return set_choice(name->option, c, text, e);
    case OPTION_LIST: return set_list(name->option, c, text, e);
    }
    return false;
}

bool
option_set(const struct option_name *name, struct config *c, struct slice text, struct err *e)
{
    if (set_value(name, c, text, e))
        return true;
    err_prefix(e, "option '%s'", name->option->name);
    return false;
}

void
option_clear(const struct option *o, struct config *c)
{
    assert(o->type == OPTION_LIST);
    *(const char ***)field_of(o, c) = NULL;
}

bool
option_reset(const struct option *o, struct config *c, struct err *e)
{
    if (o->type == OPTION_LIST)
        option_clear(o, c);
    if (!o->def) {
        if (o->type == OPTION_INT)
            *(int64_t *)field_of(o, c) = -1;
        return true;
    }
    struct option_name name = {.option = o};
    return option_set(&name, c, slice_str(o->def), e);
}

static bool
copy_list(const struct option *o, struct config *to, const char *const *list)
{
    option_clear(o, to);
    for (; list && *list; list++)
        TRY(list_add(o, to, slice_str(*list), NULL));
    return true;
}

bool
option_copy(const struct option *o, struct config *to, const struct config *from)
{
    const void *v = (const char *)from + o->offset;
    void *field = field_of(o, to);
    switch (o->type) {
    case OPTION_BOOL: *(bool *)field = *(const bool *)v; return true;
    case OPTION_INT: *(int64_t *)field = *(const int64_t *)v; return true;
    case OPTION_SIZE:
    case OPTION_DURATION: *(uint64_t *)field = *(const uint64_t *)v; return true;
    case OPTION_LIST: return copy_list(o, to, *(const char *const *const *)v);
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE: break;
    }
    const char *text = *(const char *const *)v;
    *(const char **)field = text ? arena_dup(to->arena, slice_str(text)).p : NULL;
    return !text || *(const char **)field;
}
