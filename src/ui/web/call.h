/*
 * One request to the control API and its answer, as a handler sees it. Handlers are rows of
 * ui/web/route_list.h and run on the thread of the control loop.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "codec/head.h"

struct control; /* see ui/web/control.h: the engine as handlers reach it */
struct json_t;  /* of jansson */
struct layer;

#define CALL_PARAMS_MAX  4
#define CALL_CONTENT_MAX ((size_t)16 << 20)

enum call_state { CALL_DONE, CALL_WAIT };

struct call {
    struct control *control;
    struct slice method, path, query; /* 'path' without the query, decoded */
    const struct http_head *head;
    struct slice content;                 /* whole */
    struct slice params[CALL_PARAMS_MAX]; /* of the row's pattern, "/flows/{id}": in order */
    const char *who;                      /* the client's name, for the audit trail */
    struct arena *arena;                  /* lives as long as the call */
    /* The answer. */
    unsigned status;  /* 200 unless set */
    const char *type; /* "application/json" unless set */
    struct buf out;
    struct json json; /* writes to 'out' */
};

/* The parameter of the query string, decoded, or an empty slice with p NULL. */
struct slice call_query(struct call *c, const char *name);
/* A number of the query string; 'def' when it is not there. On failure the call has failed. */
bool call_number(struct call *c, const char *name, uint64_t def, uint64_t max,
                 uint64_t *out) MUST_CHECK;
/* The content as a JSON object, owned by the call; NULL when it is none: the call has failed. */
struct json_t *call_json(struct call *c) MUST_CHECK;
/* A further field of the answer; static name, value copied. */
bool call_field(struct call *c, const char *name, struct slice value);
/* The answer is an error: {"error": {"code": WORD, "text": SENTENCE, "at": byte or absent}}.
 * Returns CALL_DONE. What was written before is dropped. */
enum call_state call_fail(struct call *c, unsigned status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The same, with the byte of the text that was sent where it is wrong. */
enum call_state call_fail_at(struct call *c, unsigned status, const char *code, size_t at,
                             const char *fmt, ...) PRINTF_LIKE(5, 6);
/* 404 with the name of the thing. */
enum call_state call_missing(struct call *c, const char *what);
/* Answers 101 and gives the connection to the layer, in the place of HTTP: what the client sends
 * from now on is offered to it. Takes it. To be returned by the handler, on the spot. */
enum call_state call_upgrade(struct call *c, const char *protocol, struct layer *l);
/* After CALL_WAIT: the answer is there. On the control loop's thread. The client may
 * have left by then, and the answer goes nowhere: a handler that waits holds a reference, which
 * call_done gives back. */
void call_ref(struct call *c);
void call_done(struct call *c);
/* For the audit trail: what this call has done. */
void call_audit(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
