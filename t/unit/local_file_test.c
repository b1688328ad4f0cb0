/* Tests of rule/local_file: names of files, types, and kernels that do not know openat2. */
#include "rule/local_file.h"

#include "lib/folder.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
paths_become_names(void **state)
{
    static const struct {
        const char *path, *name; /* NULL: it names no file */
    } rows[] = {
        {"", ""},
        {"/", ""},
        {"/a", "a"},
        {"//a//b/", "a/b"},
        {"/a%20b", "a b"},
        {"/%61", "a"},
        {"/%c3%a4", "\xc3\xa4"},
        {"/...", "..."},
        {"/..a", "..a"},
        {"/.", NULL},
        {"/..", NULL},
        {"/a/../b", NULL},
        {"/%2e%2e/b", NULL},
        {"/.%2e", NULL},
        {"/a%2fb", NULL},
        {"/a\\b", NULL},
        {"/a%5Cb", NULL},
        {"/a%00", NULL},
        {"/a%0a", NULL},
        {"/a%7f", NULL},
        {"/a%", NULL},
        {"/a%4", NULL},
        {"/a%4g", NULL},
        {"/%252e%252e", "%2e%2e"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, 4096);
        bool good = local_file_name(slice_str(rows[i].path), &out);
        if (good != (rows[i].name != NULL))
            fail_msg("%s", rows[i].path);
        if (good)
            assert_string_equal(buf_str(&out), rows[i].name);
        buf_release(&out);
    }
}

static void
types_follow_the_end_of_the_name(void **state)
{
    assert_string_equal(local_file_type(SLICE("a/b.html")), "text/html; charset=utf-8");
    assert_string_equal(local_file_type(SLICE("a.tar.GZ")), "application/gzip");
    assert_string_equal(local_file_type(SLICE("html")), "application/octet-stream");
    assert_string_equal(local_file_type(SLICE("a.")), "application/octet-stream");
    assert_string_equal(local_file_type(SLICE("a.unknown")), "application/octet-stream");
}

static bool
opens(const char *root, const char *name)
{
    struct local_file f;
    if (!local_file_open(root, slice_str(name), &f))
        return false;
    close(f.fd);
    return true;
}

/* From now on it is as on a kernel that does not have the call. */
static bool
forget_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool
old_kernel_is_as_safe(const char *root)
{
    return forget_openat2() && opens(root, "sub/deep/file") && opens(root, "") &&
           !opens(root, "link") && !opens(root, "folder/file") && !opens(root, "sub/none") &&
           !opens(root, "sub/deep/file/x");
}

static void
without_openat2_no_link_is_followed(void **state)
{
    int status;
    const char *root = folder_file("root");
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(folder_file("root/sub"), 0700), 0);
    assert_int_equal(mkdir(folder_file("root/sub/deep"), 0700), 0);
    folder_write("root/sub/deep/file", SLICE("x"), 0600);
    folder_write("root/index.html", SLICE("x"), 0600);
    folder_write("outside", SLICE("x"), 0600);
    assert_int_equal(symlink("../outside", folder_file("root/link")), 0);
    assert_int_equal(symlink("sub/deep", folder_file("root/folder")), 0);
    assert_true(opens(root, "folder/file"));
    assert_false(opens(root, "link"));
    pid_t child = fork();
    if (child == 0)
        _exit(old_kernel_is_as_safe(root) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_become_names),
        cmocka_unit_test(types_follow_the_end_of_the_name),
        cmocka_unit_test(without_openat2_no_link_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
