/*
 * Walks over the matches of a pattern, for those who replace them: all in one text (pattern.c), or
 * as a text comes (replacer.c).
 */
#pragma once

#include "rule/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t groups;
    bool literal;
    size_t behind; /* bytes before a place that decide what matches there; 0: not known */
};

/* A piece of a replacement. */
struct walk_piece {
    struct slice text; /* to be taken as it is */
    struct slice name; /* of a group, when n is not 0 */
};

struct walk {
    const struct pattern *pattern;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    struct slice subject, replacement;
    size_t at; /* where the next match is looked for */
    unsigned places;
    uint64_t begun, time_max; /* of the thread's own time */
};

/* Takes the next one off the front. */
struct walk_piece walk_piece_take(struct slice *rest);
/* The group that a name means; -1: there is none. */
int walk_group(const struct pattern *p, struct slice name);

/* false without memory: then nothing matches. To be ended in either case. */
bool walk_begin(struct walk *w, const struct pattern *p, struct slice subject,
                struct slice replacement, uint64_t time_max) MUST_CHECK;
void walk_end(struct walk *w);
/* Looks for the next match, with options of pcre2_match. Below 0: there is none, or it took too
 * many steps, or too much time. */
int walk_next(const struct walk *w, uint32_t options) MUST_CHECK;
/* Appends what takes the place of the match. */
void walk_append(const struct walk *w, struct buf *out);
/* What the thread has worked, whatever others took of the machine meanwhile. */
uint64_t walk_time(void);
