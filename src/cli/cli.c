/* The command line: which command, its words, its options. */
#include "cli/cli.h"

#include "api/presets.h"
#include "api/settings.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/print.h"
#include "cli/help.h"
#include "io/local.h"
#include "proxy/config.h"
#include "rule/rule.h"

#include <errno.h>

#define OUTPUT_MAX     (1u << 20)
#define ENGINE_WAIT_MS 30000

#define COMMAND(name) extern const struct cli_command cli_##name;
#include "cli/list.h"
#undef COMMAND

const struct cli_command *const cli_table[] = {
#define COMMAND(name) &cli_##name,
#include "cli/list.h"
#undef COMMAND
    NULL,
};

const char *
cli_flag(struct cli *cli, const char *name)
{
    for (int i = 0; i < cli->n_flags; i++) {
        if (!slice_eq(slice_str(cli->flags[i].name), slice_str(name)))
            continue;
        const char *value = cli->flags[i].value;
        cli->flags[i] = cli->flags[--cli->n_flags];
        return value;
    }
    return NULL;
}

const char *
cli_word(struct cli *cli)
{
    if (cli->argc == 0)
        return NULL;
    cli->argc--;
    return *cli->argv++;
}

int
cli_fail(const struct err *e)
{
    struct buf out;
    buf_init(&out, 4096);
    print_safe(&out, slice_str(e->text), false);
    fprintf(stderr, "weir: %s\n", buf_str(&out));
    buf_release(&out);
    switch (e->code) {
    case ERR_USAGE: return CLI_USAGE;
    case ERR_START: return CLI_START;
    case ERR_NONE:
    case ERR_FAILED:
    case ERR_MEMORY: break;
    }
    return CLI_FAILED;
}

static bool
read_stream(FILE *f, const char *path, struct buf *out, struct err *e)
{
    char part[4096];
    size_t n;
    while (!out->failed && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_append(out, slice_of(part, n));
    if (ferror(f))
        return err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
    return !out->failed || err_set(e, ERR_USAGE, "'%s' is larger than %zu bytes", path, out->max);
}

bool
cli_read(const char *path, struct buf *out, struct err *e)
{
    if (slice_eq(slice_str(path), SLICE("-")))
        return read_stream(stdin, "standard input", out, e);
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
    bool good = read_stream(f, path, out, e);
    fclose(f);
    return good;
}

struct filter *
cli_query_parse(const struct cli *cli, struct slice text, size_t *at, struct err *e)
{
    struct buf folder = {.max = 8192};
    buf_printf(&folder, "%s/" RULES_FOLDER, cli->config->confdir);
    struct presets *presets = presets_load(buf_str(&folder), e);
    struct filter_presets lookup = presets_lookup(presets);
    struct filter *f = presets ? filter_parse(text, &lookup, at, e) : NULL;
    presets_unref(presets);
    buf_release(&folder);
    return f;
}

struct local *
cli_engine(const struct cli *cli, const char *path, struct err *e)
{
    struct buf usual = {.max = 8192};
    buf_printf(&usual, "%s/api.sock", cli->config->confdir);
    struct local *l = local_open(path ? path : buf_str(&usual), ENGINE_WAIT_MS, e);
    buf_release(&usual);
    return l;
}

int
cli_finish(struct cli *cli)
{
    struct err e = {0};
    if (cli->argc == 0 && cli->n_flags == 0)
        return CLI_OK;
    if (cli->argc)
        err_set(&e, ERR_USAGE, "unexpected word '%.100s', see 'weir %s --help'", cli->argv[0],
                cli->command->name);
    else
        err_set(&e, ERR_USAGE, "'--%s' does not fit here, see 'weir %s --help'", cli->flags[0].name,
                cli->command->name);
    return cli_fail(&e);
}

int
cli_print(struct buf *out)
{
    struct err e = {0};
    struct slice s = buf_slice(out);
    bool good = !out->failed ? fwrite(s.n ? s.p : "", 1, s.n, stdout) == s.n && fflush(stdout) == 0
                             : (errno = ENOMEM, false);
    int errnum = errno;
    buf_release(out);
    if (good || errnum == EPIPE)
        return CLI_OK;
    err_errno(&e, ERR_FAILED, errnum, "cannot write to standard output");
    return cli_fail(&e);
}

static int
cli_show(void (*fill)(struct buf *out))
{
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    fill(&out);
    return cli_print(&out);
}

static const struct cli_flag *
find_flag(const struct cli *cli, struct slice name)
{
    for (const struct cli_flag *f = cli->command->flags; f && f->name; f++)
        if (slice_eq(name, slice_str(f->name)))
            return f;
    return NULL;
}

static void
add_flag(struct cli *cli, const char *name, const char *value)
{
    cli_flag(cli, name);
    cli->flags[cli->n_flags].name = name;
    cli->flags[cli->n_flags++].value = value;
}

/* The command's own flag at words[*at]. */
static enum args_result
take_flag(struct cli *cli, char **words, int n, int *at, struct err *e)
{
    struct slice word = slice_str(words[*at]);
    if (!slice_starts(word, SLICE("--")))
        return ARGS_OTHER;
    struct slice value = slice_from(word, 2), name = slice_cut(&value, '=');
    const struct cli_flag *f = find_flag(cli, name);
    if (!f)
        return ARGS_OTHER;
    bool has_value = name.n + 2 < word.n;
    if (f->arg ? !has_value && *at + 1 >= n : has_value) {
        err_set(e, ERR_USAGE, f->arg ? "'--%s' needs a value" : "'--%s' takes no value", f->name);
        return ARGS_FAILED;
    }
    if (f->arg && !has_value)
        value = slice_str(words[++*at]);
    add_flag(cli, f->name, f->arg ? value.p : "");
    ++*at;
    return ARGS_TAKEN;
}

static bool
unknown_option(const struct cli *cli, const char *word, struct err *e)
{
    struct nearest n;
    struct slice name = slice_str(word);
    while (name.n && name.p[0] == '-')
        name = slice_from(name, 1);
    nearest_init(&n, slice_first(name, slice_find(name, '=')));
    for (const struct cli_flag *f = cli->command->flags; f && f->name; f++)
        nearest_try(&n, slice_str(f->name));
    option_names(&n);
    if (n.found.n && n.word.n > 1)
        return err_set(e, ERR_USAGE,
                       "unknown option '%.60s', did you mean '--%.*s'? See 'weir %s --help'", word,
                       SLICE_ARG(n.found), cli->command->name);
    return err_set(e, ERR_USAGE, "unknown option '%.60s', see 'weir %s --help'", word,
                   cli->command->name);
}

static bool
is_help(const char *word)
{
    struct slice s = slice_str(word);
    return slice_eq(s, SLICE("--help")) || slice_eq(s, SLICE("-h"));
}

/* Sorts the words: options, flags, and the plain ones, which stay in argv. Sets *help when it is
 * asked for. */
static bool
parse_words(struct cli *cli, struct args *args, bool *help, struct err *e)
{
    char **words = cli->argv;
    int n = cli->argc, plain = 0, at = 0;
    bool options_end = false;
    while (at < n) {
        const char *word = words[at];
        if (options_end || word[0] != '-' || !word[1]) {
            words[plain++] = words[at++];
            continue;
        }
        options_end = slice_eq(slice_str(word), SLICE("--"));
        *help |= is_help(word);
        if (options_end || is_help(word)) {
            at++;
            continue;
        }
        enum args_result r = take_flag(cli, words, n, &at, e);
        if (r == ARGS_OTHER)
            r = args_take(args, words, n, &at, e);
        if (r == ARGS_OTHER)
            return unknown_option(cli, word, e);
        if (r == ARGS_FAILED)
            return false;
    }
    cli->argc = plain;
    return true;
}

void
cli_set_verbosity(const struct config *c)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq(slice_str(c->verbosity), slice_str(names[i])))
            log_set_level((enum log_level)i);
}

