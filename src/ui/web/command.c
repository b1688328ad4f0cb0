/* The table of commands, and what their arguments must be. */
#include "ui/web/command.h"

#include "api/json_in.h"
#include "base/nearest.h"
#include "base/scan.h"

#include <jansson.h>

#define FLOWS_TEXT_MAX ((size_t)16 << 10)

#define NO_ARGS NULL
#define MAY(arg_name, arg_kind, ...)                                                               \
    {                                                                                              \
        .name = arg_name, .kind = ARG_##arg_kind, .help = __VA_ARGS__                              \
    }
#define NEED(arg_name, arg_kind, ...)                                                              \
    {                                                                                              \
        .name = arg_name, .kind = ARG_##arg_kind, .required = true, .help = __VA_ARGS__            \
    }
#define ARGS(...)                                                                                  \
    (const struct command_arg[])                                                                   \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            .name = NULL                                                                           \
        }                                                                                          \
    }

const struct command commands[] = {
#define COMMAND(the_name, the_method, the_target, the_help, ...)                                   \
    {.name = the_name,                                                                             \
     .method = the_method,                                                                         \
     .target = the_target,                                                                         \
     .help = the_help,                                                                             \
     .args = __VA_ARGS__},
#include "ui/web/command_list.h"
#undef COMMAND
};
const size_t commands_n = ARRAY_LEN(commands);

const struct command *
command_find(struct slice name, struct err *e)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < commands_n; i++) {
        if (slice_eq(slice_str(commands[i].name), name))
            return &commands[i];
        nearest_try(&near, slice_str(commands[i].name));
    }
    name = slice_first(name, 60);
    if (near.found.n)
        err_set(e, ERR_USAGE, "there is no command '%.*s': did you mean '%.*s'?", SLICE_ARG(name),
                SLICE_ARG(near.found));
    else
        err_set(e, ERR_USAGE, "there is no command '%.*s'", SLICE_ARG(name));
    return NULL;
}

const struct command_arg *
command_arg_find(const struct command *cmd, struct slice name)
{
    for (const struct command_arg *a = cmd->args; a && a->name; a++)
        if (slice_eq(slice_str(a->name), name))
            return a;
    return NULL;
}

/* Arguments ----------------------------------------------------------------------------------- */

static json_t *
keep(const json_t *v)
{
    return json_incref((json_t *)(uintptr_t)v);
}

static json_t *
take_text(const json_t *v)
{
    char text[24];
    if (json_is_string(v))
        return keep(v);
    if (!json_is_integer(v))
        return NULL;
    snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    return json_string(text);
}

static json_t *
take_number(const json_t *v)
{
    uint64_t n;
    if (json_is_integer(v))
        return keep(v);
    return scan_u64(json_in_text(v), INT64_MAX, &n) ? json_integer((json_int_t)n) : NULL;
}

static json_t *
take_bool(const json_t *v)
{
    bool on;
    if (json_is_boolean(v))
        return keep(v);
    return scan_bool(json_in_text(v), &on) ? json_boolean(on) : NULL;
}

static json_t *
parse(const json_t *v, json_type type)
{
    struct slice s = json_in_text(v);
    json_t *made = s.p ? json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!made || json_typeof(made) == type)
        return made;
    json_decref(made);
    return NULL;
}

static json_t *
take_list(const json_t *v)
{
    struct slice rest = json_in_text(v);
    if (json_is_array(v))
        return keep(v);
    if (!rest.p || slice_starts(rest, SLICE("[")))
        return parse(v, JSON_ARRAY);
    json_t *list = json_array();
    while (rest.n) {
        struct slice one = slice_trim(slice_cut(&rest, ','));
        json_array_append_new(list, json_stringn(one.p, one.n));
    }
    return list;
}

static json_t *
take_object(const json_t *v)
{
    return json_is_object(v) ? keep(v) : parse(v, JSON_OBJECT);
}

static json_t *
take_value(const json_t *v)
{
    return keep(v);
}

/* "17, 18": nothing but numbers and what is between them. */
static bool
is_ids(struct slice s)
{
    bool digits = false;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        digits |= digit;
        if (!digit && s.p[i] != ',' && s.p[i] != ' ')
            return false;
    }
    return digits;
}

static void
add_id(struct buf *out, struct slice id)
{
    if (id.n)
        buf_printf(out, "%s%.*s", buf_len(out) ? "," : "id:(", SLICE_ARG(id));
}

static void
add_ids(struct buf *out, const json_t *v)
{
    char text[24];
    struct slice rest = json_in_text(v);
    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        add_id(out, slice_str(text));
    } else if (is_ids(rest)) {
        while (rest.n)
            add_id(out, slice_trim(slice_cut(&rest, ',')));
    } else {
        out->failed = true;
    }
}

/* Ids become the query for them. */
static json_t *
take_flows(const json_t *v)
{
    struct buf out;
    if (json_is_string(v) && !is_ids(json_in_text(v)))
        return keep(v);
    if (json_is_array(v) && !json_array_size(v))
        return NULL; /* as a query it would be all of them */
    buf_init(&out, FLOWS_TEXT_MAX);
    for (size_t i = 0; i < json_array_size(v); i++)
        add_ids(&out, json_array_get(v, i));
    if (!json_is_array(v))
        add_ids(&out, v);
    buf_byte(&out, ')');
    json_t *made = out.failed ? NULL : json_stringn(out.p, buf_len(&out));
    buf_release(&out);
    return made;
}

