/* Tests of pki/ca_files.c and pki/ca_dir.c: first run, refusals, import, rotation, crashes. */
#include "lib/chain_make.h"
#include "lib/folder.h"
#include "pki/ca.h"
#include "pki/ca_dir.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A folder of its own for each test. */
static struct ca_options
fresh(void)
{
    static char dirs[32][300];
    static unsigned next;
    char name[16], *dir = dirs[next % 32];
    snprintf(name, sizeof name, "ca%u", next++);
    snprintf(dir, sizeof dirs[0], "%s", folder_file(name));
    return (struct ca_options){.dir = dir, .key_type = "ecdsa:p256"};
}

static const char *
in(const struct ca_options *o, const char *name)
{
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", o->dir, name);
    return path;
}

static unsigned
mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static struct ca *
opened(const struct ca_options *o)
{
    struct err err = {0};
    struct ca *ca = ca_open(o, NULL, &err);
    if (!ca)
        fail_msg("%s", err.text);
    return ca;
}

/* Why it cannot be opened; fails when it can. */
static const char *
refusal(const struct ca_options *o)
{
    static struct err err;
    err = (struct err){0};
    struct ca *ca = ca_open(o, NULL, &err);
    assert_null(ca);
    return err.text;
}

#define assert_says(text, part)                                                                    \
    do {                                                                                           \
        const char *said = (text);                                                                 \
        if (!strstr(said, part))                                                                   \
            fail_msg("'%s' does not say '%s'", said, part);                                        \
    } while (0)

static void
write_key_file(const struct ca_options *o, EVP_PKEY *key, X509 *cert)
{
    mkdir(o->dir, 0700);
    char name[600];
    snprintf(name, sizeof name, "%s/weir-ca.pem", strrchr(o->dir, '/') + 1);
    made_pem(name, key, made_chain(cert, NULL, NULL, NULL), 0600);
}

