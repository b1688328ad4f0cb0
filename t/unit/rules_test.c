/* Tests of rule/rules: the order, what is off, what is noted, and that the index leaves none out.
 */
#include "base/mem.h"
#include "base/thread.h"
#include "lib/flow_make.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIST_MAX 8

static struct rules *
make_rules(const char *const *texts, struct rule **list)
{
    size_t n = 0;
    for (; texts[n]; n++)
        list[n] = rule_make(texts[n]);
    struct rules *rs = rules_new(list, n, NULL);
    assert_non_null(rs);
    for (size_t i = 0; i < n; i++)
        rule_unref(list[i]);
    return rs;
}

static struct flow *
make_flow(void)
{
    return flow_make(FLOW_HTTP, "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n");
}

static void
rules_act_in_their_order_each_on_what_the_one_before_made(void **state)
{
    static const char *const texts[] = {
        "name: one\ndo: path\nwith: /b",
        "name: two\ndo: path\npattern: $\nwith: c\nwhen: path:/b",
        "name: three\ndo: path\nwith: /never\nwhen: path=/a",
        "name: four\ndo: path\npattern: $\nwith: d\nwhen: path:/bc",
        NULL,
    };
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    struct flow *f = make_flow();
    struct decision d = {0};
    assert_int_equal(rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d), 3);
    assert_string_equal(rule_head_text(&f->req), "GET /bcd\nHost: example.com\n");
    flow_unref(f);
    rules_unref(rs);
}

static void
a_rule_that_acted_is_on_record(void **state)
{
    static const char *const texts[] = {
        "name: one\ndo: set-field\nfield: A\nvalue: 1",
        "do: tag\ntag: t\nwhen: host:other",
        "do: discard",
        NULL,
    };
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    struct flow *f = make_flow();
    struct decision d = {0};
    struct rule_info info;
    rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d);
    rule_info(rules_at(rs, 0), &info);
    assert_int_equal(info.hits, 1);
    assert_int_equal(info.last_hit, 1700000000000000000);
    assert_int_equal(f->trace->rule, info.id);
    assert_true(slice_eq(f->trace->name, SLICE("one")));
    assert_string_equal(f->trace->stage, "request-head");
    assert_string_equal(f->trace->did, "set A");
    assert_true(slice_eq(edit_last(&f->req)->by, SLICE("rule one")));
    assert_true(slice_eq(f->trace->next->name, SLICE("discard")));
    assert_null(f->trace->next->next);
    rule_info(rules_at(rs, 1), &info);
    assert_int_equal(info.hits, 0);
    flow_unref(f);
    rules_unref(rs);
}

static void
what_is_off_does_nothing_nor_what_is_in_a_folder_that_is_off(void **state)
{
    static const char *const texts[] = {
        "do: tag\ntag: off\non: no",
        "name: outer\ndo: folder\non: no",
        "name: inner\ndo: folder\nfolder: outer",
        "do: tag\ntag: in\nfolder: inner",
        "do: tag\ntag: free\nfolder: nowhere",
        NULL,
    };
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    struct flow *f = make_flow();
    struct decision d = {0};
    assert_int_equal(rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d), 1);
    assert_true(slice_eq(atomic_load(&f->marks)->tags[0], SLICE("free")));
    assert_int_equal(rules_count(rs), 5);
    flow_unref(f);
    rules_unref(rs);
}

static void
folders_that_are_in_each_other_end(void **state)
{
    static const char *const texts[] = {
        "name: a\ndo: folder\nfolder: b",
        "name: b\ndo: folder\nfolder: a",
        "do: tag\ntag: t\nfolder: a",
        NULL,
    };
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    assert_true(rules_any(rs, STAGE_REQUEST_HEAD));
    rules_unref(rs);
}

static void
a_stage_without_rules_is_known(void **state)
{
    static const char *const texts[] = {"do: tag\ntag: t\nwhen: status:404", "do: block\non: no",
                                        NULL};
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    assert_false(rules_any(rs, STAGE_REQUEST_HEAD));
    assert_false(rules_any(rs, STAGE_REQUEST));
    assert_true(rules_any(rs, STAGE_RESPONSE_HEAD));
    rules_unref(rs);
}