static const struct {
    const char *name, *what, *type;   /* the last of JSON Schema; NULL: any */
    json_t *(*take)(const json_t *v); /* a reference, or NULL */
} kinds[ARG_KINDS_N] = {
    [ARG_TEXT] = {"text", "a text", "string", take_text},
    [ARG_NUMBER] = {"number", "a whole number", "integer", take_number},
    [ARG_BOOL] = {"bool", "true or false", "boolean", take_bool},
    [ARG_LIST] = {"list", "a list", "array", take_list},
    [ARG_OBJECT] = {"object", "a JSON object", "object", take_object},
    [ARG_VALUE] = {"value", "a value", NULL, take_value},
    [ARG_CHOICE] = {"choice", "a text", "string", take_text},
    [ARG_CONTENT] = {"content", "a text", "string", take_text},
    [ARG_FLOW] = {"flow", "the id of a flow", "integer", take_number},
    [ARG_FLOWS] = {"flows", "a query, or ids of flows", NULL, take_flows},
    [ARG_QUERY] = {"query", "a query", "string", take_text},
    [ARG_FIELDS] = {"fields", "names of fields with commas between", "string", take_text},
    [ARG_OPTION] = {"option", "the name of an option", "string", take_text},
    [ARG_RULE] = {"rule", "the id of a rule", "integer", take_number},
};

const char *
command_kind_name(enum command_kind k)
{
    return kinds[k].name;
}

static bool
is_choice(const struct command_arg *a, const json_t *v)
{
    struct slice rest = slice_str(a->choices);
    while (rest.n)
        if (slice_eq(slice_cut(&rest, '|'), json_in_text(v)))
            return true;
    return a->kind != ARG_CHOICE;
}

static bool
take_argument(const struct command *cmd, const struct command_arg *a, json_t *args, struct err *e)
{
    const json_t *given = json_object_get(args, a->name);
    if (!given && !a->required)
        return true;
    if (!given)
        return err_set(e, ERR_USAGE, "the argument '%s' of '%s' is missing", a->name, cmd->name);
    json_t *v = kinds[a->kind].take(given);
    if (!v)
        return err_set(e, ERR_USAGE, "the argument '%s' of '%s' must be %s", a->name, cmd->name,
                       kinds[a->kind].what);
    bool good = is_choice(a, v);
    json_object_set_new(args, a->name, v);
    return good || err_set(e, ERR_USAGE, "the argument '%s' of '%s' must be one of %s", a->name,
                           cmd->name, a->choices);
}

static bool
unknown_argument(const struct command *cmd, struct slice name, struct err *e)
{
    struct nearest near;
    nearest_init(&near, name);
    for (const struct command_arg *a = cmd->args; a && a->name; a++)
        nearest_try(&near, slice_str(a->name));
    name = slice_first(name, 60);
    return near.found.n
               ? err_set(e, ERR_USAGE, "'%s' has no argument '%.*s': did you mean '%.*s'?",
                         cmd->name, SLICE_ARG(name), SLICE_ARG(near.found))
               : err_set(e, ERR_USAGE, "'%s' has no argument '%.*s'", cmd->name, SLICE_ARG(name));
}

/* A null is as good as nothing. */
static bool
take_names(const struct command *cmd, json_t *args, struct err *e)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(args, next, key, value)
    {
        const struct command_arg *a = command_arg_find(cmd, slice_str(key));
        if (!a)
            return unknown_argument(cmd, slice_str(key), e);
        if (json_is_null(value) && a->kind != ARG_VALUE)
            json_object_del(args, key);
    }
    return true;
}

bool
command_take(const struct command *cmd, json_t *args, struct err *e)
{
    TRY(take_names(cmd, args, e));
    for (const struct command_arg *a = cmd->args; a && a->name; a++)
        TRY(take_argument(cmd, a, args, e));
    return true;
}

/* Telling ------------------------------------------------------------------------------------- */

static void
put_argument(struct json *j, const struct command_arg *a)
{
    struct slice choices = slice_str(a->choices);
    json_begin_object(j, NULL);
    json_str(j, "name", a->name);
    json_str(j, "kind", kinds[a->kind].name);
    json_str(j, "type", kinds[a->kind].type);
    json_bool(j, "required", a->required);
    json_str(j, "help", a->help);
    json_begin_array(j, "choices");
    while (choices.n)
        json_text(j, NULL, slice_cut(&choices, '|'));
    json_end_array(j);
    json_end_object(j);
}

void
commands_json(struct json *j, const char *key)
{
    json_begin_array(j, key);
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++) {
        json_begin_object(j, NULL);
        json_str(j, "name", cmd->name);
        json_str(j, "help", cmd->help);
        json_str(j, "method", cmd->method);
        json_text(j, "path",
                  slice_first(slice_str(cmd->target), slice_find(slice_str(cmd->target), '?')));
        json_begin_array(j, "arguments");
        for (const struct command_arg *a = cmd->args; a && a->name; a++)
            put_argument(j, a);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
}
