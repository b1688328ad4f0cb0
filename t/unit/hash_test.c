/* Tests of base/hash: equal bytes agree, others spread. */
#include "base/hash.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
equal_bytes_have_equal_hashes_wherever_they_are(void **state)
{
    const char *text = "0123456789012345678901234567890123456789";
    for (size_t n = 0; n < 20; n++)
        assert_true(hash_bytes(slice_of(text, n)) == hash_bytes(slice_of(text + 10, n)));
}

static void
length_and_every_byte_count(void **state)
{
    char text[20] = {0};
    for (size_t n = 0; n < sizeof(text); n++) {
        unsigned long before = hash_bytes(slice_of(text, n + 1));
        assert_true(before != hash_bytes(slice_of(text, n)));
        text[n] = 1;
        assert_true(before != hash_bytes(slice_of(text, n + 1)));
        text[n] = 0;
    }
}

static void
numbers_fill_every_chain(void **state)
{
    unsigned chains[64] = {0};
    for (unsigned i = 0; i < 6400; i++)
        chains[hash_bytes(slice_of(&i, sizeof(i))) % ARRAY_LEN(chains)]++;
    for (unsigned i = 0; i < ARRAY_LEN(chains); i++)
        assert_in_range(chains[i], 20, 300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_have_equal_hashes_wherever_they_are),
        cmocka_unit_test(length_and_every_byte_count),
        cmocka_unit_test(numbers_fill_every_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
