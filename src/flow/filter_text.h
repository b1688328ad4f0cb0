/*
 * Looking for text in text: literals without regard to case, patterns with '*', and regular
 * expressions. All of it is bounded by the product of a small number and the size of the text, but
 * for regular expressions, which have limits of steps and of time.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* Case of ASCII is ignored. */
struct needle {
    struct slice text; /* in lower case */
    uint16_t *border;  /* for each prefix, the longest border of it */
    size_t rare[2];    /* where the two bytes stand that texts have least */
};

/* The text has at most UINT16_MAX bytes. false without memory. */
bool needle_init(struct needle *n, struct arena *a, struct slice text) MUST_CHECK;
/* Index of the first place, or s.n + 1. */
size_t needle_find(const struct needle *n, struct slice s);
bool needle_starts(const struct needle *n, struct slice s);
bool needle_ends(const struct needle *n, struct slice s);

/* '*' stands for anything, all other bytes for themselves, case ignored. */
struct glob {
    struct needle *pieces; /* what stands between the '*', the first and last maybe empty */
    size_t n;
};

bool glob_init(struct glob *g, struct arena *a, struct slice pattern) MUST_CHECK;
bool glob_match(const struct glob *g, struct slice s);

/* A regular expression of PCRE2. */
struct regex;
enum regex_flag {
    REGEX_CASE = 1,
    REGEX_LINES = 2, /* ^ and $ also at the ends of lines */
    REGEX_ALL = 4,   /* '.' is also the end of a line */
};

/* What one thread needs to match, and the time that has gone into it; a zeroed one is ready. */
struct regex_room {
    void *data, *limits;
    uint64_t begun;   /* the thread's own time, when it was first used */
    uint64_t counted; /* up to when 'spent' is */
    uint64_t spent;
    unsigned places; /* where a match was looked for */
};

/* Returns owned. NULL with what is wrong; *at (may be NULL) is where in the pattern. */
struct regex *regex_new(struct slice pattern, unsigned flags, size_t *at, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void regex_free(struct regex *r);
/* Anywhere in s. Beyond the limits of steps, or of time for all that is matched in one room, and
 * without memory, it does not match. */
bool regex_match(const struct regex *r, struct regex_room *room, struct slice s);
void regex_room_release(struct regex_room *room);
/* Appends the pattern with a callout, of the number 1, which the matcher makes at each place where
 * it looks for a match: the limits of PCRE2 are those of one place alone. */
void regex_mark(struct slice pattern, struct buf *out);
#define REGEX_MARK_N 5u
