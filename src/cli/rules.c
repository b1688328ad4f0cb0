/* weir rules: the rules of the config folder: shows them, tests a file of them, takes over those of
 * other programs. */
#include "api/presets.h"
#include "api/rulebook.h"
#include "api/rules_file.h"
#include "api/rules_import.h"
#include "base/print.h"
#include "cli/cli.h"
#include "proxy/config.h"

#include <errno.h>
#include <sys/stat.h>

#define OUTPUT_MAX ((size_t)64 << 20)

/* Those of the file, or of rules.yaml; with the presets of the config folder. */
static struct rules *
load(const struct cli *cli, const char *file, struct err *e)
{
    struct buf path = {.max = 8192}, text = {.max = RULES_FILE_MAX};
    buf_printf(&path, "%s/" RULES_FOLDER, cli->config->confdir);
    struct presets *presets = presets_load(buf_str(&path), e);
    struct filter_presets lookup = presets_lookup(presets);
    struct rule_origin origin = {.presets = &lookup, .folder = file ? NULL : buf_str(&path)};
    struct rules *rs = NULL;
    if (presets && !file)
        rs = rules_file_load(&origin, e);
    else if (presets && cli_read(file, &text, e))
        rs = rules_file_parse(buf_slice(&text), file, &origin, e);
    presets_unref(presets);
    buf_release(&path);
    buf_release(&text);
    return rs;
}

static void
put_rule(struct buf *out, const struct rule *r, size_t number)
{
    struct rule_info info;
    rule_info(r, &info);
    buf_printf(out, "%4zu %-3s ", number, info.on ? "on" : "off");
    print_safe(out, slice_str(info.name[0] ? info.name : "-"), false);
    buf_printf(out, ": %s", info.ops->name);
    if (info.when[0]) {
        buf_append(out, SLICE(", when "));
        print_safe(out, slice_str(info.when), false);
    }
    if (info.folder[0]) {
        buf_append(out, SLICE(" ["));
        print_safe(out, slice_str(info.folder), false);
        buf_byte(out, ']');
    }
    buf_byte(out, '\n');
}

static int
run_list(struct cli *cli)
{
    struct err e = {0};
    struct buf out = {.max = OUTPUT_MAX};
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct rules *rs = load(cli, NULL, &e);
    if (!rs)
        return cli_fail(&e);
    for (size_t i = 0; i < rules_count(rs); i++)
        put_rule(&out, rules_at(rs, i), i + 1);
    rules_unref(rs);
    return cli_print(&out);
}

static int
run_test(struct cli *cli)
{
    struct err e = {0};
    const char *path = cli_word(cli);
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    struct rules *rs = load(cli, path, &e);
    if (!rs)
        return cli_fail(&e);
    printf("rules: %zu, all of them good\n", rules_count(rs));
    rules_unref(rs);
    return CLI_OK;
}

static void
put_left(struct buf *out, const struct rules_import *made)
{
    buf_printf(out, "rules added: %zu, entries left out: %zu\n", made->n, made->n_left);
    for (size_t i = 0; i < made->n_left; i++) {
        buf_append(out, SLICE("    "));
        print_safe(out, made->left[i].where, false);
        buf_append(out, SLICE(": "));
        print_safe(out, made->left[i].why, false);
        buf_byte(out, '\n');
    }
}

/* All of them or none. */
static bool
append(const struct cli *cli, const struct rules_import *made, struct arena *a, struct err *e)
{
    const char *folder = cli->config->confdir;
    struct rulebook_options o = {.folder = folder};
    uint64_t *ids = arena_alloc(a, (made->n + 1) * sizeof *ids);
    if (!ids)
        return err_memory(e);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_errno(e, ERR_FAILED, errno, "cannot make folder '%s'", folder);
    struct rulebook *b = rulebook_open(&o, e);
    bool good = b && rulebook_append(b, made->specs, made->n, ids, e);
    rulebook_free(b);
    return good;
}

static bool
import(const struct cli *cli, const char *path, const char *format, struct buf *out, struct err *e)
{
    struct rules_import made;
    struct buf text = {.max = RULES_IMPORT_MAX};
    struct arena *a = arena_new(65536, RULES_IMPORT_ARENA);
    if (!a)
        return err_memory(e);
    bool good = cli_read(path, &text, e) &&
                rules_import_read(buf_slice(&text), slice_str(format), &made, a, e) &&
                (!made.n || append(cli, &made, a, e));
    if (good)
        put_left(out, &made);
    buf_release(&text);
    arena_free(a);
    return good;
}

static int
run_import(struct cli *cli)
{
    struct err e = {0};
    struct buf out = {.max = OUTPUT_MAX};
    const char *path = cli_word(cli), *format = cli_flag(cli, "format");
    if (!path) {
        err_set(&e, ERR_USAGE, "rules import needs a file");
        return cli_fail(&e);
    }
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    if (import(cli, path, format, &out, &e))
        return cli_print(&out);
    buf_release(&out);
    return cli_fail(&e);
}

static const struct {
    const char *name;
    int (*run)(struct cli *cli);
} verbs[] = {{"list", run_list}, {"test", run_test}, {"import", run_import}};

static int
run_rules(struct cli *cli)
{
    struct err e = {0};
    const char *verb = cli_word(cli);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (slice_eq(slice_str(verb ? verb : "list"), slice_str(verbs[i].name)))
            return verbs[i].run(cli);
    err_set(&e, ERR_USAGE, "unknown word '%.60s' after rules: one of list, test, import", verb);
    return cli_fail(&e);
}

static const struct cli_flag rules_flags[] = {
    {"format", "burp|charles|mitmproxy", "of the file to import (by its beginning)"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_rules = {
    .name = "rules",
    .args = "list | test [FILE] | import FILE",
    .help = "the rules: list, test a file of them, import those of Burp, Charles or mitmproxy",
    .more = "list         those of rules.yaml in the config folder, in their order\n"
            "test [FILE]  whether they can be used, or those of another such file\n"
            "import FILE  adds those of another program at the end: Burp's options as JSON, the\n"
            "             tools of Charles as XML, config.yaml of mitmproxy; says what has no\n"
            "             equal here\n"
            "A weir that runs has a list of its own: give the file to POST /api/v1/rules/import.\n",
    .flags = rules_flags,
    .run = run_rules,
};
