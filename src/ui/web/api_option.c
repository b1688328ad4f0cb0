/* Handlers: the options, and changing those that are live. */
#include "api/json_in.h"
#include "api/settings.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

#include <jansson.h>
#include <stdio.h>

#define TEXTS_MAX 256

static const char *
group_of(const struct option *o)
{
    while (o >= options && !o->heading)
        o--;
    return o >= options ? o->heading : "";
}

static void
put_option(struct json *j, const struct option *o, const struct config *c)
{
    struct slice choices = slice_str(o->choices);
    json_begin_object(j, NULL);
    json_str(j, "name", o->name);
    json_str(j, "type", option_type_name(o->type));
    json_str(j, "group", group_of(o));
    settings_value(j, "value", o, c);
    json_str(j, "default", o->def);
    json_bool(j, "live", o->live);
    json_bool(j, "changed", settings_is_changed(o, c));
    json_bool(j, "secret", o->secret);
    json_str(j, "help", o->help);
    json_begin_array(j, "choices");
    while (choices.n)
        json_text(j, NULL, slice_cut(&choices, '|'));
    json_end_array(j);
    json_end_object(j);
}

static void
put_options(struct call *c)
{
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "options");
    option_for(o) put_option(&c->json, o, c->control->config);
    json_end_array(&c->json);
    json_end_object(&c->json);
}

enum call_state
api_options(struct call *c)
{
    put_options(c);
    return CALL_DONE;
}

/* What a program that starts anew would have to read to be as this one is. */
enum call_state
api_options_file(struct call *c)
{
    settings_print(c->control->config, &c->out);
    return CALL_DONE;
}

static const struct option *
find(struct call *c)
{
    struct option_name name;
    if (option_find(c->params[0], &name) && !name.opposite)
        return name.option;
    call_missing(c, "option");
    return NULL;
}

enum call_state
api_option(struct call *c)
{
    const struct option *o = find(c);
    if (o)
        put_option(&c->json, o, c->control->config);
    return CALL_DONE;
}

/* Changing ---------------------------------------------------------------------------------- */

struct change {
    struct control_work work;
    struct call *call;
    const struct option *option; /* NULL: all */
    bool (*make)(struct change *ch, const struct control_options *given);
    struct settings_texts texts;
    struct slice room[TEXTS_MAX];
    char number[24];
    bool good;
    struct err e;
};

static bool
add_text(struct change *ch, struct slice s)
{
    /* A zero byte would end it for some and not for others. */
    if (ch->texts.n == TEXTS_MAX || slice_find(s, '\0') < s.n)
        return false;
    ch->room[ch->texts.n++] = s;
    return true;
}

