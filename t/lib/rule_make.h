/* Rules for tests, from lines of 'key: value'; a list has its key once for each value. */
#pragma once

#include "flow/edit.h"
#include "rule/rule.h"

/* Fails the test when it cannot be made. */
struct rule *rule_make(const char *lines);
/* NULL and the sentence when it cannot be made. */
struct rule *rule_try(const char *lines, struct err *e);
/* Runs all rules of a stage, as far as one ends the exchange; returns how many acted. */
unsigned rule_run_all(const struct rules *rs, enum stage s, struct flow *f, struct decision *d);
/* A head as text: "GET /x\nHost: a\n", "200 OK\nA: b\n". Borrowed until the next call. */
const char *rule_head_text(const struct http_msg *m);
