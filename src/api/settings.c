/* The sources of a configuration, from the weakest to the strongest. */
#include "api/settings.h"

#include "api/config_file.h"
#include "base/log.h"
#include "base/mem.h"

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

static bool
keep_fixed(struct config *c, const struct config *old, struct err *e)
{
    option_for(o)
    {
        if (o->live || option_equal(o, c, old))
            continue;
        log_line(LOG_WARN, "option '%s' keeps its old value until the program starts again",
                 o->name);
        if (!option_copy(o, c, old))
            return err_memory(e);
    }
    return true;
}

struct config *
settings_reload(const struct args *a, const struct config *old, struct err *e)
{
    struct config *c = settings_load(a, e);
    if (!c || keep_fixed(c, old, e))
        return c;
    config_unref(c);
    return NULL;
}

static bool
settings_put(struct config *c, const struct option *o, const struct settings_texts *texts,
             struct err *e)
{
    struct option_name name = {.option = o};
    if (!o->live)
        return err_set(e, ERR_USAGE, "option '%s' cannot change while the program runs", o->name);
    if (texts->reset)
        return option_reset(o, c, e);
    if (o->type == OPTION_LIST)
        option_clear(o, c);
    else if (texts->n != 1)
        return err_set(e, ERR_USAGE, "option '%s' takes one value", o->name);
    for (size_t i = 0; i < texts->n; i++)
        TRY(option_set(&name, c, texts->texts[i], e));
    return true;
}

static bool
copy_all(struct config *c, const struct config *old)
{
    option_for(o) TRY(option_copy(o, c, old));
    return true;
}

struct config *
settings_with(const struct config *old, const struct option *o, const struct settings_texts *texts,
              struct err *e)
{
    struct config *c = config_new();
    if (!c || !copy_all(c, old))
        err_memory(e);
    else if (settings_put(c, o, texts, e))
        return c;
    config_unref(c);
    return NULL;
}
