/* What the program itself answers: pages that say what failed and what to do, and the helper for
 * all other answers. */
#pragma once

#include "flow/flow.h"
#include "layer/reason.h"
#include "proxy/config.h"

/*
 * Makes the flow's response head: status, Content-Type, Content-Length, Date, no caching. The
 * content is copied into the flow's arena and returned in *out. false without memory.
 */
bool page_answer(struct flow *f, unsigned status, const char *type, struct slice content,
                 struct slice *out) MUST_CHECK;
/* One more field of the answer. */
bool page_field(struct flow *f, const char *name, const char *value) MUST_CHECK;
/* The page for a failure: HTML for who accepts it, else plain text. */
bool page_failure(const struct config *c, struct flow *f, const struct failure *why,
                  struct slice *out) MUST_CHECK;
/* The frame of every page of ours: 'body' is HTML. */
void page_html(struct buf *out, const char *title, struct slice body);
