/* Numbers and text as people read them, appended to a buf. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

/* 0b, 812b, 1.2k, 34k, 5.6m, 1.1g: at most five characters below 1000g. */
void print_size(struct buf *b, uint64_t bytes);
/* 350us, 12ms, 1.25s, 3m10s. */
void print_duration(struct buf *b, uint64_t ns);
/* 2026-11-26T18:02:58.123Z, from nanoseconds since 1970. */
void print_time(struct buf *b, uint64_t wall_ns);
/* Whether a character does nothing but stand there: no control character, no end of a line, nothing
 * that changes the direction of writing. */
bool print_is_safe(uint32_t cp);
/* The text with all others and invalid UTF-8 shown as \xNN: safe for a terminal. Keeps HTAB; keeps
 * LF only when 'lines'. */
void print_safe(struct buf *b, struct slice s, bool lines);
/* HTML text: & < > " ' are escaped. */
void print_html(struct buf *b, struct slice s);