static void
a_flow_that_no_rule_of_a_stage_can_match_is_known(void **state)
{
    static const char *const texts[] = {"do: drop\nwhen: msg.body:x host:other.com", NULL},
                             *const more[] = {"do: drop\nwhen: msg.body:x host:example.com", NULL};
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    struct flow *f = make_flow();
    assert_true(rules_any(rs, STAGE_MESSAGE));
    assert_false(rules_may(rs, STAGE_MESSAGE, f));
    assert_false(rules_may(rs, STAGE_REQUEST, f));
    rules_unref(rs);
    rs = make_rules(more, list);
    assert_true(rules_may(rs, STAGE_MESSAGE, f));
    rules_unref(rs);
    flow_unref(f);
}

static void
a_content_is_waited_for_where_a_rule_may_match(void **state)
{
    static const struct {
        const char *rule;
        bool want;
    } rows[] = {
        {"do: replace-body\nside: request\nwith: x", true},
        {"do: replace-body\nside: request\nwith: x\nwhen: host:example", true},
        {"do: replace-body\nside: request\nwith: x\nwhen: host:other.test", false},
        {"do: replace-body\nside: request\nwith: x\nwhen: method:POST", false},
        {"do: tag\ntag: t\nwhen: req.body:x", true},
        {"do: tag\ntag: t\nwhen: host:other.test req.body:x", false},
        {"do: tag\ntag: t", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *texts[] = {rows[i].rule, NULL};
        struct rule *list[LIST_MAX];
        struct rules *rs = make_rules(texts, list);
        struct flow *f = make_flow();
        struct decision d = {0};
        struct hook h = {.stage = STAGE_REQUEST_HEAD, .flow = f, .now = 1, .decision = &d};
        assert_int_equal(rules_want(rs, STAGE_REQUEST, &h), rows[i].want);
        flow_unref(f);
        rules_unref(rs);
    }
}

static void
a_snapshot_keeps_its_rules(void **state)
{
    struct rule *r = rule_make("do: tag\ntag: t");
    struct rules *a = rules_new(&r, 1, NULL), *b = rules_new(&r, 1, NULL);
    struct flow *f = make_flow();
    struct decision d = {0};
    struct rule_info info;
    rules_unref(rules_ref(a));
    rule_run_all(a, STAGE_REQUEST_HEAD, f, &d);
    rules_unref(a);
    rules_unref(NULL);
    rule_info(rules_at(b, 0), &info);
    assert_int_equal(info.hits, 1);
    rules_unref(b);
    rule_unref(r);
    flow_unref(f);
}

static void
too_many_rules_are_refused(void **state)
{
    static struct rule *list[RULES_MAX + 1];
    struct err e = {0};
    list[0] = rule_make("do: discard");
    for (size_t i = 1; i <= RULES_MAX; i++)
        list[i] = list[0];
    assert_null(rules_new(list, RULES_MAX + 1, &e));
    assert_string_equal(e.text, "10001 rules are more than 10000");
    struct rules *rs = rules_new(list, RULES_MAX, &e);
    assert_int_equal(rules_count(rs), RULES_MAX);
    rules_unref(rs);
    rule_unref(list[0]);
}

static uint32_t
dice(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static const char *const queries[] = {
    "host:%",  "path:%",           "host=%.com", "path^=/%",          "url:%",    "path:% host:com",
    "-host:%", "host:% OR path:x", "%",          "method:GET path:%", "host:*.%", "url:https://%*",
};
static const char *const words[] = {"abcd", "shop", "www.shop", "a", "API/v1", "v1/users", "cdnx"};

/* A rule with one of the queries, about one of the words. */
static struct rule *
random_rule(uint32_t *seed)
{
    char text[200];
    const char *query = queries[dice(seed, ARRAY_LEN(queries))];
    int before = (int)slice_find(slice_str(query), '%');
    snprintf(text, sizeof text, "do: delay\ntime: 1ms\nwhen: %.*s%s%s", before, query,
             words[dice(seed, ARRAY_LEN(words))], query + before + 1);
    return rule_make(text);
}

static unsigned
count_matches(struct rule *const *list, size_t n, const struct flow *f)
{
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        struct rule_info info;
        rule_info(list[i], &info);
        struct filter *filter = filter_parse(slice_str(info.when), NULL, NULL, NULL);
        count += filter_match(filter, f);
        filter_unref(filter);
    }
    return count;
}

static void
the_index_leaves_no_rule_out_that_matches(void **state)
{
    struct rule *list[300];
    uint32_t seed = 7;
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        list[i] = random_rule(&seed);
    struct rules *rs = rules_new(list, ARRAY_LEN(list), NULL);
    unsigned most = 0;
    for (size_t k = 0; k < 300; k++) {
        char host[100], target[200];
        struct decision d = {0};
        snprintf(host, sizeof host, "%s.com", dice(&seed, 2) ? "WWW.shop" : words[dice(&seed, 4)]);
        snprintf(target, sizeof target, "/%s/%s?%s", words[dice(&seed, 7)], words[dice(&seed, 7)],
                 words[dice(&seed, 7)]);
        struct flow *f = flow_make_get(host, target, "", NULL);
        unsigned want = count_matches(list, ARRAY_LEN(list), f);
        assert_int_equal(rule_run_all(rs, STAGE_REQUEST_HEAD, f, &d), want);
        most = MAX(most, want);
        flow_unref(f);
    }
    assert_true(most > 10 && most < ARRAY_LEN(list));
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        rule_unref(list[i]);
    rules_unref(rs);
}

enum { THREADS = 4, ROUNDS = 200 };

static void
run_many(void *arg)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct decision d = {0};
        struct flow *f =
            flow_make(FLOW_HTTP, i % 2 ? "GET /x HTTP/1.1\r\nHost: example.com\r\n"
                                         "Authorization: a\r\n\r\n"
                                       : "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
        rule_run_all(arg, STAGE_REQUEST_HEAD, f, &d);
        flow_make_response(f, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
        rule_run_all(arg, STAGE_RESPONSE_HEAD, f, &d);
        flow_unref(f);
    }
}

static void
threads_share_rules(void **state)
{
    static const char *const texts[] = {"do: sticky-cookie", "do: sticky-auth",
                                        "do: replace-field\nfield: Host\npattern: e\nwith: x",
                                        "do: tag\ntag: t\nwhen: url~example", NULL};
    struct rule *list[LIST_MAX];
    struct rules *rs = make_rules(texts, list);
    struct thread threads[THREADS];
    struct rule_info info;
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){0};
        assert_true(thread_start(&threads[i], "test", run_many, rs, NULL));
    }
    for (size_t i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    rule_info(rules_at(rs, 2), &info);
    assert_int_equal(info.hits, THREADS * ROUNDS);
    rule_info(rules_at(rs, 1), &info);
    assert_in_range(info.hits, THREADS * ROUNDS - THREADS, THREADS * ROUNDS);
    rules_unref(rs);
}

