/* Tests of base/rand: all bytes are filled, and differently each time. */
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_byte_is_filled(void **state)
{
    char bytes[1000] = {0}, seen[1000] = {0};
    for (int round = 0; round < 20; round++) {
        rand_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
            seen[i] |= bytes[i];
    }
    assert_null(memchr(seen, 0, sizeof(seen)));
}

static void
no_number_comes_twice(void **state)
{
    uint64_t first = rand_u64();
    for (int i = 0; i < 100; i++)
        assert_true(rand_u64() != first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_filled),
        cmocka_unit_test(no_number_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
