/*
 * Flows that wait for a person's decision. Each has a time, after which the default of the
 * configuration decides. Everything on the thread of the worker; for others: proxy/live.h.
 */
#pragma once

#include "flow/change.h"
#include "proxy/hooks.h"

/* Begins to hold; false when it must not: the limit is reached, no memory. */
bool hold_begin(struct hooks *h) MUST_CHECK;
/* Its time is over. */
void hold_expire(struct hooks *h);
/* It is held no more, whatever comes of it. */
void hold_forget(struct hooks *h);

enum hold_action {
    HOLD_FORWARD,
    HOLD_DROP, /* the client's connection is closed */
    HOLD_RESET,
    /* Of a ClientHello: */
    HOLD_PASS,  /* its TLS is left closed */
    HOLD_ALERT, /* see hold_alert */
};

/* Decides. 'who' is the name of the person or program. */
void hold_decide(struct hooks *h, enum hold_action action, struct slice who);
/* Answers a ClientHello with an alert. */
void hold_alert(struct hooks *h, uint8_t alert, struct slice who);
/* Changes the message that is held; it stays held. */
bool hold_change(struct hooks *h, const struct change *c, struct slice who,
                 struct err *e) MUST_CHECK;
/* Other content codings for it ("gzip"), in place of those that it has; empty: none. A message
 * without content stays as it is. */
bool hold_recode(struct hooks *h, struct slice codings, struct slice who, struct err *e) MUST_CHECK;
bool hold_is_coded(struct hooks *h);
/* Back to how it was received. */
void hold_revert(struct hooks *h, struct slice who);
/* Answers in the place of the server, or of what it said. */
bool hold_answer(struct hooks *h, const struct change *c, struct slice who,
                 struct err *e) MUST_CHECK;
/* It belongs to who has taken it first; false when that is another one. */
bool hold_take(struct hooks *h, struct slice who, bool force) MUST_CHECK;
/* The time begins anew. */
void hold_extend(struct hooks *h);
