/*
 * A field of the query language as a column of a table: "status", "resp.header[server]". What a
 * query would look at is said as text.
 */
#pragma once

#include "flow/filter.h"

/* The test that the field is there, which stands for the column. Returns one reference, owned; NULL
 * with a sentence. */
struct filter *filter_column(struct slice name, struct err *e) MUST_CHECK;
/* Says every value that the flow has, none for one that lacks it: numbers as such, sizes in bytes,
 * durations in microseconds, points of time as RFC 3339. Borrowed for the call. */
void filter_column_values(const struct filter *column, const struct flow *f,
                          void (*say)(void *arg, struct slice value), void *arg);
/* Whether its values are numbers. */
bool filter_column_is_number(const struct filter *column);
