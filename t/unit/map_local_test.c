/* Tests of rule/map_local: files, ranges, what the client has already, and that nothing outside of
 * the folder is read. */
#include "lib/flow_make.h"
#include "lib/folder.h"
#include "lib/rule_make.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct flow *
ask(const char *target, const char *fields, const char *more)
{
    char request[8192], rule[1200];
    struct decision d = {0};
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: example.com\r\n%s\r\n", target,
             fields);
    struct flow *f = flow_make(FLOW_HTTP, request);
    snprintf(rule, sizeof rule, "do: map-local\npath: %s%s", folder_file("site"), more);
    struct rule *r = rule_make(rule);
    struct rules *rs = rules_new(&r, 1, NULL);
    assert_int_equal(rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d), 1);
    assert_int_equal(d.end, END_ANSWER);
    rules_unref(rs);
    rule_unref(r);
    return f;
}

static void
expect_content(const struct flow *f, const char *want)
{
    struct buf room;
    struct slice content;
    buf_init(&room, 1 << 20);
    assert_true(edit_content(&f->resp, &room, &content));
    assert_int_equal(content.n, strlen(want));
    assert_memory_equal(content.p, want, content.n);
    buf_release(&room);
}

static void
expect_field(const struct flow *f, const char *name, const char *want)
{
    const struct field *it = head_find_name(edit_head(&f->resp), slice_str(name));
    if (!it && !want)
        return;
    assert_non_null(it);
    assert_non_null(want);
    assert_int_equal(it->value.n, strlen(want));
    assert_memory_equal(it->value.p, want, it->value.n);
}

static void
expect(const char *target, const char *fields, unsigned status, const char *content)
{
    struct flow *f = ask(target, fields, "");
    if (edit_head(&f->resp)->status != status)
        fail_msg("%s: %u", target, edit_head(&f->resp)->status);
    if (content)
        expect_content(f, content);
    flow_unref(f);
}

static int
make_site(void **state)
{
    const char *outside = folder_write("secret.txt", SLICE("secret"), 0600);
    if (mkdir(folder_file("site"), 0700) || mkdir(folder_file("site/sub"), 0700) ||
        mkdir(folder_file("site/empty"), 0700) || mkfifo(folder_file("site/pipe"), 0600) ||
        symlink(outside, folder_file("site/out")) ||
        symlink("../secret.txt", folder_file("site/up")) ||
        symlink("..", folder_file("site/dir")) || symlink("../one.txt", folder_file("site/sub/in")))
        return 1;
    folder_write("site/index.html", SLICE("index"), 0600);
    folder_write("site/one.txt", SLICE("0123456789"), 0600);
    folder_write("site/sub/index.html", SLICE("sub index"), 0600);
    folder_write("site/sub/a b.json", SLICE("{}"), 0600);
    folder_write("site/a\\b", SLICE("backslash"), 0600);
    return 0;
}

static void
files_are_found_by_the_path(void **state)
{
    expect("/one.txt", "", 200, "0123456789");
    expect("/one.txt?a=b", "", 200, "0123456789");
    expect("//one.txt", "", 200, "0123456789");
    expect("/", "", 200, "index");
    expect("/sub", "", 200, "sub index");
    expect("/sub/", "", 200, "sub index");
    expect("/sub/a%20b.json", "", 200, "{}");
    expect("/sub/in", "", 200, "0123456789");
    expect("/none.txt", "", 404, "there is no such file");
    expect("/one.txt/x", "", 404, NULL);
    expect("/empty/", "", 404, NULL);
    expect("/pipe", "", 404, NULL);
}

static void
nothing_outside_of_the_folder_is_read(void **state)
{
    static const char *const targets[] = {
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/sub/%2e%2e/../secret.txt",
        "/out",
        "/up",
        "/dir/secret.txt",
        "/one.txt%00.html",
        "/%00",
        "/./one.txt",
        "/sub/../one.txt",
        "/a\\b",
        "/a%5cb",
        "/%zz",
        "/%",
        "/one.txt%0a",
        "/dir/site/one.txt",
        "/sub%2findex.html",
    };
    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        expect(targets[i], "", 404, NULL);
}

