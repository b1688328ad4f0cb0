/* weir ca: shows, exports, imports and rotates the certificate authority, and helps to install it.
 */
#include "pki/ca.h"
#include "base/buf.h"
#include "base/slice.h"
#include "cli/cli.h"
#include "io/sandbox.h"
#include "pki/cert_print.h"
#include "pki/install_help.h"
#include "proxy/config.h"

#include <errno.h>
#include <unistd.h>

#define MAX_OUTPUT (1024 * 1024)

static struct ca_options
options_of(const struct cli *cli)
{
    const struct config *c = cli->config;
    return (struct ca_options){
        .dir = c->confdir,
        .passphrase = c->ca_passphrase,
        .key_type = c->ca_key,
        .name_constraints = c->ca_name_constraints,
        .lifetime_days = (unsigned)c->ca_lifetime,
    };
}

/* Returns owned, after saying so when this was the first run. */
static struct ca *
open_ca(const struct cli *cli, struct err *e)
{
    struct ca_options o = options_of(cli);
    bool made = false;
    struct ca *ca = ca_open(&o, &made, e);
    if (ca && made)
        fprintf(stderr, "weir: made a new certificate authority in '%s'\n", o.dir);
    return ca;
}

static bool
write_out(struct buf *out, const char *path, struct err *e)
{
    struct slice s = buf_slice(out);
    if (out->failed)
        return err_memory(e);
    FILE *file = path ? fopen(path, "wb") : stdout;
    if (!file)
        return err_errno(e, ERR_FAILED, errno, "cannot write '%s'", path);
    bool ok = fwrite(s.p, 1, s.n, file) == s.n;
    ok = (path ? fclose(file) : fflush(file)) == 0 && ok;
    return ok ||
           err_errno(e, ERR_FAILED, errno, "cannot write '%s'", path ? path : "standard output");
}

static int
finish(bool ok, const struct err *e)
{
    return ok ? CLI_OK : cli_fail(e);
}

static int
run_show(struct cli *cli)
{
    struct err err = {0};
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct ca *ca = open_ca(cli, &err);
    if (!ca)
        return cli_fail(&err);
    struct buf out;
    buf_init(&out, MAX_OUTPUT);
    cert_print(&out, ca_cert(ca));
    buf_printf(&out, "file: %s\n", ca_path(ca));
    bool ok = write_out(&out, NULL, &err);
    buf_release(&out);
    ca_unref(ca);
    return finish(ok, &err);
}

static bool
parse_format(const char *text, enum ca_format *format, struct err *e)
{
    static const char *const names[] = {[CA_PEM] = "pem", [CA_DER] = "der", [CA_P12] = "p12"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq_nocase(slice_str(text), slice_str(names[i]))) {
            *format = (enum ca_format)i;
            return true;
        }
    return err_set(e, ERR_USAGE, "unknown format '%s': one of pem, der, p12", text);
}

static bool
export_to(const struct ca *ca, enum ca_format format, const char *path, struct err *e)
{
    struct buf out;
    if (!path && format != CA_PEM && isatty(STDOUT_FILENO))
        return err_set(e, ERR_USAGE, "this format is not for a terminal: name a file with --out");
    buf_init(&out, MAX_OUTPUT);
    bool ok = ca_export(ca, format, &out, e) && write_out(&out, path, e);
    buf_release(&out);
    return ok;
}

static int
run_export(struct cli *cli)
{
    struct err err = {0};
    enum ca_format format = CA_PEM;
    const char *path = cli_flag(cli, "out");
    const char *name = cli_flag(cli, "format");
    if (name && !parse_format(name, &format, &err))
        return cli_fail(&err);
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct ca *ca = open_ca(cli, &err);
    bool ok = ca && export_to(ca, format, path, &err);
    ca_unref(ca);
    return finish(ok, &err);
}

