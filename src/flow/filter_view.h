/*
 * One flow under one query: what the fields of a test are read from. It keeps what is dear to make
 * (URL, lines of fields, decoded contents) for the tests that follow.
 */
#pragma once

#include "flow/edit.h"
#include "flow/filter_tree.h"

struct filter_made {
    bool done;
    struct slice text;
    struct buf buf; /* owns the text, where it had to be made */
};

struct filter_view {
    const struct flow *flow;
    const struct filter_node *test; /* that is being answered */
    bool seen;                      /* the flow has the field */
    struct regex_room room;
    size_t scanned; /* bytes of contents, for all tests */
    /* Of a column: it hears of each text of the field, and the test does not matter. */
    void (*say)(void *arg, struct slice s);
    void *arg;
    struct filter_made url, lines[2], contents[2];
};

/* Where a request goes, as it stands. */
struct filter_target {
    struct slice scheme, host;
    uint16_t port;
};

/* What it asks for there; all empty for a CONNECT. */
struct filter_resource {
    struct slice path, query; /* without the '?' */
    bool has_query;
};

/* Offers a text of the field: true when the test finds what it looks for in it. */
bool view_text(struct filter_view *v, struct slice s);
void view_release(struct filter_view *v);

/* As the message stands: its last version, or as received. NULL while there is none. */
const struct http_head *view_head(const struct flow *f, enum filter_side side);
struct filter_target view_target(const struct flow *f);
struct filter_resource view_resource(const struct flow *f);
struct slice view_url(struct filter_view *v);
/* The fields as lines, and the start line before them when 'whole'. */
struct slice view_lines(struct filter_view *v, enum filter_side side, bool whole);
/* Decoded as far as it can be, at most FILTER_BODY_MAX bytes; empty beyond FILTER_SCAN_MAX. */
struct slice view_content(struct filter_view *v, enum filter_side side);
