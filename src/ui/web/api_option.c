/* Handlers: the options, and changing those that are live. */
#include "api/json_in.h"
#include "api/settings.h"
#include "base/clock.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#define TEXTS_MAX 256

static void
put_duration(struct json *j, uint64_t ns)
{
    char text[32];
    bool whole = ns % NS_PER_S == 0;
    snprintf(text, sizeof(text), "%" PRIu64 "%s", (uint64_t)(ns / (whole ? NS_PER_S : NS_PER_MS)),
             whole ? "s" : "ms");
    json_str(j, "value", text);
}

static void
put_list(struct json *j, const char *const *list)
{
    json_begin_array(j, "value");
    while (list && *list)
        json_str(j, NULL, *list++);
    json_end_array(j);
}

static void
put_value(struct json *j, const struct option *o, const struct config *c)
{
    const void *v = (const char *)c + o->offset;
    if (o->secret) {
        json_put_null(j, "value");
        return;
    }
    switch (o->type) {
    case OPTION_BOOL: json_bool(j, "value", *(const bool *)v); break;
    case OPTION_INT: json_i64(j, "value", *(const int64_t *)v); break;
    case OPTION_SIZE: json_u64(j, "value", *(const uint64_t *)v); break;
    case OPTION_DURATION: put_duration(j, *(const uint64_t *)v); break;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE: json_str(j, "value", *(const char *const *)v); break;
    case OPTION_LIST: put_list(j, *(const char *const *const *)v); break;
    }
}

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
    put_value(j, o, c);
    json_str(j, "default", o->def);
    json_bool(j, "live", o->live);
    json_bool(j, "secret", o->secret);
    json_str(j, "help", o->help);
    json_begin_array(j, "choices");
    while (choices.n)
        json_text(j, NULL, slice_cut(&choices, '|'));
    json_end_array(j);
    json_end_object(j);
}

enum call_state
api_options(struct call *c)
{
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "options");
    option_for(o) put_option(&c->json, o, c->control->config);
    json_end_array(&c->json);
    json_end_object(&c->json);
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
    const struct option *option;
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
    ch->texts.reset = json_is_null(v);
    if (ch->texts.reset)
        return true;
    if (!json_is_array(v))
        return add_scalar(ch, v);
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_string(json_array_get(v, i)) || !add_scalar(ch, json_array_get(v, i)))
            return false;
    return ch->option->type == OPTION_LIST;
}

static void
change_run(void *arg)
{
    struct change *ch = arg;
    const struct control_options *given = &ch->call->control->given;
    ch->good = given->change(given->host, ch->option, &ch->texts, &ch->e);
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
    else
        put_option(&c->json, ch->option, c->control->config);
    call_done(c);
}

enum call_state
api_option_set(struct call *c)
{
    const struct option *o = find(c);
    const json_t *content = o ? call_json(c) : NULL;
    if (!content)
        return CALL_DONE;
    struct change *ch = arena_alloc(c->arena, sizeof(*ch));
    if (!ch)
        return call_fail(c, 500, "memory", "no memory");
    ch->option = o;
    ch->call = c;
    if (!o->live)
        return call_fail(c, 409, "fixed", "option '%s' cannot change while the program runs",
                         o->name);
    if (!json_object_get(content, "value") || !read_value(ch, json_object_get(content, "value")))
        return call_fail(c, 422, "bad-value", "'value' is not one that option '%s' can have",
                         o->name);
    ch->work = (struct control_work){.run = change_run, .done = change_done, .arg = ch};
    call_ref(c);
    control_work(c->control, &ch->work);
    return CALL_WAIT;
}
