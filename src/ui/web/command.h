/*
 * Commands: every capability by its name, with typed arguments, for the command line, scripts and
 * user interfaces alike. A command is a row of ui/web/command_list.h: the call of a route that it
 * stands for. What the route checks, allows and notes is checked, allowed and noted here too.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

struct json_t; /* of jansson */

/* What an argument is: its type, and by what a user interface may complete it. */
enum command_kind {
    ARG_TEXT,
    ARG_NUMBER,
    ARG_BOOL,
    ARG_LIST,    /* of texts; as text: JSON, or with commas between */
    ARG_OBJECT,  /* as text: JSON */
    ARG_VALUE,   /* any of these */
    ARG_CHOICE,  /* one of the choices */
    ARG_CONTENT, /* text; on the command line the name of the file that holds it */
    ARG_FLOW,    /* the id of a flow */
    ARG_FLOWS,   /* a query, or ids: 17, "17,18", [17, 18] */
    ARG_QUERY,
    ARG_FIELDS, /* of the query language, as text with commas between */
    ARG_OPTION, /* a name */
    ARG_RULE,   /* an id */
    ARG_KINDS_N,
};

struct command_arg {
    const char *name;
    enum command_kind kind;
    const char *help;
    bool required;
    const char *choices; /* "a|b" */
};

struct command {
    const char *name;   /* "flow.mark" */
    const char *method; /* of the route */
    const char *target; /* see api/target.h: arguments that are not in it are the content */
    const char *help;   /* a sentence */
    const struct command_arg *args; /* in their order on the command line; ended by a NULL name */
    const char *body;               /* JSON: what else is in the content; NULL: nothing */
};

extern const struct command commands[];
extern const size_t commands_n;

/* NULL and a sentence when there is none. */
const struct command *command_find(struct slice name, struct err *e);
/* NULL when there is none. */
const struct command_arg *command_arg_find(const struct command *cmd, struct slice name);
/* "flows": the word for it. */
const char *command_kind_name(enum command_kind k);
/* Checks the arguments, and gives each the type that it must have: a text is read as a number where
 * one is expected. false with a sentence. */
bool command_take(const struct command *cmd, struct json_t *args, struct err *e) MUST_CHECK;
/* An array of all of them. */
void commands_json(struct json *j, const char *key);
