/* Tests of ui/web/errand: requests on a chain without a socket, answers that wait, clients that
 * leave, connections that are handed over. */
#include "ui/web/errand.h"

#include "base/mem.h"
#include "layer/h1.h"
#include "ui/web/control.h"
#include "ui/web/gate.h"
#include "ui/web/journal.h"
#include "ui/web/route.h"
#include "ui/web/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADERS "Host: x\r\n\r\n"

static struct control control;
static struct visit visit;
static struct control_work *posted; /* what waits for the main thread */

static uint64_t
no_time(struct host *h)
{
    return 1;
}

static const struct host_ops host_ops = {.now = no_time, .wall = no_time};
static const struct layer_limits limits = {
    .head_max = 65536, .line_max = 16384, .fields_max = 100, .trailer_max = 8192};

static void
no_flush(struct chain *c)
{
}

static void
keep_work(void *host, struct control_work *w)
{
    posted = w;
}

static void
push_http(void)
{
    struct layer *h1 = h1_new(&visit.host, ROLE_ACCEPT);
    struct fan *f = fan_new(errand_arrive);
    assert_true(h1 && f);
    chain_push(visit.chain, h1);
    chain_push(visit.chain, &f->layer);
}

static int
setup(void **state)
{
    struct err e = {0};
    control = (struct control){.given = {.post = keep_work}};
    control.loop = loop_new(&e);
    control.gate = gate_new(NULL, &e);
    control.audit = journal_new(10);
    control.events = journal_new(10);
    assert_true(control.loop && control.gate && control.audit && control.events);
    loop_turn(control.loop)->flush = no_flush;
    visit = (struct visit){.control = &control, .from = {.local = true}, .who = "test"};
    visit.host = (struct host){.ops = &host_ops, .limits = &limits, .budget = &control.budget};
    visit.peer = peer_new();
    visit.chain = chain_new(loop_turn(control.loop), &visit.host, ROLE_ACCEPT, visit.peer);
    visit.chain->owner = &visit;
    push_http();
    chain_start(visit.chain);
    posted = NULL;
    return 0;
}

static void
leave(void)
{
    if (visit.chain)
        chain_free(visit.chain);
    visit.chain = NULL;
}

static int
teardown(void **state)
{
    leave();
    peer_unref(visit.peer);
    gate_free(control.gate);
    journal_free(control.audit);
    journal_free(control.events);
    loop_free(control.loop);
    return 0;
}

static void
say(const char *text)
{
    chain_input(visit.chain, slice_str(text));
}

/* What was sent since the last call. */
static const char *
heard(void)
{
    static char text[16384];
    struct slice s = slice_first(buf_slice(&visit.chain->wire.out), sizeof(text) - 1);
    if (s.n)
        memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    buf_consume(&visit.chain->wire.out, buf_len(&visit.chain->wire.out));
    return text;
}

