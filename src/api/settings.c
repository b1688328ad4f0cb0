/* The sources of a configuration, from the weakest to the strongest. */
#include "api/settings.h"

#include "api/config_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* "WEIR_LISTEN_PORT" */
static const char *
env_name(const struct option *o, char *out, size_t size)
{
    snprintf(out, size, "WEIR_%s", o->name);
    for (char *p = out; *p; p++)
        if (*p == '-')
            *p = '_';
        else if (*p >= 'a' && *p <= 'z')
            *p ^= 0x20;
    return out;
}

/* A list has its entries between blanks, or between its own separators. */
static bool
set_from_env(const struct option *o, struct config *c, struct slice text, struct err *e)
{
    struct option_name name = {.option = o};
    if (o->type != OPTION_LIST || o->separator)
        return option_set(&name, c, text, e);
    while (text.n) {
        struct slice entry = slice_cut(&text, ' ');
        if (entry.n)
            TRY(option_set(&name, c, entry, e));
    }
    return true;
}

static bool
apply_env_option(const struct option *o, struct config *c, struct err *e)
{
    char name[80];
    const char *value = getenv(env_name(o, name, sizeof(name)));
    if (!value)
        return true;
    if (o->type == OPTION_LIST)
        option_clear(o, c);
    if (set_from_env(o, c, slice_str(value), e))
        return true;
    err_prefix(e, "environment variable '%s'", name);
    return false;
}

static bool
apply_env(struct config *c, struct err *e)
{
    option_for(o) TRY(apply_env_option(o, c, e));
    return true;
}

/* Whether an item in front of this one sets the same option. */
static bool
given_before(const struct args *a, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (a->items[i].name.option == a->items[at].name.option)
            return true;
    return false;
}

static bool
apply_args(const struct args *a, struct config *c, struct err *e)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct args_item *it = &a->items[i];
        if (it->name.option->type == OPTION_LIST && !given_before(a, i))
            option_clear(it->name.option, c);
        TRY(option_set(&it->name, c, it->value, e));
    }
    return true;
}

/* The folder must be known before the file can be read, and then the file goes first. */
static bool
find_folder(const struct args *a, struct config *c, struct err *e)
{
    struct option_name confdir;
    if (!option_find(SLICE("confdir"), &confdir))
        return false;
    TRY(apply_env_option(confdir.option, c, e));
    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].name.option == confdir.option)
            TRY(option_set(&confdir, c, a->items[i].value, e));
    return true;
}

static bool
settings_fill(struct config *c, const struct args *a, struct err *e)
{
    option_for(o) TRY(option_reset(o, c, e));
    return find_folder(a, c, e) && config_file_load(c, e) && apply_env(c, e) && apply_args(a, c, e);
}

struct config *
settings_load(const struct args *a, struct err *e)
{
    struct config *c = config_new();
    if (!c) {
        err_memory(e);
        return NULL;
    }
    if (settings_fill(c, a, e))
        return c;
    config_unref(c);
    return NULL;
}

/* What the sources do not decide. */
static bool
keep_old(struct config *c, const struct config *old, struct err *e)
{
    option_for(o)
    {
        bool changed = settings_is_changed(o, old);
        if (option_equal(o, c, old) || (o->live && !changed))
            continue;
        if (!changed)
            log_line(LOG_WARN, "option '%s' keeps its old value until the program starts again",
                     o->name);
        if (!option_copy(o, c, old))
            return err_memory(e);
    }
    memcpy(c->changed, old->changed, sizeof(c->changed));
    return true;
}

struct config *
settings_reload(const struct args *a, const struct config *old, struct err *e)
{
    struct config *c = settings_load(a, e);
    if (!c || keep_old(c, old, e))
        return c;
    config_unref(c);
    return NULL;
}

/* The entry of a list, or its end. */
static size_t
find_entry(const char *const *list, struct slice text)
{
    size_t i = 0;
    while (list && list[i] && !slice_eq(slice_str(list[i]), text))
        i++;
    return i;
}

static bool
put_entry(struct config *c, const struct option *o, const struct settings_texts *texts,
          struct err *e)
{
    struct option_name name = {.option = o};
    const char *const *list = *(const char *const *const *)((const char *)c + o->offset);
    struct slice text = texts->n ? texts->texts[0] : SLICE_NONE;
    size_t at = find_entry(list, text);
    bool there = list && list[at];
    if (there == (texts->how == SETTINGS_ADD))
        return err_set(e, ERR_USAGE, "option '%s' has %s entry '%.*s'", o->name,
                       there ? "already an" : "no", SLICE_ARG(slice_first(text, 100)));
    if (texts->how == SETTINGS_ADD)
        return option_set(&name, c, text, e);
    /* The texts live as long as the configuration. */
    option_clear(o, c);
    for (size_t i = 0; list[i]; i++)
        TRY(i == at || option_set(&name, c, slice_str(list[i]), e));
    return true;
}

