/* Tests of base/log: levels, escapes, one write per line. */
#include "base/log.h"

#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char last[8192];
static int lines;

static void
keep(enum log_level level, const char *line)
{
    snprintf(last, sizeof(last), "%d %s", (int)level, line);
    lines++;
}

static int
catch_lines(void **state)
{
    log_set_sink(keep);
    log_set_level(LOG_INFO);
    lines = 0;
    return 0;
}

static int
let_go(void **state)
{
    log_set_sink(NULL);
    log_set_level(LOG_INFO);
    return 0;
}

static void
lines_above_the_level_are_dropped(void **state)
{
    log_line(LOG_DEBUG, "unseen");
    assert_int_equal(lines, 0);
    log_set_level(LOG_DEBUG);
    log_line(LOG_DEBUG, "seen %d", 1);
    assert_string_equal(last, "3 seen 1");
    log_set_level(LOG_ERROR);
    log_line(LOG_WARN, "unseen");
    assert_int_equal(lines, 1);
}

static void
control_bytes_are_escaped(void **state)
{
    log_line(LOG_WARN, "a\nb\x1b[m");
    assert_string_equal(last, "1 a\\x0ab\\x1b[m");
}

static void
a_long_line_is_cut(void **state)
{
    log_line(LOG_INFO, "%05000d", 0);
    assert_int_equal(strlen(last), 2 + 1023);
}

static void
a_line_needs_no_memory(void **state)
{
    mem_fail_at(1);
    log_line(LOG_ERROR, "out of memory");
    assert_int_equal(mem_count(), 0);
    mem_fail_at(0);
    assert_string_equal(last, "0 out of memory");
}

/* What standard error gets while 'write_lines' runs. */
static void
capture(void (*write_lines)(void), char *text, size_t n)
{
    int ends[2], before = dup(STDERR_FILENO);
    log_set_sink(NULL);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    write_lines();
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    ssize_t got = read(ends[0], text, n - 1);
    close(ends[0]);
    assert_true(got >= 0);
    text[got] = '\0';
}

static void
one_line_of_each(void)
{
    log_set_level(LOG_DEBUG);
    log_line(LOG_ERROR, "one");
    log_line(LOG_WARN, "two");
    log_line(LOG_INFO, "three");
    log_line(LOG_DEBUG, "four");
}

static void
standard_error_gets_the_name_and_the_level(void **state)
{
    char text[200];
    capture(one_line_of_each, text, sizeof(text));
    assert_string_equal(text,
                        "weir: error: one\nweir: warning: two\nweir: three\nweir: debug: four\n");
}

static char tapped[200];

static void
tap(enum log_level level, const char *line)
{
    snprintf(tapped, sizeof(tapped), "%d %s", (int)level, line);
}

static void
a_tap_hears_what_is_written_and_nothing_else(void **state)
{
    log_set_level(LOG_WARN);
    log_set_tap(tap);
    log_line(LOG_WARN, "a\n%d", 1);
    assert_string_equal(tapped, "1 a\\x0a1");
    log_line(LOG_INFO, "b");
    assert_string_equal(tapped, "1 a\\x0a1");
    log_set_tap(NULL);
    log_line(LOG_ERROR, "c");
    assert_string_equal(tapped, "1 a\\x0a1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_above_the_level_are_dropped, catch_lines, let_go),
        cmocka_unit_test_setup_teardown(control_bytes_are_escaped, catch_lines, let_go),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, catch_lines, let_go),
        cmocka_unit_test_setup_teardown(a_line_needs_no_memory, catch_lines, let_go),
        cmocka_unit_test_setup_teardown(a_tap_hears_what_is_written_and_nothing_else, catch_lines,
                                        let_go),
        cmocka_unit_test_setup_teardown(standard_error_gets_the_name_and_the_level, catch_lines,
                                        let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
