/* What the parts of the dump share: text that goes to the descriptor, painted and harmless. */
#pragma once

#include "base/buf.h"
#include "flow/flow.h"
#include "ui/dump.h"

enum paint { PAINT_NONE, PAINT_DIM, PAINT_BOLD, PAINT_GOOD, PAINT_MOVED, PAINT_BAD, PAINT_ERROR };

/* Everything below writes to 'out'; its failure is looked at when it is flushed. */
struct dump_text {
    struct buf out;
    bool color;
};

/* Starts and ends a colour. */
void dump_paint(struct dump_text *t, enum paint p);
void dump_unpaint(struct dump_text *t, enum paint p);
/* Text from anywhere, on one line. */
void dump_safe(struct dump_text *t, enum paint p, struct slice s);
/* The lines of a text, each behind 'prefix'; CR LF and LF end a line, a last line without end is
 * one too. */
void dump_lines(struct dump_text *t, enum paint p, const char *prefix, struct slice s);

/* Heads, contents, connections and times of a flow, as far as 'detail' says. */
void dump_detail(struct dump_text *t, const struct flow *f, const struct dump_options *o);
/* The content of a message with its coding undone. */
void dump_body(struct dump_text *t, const struct http_msg *m, const char *prefix,
               const struct dump_options *o);
/* Any content, with the codings undone that the head names. */
void dump_content(struct dump_text *t, const struct http_head *h, const struct body *b,
                  const char *prefix, const struct dump_options *o);
/* The messages of a flow: from detail 3 on with their contents. */
void dump_messages(struct dump_text *t, const struct flow *f, const struct dump_options *o);
