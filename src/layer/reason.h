/*
 * Why a thing failed, in one vocabulary for all layers: a word for programs, a status for the
 * client, a sentence for people. The table is layer/reason_list.h.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

enum reason {
    REASON_NONE,
#define REASON(id, word, status, text) REASON_##id,
#include "layer/reason_list.h"
#undef REASON
};

struct failure {
    enum reason reason;
    unsigned status; /* to answer instead of the reason's own; 0: the reason's */
    bool coded;      /* a peer has ended its stream of HTTP/2, with 'code' */
    uint32_t code;
    char text[320]; /* the sentence with names in it */
};

/* A copy, owned (mem_free it), or NULL without memory. */
struct failure *failure_copy(const struct failure *f) MUST_CHECK;
/* What was kept, or that there was no memory to keep it. */
const struct failure *failure_kept(const struct failure *f);

const char *reason_word(enum reason r);
unsigned reason_status(enum reason r);
/* The general sentence of the table. */
const char *reason_text(enum reason r);
/* Fills f; the text is "general sentence: details" or the general sentence alone when fmt is NULL.
 */
void failure_set(struct failure *f, enum reason r, const char *fmt, ...) PRINTF_LIKE(3, 4);
unsigned failure_status(const struct failure *f);
