/* Tests of store/jsonl: whole lines, other people's files, a full disk. */
#include "store/jsonl.h"

#include "base/log.h"
#include "base/mem.h"
#include "lib/flow_make.h"
#include "lib/folder.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char said[2048];
static unsigned lines_said;

static void
keep_line(enum log_level level, const char *line)
{
    (void)level;
    snprintf(said, sizeof(said), "%s", line);
    lines_said++;
}

static int
setup(void **state)
{
    (void)state;
    said[0] = '\0';
    lines_said = 0;
    log_set_sink(keep_line);
    return 0;
}

static struct jsonl *
must_open(const char *path)
{
    struct err e = {0};
    struct jsonl *j = jsonl_open(path, &e);
    if (!j)
        fail_msg("%s", e.text);
    return j;
}

static void
write_one(struct jsonl *j, const char *target, const char *content)
{
    struct flow *f = flow_make_get("a.test", target, content, NULL);
    jsonl_flow(j, f);
    flow_unref(f);
}

static struct slice
read_file(const char *path)
{
    static char text[1 << 20];
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    assert_true(n >= 0);
    return slice_of(text, (size_t)n);
}

/* Every line must be an object; the URLs are compared with a list that blanks separate. */
static void
expect_urls(const char *path, const char *urls)
{
    struct slice rest = read_file(path), want = slice_str(urls);
    while (rest.n) {
        struct slice line = slice_cut(&rest, '\n');
        json_t *root = json_loadb(line.p, line.n, 0, NULL);
        assert_non_null(root);
        struct slice url = slice_cut(&want, ' ');
        assert_true(slice_eq(slice_str(json_string_value(json_object_get(root, "url"))), url));
        json_decref(root);
    }
    assert_int_equal(want.n, 0);
}

