/*
 * One HTTP request at a time to a program on this machine, over its Unix socket; waits for the
 * answer. For commands that talk to a running engine.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct local;

/* NULL with a sentence. 'wait_ms' is how long any step may take. */
struct local *local_open(const char *path, unsigned wait_ms, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void local_close(struct local *l);
struct local_call {
    const char *method;
    struct slice target;  /* in origin form */
    struct slice content; /* goes out as JSON when it is not empty */
    unsigned status;      /* out */
    struct buf *out;      /* the content of the answer is appended, within its limit */
};

/* A connection that was closed meanwhile is opened anew, once. */
bool local_ask(struct local *l, struct local_call *c, struct err *e) MUST_CHECK;
