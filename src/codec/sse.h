/*
 * Server-sent events (the HTML standard, "Interpreting an event stream"): what a text/event-stream
 * says, event by event, in pieces of any size. No memory but the struct: data goes on as it comes.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

#define SSE_NAME_MAX  200 /* bytes kept of the type of an event */
#define SSE_FIELD_MAX 5   /* the longest name of a field that says something here */

enum sse_at {
    SSE_BOM,   /* a byte order mark may come, */
    SSE_FIELD, /* then the name of a field, */
    SSE_SPACE, /* behind its colon one space that does not count, */
    SSE_DATA,  /* and what it says: of the data, */
    SSE_EVENT, /* of the type, */
    SSE_SKIP,  /* of 'id', 'retry', and what is not known, */
    SSE_COMMENT,
};

/* A zeroed one is at the beginning of a stream. */
struct sse {
    enum sse_at at;
    bool cr;     /* an LF now belongs to the CR before it */
    bool data;   /* the event has some, maybe empty: without any it is none */
    bool began;  /* there was a byte */
    bool line;   /* the last byte has ended a line, or the mark before the first one, */
    bool inside; /* and there are lines of a block that has not ended, beside comments */
    unsigned n_bom;
    size_t n_field, n_name;
    char field[SSE_FIELD_MAX];
    char name[SSE_NAME_MAX];
};

struct sse_ops {
    /* A part of an event's data: the first one begins it, and may be empty. */
    void (*data)(void *arg, struct slice s);
    /* The event is whole; 'name' is its type, or empty. What no such call follows is none. */
    void (*event)(void *arg, struct slice name);
};

void sse_push(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg);
/* The same, up to the end of a line at most, or the LF that is left of the end before; how many
 * bytes that were. */
size_t sse_next(struct sse *s, struct slice in, const struct sse_ops *ops, void *arg);
/* Whether an LF would do so. */
static inline bool
sse_wants_lf(const struct sse *s)
{
    return s->cr;
}

/* The block of an event with other data in it: its other lines stay as they are. */
void sse_print(struct buf *out, struct slice block, struct slice data);
/* A block with a type, or without. */
void sse_print_new(struct buf *out, struct slice name, struct slice data);