static int
run_command(struct cli *cli, struct args *args)
{
    struct err e = {0};
    bool help = false;
    if (!parse_words(cli, args, &help, &e))
        return cli_fail(&e);
    if (help) {
        struct buf out;
        buf_init(&out, OUTPUT_MAX);
        help_command(&out, cli->command);
        return cli_print(&out);
    }
    struct config *c = settings_load(args, &e);
    if (!c)
        return cli_fail(&e);
    cli_set_verbosity(c);
    cli->config = c;
    cli->args = args;
    int status = cli->command->run(cli);
    config_unref(c);
    return status;
}

static int
no_command(const char *word)
{
    struct err e = {0};
    struct nearest n;
    nearest_init(&n, slice_str(word));
    for (const struct cli_command *const *c = cli_table; *c; c++)
        nearest_try(&n, slice_str((*c)->name));
    if (word[0] == '-')
        err_set(&e, ERR_USAGE,
                "the command comes first: 'weir dump %.60s'; 'weir --help' lists the commands",
                word);
    else if (n.found.n)
        err_set(&e, ERR_USAGE, "unknown command '%.60s', did you mean '%.*s'? See 'weir --help'",
                word, SLICE_ARG(n.found));
    else
        err_set(&e, ERR_USAGE, "unknown command '%.60s', see 'weir --help'", word);
    return cli_fail(&e);
}

static const struct cli_command *
find_command(struct slice name)
{
    for (const struct cli_command *const *c = cli_table; *c; c++)
        if (slice_eq(name, slice_str((*c)->name)))
            return *c;
    return NULL;
}

int
cli_main(int argc, char **argv)
{
    struct err e = {0};
    if (argc < 2) {
        err_set(&e, ERR_USAGE,
                "a command is missing: 'weir dump' starts the proxy, 'weir --help' lists all");
        return cli_fail(&e);
    }
    struct slice word = slice_str(argv[1]);
    if (is_help(argv[1]) || slice_eq(word, SLICE("help")))
        return cli_show(help_program);
    if (slice_eq(word, SLICE("--version")) || slice_eq(word, SLICE("-V")))
        return cli_show(help_version);
    struct cli cli = {.command = find_command(word), .argc = argc - 2, .argv = argv + 2};
    if (!cli.command)
        return no_command(argv[1]);
    struct args args = {0};
    int status = run_command(&cli, &args);
    args_release(&args);
    return status;
}
