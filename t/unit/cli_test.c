/* Tests of cli/cli and the commands that only print: exit statuses, one line for wrong usage, help
 * from the tables. */
#include "cli/cli.h"
#include "ui/web/command.h"

#include "api/option.h"
#include "lib/folder.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORDS_MAX 12

static char out[1 << 18], errors[1 << 12];

/* Sends a descriptor to a file until it is given back. */
static int
divert(int fd, const char *path)
{
    fflush(stdout);
    int kept = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && file >= 0);
    assert_int_equal(dup2(file, fd), fd);
    close(file);
    return kept;
}

static void
give_back(int fd, int kept, const char *path, char *text, size_t size)
{
    fflush(stdout);
    dup2(kept, fd);
    close(kept);
    int file = open(path, O_RDONLY);
    ssize_t n = read(file, text, size - 1);
    close(file);
    assert_true(n >= 0);
    text[n] = '\0';
}

/* Runs the program with words that blanks separate. */
static int
run(const char *line)
{
    static char text[512];
    char *words[WORDS_MAX] = {(char[]){"weir"}};
    int n = 1;
    snprintf(text, sizeof(text), "%s", line);
    for (char *p = text; *p && n < WORDS_MAX - 1; n++) {
        words[n] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    const char *out_path = folder_file("out"), *errors_path = folder_file("errors");
    int kept_out = divert(STDOUT_FILENO, out_path), kept_err = divert(STDERR_FILENO, errors_path);
    int status = cli_main(n, words);
    give_back(STDOUT_FILENO, kept_out, out_path, out, sizeof(out));
    give_back(STDERR_FILENO, kept_err, errors_path, errors, sizeof(errors));
    return status;
}

static int
setup(void **state)
{
    setenv("HOME", folder_path(), 1);
    setenv("WEIR_CONFDIR", folder_path(), 1);
    return 0;
}

static void
wrong_usage_is_one_line(void **state)
{
    static const struct {
        const char *line, *error;
    } wrong[] = {
        {"", "weir: a command is missing: 'weir dump' starts the proxy, 'weir --help' lists all\n"},
        {"dmp", "weir: unknown command 'dmp', did you mean 'dump'? See 'weir --help'\n"},
        {"frobnicate", "weir: unknown command 'frobnicate', see 'weir --help'\n"},
        {"--json dump",
         "weir: the command comes first: 'weir dump --json'; 'weir --help' lists the commands\n"},
        {"dump --listen-prot 1", "weir: unknown option '--listen-prot', did you mean "
                                 "'--listen-port'? See 'weir dump --help'\n"},
        {"dump --frobnicate", "weir: unknown option '--frobnicate', see 'weir dump --help'\n"},
        {"dump -Z", "weir: unknown option '-Z', see 'weir dump --help'\n"},
        {"options word", "weir: unexpected word 'word', see 'weir options --help'\n"},
        {"options -- --json", "weir: unexpected word '--json', see 'weir options --help'\n"},
        {"dump stats:4", "weir: at byte 0 of the query 'stats:4': there is no field 'stats': did "
                         "you mean 'status'?\n"},
        {"dump --filter a)", "weir: option 'filter': at byte 1 of 'a)': a ')' without its '('\n"},
        {"query", "weir: query needs: explain TEXT\n"},
        {"dump -p many", "weir: option 'listen-port': 'many' is not a number from 0 to 65535\n"},
        {"dump -p", "weir: '-p' needs a value\n"},
        {"options --json=1", "weir: '--json' takes no value\n"},
        {"options --jsno x", "weir: unknown option '--jsno', see 'weir options --help'\n"},
        {"ca --out", "weir: '--out' needs a value\n"},
        {"ca show --out x", "weir: '--out' does not fit here, see 'weir ca --help'\n"},
        {"docs", "weir: docs needs one of: options, commands, man, filters, rules, hooks\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(run(wrong[i].line), CLI_USAGE);
        assert_string_equal(errors, wrong[i].error);
        assert_string_equal(out, "");
    }
}

static void
hostile_words_do_not_reach_the_terminal(void **state)
{
    assert_int_equal(run("options \x1b[2J"), CLI_USAGE);
    assert_string_equal(errors, "weir: unexpected word '\\x1b[2J', see 'weir options --help'\n");
}

static void
a_wrong_file_is_wrong_usage_but_help_is_there(void **state)
{
    const char *path = folder_write("config.yaml", SLICE("jsom: yes\n"), 0600);
    assert_int_equal(run("options"), CLI_USAGE);
    assert_non_null(strstr(errors, "config.yaml:1: unknown option 'jsom', did you mean 'json'?"));
    assert_int_equal(run("dump --help"), CLI_OK);
    unlink(path);
}

static void
help_names_every_command_and_option(void **state)
{
    assert_int_equal(run("--help"), CLI_OK);
    for (const struct cli_command *const *c = cli_table; *c; c++)
        assert_true(!(*c)->help || strstr(out, (*c)->name));
    assert_int_equal(run("dump -h"), CLI_OK);
    option_for(o)
    {
        char name[80];
        snprintf(name, sizeof(name), "%s", o->name);
        assert_non_null(strstr(out, name));
    }
    assert_int_equal(run("ca --help"), CLI_OK);
    assert_non_null(strstr(out, "--format pem|der|p12"));
    assert_string_equal(errors, "");
}

static void
help_fits_a_terminal(void **state)
{
    static const char *const lines[] = {"--help", "dump --help", "options", "options --help"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_equal(run(lines[i]), CLI_OK);
        for (struct slice rest = slice_str(out); rest.n;)
            assert_true(slice_cut(&rest, '\n').n <= 79);
    }
}

static void
the_version_names_the_libraries(void **state)
{
    static const char *const names[] = {"weir " WEIR_VERSION "\n",
                                        "\nOpenSSL 3",
                                        "\nlibuv 1",
                                        "\nc-ares 1",
                                        "\nzlib 1",
                                        "\nbrotli 1",
                                        "\nzstd 1",
                                        "\nlibyaml 0"};
    assert_int_equal(run("--version"), CLI_OK);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_non_null(strstr(out, names[i]));
}

static void
the_tables_are_json_too(void **state)
{
    assert_int_equal(run("options --json"), CLI_OK);
    json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
    size_t n = 0;
    option_for(o) n++;
    assert_int_equal(json_array_size(root), n);
    assert_string_equal(json_string_value(json_object_get(json_array_get(root, 0), "name")),
                        "mode");
    json_decref(root);
    assert_int_equal(run("commands --json"), CLI_OK);
    root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_array_size(root), commands_n);
    assert_string_equal(json_string_value(json_object_get(json_array_get(root, 0), "name")),
                        commands[0].name);
    json_decref(root);
}

static void
the_reference_texts_are_made_from_the_tables(void **state)
{
    static const char *const lines[] = {"docs options", "docs man"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_equal(run(lines[i]), CLI_OK);
        for (const struct option *o = options; o < options + options_n; o++)
            assert_true(!o->heading || strstr(out, o->heading));
        assert_non_null(
            strstr(out, i ? "\\-p, \\-\\-listen\\-port PORT" : "`--listen-port PORT` `-p`"));
    }
    assert_int_equal(run("docs commands"), CLI_OK);
    assert_non_null(strstr(out, "## weir verify-chain"));
    for (const struct command *cmd = commands; cmd < commands + commands_n; cmd++)
        assert_non_null(strstr(out, cmd->name));
    assert_null(strstr(out, "## weir docs"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_is_one_line),
        cmocka_unit_test(hostile_words_do_not_reach_the_terminal),
        cmocka_unit_test(a_wrong_file_is_wrong_usage_but_help_is_there),
        cmocka_unit_test(help_names_every_command_and_option),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(the_version_names_the_libraries),
        cmocka_unit_test(the_tables_are_json_too),
        cmocka_unit_test(the_reference_texts_are_made_from_the_tables),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
