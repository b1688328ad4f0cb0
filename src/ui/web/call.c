/* What handlers read of a request and write of its answer. */
#include "ui/web/call.h"

#include "base/scan.h"
#include "codec/url.h"
#include "ui/web/control.h"
#include "ui/web/errand.h"
#include "ui/web/journal.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#define ERROR_TEXT 512

bool
call_decode(struct arena *a, struct slice s, bool form, struct slice *out)
{
    char *to = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!to)
        return false;
    while (s.n) {
        TRY(url_take_byte(&s, form, &to[n]));
        TRY(to[n++]);
    }
    *out = slice_of(to, n);
    return true;
}

struct slice
call_query(struct call *c, const char *name)
{
    struct slice rest = c->query, key, value;
    while (rest.n) {
        struct slice raw = slice_cut(&rest, '&');
        if (call_decode(c->arena, slice_cut(&raw, '='), true, &key) &&
            slice_eq(key, slice_str(name)) && call_decode(c->arena, raw, true, &value))
            return value;
    }
    return SLICE_NONE;
}

bool
call_number(struct call *c, const char *name, uint64_t def, uint64_t max, uint64_t *out)
{
    struct slice text = call_query(c, name);
    if (!text.p) {
        *out = def;
        return true;
    }
    if (scan_u64(text, max, out))
        return true;
    call_fail(c, 400, "bad-parameter", "'%s' must be a number up to %" PRIu64, name, max);
    return false;
}

struct json_t *
call_json(struct call *c)
{
    json_error_t why;
    struct errand *r = errand_of(c);
    if (r->json)
        return r->json;
    r->json =
        json_loadb(c->content.p ? c->content.p : "", c->content.n, JSON_REJECT_DUPLICATES, &why);
    if (!r->json) {
        call_fail_at(c, 400, "bad-json", (size_t)MAX(why.position, 0),
                     "the content is not JSON: %s", why.text);
        return NULL;
    }
    if (json_is_object(r->json))
        return r->json;
    call_fail(c, 400, "bad-json", "the content is not a JSON object");
    return NULL;
}

bool
call_field(struct call *c, const char *name, struct slice value)
{
    return head_add(&errand_of(c)->flow->resp.head, c->arena, slice_str(name), value);
}

/* 'at' may be NULL. */
static void
put_error(struct call *c, unsigned status, const char *code, const char *text, const size_t *at)
{
    c->status = status;
    c->type = "application/json";
    buf_reset(&c->out);
    json_init(&c->json, &c->out);
    json_begin_object(&c->json, NULL);
    json_begin_object(&c->json, "error");
    json_str(&c->json, "code", code);
    json_str(&c->json, "text", text);
    if (at)
        json_u64(&c->json, "at", *at);
    json_end_object(&c->json);
    json_end_object(&c->json);
}

enum call_state
call_fail(struct call *c, unsigned status, const char *code, const char *fmt, ...)
{
    char text[ERROR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put_error(c, status, code, text, NULL);
    return CALL_DONE;
}

enum call_state
call_fail_at(struct call *c, unsigned status, const char *code, size_t at, const char *fmt, ...)
{
    char text[ERROR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put_error(c, status, code, text, &at);
    return CALL_DONE;
}

enum call_state
call_missing(struct call *c, const char *what)
{
    return call_fail(c, 404, "not-found", "there is no such %s", what);
}

void
call_ref(struct call *c)
{
    errand_of(c)->refs++;
}

void
call_done(struct call *c)
{
    errand_answer(errand_of(c));
    errand_unref(errand_of(c));
}

void
call_audit(struct call *c, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n > 0)
        journal_add(c->control->audit, "act", c->who, slice_str(text));
}
