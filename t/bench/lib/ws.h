/* WebSocket of the bench (RFC 6455), both sides: whole frames, no extension. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

#define WS_HEAD_MAX    8
#define WS_MESSAGE_MAX 1024

enum { WS_TEXT = 1, WS_CLOSE = 8 };

struct ws_message {
    unsigned op;
    char *p;     /* the content, unmasked where it lies */
    size_t n;    /* of it */
    size_t size; /* of the frame */
};

/* What a 101 answers to a key: 28 letters and a NUL. */
void ws_accept(struct slice key, char answer[29]);
/* Writes a frame around a content of less than 64 KiB, which may lie where it goes, or
 * behind that; returns its size. */
size_t ws_put(char *to, struct slice content, unsigned op, bool masked);
/* Whether a whole frame is there. */
bool ws_get(char *from, size_t n, struct ws_message *m);