static void
flows_become_lines_of_a_private_file(void **state)
{
    const char *path = folder_file("new.jsonl");
    struct jsonl *j = must_open(path);
    write_one(j, "/1", "one");
    write_one(j, "/2", "two");
    assert_int_equal(jsonl_close(j), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    expect_urls(path, "https://a.test/1 https://a.test/2");
    assert_int_equal(lines_said, 0);
}

static void
a_batch_is_on_the_disk_when_it_is_flushed(void **state)
{
    const char *path = folder_file("flush.jsonl");
    struct jsonl *j = must_open(path);
    write_one(j, "/1", "");
    assert_int_equal(read_file(path).n, 0);
    jsonl_flush(j);
    expect_urls(path, "https://a.test/1");
    jsonl_close(j);
}

static void
a_recording_is_appended_to(void **state)
{
    char plus[600];
    const char *path = folder_file("old.jsonl");
    snprintf(plus, sizeof(plus), "+%s", path);
    struct jsonl *j = must_open(path);
    write_one(j, "/1", "");
    jsonl_close(j);
    j = must_open(plus);
    write_one(j, "/2", "");
    jsonl_close(j);
    expect_urls(path, "https://a.test/1 https://a.test/2");
}

static void
a_torn_line_does_not_take_the_next_one_with_it(void **state)
{
    const char *path = folder_write("torn.jsonl", SLICE("{\"weir_flow\":1,\"id\":"), 0600);
    struct jsonl *j = must_open(path);
    write_one(j, "/2", "");
    jsonl_close(j);
    struct slice all = read_file(path);
    struct slice torn = slice_cut(&all, '\n');
    assert_true(slice_eq(torn, SLICE("{\"weir_flow\":1,\"id\":")));
    json_t *root = json_loadb(all.p, all.n, 0, NULL);
    assert_non_null(root);
    json_decref(root);
}

static void
expect_refused(const char *path, const char *why)
{
    struct err e = {0};
    assert_null(jsonl_open(path, &e));
    assert_int_equal(e.code, ERR_START);
    assert_non_null(strstr(e.text, path));
    assert_non_null(strstr(e.text, why));
}

static void
a_file_of_something_else_stays_as_it_is(void **state)
{
    const char *path = folder_write("notes.txt", SLICE("my notes\n"), 0600);
    expect_refused(path, "no recording");
    assert_true(slice_eq(read_file(path), SLICE("my notes\n")));
}

static void
what_cannot_be_opened_is_named(void **state)
{
    expect_refused(folder_path(), "directory");
    expect_refused("/nonexistent/x.jsonl", "no such file");
}

static void
two_do_not_write_to_one_file(void **state)
{
    const char *path = folder_file("busy.jsonl");
    struct jsonl *j = must_open(path);
    expect_refused(path, "another process");
    jsonl_close(j);
    jsonl_close(must_open(path));
}

static void
a_full_disk_is_said_once_and_counted(void **state)
{
    struct jsonl *j = must_open("/dev/full");
    for (int i = 0; i < 3; i++) {
        write_one(j, "/", "");
        write_one(j, "/", "");
        jsonl_flush(j);
    }
    assert_int_equal(lines_said, 1);
    assert_non_null(strstr(said, "no space left"));
    assert_non_null(strstr(said, "/dev/full"));
    assert_int_equal(jsonl_close(j), 6);
    assert_non_null(strstr(said, "6 flows"));
}

static void
limit_files(rlim_t max)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The third line fits in half. What was written of it goes away again; later lines are whole. */
static void
half_a_line_is_taken_back(void **state)
{
    const char *path = folder_file("half.jsonl");
    struct jsonl *j = must_open(path);
    signal(SIGXFSZ, SIG_IGN);
    write_one(j, "/1", "");
    jsonl_flush(j);
    size_t one = read_file(path).n;
    limit_files(2 * one + one / 2);
    write_one(j, "/2", "");
    write_one(j, "/3", "");
    jsonl_flush(j);
    assert_non_null(strstr(said, "file too large"));
    limit_files(RLIM_INFINITY);
    expect_urls(path, "https://a.test/1 https://a.test/2");
    write_one(j, "/4", "");
    jsonl_flush(j);
    assert_non_null(strstr(said, "1 flows are missing"));
    assert_int_equal(jsonl_close(j), 1);
    expect_urls(path, "https://a.test/1 https://a.test/2 https://a.test/4");
    assert_int_equal(lines_said, 2);
}

static void
without_memory_a_flow_is_lost_and_counted(void **state)
{
    const char *path = folder_file("memory.jsonl");
    struct jsonl *j = must_open(path);
    write_one(j, "/1", "");
    struct flow *f = flow_make_get("a.test", "/2", "", NULL);
    mem_fail_at(1);
    jsonl_flow(j, f);
    mem_fail_at(0);
    jsonl_flow(j, f);
    flow_unref(f);
    assert_int_equal(jsonl_close(j), 1);
    expect_urls(path, "https://a.test/1 https://a.test/2");
}

static void
large_contents_pass(void **state)
{
    const char *path = folder_file("large.jsonl");
    struct jsonl *j = must_open(path);
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    char *content = mem_zalloc(3 << 20);
    flow_make_content(&f->resp, slice_of(content, 3 << 20));
    mem_free(content);
    jsonl_flow(j, f);
    flow_unref(f);
    write_one(j, "/small", "");
    assert_int_equal(jsonl_close(j), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > (4 << 20));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(flows_become_lines_of_a_private_file, setup),
        cmocka_unit_test_setup(a_batch_is_on_the_disk_when_it_is_flushed, setup),
        cmocka_unit_test_setup(a_recording_is_appended_to, setup),
        cmocka_unit_test_setup(a_torn_line_does_not_take_the_next_one_with_it, setup),
        cmocka_unit_test_setup(a_file_of_something_else_stays_as_it_is, setup),
        cmocka_unit_test_setup(what_cannot_be_opened_is_named, setup),
        cmocka_unit_test_setup(two_do_not_write_to_one_file, setup),
        cmocka_unit_test_setup(a_full_disk_is_said_once_and_counted, setup),
        cmocka_unit_test_setup(half_a_line_is_taken_back, setup),
        cmocka_unit_test_setup(without_memory_a_flow_is_lost_and_counted, setup),
        cmocka_unit_test_setup(large_contents_pass, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
