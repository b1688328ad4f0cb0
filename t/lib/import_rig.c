/* Rules of other programs on one exchange. */
#include "lib/import_rig.h"

#include "lib/flow_make.h"
#include "lib/rule_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIST_MAX 64

#define REQUEST                                                                                    \
    "POST /old/a?x=1&y=2 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: one\r\n"                     \
    "Accept-Encoding: gzip, br\r\nX-Keep: 1\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nServer: nginx/1.2\r\n\r\n"

void
import_rig_begin(struct import_rig *x)
{
    *x = (struct import_rig){.arena = arena_new(1024, RULES_IMPORT_ARENA)};
    assert_non_null(x->arena);
    x->flow = flow_make(FLOW_HTTP, REQUEST);
    flow_make_content(&x->flow->req, SLICE("hello hello"));
    flow_make_response(x->flow, RESPONSE);
    flow_make_content(&x->flow->resp, SLICE("hello hello"));
}

void
import_rig_end(struct import_rig *x)
{
    rules_unref(x->rules);
    flow_unref(x->flow);
    arena_free(x->arena);
}

bool
import_rig_read(struct import_rig *x, const char *format, const char *text)
{
    return rules_import_read(slice_str(text), slice_str(format), &x->import, x->arena, &x->e);
}

static void
make_rules(struct import_rig *x)
{
    struct rule *list[LIST_MAX];
    assert_true(x->import.n <= LIST_MAX);
    for (size_t i = 0; i < x->import.n; i++)
        if (!(list[i] = rule_new(&x->import.specs[i], 0, NULL, &x->e)))
            fail_msg("%s", x->e.text);
    x->rules = rules_new(list, x->import.n, &x->e);
    assert_non_null(x->rules);
    for (size_t i = 0; i < x->import.n; i++)
        rule_unref(list[i]);
}

void
import_rig_apply(struct import_rig *x, const char *format, const char *text)
{
    if (!import_rig_read(x, format, text))
        fail_msg("%s", x->e.text);
    make_rules(x);
    for (enum stage s = 0; s < STAGES_N && x->decision.end == END_GO; s++)
        rule_run_all(x->rules, s, x->flow, &x->decision);
}

void
import_rig_expect_url(struct import_rig *x, const char *url)
{
    struct buf out = {.max = 4096};
    flow_url(x->flow, &out);
    assert_string_equal(buf_str(&out), url);
    buf_release(&out);
}

void
import_rig_expect_content(const struct http_msg *m, const char *text)
{
    struct buf room = {.max = 4096};
    struct slice content;
    assert_true(edit_content(m, &room, &content));
    if (!slice_eq(content, slice_str(text)))
        fail_msg("%.*s", SLICE_ARG(content));
    buf_release(&room);
}

void
import_rig_expect_field(const struct http_msg *m, const char *name, const char *value)
{
    const struct field *f = head_find_name(edit_head(m), slice_str(name));
    if (!value && f)
        fail_msg("%.*s", SLICE_ARG(f->value));
    if (value && (!f || !slice_eq(f->value, slice_str(value))))
        fail_msg("'%s' is '%.*s'", name, f ? (int)f->value.n : 0, f ? f->value.p : "");
}

void
import_rig_expect_left(struct import_rig *x, const char *where, const char *why)
{
    assert_int_equal(x->import.n_left, 1);
    assert_true(slice_eq(x->import.left[0].where, slice_str(where)));
    if (!strstr(x->import.left[0].why.p, why))
        fail_msg("%s", x->import.left[0].why.p);
}
