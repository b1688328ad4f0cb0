/* Tests of the memory around pki/ca_files.c: which copies of the key of the authority are in it. */
#include "lib/folder.h"
#include "pki/ca.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PART 32 /* bytes of each; the first of what is freed are the allocator's */

enum form { FORM_NUMBER, FORM_DER, FORM_PEM, FORMS };

/* Parts of the key, inverted: so they are no copies themselves. */
static unsigned char parts[FORMS][PART];

static void
invert(unsigned char *out, const void *from)
{
    for (size_t i = 0; i < PART; i++)
        out[i] = (unsigned char)~((const unsigned char *)from)[i];
}

static void
fill_parts(const char *path, unsigned char out[FORMS][PART])
{
    char text[8192] = "";
    unsigned char number[256];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIGNUM *d = NULL;
    if (!key || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &d) != 1)
        _exit(1);
    BN_bn2binpad(d, number, sizeof(number));
    invert(out[FORM_DER], number + PART);
    BN_bn2lebinpad(d, number, sizeof(number));
    invert(out[FORM_NUMBER], number + PART);
    /* Far behind: what is freed is used again from its beginning. */
    invert(out[FORM_PEM], text + (size_t)24 * 65);
}

/* In another process, whose memory is not looked at. */
static void
read_parts(const char *path)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        unsigned char out[FORMS][PART];
        fill_parts(path, out);
        _exit(write(ends[1], out, sizeof(out)) != sizeof(out));
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], parts, sizeof(parts)), sizeof(parts));
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static bool
is_part(const unsigned char *p, const unsigned char *part)
{
    for (size_t i = 0; i < PART; i++)
        if ((p[i] ^ part[i]) != 0xff)
            return false;
    return true;
}

static unsigned
count_in(const unsigned char *p, const unsigned char *end, const unsigned char *part)
{
    unsigned n = 0;
    for (; p + PART <= end; p++)
        n += is_part(p, part);
    return n;
}

/* Everywhere that can be written to. */
static unsigned
copies(enum form form)
{
    char line[512];
    unsigned n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        void *from, *to;
        char mode[8];
        if (sscanf(line, "%p-%p %7s", &from, &to, mode) == 3 && mode[0] == 'r' && mode[1] == 'w')
            n += count_in(from, to, parts[form]);
    }
    fclose(f);
    return n;
}

/* The memory of sanitizers is all over the address space. */
static void
skip_with_sanitizers(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
}

static void
the_key_is_there_once_and_its_text_not_at_all(void **state)
{
    skip_with_sanitizers();
    char dir[300], path[400];
    snprintf(dir, sizeof(dir), "%s", folder_file("ca"));
    snprintf(path, sizeof(path), "%s/weir-ca.pem", dir);
    struct ca_options o = {.dir = dir};
    struct err e = {0};
    pid_t child = fork();
    if (child == 0) {
        ca_unref(ca_open(&o, NULL, NULL));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    read_parts(path);
    struct ca *ca = ca_open(&o, NULL, &e);
    assert_non_null(ca);
    assert_int_equal(copies(FORM_NUMBER), 1);
    assert_int_equal(copies(FORM_DER), 0);
    assert_int_equal(copies(FORM_PEM), 0);
    ca_unref(ca);
    assert_int_equal(copies(FORM_NUMBER), 0);
}

static void
nothing_of_a_key_that_was_made_stays(void **state)
{
    skip_with_sanitizers();
    char dir[300], path[400];
    snprintf(dir, sizeof(dir), "%s", folder_file("made"));
    snprintf(path, sizeof(path), "%s/weir-ca.pem", dir);
    struct ca_options o = {.dir = dir};
    ca_unref(ca_open(&o, NULL, NULL));
    read_parts(path);
    for (enum form form = 0; form < FORMS; form++)
        assert_int_equal(copies(form), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_there_once_and_its_text_not_at_all),
        cmocka_unit_test(nothing_of_a_key_that_was_made_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
