/*
 * Takes the framing of chunked messages out of what was sent, because how content is cut into
 * chunks hangs on how it arrived. Extensions, the last chunk and trailers stay. Follows one
 * direction of one connection through a playbook.
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

enum unchunk_state { UNCHUNK_HEAD, UNCHUNK_SIZE, UNCHUNK_DATA, UNCHUNK_DATA_END, UNCHUNK_TRAILERS };

struct unchunk {
    enum unchunk_state state;
    unsigned long long left; /* of the chunk */
    char *held;              /* owned: the head or the line so far */
    size_t n, cap;
};

/* Returns owned bytes, *n of them: what is left of the next ones. */
char *unchunk(struct unchunk *u, struct slice bytes, size_t *n) MUST_CHECK;
void unchunk_release(struct unchunk *u);
