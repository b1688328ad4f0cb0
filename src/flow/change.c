/* All parts of a change, as one version. */
#include "flow/change.h"

#include "flow/content.h"

#define CODED_MORE 4096 /* what codings add to a content that they make no smaller, and more */

static bool
refuse(struct err *e, const char *part, struct slice text)
{
    struct slice shown = slice_first(text, 80);
    return err_set(e, ERR_USAGE, "the %s '%.*s' cannot be used", part, SLICE_ARG(shown));
}

static bool
change_target(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    if (c->method.n && !edit_method(h, v, c->method))
        return refuse(e, "method", c->method);
    if (c->url.n && !edit_url(h, v, c->url, c->keep_host))
        return refuse(e, "URL", c->url);
    if (c->path.n && !edit_path(h, v, c->path))
        return refuse(e, "path", c->path);
    return true;
}

static bool
change_status(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    if (!c->status && !c->reason.n)
        return true;
    unsigned status = c->status ? c->status : v->head.status;
    return edit_status(h, v, status, c->reason) ||
           err_set(e, ERR_USAGE, "the status %u cannot be used", status);
}

/* Fields of the framing follow from the content. */
static bool
is_framing(struct slice name)
{
    return slice_eq_nocase(name, SLICE("content-length")) ||
           slice_eq_nocase(name, SLICE("transfer-encoding"));
}

static bool
change_all_fields(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->head.n; i++)
        if (is_framing(v->head.fields[i].name))
            v->head.fields[kept++] = v->head.fields[i];
    v->head.n = kept;
    for (size_t i = 0; i < c->n_fields; i++)
        if (!is_framing(c->fields[i].name) &&
            !edit_add(h, v, c->fields[i].name, c->fields[i].value))
            return refuse(e, "field", c->fields[i].name);
    return true;
}

static bool
change_fields(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    if (c->all_fields && !change_all_fields(h, v, c, e))
        return false;
    for (size_t i = 0; i < c->n_remove; i++)
        edit_remove(v, c->remove[i]);
    for (size_t i = 0; i < c->n_set; i++)
        if (!edit_set(h, v, c->set[i].name, c->set[i].value))
            return refuse(e, "field", c->set[i].name);
    return true;
}

static bool
change_text(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    struct http1_why why;
    if (edit_text(h, v, c->head, &why))
        return true;
    const struct http1_fault_row *row = http1_fault_row(why.fault);
    return err_set(e, ERR_USAGE, "the head cannot be used: %s (at byte %zu)", row->text, why.at);
}

/* Requests have no status, responses no target. */
static bool
change_fits(const struct change *c, bool request, struct err *e)
{
    bool wrong = request ? c->status || c->reason.n : c->method.n || c->url.n || c->path.n;
    return !wrong ||
           err_set(e, ERR_USAGE, "a %s has no such part", request ? "request" : "response");
}

static bool
change_lines(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    bool request = v->head.method.n;
    if (!change_fits(c, request, e))
        return false;
    if (!(request ? change_target(h, v, c, e) : change_status(h, v, c, e)))
        return false;
    return change_fields(h, v, c, e);
}

static bool
change_encoded(struct hook *h, struct version *v, struct slice plain, struct err *e)
{
    struct buf coded;
    buf_init(&coded, 2 * plain.n + CODED_MORE);
    bool good = content_encode(&v->head, plain, &coded, e) &&
                (edit_replace_coded(h, v, buf_slice(&coded)) || err_memory(e));
    buf_release(&coded);
    return good;
}

bool
change_content(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    if (c->encode && c->content.n)
        return change_encoded(h, v, c->content, e);
    return edit_replace(h, v, c->content) || err_memory(e);
}

static bool
change_parts(struct hook *h, struct version *v, const struct change *c, struct err *e)
{
    if (c->exact)
        return edit_exact(h, v, c->head, c->content) || err_memory(e);
    if (c->head.n && !change_text(h, v, c, e))
        return false;
    if (!change_lines(h, v, c, e))
        return false;
    return !c->has_content || change_content(h, v, c, e);
}

bool
change_apply(struct hook *h, struct http_msg *m, const struct change *c, struct err *e)
{
    struct version *v = edit_begin(h, m);
    if (!v)
        return err_memory(e);
    if (change_parts(h, v, c, e))
        return true;
    edit_undo(h, m, v);
    /* Who asked hears of it: the message goes on as it was. */
    h->decision->failed = false;
    return false;
}
