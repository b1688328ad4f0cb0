/* weir rules: the file of rules, looked at without the proxy. */
#include "api/rules_file.h"
#include "api/rules_import.h"
#include "base/log.h"
#include "cli/cli.h"
#include "proxy/config.h"

#include <errno.h>
#include <stdio.h>

static bool
read_file(const char *path, struct buf *out, struct err *e)
{
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
    while (!out->failed && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_append(out, slice_of(part, n));
    bool bad = ferror(f);
    int errnum = errno;
    fclose(f);
    if (bad)
        return err_errno(e, ERR_USAGE, errnum, "cannot read '%s'", path);
    return !out->failed ||
           err_set(e, ERR_USAGE, "'%s' is larger than %zu bytes", path, RULES_FILE_MAX);
}

/* Programs whose rules can be taken over. */
static const struct importer {
    const char *verb;
    struct rules *(*run)(struct slice text, struct buf *said, struct err *e);
} importers[] = {
    {"import-burp", rules_import_burp},
    {"import-charles", rules_import_charles},
};

static const struct importer *
find_importer(const char *verb)
{
    for (size_t i = 0; i < ARRAY_LEN(importers); i++)
        if (slice_eq(slice_str(importers[i].verb), slice_str(verb)))
            return &importers[i];
    return NULL;
}

static struct rules *
import_file(const struct importer *from, const char *path, struct buf *said, struct err *e)
{
    struct buf text;
    struct rules *rs = NULL;
    buf_init(&text, RULES_FILE_MAX);
    if (read_file(path, &text, e)) {
        rs = from->run(buf_slice(&text), said, e);
        if (!rs)
            err_prefix(e, "'%s'", path);
    }
    buf_release(&text);
    return rs;
}

/* The rules of a program, from its file. */
static struct rules *
import_rules(const struct importer *from, const char *path, struct err *e)
{
    struct buf said;
    buf_init(&said, RULES_FILE_MAX);
    struct rules *rs = import_file(from, path, &said, e);
    for (struct slice rest = buf_slice(&said); rest.n;) {
        struct slice line = slice_cut(&rest, '\n');
        log_line(LOG_WARN, "left out: %.*s", SLICE_ARG(line));
    }
    buf_release(&said);
    /* cppcheck-suppress returnDanglingLifetime -- it is not made of 'said' */
    return rs;
}

static struct rules *
own_rules(const struct cli *cli, struct err *e)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/" RULES_FOLDER, cli->config->confdir);
    return rules_file_load(folder, e);
}

static int
run_rules(struct cli *cli)
{
    struct err e = {0};
    const char *verb = cli_word(cli), *path = NULL;
    bool show = slice_eq(slice_str(verb), SLICE("show"));
    const struct importer *from = find_importer(verb);
    if (from)
        path = cli_word(cli);
    if (!show && !path) {
        err_set(&e, ERR_USAGE, "rules needs: show, import-burp FILE or import-charles FILE");
        return cli_fail(&e);
    }
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct buf out;
    buf_init(&out, RULES_FILE_MAX);
    struct rules *rs = show ? own_rules(cli, &e) : import_rules(from, path, &e);
    bool good = rs && rules_file_print(rs, &out, &e);
    rules_unref(rs);
    if (good)
        return cli_print(&out);
    buf_release(&out);
    return cli_fail(&e);
}

const struct cli_command cli_rules = {
    .name = "rules",
    .args = "show | import-burp FILE | import-charles FILE",
    .help = "the rules of the config folder, checked and in their usual form, or those of another "
            "program as ours",
    .more = "import-burp takes the JSON of Burp's project or user options (match and replace), "
            "import-charles the XML\nthat Charles exports (map remote, map local). What it prints "
            "is fit for rules/rules.yaml in the config folder: docs/rules.md.\n",
    .run = run_rules,
};
