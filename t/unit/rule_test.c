/* Tests of rule/rule: what a rule is made from, where it acts, and how it is told. */
#include "rule/rule.h"

#include "base/mem.h"
#include "lib/flow_make.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *rule, *error;
    } rows[] = {
        {"name: x", "rule 'x': 'do' is missing: what it does"},
        {"do: nothing", "'do': there is no action 'nothing', see docs/rules.md"},
        {"name: x\ndo: set-field\nfiald: y", "rule 'x': 'set-field' has no 'fiald', did you mean "
                                             "'field'?"},
        {"do: discard\nzzzzzz: y", "'discard' has no 'zzzzzz'"},
        {"do: discard\non: perhaps", "'on': 'perhaps' is neither yes nor no"},
        {"do: discard\ndo: discard", "'do': one value is expected, not a list"},
        {"do: mark\nmark: a\nmark: b", "'mark': one value is expected, not a list"},
        {"do: mark\nmark: a\non: yes\nmark: b", "'mark' is there twice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        assert_null(rule_try(rows[i].rule, &e));
        assert_string_equal(e.text, rows[i].error);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

static void
a_query_that_is_none_is_named_with_its_place(void **state)
{
    struct err e = {0};
    assert_null(rule_try("name: x\ndo: discard\nwhen: host:a (", &e));
    assert_true(slice_starts(slice_str(e.text), SLICE("rule 'x': 'when', column ")));
}

static void
a_rule_acts_where_its_query_has_its_answer(void **state)
{
    static const struct {
        const char *rule;
        unsigned stages;
    } rows[] = {
        {"do: mark\nmark: m", 1u << STAGE_REQUEST_HEAD},
        {"do: mark\nmark: m\nwhen: host:a", 1u << STAGE_REQUEST_HEAD},
        {"do: mark\nmark: m\nwhen: req.body:a", 1u << STAGE_REQUEST},
        {"do: mark\nmark: m\nwhen: status:404", 1u << STAGE_RESPONSE_HEAD},
        {"do: mark\nmark: m\nwhen: resp.body:a", 1u << STAGE_RESPONSE},
        {"do: set-field\nfield: A", 1u << STAGE_REQUEST_HEAD},
        {"do: set-field\nfield: A\nwhen: req.body:a", 1u << STAGE_REQUEST},
        {"do: set-field\nfield: A\nside: response\nwhen: req.body:a", 1u << STAGE_RESPONSE_HEAD},
        {"do: set-field\nfield: A\nside: response\nwhen: resp.body:a", 1u << STAGE_RESPONSE},
        {"do: set-field\nfield: A\nwhen: word", 1u << STAGE_REQUEST_HEAD},
        {"do: replace-body\nwith: x", 1u << STAGE_RESPONSE},
        {"do: replace-body\nwith: x\nside: request", 1u << STAGE_REQUEST},
        {"do: hold\nat: request", 1u << STAGE_REQUEST},
        {"do: hold\nat: client-hello", 1u << STAGE_CLIENT_HELLO},
        {"do: hold\nat: client-hello\nwhen: status:200", 1u << STAGE_CLIENT_HELLO},
        {"do: mark\nmark: m\nat: client-hello\nwhen: resp.body:a", 1u << STAGE_CLIENT_HELLO},
        {"do: delay\ntime: 1s\nat: client-hello\nside: response", 1u << STAGE_CLIENT_HELLO},
        {"do: delay\ntime: 1s\nside: response", 1u << STAGE_RESPONSE_HEAD},
        {"do: pass-through\nwhen: status:200", 1u << STAGE_CLIENT_HELLO},
        {"do: fault\nkind: alert", 1u << STAGE_CLIENT_HELLO},
        {"do: fault\nkind: reset", 1u << STAGE_RESPONSE_HEAD},
        {"do: no-cache", 1u << STAGE_REQUEST_HEAD | 1u << STAGE_RESPONSE_HEAD},
        {"do: folder\nname: f", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rule_info info;
        struct rule *r = rule_make(rows[i].rule);
        rule_info(r, &info);
        assert_int_equal(info.stages, rows[i].stages);
        rule_unref(r);
    }
}

static void
ids_are_fresh_unless_one_is_given(void **state)
{
    struct slice value = SLICE("discard");
    struct rule_arg arg = {SLICE("do"), &value, 1};
    struct rule_spec spec = {&arg, 1};
    struct rule_info a, b, c;
    struct rule *x = rule_new(&spec, 0, NULL, NULL), *y = rule_new(&spec, 0, NULL, NULL);
    rule_info(x, &a);
    rule_info(y, &b);
    assert_true(a.id && b.id > a.id);
    struct rule *z = rule_new(&spec, a.id, NULL, NULL);
    rule_info(z, &c);
    assert_int_equal(c.id, a.id);
    rule_unref(x);
    rule_unref(y);
    rule_unref(z);
}

static struct rule *
make_block(const char *name, const char *status, bool turned)
{
    struct slice values[] = {slice_str(name), SLICE("block"), slice_str(status)};
    struct rule_arg args[] = {{SLICE("name"), &values[0], 1},
                              {SLICE("do"), &values[1], 1},
                              {SLICE("status"), &values[2], 1}};
    struct rule_arg turn[] = {args[2], args[1], args[0]};
    struct rule_spec spec = {turned ? turn : args, 3};
    struct rule *r = rule_new(&spec, 0, NULL, NULL);
    assert_non_null(r);
    return r;
}

static void
one_that_says_the_same_succeeds_another(void **state)
{
    struct rule *a = make_block("a", "404", false), *b = make_block("a", "404", true),
                *c = make_block("a", "405", false), *d = make_block("d", "404", false);
    struct rule_info old, now;
    assert_true(rule_same(a, b) && rule_same(b, a));
    assert_false(rule_same(a, c) || rule_same(c, a) || rule_same(a, d));
    rule_succeed(b, a);
    rule_info(a, &old);
    rule_info(b, &now);
    assert_int_equal(now.id, old.id);
    assert_int_equal(now.hits, old.hits);
    rule_unref(a);
    rule_unref(b);
    rule_unref(c);
    rule_unref(d);
}

static void
it_is_told_as_json(void **state)
{
    struct buf out;
    struct json j;
    buf_init(&out, 4096);
    json_init(&j, &out);
    struct rule *r = rule_make("name: n\nfolder: f\non: no\nwhen: host:a\ndo: answer\nstatus: 201\n"
                               "fields: A: 1\nfields: B: 2");
    rule_json(&j, r);
    char *text = strstr(buf_str(&out), ",");
    assert_string_equal(text, ",\"name\":\"n\",\"folder\":\"f\",\"on\":false,\"when\":\"host:a\","
                              "\"do\":\"answer\",\"status\":\"201\",\"fields\":[\"A: 1\",\"B: 2\"],"
                              "\"stages\":[\"request-head\"],\"hits\":0,\"last_hit_us\":0}");
    buf_release(&out);
    rule_unref(r);
}

static void
no_action_has_a_key_of_every_rule(void **state)
{
    static const char *const own[] = {"name",   "folder", "on",   "when",       "do",
                                      "stages", "id",     "hits", "last_hit_us"};
    for (const struct rule_ops *const *o = rule_table; *o; o++) {
        assert_true((*o)->help[0] && rule_ops_find(slice_str((*o)->name)) == *o);
        for (const struct rule_param *p = (*o)->params; p && p->key; p++) {
            assert_true(p->help[0]);
            assert_true((p->type == RULE_CHOICE) == (p->choices != NULL));
            for (size_t i = 0; i < ARRAY_LEN(own); i++)
                assert_string_not_equal(p->key, own[i]);
        }
    }
}

static void
collect(void *arg, const char *path)
{
    snprintf(arg, 64, "%s", path);
}

static void
the_files_that_it_names_are_told(void **state)
{
    char path[64] = "";
    struct slice values[] = {SLICE("map-local"), SLICE("site")};
    struct rule_arg args[] = {{SLICE("do"), &values[0], 1}, {SLICE("path"), &values[1], 1}};
    struct rule_spec spec = {args, 2};
    struct rule *r = rule_new(&spec, 0, "/etc/weir", NULL);
    assert_non_null(r);
    rule_files(r, collect, path);
    assert_string_equal(path, "/etc/weir/site");
    rule_unref(r);
}

static void
without_memory_there_is_no_rule(void **state)
{
    struct err e = {0};
    struct rule *r = NULL;
    for (unsigned long nth = 1; !r; nth++) {
        assert_true(nth < 200);
        mem_fail_at(nth);
        r = rule_try("do: replace-field\nfield: A\npattern: a(b)\nwith: $1\nwhen: host:a", &e);
        mem_fail_at(0);
    }
    rule_unref(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_query_that_is_none_is_named_with_its_place),
        cmocka_unit_test(a_rule_acts_where_its_query_has_its_answer),
        cmocka_unit_test(ids_are_fresh_unless_one_is_given),
        cmocka_unit_test(one_that_says_the_same_succeeds_another),
        cmocka_unit_test(it_is_told_as_json),
        cmocka_unit_test(no_action_has_a_key_of_every_rule),
        cmocka_unit_test(the_files_that_it_names_are_told),
        cmocka_unit_test(without_memory_there_is_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
