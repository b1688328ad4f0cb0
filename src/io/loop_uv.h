/* What the files of io/ share about a loop. Nobody else includes this. */
#pragma once

#include "base/list.h"
#include "io/loop.h"

#define LOOP_BUFFER (256u << 10)

struct resolver;
struct timers;
struct uv_loop_s;

struct uv_loop_s *loop_uv(struct loop *l);
struct pipes *loop_pipes(struct loop *l);
struct timers *loop_timers(struct loop *l);
/* LOOP_BUFFER bytes that all readers of the loop share: what lies there is good for one callback.
 */
char *loop_buffer(struct loop *l);
/* The resolver of the loop, made when first asked for. NULL on failure. */
struct resolver *loop_resolver(struct loop *l, struct err *e) MUST_CHECK;
/* The clocks are read again when next asked for. */
void loop_new_round(struct loop *l);

/* A call that is owed: fn(arg), once, early in the next round, outside of any turn. A zeroed one
 * with 'fn' and 'arg' set is ready for use. */
struct soon {
    void (*fn)(void *arg);
    void *arg;
    struct list node;
    bool owed;
};
/* Does nothing when it is owed already. */
void loop_soon(struct loop *l, struct soon *s);
void loop_soon_cancel(struct soon *s);
