/*
 * Finished flows as text on a descriptor: a line for each, more by detail, or one JSON object a
 * line. A sink of the writer, used on its thread only. Nothing that came over the network reaches a
 * terminal before it is made harmless.
 *
 * A line: CLIENT METHOD URL STATUS TYPE SIZE TIME. On a wide terminal these are columns and a long
 * URL is cut; elsewhere nothing is cut. Below it, indented, what went wrong and (once for each
 * kind) what can be done about it.
 */
#pragma once

#include "base/base.h"
#include "flow/filter.h"

struct dump_options {
    int fd;
    bool color;
    bool json;
    bool terminal; /* ask the descriptor for its width */
    unsigned
        columns; /* width; 0: lines may be as long as they are. Asked for when it is a terminal */
    int detail;  /* 0 nothing, 1 lines, 2 heads too, 3 contents shortened, connections and times, 4
                    everything */
    const struct filter *filter; /* what is shown; NULL: all. Outlives the dump */
    size_t decode_max;           /* bytes to which a content may be decoded */
    unsigned decode_ratio;       /* bytes to which one of it may be decoded; 0: any number */
    void (*gone)(void *arg);     /* the reader of the descriptor has gone away: called once */
    void *arg;
};

struct dump;

/* Returns owned. */
struct dump *dump_new(const struct dump_options *o) MUST_CHECK;
/* Flushes. NULL is allowed. */
void dump_free(struct dump *d);
/* The sink: 'arg' is a struct dump. */
void dump_flow(void *arg, struct flow *f);
void dump_flush(void *arg);