/* A value that is no list. */
static bool
add_scalar(struct change *ch, const json_t *v)
{
    if (json_is_string(v))
        return add_text(ch, json_in_text(v));
    if (json_is_boolean(v))
        return add_text(ch, json_is_true(v) ? SLICE("yes") : SLICE("no"));
    if (!json_is_integer(v))
        return false;
    int n =
        snprintf(ch->number, sizeof(ch->number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    return add_text(ch, slice_of(ch->number, (size_t)n));
}

static bool
read_value(struct change *ch, const json_t *v)
{
    ch->texts.texts = ch->room;
    if (json_is_null(v)) {
        ch->texts.how = SETTINGS_RESET;
        return true;
    }
    if (!json_is_array(v))
        return add_scalar(ch, v);
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_string(json_array_get(v, i)) || !add_scalar(ch, json_array_get(v, i)))
            return false;
    return ch->option->type == OPTION_LIST;
}

/* On the main thread. */
static void
change_run(void *arg)
{
    struct change *ch = arg;
    const struct control_options *given = &ch->call->control->given;
    ch->good = ch->make(ch, given);
}

static void
change_done(void *arg)
{
    struct change *ch = arg;
    struct call *c = ch->call;
    if (ch->work.refused)
        call_fail(c, 503, "ending", "the program is ending");
    else if (!ch->good)
        call_fail(c, ch->e.code == ERR_MEMORY ? 500 : 422, "bad-value", "%s", ch->e.text);
    else if (ch->option)
        put_option(&c->json, ch->option, c->control->config);
    else
        put_options(c);
    call_done(c);
}

static struct change *
change_new(struct call *c, const struct option *o,
           bool (*make)(struct change *ch, const struct control_options *given))
{
    struct change *ch = arena_alloc(c->arena, sizeof(*ch));
    if (!ch) {
        call_fail(c, 500, "memory", "no memory");
        return NULL;
    }
    ch->option = o;
    ch->call = c;
    ch->make = make;
    return ch;
}

static enum call_state
change_begin(struct change *ch)
{
    const struct option *o = ch->option;
    if (o && !o->live)
        return call_fail(ch->call, 409, "fixed", "option '%s' cannot change while the program runs",
                         o->name);
    ch->work = (struct control_work){.run = change_run, .done = change_done, .arg = ch};
    call_ref(ch->call);
    control_work(ch->call->control, &ch->work);
    return CALL_WAIT;
}

static bool
make_set(struct change *ch, const struct control_options *given)
{
    return given->change(given->host, ch->option, &ch->texts, &ch->e);
}

enum call_state
api_option_set(struct call *c)
{
    const struct option *o = find(c);
    const json_t *content = o ? call_json(c) : NULL;
    struct change *ch = content ? change_new(c, o, make_set) : NULL;
    if (!ch)
        return CALL_DONE;
    if (o->live &&
        (!json_object_get(content, "value") || !read_value(ch, json_object_get(content, "value"))))
        return call_fail(c, 422, "bad-value", "'value' is not one that option '%s' can have",
                         o->name);
    return change_begin(ch);
}

enum call_state
api_option_toggle(struct call *c)
{
    const struct option *o = find(c);
    struct change *ch = o ? change_new(c, o, make_set) : NULL;
    if (!ch)
        return CALL_DONE;
    ch->texts.how = SETTINGS_TOGGLE;
    return change_begin(ch);
}

/* Listeners are entries of the option 'mode'. */
static enum call_state
change_mode(struct call *c, enum settings_how how, struct slice spec)
{
    struct option_name mode;
    if (!spec.n || !option_find(SLICE("mode"), &mode))
        return call_fail(c, 400, "bad-parameter",
                         "'mode' must say which listener: MODE[@[HOST:]PORT]");
    struct change *ch = change_new(c, mode.option, make_set);
    if (!ch)
        return CALL_DONE;
    ch->texts.texts = ch->room;
    if (!add_text(ch, spec))
        return call_fail(c, 422, "bad-value", "'mode' holds a NUL byte");
    ch->texts.how = how;
    return change_begin(ch);
}

enum call_state
api_listener_add(struct call *c)
{
    const json_t *content = call_json(c);
    return content ? change_mode(c, SETTINGS_ADD, json_in_key(content, "mode")) : CALL_DONE;
}

enum call_state
api_listener_remove(struct call *c)
{
    return change_mode(c, SETTINGS_REMOVE, call_query(c, "mode"));
}

static bool
make_restore(struct change *ch, const struct control_options *given)
{
    return given->restore(given->host, ch->option, &ch->e);
}

enum call_state
api_option_restore(struct call *c)
{
    const struct option *o = find(c);
    struct change *ch = o ? change_new(c, o, make_restore) : NULL;
    return ch ? change_begin(ch) : CALL_DONE;
}

enum call_state
api_options_restore(struct call *c)
{
    struct change *ch = change_new(c, NULL, make_restore);
    return ch ? change_begin(ch) : CALL_DONE;
}

static bool
make_merge(struct change *ch, const struct control_options *given)
{
    return given->merge(given->host, ch->call->content, &ch->e);
}

enum call_state
api_options_load(struct call *c)
{
    struct change *ch = change_new(c, NULL, make_merge);
    return ch ? change_begin(ch) : CALL_DONE;
}
