/* Messages in their versions. */
#include "ui/web/side.h"

#include "base/scan.h"

static bool
is_there(const struct http_msg *m)
{
    return m->head.line.n || m->head.raw.n || m->head.status || m->body.size;
}

bool
side_find(struct call *c, const struct flow *f, struct slice side, struct side *out)
{
    bool request = slice_eq(side, SLICE("request"));
    const struct http_msg *m = request ? &f->req : &f->resp;
    if (!request && !slice_eq(side, SLICE("response"))) {
        call_missing(c, "side of a flow: there are 'request' and 'response'");
        return false;
    }
    if (!is_there(m)) {
        call_missing(c, "message: the flow has none on this side");
        return false;
    }
    *out = (struct side){.name = request ? "request" : "response",
                         .msg = m,
                         .head = &m->head,
                         .body = &m->body,
                         .received = true};
    return true;
}

/* After so many changes. */
static bool
choose(struct side *m, uint64_t n)
{
    const struct version *v = m->msg->versions;
    const struct body *body = &m->msg->body;
    for (uint64_t i = 1; v; v = v->next, i++) {
        if (v->replaced)
            body = &v->body;
        if (i < n)
            continue;
        m->head = &v->head;
        m->body = body;
        m->received = v->exact;
        return true;
    }
    return false;
}

bool
side_version(struct call *c, struct slice version, struct side *m)
{
    uint64_t n;
    if (slice_eq(version, SLICE("sent"))) {
        const struct http_head *sent = &m->msg->sent;
        bool other = sent->line.n || sent->status || sent->n;
        const struct version *last = edit_last(m->msg);
        m->received = !other || (last && last->exact);
        m->head = last && last->exact ? &last->head : other ? sent : m->head;
        m->body = edit_body(m->msg);
        return true;
    }
    if (version.n == 0 || slice_eq(version, SLICE("0")))
        return true;
    if (!scan_u64(version, EDIT_VERSIONS_MAX, &n)) {
        call_fail(c, 400, "bad-parameter", "a version is a number up to %d, or 'sent'",
                  EDIT_VERSIONS_MAX);
        return false;
    }
    if (choose(m, n))
        return true;
    call_missing(c, "version of the message");
    return false;
}

bool
side_now(const struct http_msg *m, struct side *out)
{
    const struct version *last = edit_last(m);
    *out = (struct side){
        .msg = m, .head = edit_head(m), .body = edit_body(m), .received = !last || last->exact};
    return last || is_there(m);
}

void
side_head(const struct side *m, struct buf *out)
{
    if (m->received)
        buf_append(out, m->head->raw);
    else if (m->head->status)
        http1_print_response(out, m->head);
    else
        http1_print_request(out, m->head, m->head->target);
}