static bool /* NOLINTNEXTLINE(readability-function-cognitive-complexity): TRY counts as a branch */
settings_put(struct config *c, const struct option *o, const struct settings_texts *texts,
             struct err *e)
{
    struct option_name name = {.option = o};
    if (!o->live)
        return err_set(e, ERR_USAGE, "option '%s' cannot change while the program runs", o->name);
    bool entry = texts->how == SETTINGS_ADD || texts->how == SETTINGS_REMOVE;
    if ((entry && o->type != OPTION_LIST) ||
        (texts->how == SETTINGS_TOGGLE && o->type != OPTION_BOOL))
        return err_set(e, ERR_USAGE, "option '%s' is %s", o->name,
                       entry ? "no list" : "neither on nor off");
    if (texts->how == SETTINGS_RESET)
        return option_reset(o, c, e);
    if (texts->how == SETTINGS_TOGGLE)
        return option_set(
            &name, c, *(const bool *)((const char *)c + o->offset) ? SLICE("no") : SLICE("yes"), e);
    if (entry)
        return put_entry(c, o, texts, e);
    if (o->type == OPTION_LIST)
        option_clear(o, c);
    else if (texts->n != 1)
        return err_set(e, ERR_USAGE, "option '%s' takes one value", o->name);
    for (size_t i = 0; i < texts->n; i++)
        TRY(option_set(&name, c, texts->texts[i], e));
    return true;
}

static size_t
row_of(const struct option *o)
{
    assert(o - options < CONFIG_OPTIONS_MAX);
    return (size_t)(o - options);
}

bool
settings_is_changed(const struct option *o, const struct config *c)
{
    return c->changed[row_of(o)];
}

static struct config *
copy_all(const struct config *old, struct err *e)
{
    struct config *c = config_new();
    bool good = c;
    option_for(o) good = good && option_copy(o, c, old);
    if (good) {
        memcpy(c->changed, old->changed, sizeof(c->changed));
        return c;
    }
    config_unref(c);
    err_memory(e);
    return NULL;
}

struct config *
settings_with(const struct config *old, const struct option *o, const struct settings_texts *texts,
              struct err *e)
{
    struct config *c = copy_all(old, e);
    if (c && settings_put(c, o, texts, e)) {
        c->changed[row_of(o)] = true;
        return c;
    }
    config_unref(c);
    return NULL;
}

/* Those that the text says otherwise. */
static bool
note_merged(struct config *c, const struct config *old, struct err *e)
{
    option_for(o)
    {
        if (option_equal(o, c, old))
            continue;
        if (!o->live)
            return err_set(e, ERR_USAGE, "option '%s' cannot change while the program runs",
                           o->name);
        c->changed[row_of(o)] = true;
    }
    return true;
}

struct config *
settings_merge(const struct config *old, struct slice text, struct err *e)
{
    struct config *c = copy_all(old, e);
    if (c && config_file_apply(text, "the text", c, e) && note_merged(c, old, e))
        return c;
    config_unref(c);
    return NULL;
}

struct config *
settings_without(const struct args *a, const struct config *old, const struct option *o,
                 struct err *e)
{
    struct config *fresh = settings_load(a, e), *c = fresh ? copy_all(old, e) : NULL;
    bool good = c;
    option_for(p)
    {
        if ((o && p != o) || !p->live)
            continue;
        good = good && (option_copy(p, c, fresh) || err_memory(e));
        if (c)
            c->changed[row_of(p)] = false;
    }
    config_unref(fresh);
    if (good)
        return c;
    config_unref(c);
    return NULL;
}

/* Printing ------------------------------------------------------------------------------------ */

static void
put_duration(struct json *j, const char *key, uint64_t ns)
{
    char text[32];
    bool whole = ns % NS_PER_S == 0;
    snprintf(text, sizeof(text), "%" PRIu64 "%s", (uint64_t)(ns / (whole ? NS_PER_S : NS_PER_MS)),
             whole ? "s" : "ms");
    json_str(j, key, text);
}

static void
put_list(struct json *j, const char *key, const char *const *list)
{
    json_begin_array(j, key);
    while (list && *list)
        json_str(j, NULL, *list++);
    json_end_array(j);
}

void
settings_value(struct json *j, const char *key, const struct option *o, const struct config *c)
{
    const void *v = (const char *)c + o->offset;
    if (o->secret) {
        json_put_null(j, key);
        return;
    }
    switch (o->type) {
    case OPTION_BOOL: json_bool(j, key, *(const bool *)v); break;
    case OPTION_INT: json_i64(j, key, *(const int64_t *)v); break;
    case OPTION_SIZE: json_u64(j, key, *(const uint64_t *)v); break;
    case OPTION_DURATION: put_duration(j, key, *(const uint64_t *)v); break;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE: json_str(j, key, *(const char *const *)v); break;
    case OPTION_LIST: put_list(j, key, *(const char *const *const *)v); break;
    }
}

/* JSON is YAML. */
void
settings_print(const struct config *c, struct buf *out)
{
    struct config *usual = config_new();
    struct err ignored;
    bool good = usual;
    option_for(o) good = good && option_reset(o, usual, &ignored);
    option_for(o)
    {
        struct json j;
        bool here = slice_eq(slice_str(o->name), SLICE("confdir")); /* it is where the file is */
        if (!good || here || o->secret || option_equal(o, c, usual))
            continue;
        buf_printf(out, "%s: ", o->name);
        json_init(&j, out);
        settings_value(&j, NULL, o, c);
        buf_byte(out, '\n');
    }
    out->failed |= !good;
    config_unref(usual);
}
