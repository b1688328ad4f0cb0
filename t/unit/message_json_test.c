/* Tests of flow/message_json: messages as JSON. */
#include "flow/message_json.h"

#include "codec/ws_frame.h"
#include "flow/flow_json.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf out;
static struct flow *flow;

static int
begin(void **state)
{
    flow = flow_make_get("a.test", "/", "", NULL);
    return 0;
}

static int
end(void **state)
{
    flow_unref(flow);
    buf_release(&out);
    return 0;
}

static struct message *
say(unsigned opcode, bool up, struct slice raw)
{
    struct message *m = message_begin(
        flow, &(struct message){.kind = MESSAGE_WS, .up = up, .at = 7000, .opcode = opcode});
    message_frame(flow, m, raw.n);
    message_add(flow, m, &m->raw, raw, 1000, raw.n);
    return m;
}

static void
expect(const struct message *m, size_t limit, bool full, const char *want)
{
    struct json j;
    buf_release(&out);
    buf_init(&out, 10000);
    json_init(&j, &out);
    message_json(&j, m, limit, full);
    assert_string_equal(buf_str(&out), want);
}

#define BEGIN(op, from) "{\"number\":1,\"at_us\":7,\"kind\":\"ws\",\"from\":\"" from "\"," op

static void
text_is_text(void **state)
{
    const struct message *m = say(WS_TEXT, true, SLICE("h\xc3\xa9"));
    expect(m, 100, false,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":3,\"flags\":[],\"text\":\"h\xc3\xa9\"}");
    expect(m, 100, true,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":3,\"flags\":[],\"base64\":\"aMOp\"}");
}

static void
a_shortened_text_has_no_half_of_a_character(void **state)
{
    expect(say(WS_TEXT, true, SLICE("h\xc3\xa9")), 2, false,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":3,\"flags\":[],\"text\":\"h\","
                                              "\"shortened\":true}");
}

static void
other_contents_are_base64(void **state)
{
    expect(say(WS_BINARY, false, SLICE("\0\1\2\3")), 3, false,
           BEGIN("\"op\":\"binary\"", "server") ",\"size\":4,\"flags\":[],\"base64\":\"AAEC\","
                                                "\"shortened\":true}");
}

static void
text_that_is_no_utf8_is_base64(void **state)
{
    struct message *m = say(WS_TEXT, true, SLICE("a\xff"));
    m->flags |= MESSAGE_INVALID;
    m->why = "the text is not UTF-8";
    expect(m, 100, false,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":2,\"flags\":[\"invalid\"],\"why\":"
                                              "\"the text is not UTF-8\",\"base64\":\"Yf8=\"}");
}

static void
a_close_says_its_code(void **state)
{
    expect(say(WS_CLOSE, true,
               SLICE("\x03\xe8"
                     "bye")),
           0, false,
           BEGIN("\"op\":\"close\",\"code\":1000,\"reason\":\"bye\"",
                 "client") ",\"size\":5,\"flags\":[],\"base64\":\"\",\"shortened\":true}");
}

static void
an_opcode_without_a_name_is_a_number(void **state)
{
    expect(say(5, true, SLICE("")), 9, false,
           BEGIN("\"op\":\"5\"", "client") ",\"size\":0,\"flags\":[],\"base64\":\"\"}");
}

static void
what_was_compressed_is_there_in_both_forms(void **state)
{
    struct message *m = say(WS_TEXT, true, SLICE("zz"));
    m->flags |= MESSAGE_COMPRESSED;
    message_add(flow, m, &m->plain, SLICE("abc"), 2, 0);
    expect(m, 9, true,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":3,\"wire_size\":2,\"flags\":["
                                              "\"compressed\",\"cut\"],\"base64\":\"YWI=\","
                                              "\"raw\":\"eno=\"}");
}

static void
an_edit_says_by_whom_and_what_went_on(void **state)
{
    struct message *m = say(WS_TEXT, true, SLICE("old"));
    m->flags |= MESSAGE_EDITED;
    message_name(flow, m, &m->by, SLICE("rule x"));
    message_add(flow, m, &m->sent, SLICE("new"), 9, 0);
    expect(m, 9, false,
           BEGIN("\"op\":\"text\"", "client") ",\"size\":3,\"flags\":[\"edited\"],\"by\":\"rule x\""
                                              ",\"text\":\"old\",\"sent_text\":\"new\"}");
}

static void
frames_and_names_are_there_where_they_are(void **state)
{
    struct message *m = say(WS_BINARY, true, SLICE("a"));
    message_frame(flow, m, 0);
    message_name(flow, m, &m->name, SLICE("n"));
    expect(m, 9, false,
           BEGIN("\"op\":\"binary\"", "client") ",\"name\":\"n\",\"size\":1,\"flags\":["
                                                "\"fragmented\"],\"frames\":[1,0],\"base64\":"
                                                "\"YQ==\"}");
}

static void
expect_flow(bool whole, const char *want)
{
    struct json j;
    buf_release(&out);
    buf_init(&out, 100000);
    json_init(&j, &out);
    flow_json(&j, flow, whole);
    assert_non_null(strstr(buf_str(&out), want));
}

static void
a_flow_has_them_when_it_is_whole(void **state)
{
    message_end(flow, say(WS_TEXT, true, SLICE("a")));
    expect_flow(false, ",\"messages\":{\"total\":1,\"lost\":0}}");
    expect_flow(true, ",\"messages\":{\"total\":1,\"lost\":0,\"list\":[{\"number\":1,");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_text, begin, end),
        cmocka_unit_test_setup_teardown(a_shortened_text_has_no_half_of_a_character, begin, end),
        cmocka_unit_test_setup_teardown(other_contents_are_base64, begin, end),
        cmocka_unit_test_setup_teardown(text_that_is_no_utf8_is_base64, begin, end),
        cmocka_unit_test_setup_teardown(a_close_says_its_code, begin, end),
        cmocka_unit_test_setup_teardown(an_opcode_without_a_name_is_a_number, begin, end),
        cmocka_unit_test_setup_teardown(what_was_compressed_is_there_in_both_forms, begin, end),
        cmocka_unit_test_setup_teardown(an_edit_says_by_whom_and_what_went_on, begin, end),
        cmocka_unit_test_setup_teardown(frames_and_names_are_there_where_they_are, begin, end),
        cmocka_unit_test_setup_teardown(a_flow_has_them_when_it_is_whole, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
