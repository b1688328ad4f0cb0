/*
 * A flow in a form that others understand: a command, a program, a file. One row in
 * api/export_list.h and one file each.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "flow/flow.h"

/* Bytes of content that go into an export at most. */
#define EXPORT_CONTENT_MAX ((size_t)64 << 20)

struct export
{
    const char *name, *type, *suffix; /* "curl", "text/plain; charset=utf-8", "sh" */
    const char *help;                 /* half a sentence */
    /* Appends to 'out'. false: it cannot be said in this form, and *e says why. */
    bool (*print)(const struct flow *f, struct buf *out, struct err *e);
};

#define EXPORT(name) extern const struct export export_##name;
#include "api/export_list.h"
#undef EXPORT

/* NULL when there is none. */
const struct export *export_find(struct slice name);
/* The i-th, NULL behind the last. */
const struct export *export_at(size_t i);

/* Several as one HTTP Archive; what is no exchange is left out. */
bool export_har_flows(struct flow *const *flows, size_t n, struct buf *out,
                      struct err *e) MUST_CHECK;

/* The request as it was sent on in the end. */
struct export_request {
    const struct http_head *head;
    struct slice target; /* in origin form, "*" for OPTIONS */
    struct buf url;      /* without a target for "*" */
    struct buf content;  /* as it crosses the wire */
};

/* false for a flow without a whole request that could be made again: *e says what is missing. */
bool export_request(const struct flow *f, struct export_request *r, struct err *e) MUST_CHECK;
void export_request_release(struct export_request *r);
/* Fields that follow from the content, or are about one connection: who sends the request again
 * makes its own. What is for a proxy is nobody else's business. */
bool export_leaves_out(const struct field *f);
