/* The reference texts of 'weir docs', made from the tables. */
#pragma once

#include "base/buf.h"

/* Markdown in a cell of a table: the bar ends a cell, and < may begin a tag. */
void docs_cell(struct buf *out, const char *text);
/* The manual of the query language. */
void docs_filters(struct buf *out);
/* The table of hooks, and how to hear of them. */
void docs_hooks(struct buf *out);
/* The manual of rules. */
void docs_rules(struct buf *out);
/* Text for a manual page. */
void docs_man_text(struct buf *out, const char *text);
/* The commands of the control API. */
void docs_api_commands(struct buf *out);
void docs_api_man(struct buf *out);
