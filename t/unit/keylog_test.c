/* Tests of pki/keylog.c. */
#include "lib/folder.h"
#include "pki/keylog.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static SSL_CTX *ctx;

static void
say(const char *line)
{
    SSL_CTX_get_keylog_callback(ctx)(NULL, line);
}

static const char *
contents(const char *path)
{
    static char text[100000];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void
lines_are_appended_while_the_file_is_open(void **state)
{
    struct stat st;
    const char *path = folder_file("keys.log");
    keylog_attach(ctx);
    assert_null(SSL_CTX_get_keylog_callback(ctx));
    assert_true(keylog_open(path, NULL));
    keylog_attach(ctx);
    say("one");
    say("two");
    keylog_close();
    say("lost");
    assert_true(keylog_open(path, NULL));
    say("three");
    assert_true(keylog_open(NULL, NULL));
    say("lost");
    assert_string_equal(contents(path), "one\ntwo\nthree\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void
a_file_that_cannot_be_opened_is_named(void **state)
{
    struct err err = {0};
    assert_false(keylog_open("/nowhere/keys.log", &err));
    assert_string_equal(err.text,
                        "cannot open key log '/nowhere/keys.log': no such file or directory");
}

static void *
say_much(void *arg)
{
    for (int i = 0; i < 200; i++)
        say(arg);
    return NULL;
}

static void
lines_of_several_threads_stay_whole(void **state)
{
    static char lines[4][100];
    pthread_t ids[4];
    const char *path = folder_file("many.log");
    assert_true(keylog_open(path, NULL));
    for (int i = 0; i < 4; i++) {
        memset(lines[i], 'a' + i, sizeof lines[i] - 1);
        pthread_create(&ids[i], NULL, say_much, lines[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(ids[i], NULL);
    keylog_close();
    const char *text = contents(path);
    assert_int_equal(strlen(text), 4 * 200 * 100);
    for (size_t at = 0; at < 80000; at += 100)
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(text[at + i], i == 99 ? '\n' : text[at]);
}

int
main(void)
{
    ctx = SSL_CTX_new(TLS_method());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_appended_while_the_file_is_open),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_named),
        cmocka_unit_test(lines_of_several_threads_stay_whole),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    SSL_CTX_free(ctx);
    return failed;
}
