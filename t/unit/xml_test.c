/* Tests of api/xml: documents become trees, and what is no such document is refused by line. */
#include "api/xml.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static int
make_arena(void **state)
{
    arena = arena_new(1024, 1 << 20);
    return arena ? 0 : -1;
}

static int
free_arena(void **state)
{
    arena_free(arena);
    return 0;
}

static const struct xml *
parse(const char *text)
{
    struct err e = {0};
    const struct xml *x = xml_parse(slice_str(text), arena, &e);
    if (!x)
        fail_msg("%s", e.text);
    return x;
}

static void
expect_refused(const char *text, const char *why)
{
    struct err e = {0};
    assert_null(xml_parse(slice_str(text), arena, &e));
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.text, why))
        fail_msg("%s", e.text);
}

static void
expect_text(const struct xml *x, const char *name, const char *text)
{
    struct slice found = xml_text(x, name);
    if (!slice_eq(found, slice_str(text)))
        fail_msg("'%s' is '%.*s'", name, SLICE_ARG(found));
}

static void
elements_are_found_by_name_in_their_order(void **state)
{
    const struct xml *x =
        parse("<?xml version='1.0'?>\n<a k='v'>\n <b>1</b><!-- no --><c/>\n<b>2</b></a>");
    assert_true(slice_eq(x->name, SLICE("a")));
    expect_text(x, "b", "1");
    expect_text(x, "c", "");
    expect_text(x, "d", "");
    assert_int_equal(xml_child(x, "b")->line, 3);
    const struct xml *last = xml_child(x, "c")->next;
    assert_true(slice_eq(last->text, SLICE("2")));
    assert_int_equal(last->line, 4);
    assert_null(last->next);
    assert_null(xml_child(NULL, "a"));
}

static void
a_text_is_whole_and_as_it_stands(void **state)
{
    const struct xml *x = parse("<a><b> &lt;&amp;&#65;<![CDATA[<c>]]> </b></a>");
    expect_text(x, "b", " <&A<c> ");
}

static void
text_beside_elements_does_not_count(void **state)
{
    const struct xml *x = parse("<a>one<b>two</b>three<c/></a>");
    assert_int_equal(x->text.n, 0);
    expect_text(x, "b", "two");
    expect_text(x, "c", "");
}

static void
what_is_no_document_is_refused(void **state)
{
    expect_refused("", "line 1");
    expect_refused("<a>\n</b>", "line 2: ");
    expect_refused("<a/><b/>", "line 1: ");
    expect_refused("<a>&nbsp;</a>", "entity");
}

static void
entities_of_a_document_are_refused(void **state)
{
    expect_refused("<!DOCTYPE a [<!ENTITY x 'xxxx'><!ENTITY y '&x;&x;'>]>\n<a>&y;</a>",
                   "a document type");
    expect_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "a document type");
}

static void
depth_is_bounded(void **state)
{
    struct buf text = {.max = 4096};
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_append(&text, SLICE("<a>"));
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_append(&text, SLICE("</a>"));
    assert_non_null(parse(buf_str(&text)));
    buf_reset(&text);
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        buf_append(&text, SLICE("<a>"));
    expect_refused(buf_str(&text), "in each other");
    buf_release(&text);
}

static void
an_arena_that_is_full_is_no_tree(void **state)
{
    struct arena *small = arena_new(64, 256);
    struct err e = {0};
    assert_null(xml_parse(SLICE("<a><b/><b/><b/><b/><b/></a>"), small, &e));
    assert_non_null(strstr(e.text, "too much"));
    arena_free(small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_found_by_name_in_their_order),
        cmocka_unit_test(a_text_is_whole_and_as_it_stands),
        cmocka_unit_test(text_beside_elements_does_not_count),
        cmocka_unit_test(what_is_no_document_is_refused),
        cmocka_unit_test(entities_of_a_document_are_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(an_arena_that_is_full_is_no_tree),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
