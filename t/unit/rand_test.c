/* Tests of base/rand: all bytes are filled, and differently each time. */
#include "base/rand.h"

#include "lib/death.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_byte_is_filled(void **state)
{
    char bytes[256] = {0}, seen[256] = {0};
    for (int round = 0; round < 20; round++) {
        rand_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
            seen[i] |= bytes[i];
    }
    assert_null(memchr(seen, 0, sizeof(seen)));
}

static void
the_program_ends_when_there_are_none(void **state)
{
    static char too_many[257];
    EXPECT_DEATH(rand_bytes(too_many, sizeof(too_many)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_filled),
        cmocka_unit_test(the_program_ends_when_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