static void
without_memory_there_is_no_list(void **state)
{
    struct rule *r = rule_make("do: discard\nwhen: host:abcd");
    struct rules *rs = NULL;
    for (unsigned long nth = 1; !rs; nth++) {
        assert_true(nth < 100);
        mem_fail_at(nth);
        rs = rules_new(&r, 1, NULL);
        mem_fail_at(0);
    }
    rules_unref(rs);
    rule_unref(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_act_in_their_order_each_on_what_the_one_before_made),
        cmocka_unit_test(a_rule_that_acted_is_on_record),
        cmocka_unit_test(what_is_off_does_nothing_nor_what_is_in_a_folder_that_is_off),
        cmocka_unit_test(folders_that_are_in_each_other_end),
        cmocka_unit_test(a_stage_without_rules_is_known),
        cmocka_unit_test(a_flow_that_no_rule_of_a_stage_can_match_is_known),
        cmocka_unit_test(a_content_is_waited_for_where_a_rule_may_match),
        cmocka_unit_test(a_snapshot_keeps_its_rules),
        cmocka_unit_test(too_many_rules_are_refused),
        cmocka_unit_test(the_index_leaves_no_rule_out_that_matches),
        cmocka_unit_test(threads_share_rules),
        cmocka_unit_test(without_memory_there_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
