/* Tests of rule/index: literals are found in any case, at any place, and nothing else. */
#include "rule/index.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct filter_key keys[] = {
    {{"shop.test", 9}, false}, {{"/api/", 5}, true}, {{"abc", 3}, true},
    {{NULL, 0}, false},        {{"shop", 4}, false}, {{"/api/users", 10}, true},
};

static uint64_t
look(const char *host, const char *path)
{
    uint64_t bits = 0;
    struct index *ix = index_new(keys, ARRAY_LEN(keys));
    assert_non_null(ix);
    index_begin(ix, &bits);
    index_look(ix, slice_str(host), false, &bits);
    index_look(ix, slice_str(path), true, &bits);
    index_free(ix);
    return bits;
}

static void
literals_are_found_where_they_are(void **state)
{
    assert_int_equal(look("other.test", "/"), 0x0c); /* without one, or with one too short */
    assert_int_equal(look("www.SHOP.test", "/"), 0x0c | 0x11);
    assert_int_equal(look("shop.tes", "/api"), 0x0c | 0x10);
    assert_int_equal(look("x", "/v1/API/Users"), 0x0c | 0x22);
    assert_int_equal(look("/api/", "shop.test"), 0x0c);
    assert_int_equal(look("", ""), 0x0c);
    index_free(NULL);
}

static void
an_empty_index_finds_nothing(void **state)
{
    uint64_t bits = 0;
    struct index *ix = index_new(NULL, 0);
    index_begin(ix, &bits);
    index_look(ix, SLICE("anything"), true, &bits);
    assert_int_equal(bits, 0);
    index_free(ix);
}

static void
each_of_many_is_found_and_few_besides(void **state)
{
    enum { MANY = 1000 };
    static char texts[MANY][24];
    static struct filter_key many[MANY];
    uint64_t bits[INDEX_WORDS(MANY)];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "www.site-%03zu.test", i);
        many[i] = (struct filter_key){slice_str(texts[i]), false};
    }
    struct index *ix = index_new(many, MANY);
    for (size_t i = 0; i < MANY; i++) {
        size_t found = 0;
        index_begin(ix, bits);
        index_look(ix, slice_str(texts[i]), false, bits);
        for (size_t k = 0; k < MANY; k++)
            found += bits[k / 64] >> k % 64 & 1;
        assert_int_equal(found, 1);
        assert_true(bits[i / 64] >> i % 64 & 1);
    }
    index_free(ix);
}

static void
without_memory_there_is_none(void **state)
{
    struct index *ix = NULL;
    for (unsigned long nth = 1; !ix; nth++) {
        assert_true(nth < 20);
        mem_fail_at(nth);
        ix = index_new(keys, ARRAY_LEN(keys));
        mem_fail_at(0);
    }
    index_free(ix);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_found_where_they_are),
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(each_of_many_is_found_and_few_besides),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
