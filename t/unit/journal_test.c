/* Tests of ui/web/journal: the newest lines are kept, in their order. */
#include "ui/web/journal.h"

#include "base/mem.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf shown;

static unsigned
show(struct journal *j, uint64_t after)
{
    struct json out;
    unsigned n = 0;
    buf_release(&shown);
    shown.max = 1 << 20;
    json_init(&out, &shown);
    journal_json(j, &out, NULL, after);
    for (const char *at = buf_str(&shown); (at = strstr(at, "\"id\"")); at++)
        n++;
    return n;
}

static struct journal *
filled(unsigned lines)
{
    struct journal *j = journal_new(4);
    assert_non_null(j);
    for (unsigned i = 1; i <= lines; i++) {
        char text[16];
        snprintf(text, sizeof(text), "line %u", i);
        journal_add(j, "kind", "me", slice_str(text));
    }
    return j;
}

static void
an_empty_one_has_no_lines(void **state)
{
    struct journal *j = filled(0);
    assert_int_equal(show(j, 0), 0);
    assert_string_equal(buf_str(&shown), "[]");
    journal_free(j);
    journal_free(NULL);
}

static void
the_newest_lines_are_kept(void **state)
{
    struct journal *j = filled(9);
    assert_int_equal(show(j, 0), 4);
    assert_null(strstr(buf_str(&shown), "line 5"));
    const char *first = strstr(buf_str(&shown), "\"id\":6"),
               *last = strstr(buf_str(&shown), "line 9");
    assert_true(first && last && first < last);
    journal_free(j);
}

static void
only_newer_lines_may_be_asked_for(void **state)
{
    struct journal *j = filled(3);
    assert_int_equal(show(j, 2), 1);
    assert_non_null(
        strstr(buf_str(&shown), "\"kind\":\"kind\",\"who\":\"me\",\"text\":\"line 3\""));
    assert_int_equal(show(j, 3), 0);
    assert_int_equal(show(j, UINT64_MAX), 0);
    journal_free(j);
}

static void
a_long_text_is_cut(void **state)
{
    static char text[2 * JOURNAL_TEXT_MAX];
    struct journal *j = filled(0);
    memset(text, 'x', sizeof(text));
    journal_add(j, "kind", "me", slice_of(text, sizeof(text)));
    assert_int_equal(show(j, 0), 1);
    assert_in_range(buf_len(&shown), JOURNAL_TEXT_MAX, JOURNAL_TEXT_MAX + 200);
    journal_free(j);
}

static void
without_memory_a_line_is_lost_and_no_more(void **state)
{
    struct journal *j = filled(1);
    mem_fail_at(1);
    journal_add(j, "kind", "me", SLICE("lost"));
    mem_fail_at(0);
    assert_int_equal(show(j, 0), 1);
    journal_free(j);
    buf_release(&shown);
}

static void
what_was_cleared_is_gone_and_ids_go_on(void **state)
{
    struct journal *j = filled(3);
    journal_clear(j);
    assert_int_equal(show(j, 0), 0);
    journal_add(j, "kind", "me", SLICE("more"));
    assert_int_equal(show(j, 0), 1);
    assert_non_null(strstr(buf_str(&shown), "\"id\":4"));
    journal_free(j);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_no_lines),
        cmocka_unit_test(the_newest_lines_are_kept),
        cmocka_unit_test(only_newer_lines_may_be_asked_for),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(without_memory_a_line_is_lost_and_no_more),
        cmocka_unit_test(what_was_cleared_is_gone_and_ids_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
