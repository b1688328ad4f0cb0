/*
 * A rule tried on a flow that is over, to see what it would have done: it acts on a copy, stage by
 * stage, each of which shows what was there then. Nothing is sent or recorded. A rule whose action
 * reaches beyond the flow (rule_ops.outside) must not be tried.
 */
#pragma once

#include "rule/rule.h"

struct trial {
    struct flow *from; /* a reference: the copy stands on its contents */
    struct flow *flow; /* the copy, as the rule left it: versions, trace */
    struct budget budget;
    struct decision decision;
    bool matched; /* at one of its stages at least */
};

/* Whether the rule is on does not count. Keeps a reference to the flow until trial_release. Any
 * thread. false without memory. */
bool trial_run(struct trial *t, struct rule *r, struct flow *f, struct err *e) MUST_CHECK;
/* A zeroed one too. */
void trial_release(struct trial *t);
