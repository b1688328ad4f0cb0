/*
 * A file of finished flows, one JSON object a line (flow/flow_json.h): whole lines are appended,
 * and nothing else in the file is ever changed. When the disk is full, flows are counted as lost
 * until there is room again; that is said once.
 */
#pragma once

#include "base/err.h"
#include "flow/flow.h"

struct jsonl;

/*
 * Opens the file for appending, creates it with mode 0600. Returns owned. A '+' in front of the
 * path, by which others ask for appending, is ignored. NULL when it cannot be opened, another
 * process writes to it, or it is a file of something else.
 */
struct jsonl *jsonl_open(const char *path, struct err *e) MUST_CHECK;
/* A sink for the writer: 'arg' is a struct jsonl. */
void jsonl_flow(void *arg, struct flow *f);
void jsonl_flush(void *arg);
/* Flushes and frees. Returns how many flows were lost over all. NULL is allowed. */
unsigned long jsonl_close(struct jsonl *j);
