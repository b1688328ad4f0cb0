/* SHA-1. */
#include "codec/sha1.h"

#include "base/base.h"

#define BLOCK 64u

static uint32_t
turn_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t
mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) | (~b & d)) + 0x5a827999u;
    if (t < 40)
        return (b ^ c ^ d) + 0x6ed9eba1u;
    if (t < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void
add_block(uint32_t h[5], const uint8_t *p)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned t = 0; t < 16; t++, p += 4)
        w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (unsigned t = 16; t < 80; t++)
        w[t] = turn_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = turn_left(a, 5) + mix(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = turn_left(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

/* The rest of the text, a bit that is set, and its length in bits in the last eight bytes. */
static void
add_end(uint32_t h[5], struct slice rest, uint64_t bits)
{
    uint8_t last[2 * BLOCK] = {0};
    size_t n = rest.n < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    if (rest.n)
        memcpy(last, rest.p, rest.n);
    last[rest.n] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[n - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (size_t at = 0; at < n; at += BLOCK)
        add_block(h, last + at);
}

void
sha1(struct slice s, uint8_t out[SHA1_LEN])
{
    uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    uint64_t bits = (uint64_t)s.n * 8;
    for (; s.n >= BLOCK; s = slice_from(s, BLOCK))
        add_block(h, (const uint8_t *)s.p);
    add_end(h, s, bits);
    for (unsigned i = 0; i < SHA1_LEN; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