static void
assert_heard(const char *part)
{
    const char *text = heard();
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

static void
a_request_is_answered(void **state)
{
    say("GET /api/v1/version HTTP/1.1\r\n" HEADERS);
    assert_heard("HTTP/1.1 200 OK\r\n");
    assert_int_equal(control.n_calls, 1);
}

static void
requests_may_come_in_pieces_and_together(void **state)
{
    say("GET /api/v1/ver");
    assert_string_equal(heard(), "");
    say("sion HTTP/1.1\r\n" HEADERS "GET /nothing HTTP/1.1\r\n" HEADERS);
    const char *text = heard();
    const char *first = strstr(text, "HTTP/1.1 200 OK"), *second = strstr(text, "HTTP/1.1 404");
    assert_true(first && second && first < second);
}

static void
what_is_no_request_is_refused_and_the_connection_ends(void **state)
{
    say("GET  / HTTP/1.1\r\n" HEADERS);
    assert_heard("HTTP/1.1 400");
    assert_true(visit.chain->wire.close);
}

static const char change[] =
    "PUT /api/v1/options/idle-time HTTP/1.1\r\nContent-Length: 15\r\n" HEADERS "{\"value\":\"12s\"";

static void
the_handler_runs_once_all_content_is_there(void **state)
{
    say(change);
    assert_null(posted);
    say("}");
    assert_non_null(posted);
    assert_string_equal(heard(), "");
    posted->refused = true;
    posted->done(posted->arg);
    assert_heard("HTTP/1.1 503");
}

static void
an_answer_that_waits_keeps_the_next_one_back(void **state)
{
    say(change);
    say("}GET /api/v1/version HTTP/1.1\r\n" HEADERS);
    assert_string_equal(heard(), "");
    posted->refused = true;
    posted->done(posted->arg);
    const char *text = heard();
    const char *first = strstr(text, "HTTP/1.1 503"), *second = strstr(text, "HTTP/1.1 200");
    assert_true(first && second && first < second);
}

static void
a_client_that_leaves_harms_no_answer(void **state)
{
    say(change);
    say("}");
    leave();
    posted->refused = true;
    posted->done(posted->arg);
    assert_int_equal(control.n_calls, 0);
}

/* A layer that says what it hears. */
static size_t
echo_on_event(struct layer *l, const struct event *ev)
{
    if (ev->type == EV_START)
        layer_send(l, SLICE("started;"));
    if (ev->type != EV_DATA)
        return 0;
    layer_send(l, ev->data);
    return ev->data.n;
}

static void
echo_on_cmd(struct layer *l, const struct cmd *c)
{
    layer_down(l, c);
}

static void
echo_destroy(struct layer *l)
{
    mem_free(l);
}

static const struct layer_ops echo_ops = {
    .name = "echo", .on_event = echo_on_event, .on_cmd = echo_on_cmd, .destroy = echo_destroy};

static struct call *
call_under_way(void)
{
    struct fan *f = container_of(visit.chain->top, struct fan, layer);
    assert_false(list_empty(&f->seats));
    struct seat *s = container_of(f->seats.next, struct seat, node);
    return &container_of(s, struct errand, seat)->call;
}

static void
a_connection_is_handed_over(void **state)
{
    struct layer *echo = mem_zalloc(sizeof(*echo));
    echo->ops = &echo_ops;
    say(change);
    struct turn *t = loop_turn(control.loop);
    turn_begin(t);
    assert_int_equal(call_upgrade(call_under_way(), "websocket", echo), CALL_WAIT);
    turn_end(t);
    const char *text = heard();
    assert_non_null(strstr(text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nstarted;"));
    say("hello");
    assert_string_equal(heard(), "hello");
    assert_ptr_equal(visit.chain->top, echo);
}

static void
paths_and_queries_are_decoded(void **state)
{
    struct arena *a = arena_new(256, 65536);
    struct slice out;
    assert_true(call_decode(a, SLICE("a%2Fb%e2%82%ac+"), false, &out));
    assert_true(slice_eq(out, SLICE("a/b\xe2\x82\xac+")));
    assert_true(call_decode(a, SLICE("a+b%2B"), true, &out));
    assert_true(slice_eq(out, SLICE("a b+")));
    assert_false(call_decode(a, SLICE("%00"), false, &out));
    assert_false(call_decode(a, SLICE("%"), false, &out));
    assert_false(call_decode(a, SLICE("%4"), false, &out));
    assert_false(call_decode(a, SLICE("%zz"), false, &out));
    struct call c = {.arena = a, .query = SLICE("x=1&after=%37&after=8&bare")};
    assert_true(slice_eq(call_query(&c, "after"), SLICE("7")));
    assert_true(call_query(&c, "bare").p && !call_query(&c, "bare").n);
    assert_null(call_query(&c, "none").p);
    arena_free(a);
}

static void
numbers_of_the_query_are_checked(void **state)
{
    say("GET /api/v1/events?after=3 HTTP/1.1\r\n" HEADERS);
    assert_heard("{\"lines\":[]}");
    say("GET /api/v1/events?after=-3 HTTP/1.1\r\n" HEADERS);
    assert_heard("'after' must be a number");
}

/* One after the other: an answer, another one, or the end of the connection, and no leak. */
static void
any_allocation_may_fail(void **state)
{
    bool answered = false;
    for (unsigned long n = 1; !answered; n++) {
        assert_in_range(n, 1, 200);
        teardown(NULL);
        setup(NULL);
        mem_fail_at(n);
        say("PUT /api/v1/options/idle-time HTTP/1.1\r\nExpect: 100-continue\r\n"
            "Content-Length: 15\r\n" HEADERS);
        say("{\"value\":\"12s\"}");
        if (posted) {
            posted->refused = true;
            posted->done(posted->arg);
        }
        answered = mem_count() < n;
        mem_fail_at(0);
        const char *text = heard();
        assert_true(!*text || strncmp(text, "HTTP/1.1 ", 9) == 0 || visit.chain->wire.abort);
        if (answered)
            assert_non_null(strstr(text, "HTTP/1.1 503"));
    }
}

#define ERRAND_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ERRAND_TEST(a_request_is_answered),
        ERRAND_TEST(requests_may_come_in_pieces_and_together),
        ERRAND_TEST(what_is_no_request_is_refused_and_the_connection_ends),
        ERRAND_TEST(the_handler_runs_once_all_content_is_there),
        ERRAND_TEST(an_answer_that_waits_keeps_the_next_one_back),
        ERRAND_TEST(a_client_that_leaves_harms_no_answer),
        ERRAND_TEST(a_connection_is_handed_over),
        ERRAND_TEST(numbers_of_the_query_are_checked),
        ERRAND_TEST(any_allocation_may_fail),
        cmocka_unit_test(paths_and_queries_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