/* What import and rotate end with. */
static int
say_new(struct cli *cli, bool ok, const struct err *e)
{
    if (!ok)
        return cli_fail(e);
    printf("the new certificate authority is in '%s'; the old files are kept with a date in their "
           "names\n"
           "clients must be made to trust the new one: weir ca install-help\n",
           cli->config->confdir);
    return CLI_OK;
}

static int
run_import(struct cli *cli)
{
    struct err err = {0};
    struct ca_options o = options_of(cli);
    const char *file = cli_word(cli);
    if (!file) {
        err_set(&err, ERR_USAGE, "ca import needs a file");
        return cli_fail(&err);
    }
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    return say_new(cli, ca_import(&o, file, &err), &err);
}

static int
run_rotate(struct cli *cli)
{
    struct err err = {0};
    struct ca_options o = options_of(cli);
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    return say_new(cli, ca_rotate(&o, &err), &err);
}

/* The steps with the path of the file in place of {cert}. */
static void
print_steps(struct buf *out, const char *steps, const char *dir, const char *file)
{
    struct slice rest = slice_str(steps);
    while (rest.n) {
        struct slice line = slice_cut(&rest, '\n');
        buf_append(out, SLICE("  "));
        while (line.n) {
            size_t brace = slice_find(line, '{');
            buf_append(out, slice_first(line, brace));
            line = slice_from(line, brace);
            if (slice_starts(line, SLICE("{cert}")))
                buf_printf(out, "%s/%s", dir, file);
            line = slice_from(line, line.n ? sizeof "{cert}" - 1 : 0);
        }
        buf_byte(out, '\n');
    }
}

static void
print_help(struct buf *out, const struct install_help *h, const char *dir)
{
    buf_printf(out, "%s (%s)\n", h->title, h->platform);
    print_steps(out, h->steps, dir, h->file);
    buf_append(out, SLICE("  To undo it:\n"));
    print_steps(out, h->undo, dir, h->file);
    buf_byte(out, '\n');
}

static int
run_install_help(struct cli *cli)
{
    struct err err = {0};
    const char *platform = cli_word(cli);
    bool found = false;
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct buf out;
    buf_init(&out, MAX_OUTPUT);
    for (const struct install_help *h = install_help; h->platform; h++)
        if (!platform || slice_eq_nocase(slice_str(platform), slice_str(h->platform))) {
            print_help(&out, h, cli->config->confdir);
            found = true;
        }
    bool ok =
        found ? write_out(&out, NULL, &err)
              : err_set(&err, ERR_USAGE,
                        "no help for '%s': 'weir ca install-help' lists all platforms", platform);
    buf_release(&out);
    return finish(ok, &err);
}

static const struct {
    const char *name;
    int (*run)(struct cli *cli);
} verbs[] = {
    {"show", run_show},
    {"export", run_export},
    {"import", run_import},
    {"rotate", run_rotate},
    {"install-help", run_install_help},
};

static int
run_ca(struct cli *cli)
{
    struct err err = {0};
    const char *verb = cli_word(cli);
    sandbox_hide();
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (slice_eq(slice_str(verb ? verb : "show"), slice_str(verbs[i].name)))
            return verbs[i].run(cli);
    err_set(&err, ERR_USAGE,
            "unknown word '%s' after ca: one of show, export, import, rotate, install-help", verb);
    return cli_fail(&err);
}

static const struct cli_flag ca_flags[] = {
    {"format", "pem|der|p12", "of the exported certificate (pem)"},
    {"out", "FILE", "where to export to (standard output)"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_ca = {
    .name = "ca",
    .args = "show | export | import FILE | rotate | install-help [PLATFORM]",
    .help = "the certificate authority: show, export, import, rotate, how to install it",
    .more = "show          what is in use, and its file\n"
            "export        the certificate (never the key) as --format, to --out\n"
            "import FILE   use the key and certificate of a PEM file; the old ones are kept\n"
            "rotate        make a new one; the old one is kept\n"
            "install-help  how to make systems and programs trust it\n",
    .flags = ca_flags,
    .run = run_ca,
};
