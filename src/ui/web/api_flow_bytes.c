/* Handlers: heads and contents as bytes, and exports. They are for saving: no browser shows them.
 */
#include "api/export.h"
#include "base/scan.h"
#include "flow/content.h"
#include "proxy/config.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"
#include "ui/web/side.h"

#include <inttypes.h>

#define BYTES "application/octet-stream"

static void
name_file(struct call *c, const char *what, uint64_t id, const char *suffix)
{
    struct buf value;
    buf_init(&value, 200);
    buf_printf(&value, "attachment; filename=\"%s-%" PRIu64 ".%s\"", what, id, suffix);
    if (!call_field(c, "Content-Disposition", buf_slice(&value)))
        c->out.failed = true;
    buf_release(&value);
}

static bool
bytes_message(struct lookup *k, struct side *m)
{
    struct call *c = k->call;
    return side_find(c, k->flow, c->params[1], m) && side_version(c, call_query(c, "version"), m);
}

static void
answer_raw(struct lookup *k)
{
    struct call *c = k->call;
    struct side m;
    if (!bytes_message(k, &m))
        return;
    side_head(&m, &c->out);
    c->type = BYTES;
    name_file(c, m.name, k->id, "head");
}

enum call_state
api_flow_raw(struct call *c)
{
    return lookup_flow(c, answer_raw);
}

/* Contents ---------------------------------------------------------------------------------- */

/* Part of a whole: bytes [from, to). */
struct range {
    uint64_t from, to;
};

/* The one range of a Range field (RFC 9110 section 14.1.2). false: it is none that we heed, so all
 * is given. */
static bool
range_read(struct slice text, uint64_t size, struct range *out)
{
    uint64_t first = 0, last = UINT64_MAX - 1;
    if (!slice_starts(text, SLICE("bytes=")))
        return false;
    struct slice end = slice_trim(slice_from(text, 6)), begin = slice_cut(&end, '-');
    if (end.n && !scan_u64(end, UINT64_MAX - 1, &last))
        return false;
    if (begin.n && !scan_u64(begin, UINT64_MAX - 1, &first))
        return false;
    if ((!begin.n && !end.n) || (begin.n && last < first))
        return false;
    *out = begin.n ? (struct range){first, MIN(last + 1, size)}
                   : (struct range){size - MIN(last, size), size};
    return true;
}

/* The range is what is left of the answer. */
static void
range_apply(struct call *c)
{
    struct field *asked = head_find_name(c->head, SLICE("range"));
    struct range r;
    uint64_t size = buf_len(&c->out);
    char text[80];
    if (!asked || !range_read(asked->value, size, &r))
        return;
    if (r.from >= r.to) {
        call_fail(c, 416, "bad-range", "there are %" PRIu64 " bytes", size);
        snprintf(text, sizeof text, "bytes */%" PRIu64, size);
    } else {
        c->status = 206;
        c->out.w = c->out.r + (size_t)r.to;
        buf_consume(&c->out, (size_t)r.from);
        snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r.from, r.to - 1,
                 size);
    }
    if (!call_field(c, "Content-Range", slice_str(text)))
        c->out.failed = true;
}

static bool
body_put(struct call *c, const struct side *m)
{
    struct err why = {0};
    bool decoded = false;
    struct slice wish = call_query(c, "decoded");
    const struct config *config = c->control->config;
    struct content_limits limits = {(size_t)config->decode_limit, (unsigned)config->decode_ratio};
    if (wish.p && !scan_bool(wish, &decoded)) {
        call_fail(c, 400, "bad-parameter", "'decoded' must be true or false");
        return false;
    }
    if (!decoded)
        content_append(m->body, &c->out);
    else if (!content_decode(m->head, m->body, &limits, &c->out, &why)) {
        call_fail(c, 422, "not-decoded", "%s", why.text);
        return false;
    }
    return true;
}

static void
answer_body(struct lookup *k)
{
    struct call *c = k->call;
    struct side m;
    if (!bytes_message(k, &m) || !body_put(c, &m))
        return;
    c->type = BYTES;
    name_file(c, m.name, k->id, "bin");
    if (!call_field(c, "Accept-Ranges", SLICE("bytes")) ||
        (m.body->cut && !call_field(c, "X-Weir-Cut", SLICE("true"))))
        c->out.failed = true;
    range_apply(c);
}

enum call_state
api_flow_body(struct call *c)
{
    return lookup_flow(c, answer_body);
}

/* Exports ----------------------------------------------------------------------------------- */

static void
answer_export(struct lookup *k)
{
    struct call *c = k->call;
    struct err e = {0};
    const struct export *x = export_find(call_query(c, "format"));
    if (!x->print(k->flow, &c->out, &e)) {
        call_fail(c, 422, "not-exported", "%s", e.text);
        return;
    }
    c->type = x->type;
    name_file(c, "flow", k->id, x->suffix);
}

enum call_state
api_flow_export(struct call *c)
{
    struct buf names;
    if (export_find(call_query(c, "format")))
        return lookup_flow(c, answer_export);
    buf_init(&names, 1024);
    for (size_t i = 0; export_at(i); i++)
        buf_printf(&names, "%s'%s'", i ? ", " : "", export_at(i)->name);
    call_fail(c, 400, "bad-parameter", "'format' must be one of %s", buf_str(&names));
    buf_release(&names);
    return CALL_DONE;
}
