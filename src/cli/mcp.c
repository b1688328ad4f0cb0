/* weir mcp: traffic for coding assistants, as a server of the Model Context Protocol on standard
 * input and output. */
#include "ui/mcp/mcp.h"
#include "cli/cli.h"
#include "io/local.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static bool
ask(void *arg, struct mcp_call *c, struct err *e)
{
    struct local_call call = {
        .method = c->method, .target = c->target, .content = c->content, .out = c->out};
    bool good = local_ask(arg, &call, e);
    c->status = call.status;
    return good;
}

/* The lines that are whole. */
static bool
answer_lines(const struct mcp *m, struct buf *in)
{
    for (;;) {
        struct slice rest = buf_slice(in), line;
        struct buf out;
        if (slice_find(rest, '\n') == rest.n)
            return true;
        line = slice_cut(&rest, '\n');
        buf_init(&out, MCP_MESSAGE_MAX * 2);
        if (slice_trim(line).n)
            mcp_handle(m, line, &out);
        if (buf_len(&out))
            buf_byte(&out, '\n');
        bool good = !out.failed &&
                    fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout) == buf_len(&out) &&
                    fflush(stdout) == 0;
        buf_release(&out);
        buf_consume(in, line.n + 1);
        if (!good)
            return false;
    }
}

static bool
serve(const struct mcp *m, struct err *e)
{
    struct buf in;
    bool good = true;
    buf_init(&in, MCP_MESSAGE_MAX);
    while (good) {
        char *room = buf_reserve(&in, 65536);
        if (!room) {
            good = err_set(e, ERR_FAILED, "a message of more than 16 MiB");
            break;
        }
        ssize_t n = read(STDIN_FILENO, room, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_commit(&in, (size_t)n);
        if (!answer_lines(m, &in))
            break;
    }
    buf_release(&in);
    return good;
}

static int
run_mcp(struct cli *cli)
{
    struct err e = {0};
    const char *given = cli_flag(cli, "socket");
    struct mcp m = {.ask = ask,
                    .allow_actions = cli_flag(cli, "allow-actions"),
                    .show_secrets = cli_flag(cli, "show-secrets")};
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct local *l = cli_engine(cli, given, &e);
    if (!l)
        return cli_fail(&e);
    m.arg = l;
    bool good = serve(&m, &e);
    local_close(l);
    return good ? CLI_OK : cli_fail(&e);
}

static const struct cli_flag flags[] = {
    {"allow-actions", NULL,
     "tools that change something, too: hold decisions, edits, rules, marks"},
    {"show-secrets", NULL, "do not take passwords, tokens and cookies out of what is shown"},
    {"socket", "FILE", "the socket of the engine, api.sock in the config folder"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_mcp = {
    .name = "mcp",
    .args = "[--allow-actions] [--show-secrets] [--socket FILE]",
    .help = "a Model Context Protocol server on standard input and output, for coding assistants",
    .more = "It asks a running engine (weir web, or weir dump --api) by its Unix socket.\n",
    .flags = flags,
    .run = run_mcp,
};