static void
a_long_path_is_no_file(void **state)
{
    char target[6000];
    memset(target, 'a', sizeof target - 1);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    expect(target, "", 404, NULL);
    target[300] = '\0';
    expect(target, "", 404, NULL);
}

static void
parts_are_sent(void **state)
{
    static const struct {
        const char *range;
        unsigned status;
        const char *content, *told;
    } rows[] = {
        {"bytes=2-4", 206, "234", "bytes 2-4/10"},
        {"bytes=7-", 206, "789", "bytes 7-9/10"},
        {"bytes=-3", 206, "789", "bytes 7-9/10"},
        {"bytes=-30", 206, "0123456789", "bytes 0-9/10"},
        {"bytes=0-0", 206, "0", "bytes 0-0/10"},
        {"bytes=5-100", 206, "56789", "bytes 5-9/10"},
        {"bytes=10-", 416, "", "bytes */10"},
        {"bytes=-0", 416, "", "bytes */10"},
        {"bytes=4-2", 200, "0123456789", NULL},
        {"bytes=1-2,4-5", 200, "0123456789", NULL},
        {"lines=1-2", 200, "0123456789", NULL},
        {"bytes=-", 200, "0123456789", NULL},
        {"bytes=99999999999999999999-", 200, "0123456789", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char fields[200];
        snprintf(fields, sizeof fields, "Range: %s\r\n", rows[i].range);
        struct flow *f = ask("/one.txt", fields, "");
        assert_int_equal(edit_head(&f->resp)->status, rows[i].status);
        expect_content(f, rows[i].content);
        expect_field(f, "Content-Range", rows[i].told);
        flow_unref(f);
    }
    expect("/one.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n", 200, "0123456789");
}

static void
what_the_client_has_is_not_sent_again(void **state)
{
    char fields[400];
    struct flow *f = ask("/one.txt", "", "");
    expect_field(f, "Content-Type", "text/plain; charset=utf-8");
    expect_field(f, "Accept-Ranges", "bytes");
    struct slice tag = head_find_name(edit_head(&f->resp), SLICE("ETag"))->value;
    struct slice date = head_find_name(edit_head(&f->resp), SLICE("Last-Modified"))->value;
    snprintf(fields, sizeof fields, "If-None-Match: \"x\", W/%.*s\r\n", SLICE_ARG(tag));
    expect("/one.txt", fields, 304, "");
    expect("/one.txt", "If-None-Match: *\r\n", 304, "");
    snprintf(fields, sizeof fields, "If-Modified-Since: %.*s\r\n", SLICE_ARG(date));
    expect("/one.txt", fields, 304, "");
    snprintf(fields, sizeof fields, "If-None-Match: \"x\"\r\nIf-Modified-Since: %.*s\r\n",
             SLICE_ARG(date));
    expect("/one.txt", fields, 200, "0123456789");
    snprintf(fields, sizeof fields, "Range: bytes=1-1\r\nIf-Range: %.*s\r\n", SLICE_ARG(tag));
    expect("/one.txt", fields, 206, "1");
    flow_unref(f);
}

static void
a_part_of_the_url_may_be_left_out(void **state)
{
    struct flow *f = ask("/static/one.txt", "", "\nprefix: /static");
    expect_content(f, "0123456789");
    flow_unref(f);
    f = ask("/x/sub/y", "", "\npattern: /x/(.*)/y\ntype: text/odd");
    expect_content(f, "sub index");
    expect_field(f, "Content-Type", "text/odd");
    flow_unref(f);
    f = ask("/v1/one.txt?q", "", "\npattern: example.com/v1/");
    expect_content(f, "0123456789");
    flow_unref(f);
}

static void
one_file_answers_for_every_path(void **state)
{
    struct flow *f = ask("/anything/at/all", "", "/one.txt");
    expect_content(f, "0123456789");
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_by_the_path),
        cmocka_unit_test(nothing_outside_of_the_folder_is_read),
        cmocka_unit_test(a_long_path_is_no_file),
        cmocka_unit_test(parts_are_sent),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(a_part_of_the_url_may_be_left_out),
        cmocka_unit_test(one_file_answers_for_every_path),
    };
    return cmocka_run_group_tests(tests, make_site, NULL);
}
