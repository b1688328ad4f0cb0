/*
 * One request to the control API: collected, checked, handed to its route, answered. It sits where
 * an exchange sits in the chains of the proxy.
 */
#pragma once

#include "layer/fan.h"
#include "ui/web/call.h"
#include "ui/web/gate.h"

struct route;
struct visit;

/* Of an answer. */
#define ERRAND_OUT_MAX ((size_t)256 << 20)

/* One request with its answer. Lives on when its connection is gone, while somebody holds the call.
 */
struct errand {
    struct call call;
    struct seat seat;
    struct visit *visit; /* NULL: the client has left */
    struct flow *flow;   /* a reference: owns the arena and both heads */
    const struct route *route;
    struct buf content;
    struct json_t *json; /* of the content: owned, NULL until asked for */
    unsigned refs;
    bool admitted;  /* the gate has let it in */
    bool collected; /* the content is there */
    bool answered;  /* the head is on its way */
    size_t sent;    /* bytes of call.out */
    /* Makes another answer of the one that is there; with 'over', it never came to that. Called
     * once; may be NULL. */
    void (*after)(struct errand *r, bool over);
    void *after_arg;
    struct gate_from from;
    char who[64];
    struct dying dying;
};

/* The fan_arrive_fn of the server's chains. */
struct seat *errand_arrive(struct fan *f, uint32_t stream);
/* Sends the answer that the call has. Nothing happens when the client has left, or was answered. */
void errand_answer(struct errand *r);
/* Fails the call for what the gate says; false: it is open. */
bool errand_refuse(struct errand *r, enum gate_result why);
void errand_unref(struct errand *r);
/* From a handler: another route handles the call in its place, with this target (of the arena) and
 * the content as it is. Returns what that handler does. */
enum call_state errand_again(struct errand *r, const char *method, struct slice target);

static inline struct errand *
errand_of(struct call *c)
{
    return container_of(c, struct errand, call);
}

/* Percent-encoded text, '+' for a blank in forms; into the arena. false for bad or zero bytes, and
 * without memory. */
bool call_decode(struct arena *a, struct slice s, bool form, struct slice *out) MUST_CHECK;
