/* weir call: runs a command of a running engine. */
#include "ui/web/call.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "io/local.h"
#include "ui/web/command.h"

#include <jansson.h>

#define ANSWER_MAX ((size_t)256 << 20)

/* The first argument, in their order, that is not there yet. */
static const struct command_arg *
next_argument(const struct command *cmd, const json_t *args)
{
    const struct command_arg *a = cmd->args;
    while (a && a->name && json_object_get(args, a->name))
        a++;
    return a && a->name ? a : NULL;
}

static bool
add_text(json_t *args, const struct command_arg *a, struct slice text, struct err *e)
{
    if (json_object_get(args, a->name))
        return err_set(e, ERR_USAGE, "the argument '%s' is there twice", a->name);
    return json_object_set_new(args, a->name, json_stringn(text.p, text.n)) == 0 ||
           err_set(e, ERR_USAGE, "the argument '%s' is no UTF-8", a->name);
}

static bool
add_file(json_t *args, const struct command_arg *a, struct slice path, struct err *e)
{
    struct buf text = {.max = CALL_CONTENT_MAX};
    bool good = cli_read(path.p, &text, e) && add_text(args, a, buf_slice(&text), e);
    buf_release(&text);
    return good;
}

/* Whether what stands before a '=' cannot be meant as the name of an argument. A query may have
 * one, where nothing else is as likely. */
static bool
is_value(const struct command *cmd, const struct command_arg *a, struct slice name,
         struct slice word)
{
    bool named = name.n && name.n < word.n;
    for (size_t i = 0; i < name.n; i++)
        named &= (name.p[i] >= 'a' && name.p[i] <= 'z') || name.p[i] == '-' || name.p[i] == '_';
    bool query = a->kind == ARG_QUERY || a->kind == ARG_FLOWS;
    return !named || (query && (a->required || !cmd->args[1].name));
}

/* "name=value", or the value of the next one in their order. */
static bool
add_word(const struct command *cmd, json_t *args, const char *word, struct err *e)
{
    struct slice value = slice_str(word), name = slice_cut(&value, '=');
    const struct command_arg *a = command_arg_find(cmd, name);
    if (!a || name.n == slice_str(word).n) {
        a = next_argument(cmd, args);
        value = slice_str(word);
        if (a && !is_value(cmd, a, name, value))
            return err_set(e, ERR_USAGE, "'%s' has no argument '%.*s', see 'weir commands'",
                           cmd->name, SLICE_ARG(slice_first(name, 60)));
    }
    if (!a)
        return err_set(e, ERR_USAGE, "'%s' takes no such argument: '%.100s'", cmd->name, word);
    return a->kind == ARG_CONTENT ? add_file(args, a, value, e) : add_text(args, a, value, e);
}

static bool
read_words(struct cli *cli, const struct command *cmd, json_t *args, struct err *e)
{
    for (const char *word = cli_word(cli); word; word = cli_word(cli))
        TRY(add_word(cmd, args, word, e));
    /* Here only for an early sentence: the engine reads them again. */
    json_t *copy = json_deep_copy(args);
    bool good = command_take(cmd, copy, e);
    json_decref(copy);
    return good;
}

/* The sentence of an answer that is an error. */
static bool
refuse(struct slice answer, unsigned status, struct err *e)
{
    json_t *o = json_loadb(answer.n ? answer.p : "", answer.n, 0, NULL);
    const char *text = json_string_value(json_object_get(json_object_get(o, "error"), "text"));
    if (text)
        err_set(e, ERR_FAILED, "%s", text);
    else
        err_set(e, ERR_FAILED, "the engine answers with status %u", status);
    json_decref(o);
    return false;
}

static bool
ask(struct local *l, const struct command *cmd, const json_t *args, struct buf *out, struct err *e)
{
    char target[128];
    char *content = json_dumps(args, JSON_COMPACT);
    if (!content)
        return err_memory(e);
    snprintf(target, sizeof(target), "/api/v1/commands/%s", cmd->name);
    struct local_call call = {
        .method = "POST", .target = slice_str(target), .content = slice_str(content), .out = out};
    bool good = local_ask(l, &call, e);
    free(content);
    return good && (call.status < 300 || refuse(buf_slice(out), call.status, e));
}

static bool
run(struct cli *cli, const struct command *cmd, struct buf *out, struct err *e)
{
    json_t *args = json_object();
    const char *socket = cli_flag(cli, "socket");
    bool good = args && read_words(cli, cmd, args, e);
    struct local *l = good ? cli_engine(cli, socket, e) : NULL;
    good = l && ask(l, cmd, args, out, e);
    local_close(l);
    json_decref(args);
    return good;
}

static int
run_call(struct cli *cli)
{
    struct err e = {0};
    struct buf out = {.max = ANSWER_MAX};
    const char *name = cli_word(cli);
    const struct command *cmd = name ? command_find(slice_str(name), &e) : NULL;
    if (!name)
        err_set(&e, ERR_USAGE, "call needs the name of a command, see 'weir commands'");
    if (!cmd)
        return cli_fail(&e);
    bool good = run(cli, cmd, &out, &e);
    if (!good) {
        buf_release(&out);
        return cli_fail(&e);
    }
    if (slice_starts(buf_slice(&out), SLICE("{")))
        buf_byte(&out, '\n');
    return cli_finish(cli) == CLI_OK ? cli_print(&out) : CLI_USAGE;
}

static const struct cli_flag flags[] = {
    {"socket", "FILE", "the socket of the engine, api.sock in the config folder"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_call = {
    .name = "call",
    .args = "[--socket FILE] NAME [argument=value ...]",
    .help = "runs a command of a running engine and prints its answer; 'weir commands' lists them",
    .more = "It asks a running engine (weir web, or weir dump --api) by its Unix socket.\n"
            "Arguments may come without their names, in their order: weir call flow.mark 17 red\n"
            "Of those that are a content, the value is the name of a file; '-' is standard input.\n"
            "The exit status is 1 when the engine refuses, 2 when the arguments are wrong.\n",
    .flags = flags,
    .run = run_call,
};