static unsigned
count_files(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void
the_first_run_makes_four_files(void **state)
{
    struct ca_options o = fresh();
    umask(0);
    ca_unref(opened(&o));
    assert_int_equal(mode_of(o.dir), 0700);
    assert_int_equal(mode_of(in(&o, "weir-ca.pem")), 0600);
    assert_int_equal(mode_of(in(&o, "weir-ca-cert.pem")), 0644);
    assert_int_equal(mode_of(in(&o, "weir-ca-cert.cer")), 0644);
    assert_int_equal(mode_of(in(&o, "weir-ca-cert.p12")), 0644);
    assert_int_equal(count_files(o.dir), 4);
}

static void
the_second_run_finds_the_same(void **state)
{
    struct ca_options o = fresh();
    bool made = true;
    struct ca *a = opened(&o), *b = ca_open(&o, &made, NULL);
    assert_false(made);
    assert_int_equal(X509_cmp(ca_cert(a), ca_cert(b)), 0);
    assert_string_equal(ca_serial(a), ca_serial(b));
    assert_string_equal(ca_path(b), in(&o, "weir-ca.pem"));
    assert_int_equal(count_files(o.dir), 4);
    ca_unref(a);
    ca_unref(b);
}

static void
two_first_runs_at_once_end_with_the_same(void **state)
{
    for (int round = 0; round < 5; round++) {
        struct ca_options o = fresh();
        int fds[2];
        char serials[2][64] = {{0}};
        assert_int_equal(pipe(fds), 0);
        for (int i = 0; i < 2; i++)
            if (fork() == 0) {
                char line[64] = {0};
                struct ca *ca = ca_open(&o, NULL, NULL);
                snprintf(line, sizeof line, "%s", ca ? ca_serial(ca) : "failed");
                _exit(write(fds[1], line, sizeof line) != sizeof line);
            }
        for (int i = 0; i < 2; i++)
            assert_int_equal(read(fds[0], serials[i], 64), 64);
        while (wait(NULL) > 0)
            ;
        close(fds[0]);
        close(fds[1]);
        assert_string_equal(serials[0], serials[1]);
        assert_int_equal(strlen(serials[0]), 32);
        assert_int_equal(count_files(o.dir), 4);
    }
}

static void
what_a_crash_has_left_half_written_does_not_matter(void **state)
{
    struct ca_options o = fresh();
    mkdir(o.dir, 0700);
    FILE *half = fopen(in(&o, "weir-ca.pem.tmp"), "w");
    fputs("-----BEGIN PRIVATE KEY-----\nMIG", half);
    fclose(half);
    ca_unref(opened(&o));
    assert_int_equal(count_files(o.dir), 4);
}

static void
a_full_disk_leaves_nothing(void **state)
{
    struct ca_options o = fresh();
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        struct err err = {0};
        struct ca *ca = ca_open(&o, NULL, &err);
        _exit(!ca && strstr(err.text, "cannot write '") ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(count_files(o.dir), 0);
    ca_unref(opened(&o));
}

static void
exports_that_a_crash_left_behind_are_repaired_and_the_old_kept(void **state)
{
    struct ca_options o = fresh();
    ca_unref(opened(&o));
    unlink(in(&o, "weir-ca-cert.pem"));
    FILE *other = fopen(in(&o, "weir-ca-cert.cer"), "w");
    fputs("something else", other);
    fclose(other);
    ca_unref(opened(&o));
    assert_int_equal(mode_of(in(&o, "weir-ca-cert.pem")), 0644);
    /* The four, and the kept one. */
    assert_int_equal(count_files(o.dir), 5);
}

static void
a_key_file_that_others_can_read_is_refused(void **state)
{
    struct ca_options o = fresh();
    ca_unref(opened(&o));
    for (unsigned mode = 0604; mode <= 0640; mode += 034) {
        chmod(in(&o, "weir-ca.pem"), mode);
        assert_says(refusal(&o), "weir-ca.pem' is open to other users");
    }
    chmod(in(&o, "weir-ca.pem"), 0400);
    ca_unref(opened(&o));
}

static void
a_folder_that_others_can_change_is_refused(void **state)
{
    struct ca_options o = fresh();
    ca_unref(opened(&o));
    chmod(o.dir, 0770);
    assert_says(refusal(&o), "can be changed by other users");
    chmod(o.dir, 0755);
    ca_unref(opened(&o));
}

static void
files_of_another_user_are_refused(void **state)
{
    if (geteuid() != 0)
        skip();
    struct ca_options o = fresh();
    ca_unref(opened(&o));
    assert_int_equal(chown(in(&o, "weir-ca.pem"), 12345, 12345), 0);
    assert_says(refusal(&o), "belongs to another user");
    assert_int_equal(chown(in(&o, "weir-ca.pem"), 0, 0), 0);
    assert_int_equal(chown(o.dir, 12345, 12345), 0);
    assert_says(refusal(&o), "belongs to another user");
}

static void
an_expired_authority_is_refused(void **state)
{
    struct ca_options o = fresh();
    struct made_spec spec = made_root("Old");
    spec.to_days = -1;
    struct made old = made_cert(&spec, NULL);
    write_key_file(&o, old.key, old.cert);
    assert_says(refusal(&o), "weir-ca.pem': the certificate authority has expired (it ended on 20");
}

static void
an_authority_of_the_future_is_refused(void **state)
{
    struct ca_options o = fresh();
    struct made_spec spec = made_root("Future");
    spec.from_days = 2;
    struct made future = made_cert(&spec, NULL);
    write_key_file(&o, future.key, future.cert);
    assert_says(refusal(&o), "is not yet valid (it begins on 20");
}

static void
a_certificate_that_is_no_authority_is_refused(void **state)
{
    struct ca_options o = fresh();
    struct made_spec spec = made_leaf("x.example");
    made_set(&spec, "authorityKeyIdentifier", NULL);
    struct made leaf = made_cert(&spec, NULL);
    write_key_file(&o, leaf.key, leaf.cert);
    assert_says(refusal(&o), "is not one of a certificate authority");
}

static void
a_key_of_another_certificate_is_refused(void **state)
{
    struct ca_options o = fresh();
    struct made_spec spec = made_root("Root");
    write_key_file(&o, made_key(MADE_P384), made_cert(&spec, NULL).cert);
    assert_says(refusal(&o), "the private key does not match the certificate");
}

static void
a_short_key_is_refused(void **state)
{
    struct ca_options o = fresh();
    struct made_spec spec = made_root("Short");
    spec.key = MADE_RSA1024;
    struct made root = made_cert(&spec, NULL);
    write_key_file(&o, root.key, root.cert);
    assert_says(refusal(&o), "the key is too short");
}

static void
a_file_without_key_or_certificate_is_refused(void **state)
{
    struct ca_options a = fresh(), b = fresh();
    struct made_spec spec = made_root("Root");
    struct made root = made_cert(&spec, NULL);
    write_key_file(&a, root.key, NULL);
    write_key_file(&b, NULL, root.cert);
    assert_says(refusal(&a), "there is no certificate in it");
    assert_says(refusal(&b), "there is no private key in it");
}

static void
a_damaged_file_is_refused_and_not_touched(void **state)
{
    static const char *const damaged[] = {
        "", "rubbish", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMIGH"};
    for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
        struct ca_options o = fresh();
        char name[64];
        mkdir(o.dir, 0700);
        snprintf(name, sizeof name, "%s/weir-ca.pem", strrchr(o.dir, '/') + 1);
        folder_write(name, slice_str(damaged[i]), 0600);
        assert_says(refusal(&o), in(&o, "weir-ca.pem"));
        assert_int_equal(count_files(o.dir), 1);
    }
}

static void
a_passphrase_encrypts_the_key(void **state)
{
    struct ca_options o = fresh();
    o.passphrase = "correct horse";
    ca_unref(opened(&o));
    char text[64] = {0};
    FILE *file = fopen(in(&o, "weir-ca.pem"), "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    ca_unref(opened(&o));
    o.passphrase = "battery staple";
    assert_says(refusal(&o), "weir-ca.pem': wrong passphrase");
    o.passphrase = NULL;
    assert_says(refusal(&o), "is encrypted and no passphrase is given");
}

static void
rotation_makes_another_and_keeps_the_old(void **state)
{
    struct ca_options o = fresh();
    struct err err = {0};
    struct ca *before = opened(&o);
    assert_true(ca_rotate(&o, &err));
    struct ca *after = opened(&o);
    assert_string_not_equal(ca_serial(before), ca_serial(after));
    assert_int_equal(count_files(o.dir), 8);
    assert_true(ca_rotate(&o, &err));
    assert_int_equal(count_files(o.dir), 12);
    ca_unref(before);
    ca_unref(after);
}

static void
an_imported_authority_is_used(void **state)
{
    struct ca_options o = fresh();
    struct err err = {0};
    struct made_spec spec = made_root("Imported");
    struct made root = made_cert(&spec, NULL);
    ca_unref(opened(&o));
    const char *file =
        made_pem("import.pem", root.key, made_chain(root.cert, NULL, NULL, NULL), 0600);
    assert_true(ca_import(&o, file, &err));
    struct ca *ca = opened(&o);
    assert_int_equal(X509_cmp(ca_cert(ca), root.cert), 0);
    assert_int_equal(sk_X509_num(ca_chain(ca)), 0);
    assert_int_equal(count_files(o.dir), 8);
    ca_unref(ca);
}

static void
an_imported_intermediate_brings_its_chain(void **state)
{
    struct ca_options o = fresh();
    struct err err = {0};
    struct made_spec root_spec = made_root("Root"), mid_spec = made_intermediate("Middle"),
                     low_spec = made_intermediate("Low");
    low_spec.key = MADE_P384;
    struct made root = made_cert(&root_spec, NULL), mid = made_cert(&mid_spec, &root),
                low = made_cert(&low_spec, &mid);
    const char *file =
        made_pem("import.pem", low.key, made_chain(root.cert, mid.cert, low.cert, NULL), 0600);
    assert_true(ca_import(&o, file, &err));
    struct ca *ca = opened(&o);
    assert_int_equal(X509_cmp(ca_cert(ca), low.cert), 0);
    assert_int_equal(sk_X509_num(ca_chain(ca)), 2);
    assert_int_equal(X509_cmp(sk_X509_value(ca_chain(ca), 0), low.cert), 0);
    assert_int_equal(X509_cmp(sk_X509_value(ca_chain(ca), 1), mid.cert), 0);
    /* Clients must trust the root. */
    struct buf out;
    buf_init(&out, 10000);
    assert_true(ca_export(ca, CA_DER, &out, &err));
    const unsigned char *p = (const unsigned char *)buf_slice(&out).p;
    X509 *exported = d2i_X509(NULL, &p, (long)buf_len(&out));
    assert_int_equal(X509_cmp(exported, root.cert), 0);
    X509_free(exported);
    buf_release(&out);
    ca_unref(ca);
}

static void
a_bad_import_changes_nothing(void **state)
{
    struct ca_options o = fresh();
    struct err err = {0};
    struct made_spec spec = made_root("Bad");
    spec.to_days = -1;
    struct made root = made_cert(&spec, NULL);
    ca_unref(opened(&o));
    const char *file =
        made_pem("import.pem", root.key, made_chain(root.cert, NULL, NULL, NULL), 0600);
    assert_false(ca_import(&o, file, &err));
    assert_says(err.text, "import.pem': the certificate authority has expired");
    assert_false(ca_import(&o, "/nowhere/file.pem", &err));
    assert_says(err.text, "cannot open '/nowhere/file.pem'");
    chmod(file, 0644);
    assert_false(ca_import(&o, file, &err));
    assert_says(err.text, "is open to other users");
    assert_int_equal(count_files(o.dir), 4);
}

static void
a_folder_that_cannot_be_made_is_named(void **state)
{
    struct ca_options o = {.dir = "/nowhere/at/all"};
    assert_says(refusal(&o), "cannot make folder '/nowhere/at/all'");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_run_makes_four_files),
        cmocka_unit_test(the_second_run_finds_the_same),
        cmocka_unit_test(two_first_runs_at_once_end_with_the_same),
        cmocka_unit_test(what_a_crash_has_left_half_written_does_not_matter),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(exports_that_a_crash_left_behind_are_repaired_and_the_old_kept),
        cmocka_unit_test(a_key_file_that_others_can_read_is_refused),
        cmocka_unit_test(a_folder_that_others_can_change_is_refused),
        cmocka_unit_test(files_of_another_user_are_refused),
        cmocka_unit_test(an_expired_authority_is_refused),
        cmocka_unit_test(an_authority_of_the_future_is_refused),
        cmocka_unit_test(a_certificate_that_is_no_authority_is_refused),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(a_short_key_is_refused),
        cmocka_unit_test(a_file_without_key_or_certificate_is_refused),
        cmocka_unit_test(a_damaged_file_is_refused_and_not_touched),
        cmocka_unit_test(a_passphrase_encrypts_the_key),
        cmocka_unit_test(rotation_makes_another_and_keeps_the_old),
        cmocka_unit_test(an_imported_authority_is_used),
        cmocka_unit_test(an_imported_intermediate_brings_its_chain),
        cmocka_unit_test(a_bad_import_changes_nothing),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
