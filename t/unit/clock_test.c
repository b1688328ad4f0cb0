/* Tests of base/clock: both clocks run in nanoseconds. */
#include "base/clock.h"

#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
the_monotonic_clock_never_goes_back(void **state)
{
    uint64_t before = clock_mono();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono();
        assert_true(now >= before);
        before = now;
    }
}

static void
the_wall_clock_agrees_with_the_system(void **state)
{
    uint64_t before = (uint64_t)time(NULL), now = clock_wall() / NS_PER_S;
    assert_in_range(now, before, (uint64_t)time(NULL) + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_agrees_with_the_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
