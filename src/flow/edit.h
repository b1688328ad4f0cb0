/*
 * Changing a message on its way. The message as received is never touched: each change is a version
 * of its own, made from the one before; the last one is what is sent on. For flows that are not
 * finished, on their thread, at a stage (flow/hook.h) of that message. Everything is copied.
 *
 * false is: no memory, a limit (EDIT_VERSIONS_MAX, the budget of contents, the arena of the flow),
 * or text that cannot stand where it should: a field name that is no token, a value with a line
 * end. The framing is always made to fit the content, unless edit_exact takes it over.
 */
#pragma once

#include "codec/http1.h"
#include "flow/hook.h"

#define EDIT_VERSIONS_MAX 64

struct transform;

struct edit_target {
    const char *scheme;
    struct slice host;
    uint16_t port;
};

/* How a message stood after a change. */
struct version {
    struct version *next; /* oldest first */
    struct slice by;      /* "rule NAME", "client NAME" */
    uint64_t at;          /* wall clock */
    struct http_head head;
    bool replaced;    /* 'body' takes the place of what was received, or 'through' makes it */
    bool exact;       /* head.raw is sent byte for byte, and the content behind it as it is */
    struct body body; /* in one block; or what came out of 'through' */
    struct transform *through; /* the content goes through it as it passes; NULL: it does not, or it
                                  is over */
    struct edit_target from, to; /* requests: where it went before the change, and goes now */
};

/* The newest version, NULL when nothing was changed. */
struct version *edit_last(const struct http_msg *m);
/* The message as it stands: its last version, or as received. */
const struct http_head *edit_head(const struct http_msg *m);
/* Its content: that of the last version that replaced it, or as received. */
const struct body *edit_body(const struct http_msg *m);
/* Whether that content is there at once, in the place of what is received. */
bool edit_replaced(const struct http_msg *m);
/* The same in one piece: in place, or copied into 'room'. What was cut is not there. false without
 * memory, or when it does not fit into 'room'. */
bool edit_content(const struct http_msg *m, struct buf *room, struct slice *out) MUST_CHECK;

/* A new version to be changed by the functions below, or NULL. 'm' is the request or response of
 * the hook's flow. */
struct version *edit_begin(struct hook *h, struct http_msg *m) MUST_CHECK;
/* Takes the newest version back, which is 'v'. */
void edit_undo(struct hook *h, struct http_msg *m, struct version *v);
/* Back to how the message was received. */
void edit_revert(struct hook *h, struct http_msg *m);

/* Replaces the value of the first field with that name, removes the others; adds it at the end when
 * there is none. */
bool edit_set(struct hook *h, struct version *v, struct slice name, struct slice value) MUST_CHECK;
bool edit_add(struct hook *h, struct version *v, struct slice name, struct slice value) MUST_CHECK;
/* How many were removed. */
size_t edit_remove(struct version *v, struct slice name);
bool edit_method(struct hook *h, struct version *v, struct slice method) MUST_CHECK;
/* The path with its query: "/a?b". */
bool edit_path(struct hook *h, struct version *v, struct slice path) MUST_CHECK;
/* scheme://host[:port][/path]: the request goes there, and Host says so unless keep_host. */
bool edit_url(struct hook *h, struct version *v, struct slice url, bool keep_host) MUST_CHECK;
bool edit_status(struct hook *h, struct version *v, unsigned status,
                 struct slice reason) MUST_CHECK;
/* The content, not encoded: Content-Encoding goes, Content-Length and the framing are made right.
 */
bool edit_replace(struct hook *h, struct version *v, struct slice content) MUST_CHECK;
/* The same of a content that is encoded as Content-Encoding says, which stays. */
bool edit_replace_coded(struct hook *h, struct version *v, struct slice content) MUST_CHECK;
/* The content is what comes out of the transform, which it takes when it succeeds: not encoded, of
 * a length that nobody knows. */
bool edit_through(struct hook *h, struct version *v, struct transform *t) MUST_CHECK;
/* A head of a content whose length is not known: it ends with chunks, or with its connection.
 * false without memory. */
bool edit_unmeasure(struct http_head *head, struct arena *a) MUST_CHECK;
/* Another head altogether, as text: it is parsed as strictly as one that arrives; *why (may be
 * NULL) says what is wrong with it. Where it goes does not change. */
bool edit_text(struct hook *h, struct version *v, struct slice head,
               struct http1_why *why) MUST_CHECK;
/* Head and content byte for byte, right or wrong; the connection is not used again. */
bool edit_exact(struct hook *h, struct version *v, struct slice head,
                struct slice content) MUST_CHECK;

/* Makes the flow's response with status, Content-Length and the content, for END_ANSWER, which it
 * sets: what the server has said stays on record. 'type' may be empty. */
bool edit_answer(struct hook *h, unsigned status, struct slice type,
                 struct slice content) MUST_CHECK;
/* A further field of that answer, in place of those with the name. */
bool edit_answer_field(struct hook *h, struct slice name, struct slice value) MUST_CHECK;
