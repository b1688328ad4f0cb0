/* Tests of pki/install_help.c. */
#include "pki/install_help.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
every_row_is_complete(void **state)
{
    for (const struct install_help *h = install_help; h->platform; h++) {
        assert_true(*h->title);
        assert_memory_equal(h->file, "weir-ca-cert.", 13);
        assert_int_equal(h->steps[strlen(h->steps) - 1], '\n');
        assert_int_equal(h->undo[strlen(h->undo) - 1], '\n');
    }
}

static void
the_platforms_that_were_promised_are_there(void **state)
{
    static const char *const promised[] = {"debian", "fedora",  "arch",    "macos",    "windows",
                                           "ios",    "android", "firefox", "chromium", "java",
                                           "node",   "python",  "curl",    NULL};
    for (const char *const *p = promised; *p; p++) {
        const struct install_help *h = install_help;
        while (h->platform && strcmp(h->platform, *p) != 0)
            h++;
        assert_non_null(h->platform);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(the_platforms_that_were_promised_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
