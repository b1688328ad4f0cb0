/* Frames of WebSocket, and the answer to a handshake. */
#include "bench/lib/ws.h"

#include <openssl/evp.h>

#include <stdint.h>
#include <stdio.h>

/* The same mask each time, of different bytes. */
static const uint8_t mask[4] = {0x5a, 0xc3, 0x17, 0x8e};

void
ws_accept(struct slice key, char answer[29])
{
    char text[128];
    unsigned char hash[EVP_MAX_MD_SIZE];
    int n = snprintf(text, sizeof(text), "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                     SLICE_ARG(slice_first(key, 64)));
    EVP_Digest(text, (size_t)n, hash, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)answer, hash, 20);
}

static void
ws_mask(char *p, size_t n, const uint8_t key[4])
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)((uint8_t)p[i] ^ key[i % 4]);
}

size_t
ws_put(char *to, struct slice content, unsigned op, bool masked)
{
    uint8_t head[WS_HEAD_MAX] = {(uint8_t)(0x80 | op)};
    size_t n = 2;
    head[1] = (uint8_t)(content.n < 126 ? content.n : 126);
    if (content.n >= 126) {
        head[n++] = (uint8_t)(content.n >> 8);
        head[n++] = (uint8_t)content.n;
    }
    if (masked) {
        head[1] |= 0x80;
        memcpy(head + n, mask, sizeof(mask));
        n += sizeof(mask);
    }
    memmove(to + n, content.p, content.n);
    memcpy(to, head, n);
    if (masked)
        ws_mask(to + n, content.n, mask);
    return n + content.n;
}

bool
ws_get(char *from, size_t n, struct ws_message *m)
{
    const uint8_t *p = (const uint8_t *)from;
    if (n < 2)
        return false;
    size_t at = 2, size = p[1] & 0x7f;
    bool masked = p[1] & 0x80;
    if (size >= 126) {
        if (n < 4)
            return false;
        size = (size_t)p[2] << 8 | p[3];
        at = 4;
    }
    uint8_t key[4] = {0};
    if (masked && n >= at + sizeof(key))
        memcpy(key, p + at, sizeof(key));
    at += masked ? sizeof(key) : 0;
    if (n < at + size)
        return false;
    if (masked)
        ws_mask(from + at, size, key);
    *m = (struct ws_message){.op = p[0] & 0xf, .p = from + at, .n = size, .size = at + size};
    return true;
}
