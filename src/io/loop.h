/*
 * One event loop, for one thread: libuv behind an interface of ours. Everything but loop_post and
 * loop_stop belongs to the thread that runs it. The chains of the thread share its turn.
 */
#pragma once

#include "base/err.h"
#include "layer/chain.h"

#include <stdint.h>

struct loop;
struct timer;

struct loop *loop_new(struct err *e) MUST_CHECK;
/* Nothing of it may be open any more but idle timers. */
void loop_free(struct loop *l);
/* Until loop_stop, or until nothing is left to wait for: timers that are set, sockets,
 * work. A loop_stop that came before ends it at once. */
void loop_run(struct loop *l);
/* Any thread. */
void loop_stop(struct loop *l);
/* Runs fn(arg) on the loop's thread, soon, in order; what has not run when the loop is freed never
 * does. Any thread. false without memory. */
bool loop_post(struct loop *l, void (*fn)(void *arg), void *arg) MUST_CHECK;

/* As of the start of this round of the loop: one clock read per round. */
uint64_t loop_now(const struct loop *l);
uint64_t loop_wall(const struct loop *l);
struct turn *loop_turn(struct loop *l);

/* Calls fn(arg) each time before the loop waits for what comes next. One such call per loop. */
void loop_before_wait(struct loop *l, void (*fn)(void *arg), void *arg);

/* A timer that does not run yet; fires once each time it is set. NULL without memory. */
struct timer *timer_new(struct loop *l, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* 'at' is monotonic; 0 stops it. Cheap to call often with growing times. */
void timer_set(struct timer *t, uint64_t at);
/* NULL is allowed. fn is not called any more. */
void timer_free(struct timer *t);

/* Runs work(arg) on a pool thread, then done(arg) on the loop. For what takes milliseconds
 * (password hashes). */
bool loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg),
               void *arg) MUST_CHECK;
