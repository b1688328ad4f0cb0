/* Tests of base/diff: what is told makes both texts again, and is the least there is. */
#include "base/diff.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct told {
    struct buf script; /* " line", "-line", "+line" */
    struct buf before, after;
    unsigned edits;
};

static void
tell(void *arg, enum diff_kind kind, struct slice line)
{
    struct told *t = arg;
    buf_byte(&t->script, " -+"[kind]);
    buf_append(&t->script, line);
    buf_byte(&t->script, '\n');
    t->edits += kind != DIFF_SAME;
    if (kind != DIFF_NEW)
        buf_printf(&t->before, "%.*s\n", SLICE_ARG(line));
    if (kind != DIFF_GONE)
        buf_printf(&t->after, "%.*s\n", SLICE_ARG(line));
}

static void
told_init(struct told *t)
{
    *t = (struct told){0};
    buf_init(&t->script, 1 << 22);
    buf_init(&t->before, 1 << 22);
    buf_init(&t->after, 1 << 22);
}

static void
told_release(struct told *t)
{
    buf_release(&t->script);
    buf_release(&t->before);
    buf_release(&t->after);
}

static void
lines_that_went_stand_before_those_that_came(void **state)
{
    static const char *const rows[][3] = {
        {"", "", ""},
        {"a\n", "a\n", " a\n"},
        {"", "a\nb\n", "+a\n+b\n"},
        {"a\nb\n", "", "-a\n-b\n"},
        {"a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n"},
        {"a\nb\nc\n", "b\nc\nd\n", "-a\n b\n c\n+d\n"},
        {"a\nb\n", "a\nb", " a\n b\n"},
        {"a\n\n", "\na\n", "-a\n \n+a\n"},
        {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told t;
        told_init(&t);
        assert_true(diff_lines(slice_str(rows[i][0]), slice_str(rows[i][1]), tell, &t));
        if (rows[i][2])
            assert_string_equal(buf_str(&t.script), rows[i][2]);
        else
            assert_int_equal(t.edits, 5); /* the example of the paper */
        told_release(&t);
    }
}

static void
append_random(struct buf *b, unsigned *seed, unsigned lines, unsigned words)
{
    for (unsigned i = 0; i < lines; i++) {
        *seed = *seed * 1103515245 + 12345;
        buf_printf(b, "%u\n", (*seed >> 16) % words);
    }
}

static void
check_both(struct slice before, struct slice after)
{
    struct told t;
    told_init(&t);
    assert_true(diff_lines(before, after, tell, &t));
    assert_true(slice_eq(buf_slice(&t.before), before));
    assert_true(slice_eq(buf_slice(&t.after), after));
    told_release(&t);
}

static void
both_texts_can_be_made_of_it(void **state)
{
    unsigned seed = 1;
    for (unsigned round = 0; round < 300; round++) {
        struct buf a = {.max = 1 << 20}, b = {.max = 1 << 20};
        append_random(&a, &seed, round % 23, 4);
        append_random(&b, &seed, round % 17, 4);
        check_both(buf_slice(&a), buf_slice(&b));
        buf_release(&a);
        buf_release(&b);
    }
}

static void
texts_without_much_in_common_are_replaced(void **state)
{
    unsigned seed = 1;
    struct buf a = {.max = 1 << 22}, b = {.max = 1 << 22};
    append_random(&a, &seed, 9000, 1000000);
    append_random(&b, &seed, 9000, 1000000);
    check_both(buf_slice(&a), buf_slice(&b));
    buf_release(&a);
    buf_release(&b);
}

static void
too_many_lines_are_refused(void **state)
{
    struct told t;
    struct buf a = {.max = 1 << 22};
    told_init(&t);
    for (unsigned i = 0; i <= DIFF_LINES_MAX; i++)
        buf_byte(&a, '\n');
    assert_false(diff_lines(buf_slice(&a), SLICE(""), tell, &t));
    assert_false(diff_lines(SLICE(""), buf_slice(&a), tell, &t));
    assert_int_equal(t.edits, 0);
    buf_release(&a);
    told_release(&t);
}

static void
without_memory_nothing_is_told(void **state)
{
    for (unsigned long nth = 1; nth <= 7; nth++) {
        struct told t = {0};
        mem_fail_at(nth);
        bool good = diff_lines(SLICE("a\nb\n"), SLICE("c\nb\nd\n"), tell, &t);
        mem_fail_at(0);
        assert_false(good);
        assert_int_equal(t.edits, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_went_stand_before_those_that_came),
        cmocka_unit_test(both_texts_can_be_made_of_it),
        cmocka_unit_test(texts_without_much_in_common_are_replaced),
        cmocka_unit_test(too_many_lines_are_refused),
        cmocka_unit_test(without_memory_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
