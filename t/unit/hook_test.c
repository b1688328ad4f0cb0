/* The tables of stages and hooks, and who hears of moments. */
#include "flow/hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_hook_has_a_name_of_its_own(void **state)
{
    for (enum hook_id i = 0; i < HOOKS_N; i++) {
        assert_int_equal(hook_match(slice_str(hook_rows[i].name)), HOOK_BIT(i));
        assert_true(slice_str(hook_rows[i].help).n > 0);
        for (enum hook_id other = 0; other < i; other++)
            assert_false(
                hook_rows[i].mitmproxy[0] &&
                slice_eq(slice_str(hook_rows[i].mitmproxy), slice_str(hook_rows[other].mitmproxy)));
    }
}

static void
every_stage_is_a_hook(void **state)
{
    for (enum stage s = 0; s < STAGES_N; s++) {
        unsigned n = 0;
        for (enum hook_id i = 0; i < HOOKS_N; i++) {
            enum stage found;
            n += hook_stage(i, &found) && found == s;
        }
        assert_int_equal(n, 1);
    }
    enum stage none;
    assert_false(hook_stage(HOOK_CLIENT_CONNECTED, &none));
}

static void
star_at_the_end_stands_for_the_rest(void **state)
{
    assert_int_equal(hook_match(SLICE("tunnel-*")),
                     HOOK_BIT(HOOK_TUNNEL_START) | HOOK_BIT(HOOK_TUNNEL_CHUNK) |
                         HOOK_BIT(HOOK_TUNNEL_END) | HOOK_BIT(HOOK_TUNNEL_FAILED));
    assert_int_equal(hook_match(SLICE("done*")), HOOK_BIT(HOOK_DONE));
    assert_int_equal(hook_match(SLICE("*")), (HOOK_BIT(HOOKS_N - 1) << 1) - 1);
    assert_int_equal(hook_match(SLICE("*-start")), 0);
    assert_int_equal(hook_match(SLICE("tunnel")), 0);
    assert_int_equal(hook_match(SLICE("nothing-*")), 0);
    assert_int_equal(hook_match(SLICE_NONE), 0);
}

static void
count(void *arg, const struct moment *m)
{
    assert_int_equal(m->id, HOOK_DONE);
    ++*(unsigned *)arg;
}

static void
audience_hears_what_it_wants(void **state)
{
    unsigned n = 0;
    struct audience a = {.hear = count, .arg = &n};
    audience_tell(&a, &(struct moment){.id = HOOK_DONE});
    assert_int_equal(n, 0);
    a.wanted = HOOK_BIT(HOOK_DONE);
    audience_tell(&a, &(struct moment){.id = HOOK_LOG});
    audience_tell(&a, &(struct moment){.id = HOOK_DONE});
    assert_int_equal(n, 1);
    audience_tell(NULL, &(struct moment){.id = HOOK_DONE});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hook_has_a_name_of_its_own),
        cmocka_unit_test(every_stage_is_a_hook),
        cmocka_unit_test(star_at_the_end_stands_for_the_rest),
        cmocka_unit_test(audience_hears_what_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
