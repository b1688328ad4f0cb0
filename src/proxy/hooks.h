/*
 * Rules and people at the stages of an exchange: what is wanted there, in the order of the rules,
 * each delay and each hold before the next. One struct hooks per exchange, or ClientHello, that
 * anybody may want something of; without rules there is none.
 */
#pragma once

#include "proxy/session.h"
#include "rule/rule.h"

struct hooks {
    struct session *session;
    struct rules *rules; /* a reference: those it began with */
    struct ask *ask;     /* while a stage waits; else NULL */
    struct rules_walk walk;
    struct hook hook;
    struct timer *timer; /* of a delay, or the end of a hold */
    struct hooks *other; /* for the messages of the client; NULL: there were none yet */
    struct hooks *main;  /* whose 'other' it is; or itself */
    bool over;           /* all rules of the stage have spoken */
    bool never_hold;     /* somebody has said so */
    bool hold_response;  /* it is to be held when it is whole */
    struct shape shape;
    /* While it is held. */
    struct list node; /* in the worker's held ones, the oldest first */
    bool held;
    uint64_t since, until; /* wall clock */
    char owner[64];        /* who has taken it; empty: nobody */
};

/* Whether anybody may want something of the flow: then its hooks and its stages are in *a. false
 * without memory. */
bool hooks_begin(struct session *s, struct ask *a) MUST_CHECK;
/* Whatever is wanted. NULL without memory. */
struct hooks *hooks_new(struct session *s) MUST_CHECK;
void hooks_free(struct hooks *h);
enum ask_result hooks_ask(struct ask *a);
void hooks_cancel(struct ask *a);
/* Goes on with a stage that waited: with the next rule, or to its end. Answers the question. */
void hooks_go_on(struct hooks *h);

/* The timer of it, made when there is none. false without memory. */
bool hooks_need_timer(struct hooks *h) MUST_CHECK;

/* ASK_PAUSE. */
enum ask_result hooks_pause(struct session *s, struct ask *a);
void hooks_cancel_pause(struct ask *a);
