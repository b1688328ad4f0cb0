/* Trailer sections: what is read, what is left out, what is refused. */
#include "lib/http1_read.h"

static enum http1_result
read_trailers(struct slice raw)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    return http1_parse_trailers(raw, &limits, arena, &head, &why);
}

static void
trailers_are_indexed_like_fields(void **state)
{
    struct slice raw = SLICE("grpc-status: 0\r\nX-Sum:abc\r\n\r\n");
    assert_int_equal(read_trailers(raw), HTTP1_OK);
    assert_int_equal(head.n, 2);
    assert_slice(head.fields[0].name, "grpc-status");
    assert_slice(head.fields[1].value, "abc");
    assert_ptr_equal(head.raw.p, raw.p);
    assert_int_equal(head.raw.n, raw.n);
}

static void
an_empty_section_has_no_fields(void **state)
{
    assert_int_equal(read_trailers(SLICE("\r\n")), HTTP1_OK);
    assert_int_equal(head.n, 0);
}

static void
fields_that_must_not_come_late_are_left_out(void **state)
{
    struct slice raw =
        SLICE("Content-Length: 5\r\nX: 1\r\ntransfer-encoding: chunked\r\nHost: b\r\n"
              "Connection: close\r\nTrailer: x\r\nAuthorization: y\r\n"
              "Set-Cookie: z\r\nY: 2\r\ncache-control: no-store\r\n\r\n");
    assert_int_equal(read_trailers(raw), HTTP1_OK);
    assert_int_equal(head.n, 2);
    assert_slice(head.fields[0].name, "X");
    assert_slice(head.fields[1].name, "Y");
    assert_int_equal(head.raw.n, raw.n);
}

static const struct attack attacks[] = {
    {"fold", BYTES("X: 1\r\n 2\r\n\r\n"), HTTP1_FAULT_OBS_FOLD},
    {"bare LF", BYTES("X: 1\n\r\n"), HTTP1_FAULT_BARE_LF},
    {"bare CR", BYTES("X: 1\r2\r\n\r\n"), HTTP1_FAULT_BARE_CR},
    {"space before colon", BYTES("X : 1\r\n\r\n"), HTTP1_FAULT_SPACE_COLON},
    {"no colon", BYTES("X\r\n\r\n"), HTTP1_FAULT_NO_COLON},
    {"NUL", BYTES("X: \0\r\n\r\n"), HTTP1_FAULT_NUL},
};

static void
trailers_that_are_attacks_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        assert_int_equal(read_trailers(attacks[i].bytes), HTTP1_BAD);
        if (why.fault != attacks[i].fault)
            fail_msg("%s: %s", attacks[i].name, http1_fault_row(why.fault)->word);
    }
}

static void
a_section_without_its_end_waits(void **state)
{
    assert_int_equal(read_trailers(SLICE("X: 1\r\n")), HTTP1_MORE);
}

static void
a_section_above_the_limit_is_refused(void **state)
{
    char text[8193];
    memset(text, 'x', sizeof(text));
    memcpy(text, "X:", 2);
    memcpy(text + sizeof(text) - 4, "\r\n\r\n", 4);
    assert_int_equal(read_trailers(slice_of(text, sizeof(text))), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_TRAILER_SIZE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trailers_are_indexed_like_fields),
        cmocka_unit_test(an_empty_section_has_no_fields),
        cmocka_unit_test(fields_that_must_not_come_late_are_left_out),
        cmocka_unit_test(trailers_that_are_attacks_are_refused),
        cmocka_unit_test(a_section_without_its_end_waits),
        cmocka_unit_test(a_section_above_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
