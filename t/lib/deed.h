/*
 * One thing that happens to a rig: what stands behind '>' in a playbook. In a seed of the fuzzer it
 * is a few bytes: the type and the connection in one, then what belongs to it.
 */
#pragma once

#include "lib/rig.h"

enum deed_type {
    DEED_INPUT,
    DEED_EOF,
    DEED_EOF_UNCLEAN,
    DEED_LOST,
    DEED_RESET,
    DEED_SLOW,
    DEED_DRAINED,
    DEED_AFTER,
    DEED_FORWARD,
    DEED_PAGE,
    DEED_OPENED,
    DEED_REUSED,
    DEED_OPEN_FAILS,
    DEED_NEXT,
    DEED_HOOK,
    DEED_INJECT,
};

struct deed {
    enum deed_type type;
    size_t conn; /* 0 is the client */
    char *bytes; /* owned, NUL-terminated: input, or text */
    size_t n;
    unsigned status; /* PAGE */
    enum reason why; /* OPEN_FAILS */
    uint64_t ns;     /* AFTER */
};

/* "client eof", "server 2 \"bytes\"", "after 3s". false when it is not understood. */
bool deed_parse(const char *text, struct deed *d) MUST_CHECK;
void deed_release(struct deed *d);
/* false when it cannot happen now. */
bool deed_do(const struct deed *d, struct rig *r);
/* NUMBER "text" or WORD "text": returns the owned, NUL-terminated text, or NULL. */
char *deed_text(struct slice s, struct slice *word);
bool deed_reason(struct slice word, enum reason *out) MUST_CHECK;

/* Appends the bytes for the fuzzer. */
void deed_write(const struct deed *d, FILE *out);
/* Takes the next deed off the front; false at the end. Long texts and times are not kept. */
bool deed_read(struct slice *in, struct deed *d) MUST_CHECK;
