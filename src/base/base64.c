/* base64 and hexadecimal. */
#include "base/base64.h"

#define PAD '='

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
encode_group(char *to, const unsigned char *p, size_t n)
{
    unsigned v = (unsigned)p[0] << 16;
    if (n > 1)
        v |= (unsigned)p[1] << 8;
    if (n > 2)
        v |= p[2];
    to[0] = alphabet[v >> 18];
    to[1] = alphabet[v >> 12 & 63];
    to[2] = PAD;
    to[3] = PAD;
    if (n > 1)
        to[2] = alphabet[v >> 6 & 63];
    if (n > 2)
        to[3] = alphabet[v & 63];
}

void
base64_encode(struct buf *out, struct slice s)
{
    size_t groups = s.n / 3 + (s.n % 3 != 0);
    /* A slice can't be so long that four thirds of it overflow, but its length may be a mistake. */
    char *to = buf_reserve(out, groups > (size_t)-1 / 4 ? (size_t)-1 : groups * 4);
    if (!to)
        return;
    for (size_t at = 0; at < s.n; at += 3, to += 4)
        encode_group(to, (const unsigned char *)s.p + at, s.n - at);
    buf_commit(out, groups * 4);
}

/* 0 to 63, or -1. */
static int
value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Reads 'n' characters (2 to 4) into n - 1 bytes. The bits left over must be zero, so that a text
 * has one spelling. */
static bool
decode_group(unsigned char *to, const char *p, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < n ? value_of(p[i]) : 0;
        if (value < 0)
            return false;
        v = v << 6 | (unsigned)value;
    }
    if ((n == 2 && (v & 0xffff)) || (n == 3 && (v & 0xff)))
        return false;
    for (size_t i = 0; i < n - 1; i++)
        to[i] = (unsigned char)(v >> (16 - 8 * i));
    return true;
}

bool
base64_decode(struct buf *out, struct slice s)
{
    if (s.n == 0)
        return true;
    if (s.n % 4)
        return false;
    size_t pads = s.p[s.n - 1] != PAD ? 0 : s.p[s.n - 2] != PAD ? 1 : 2;
    size_t len = s.n / 4 * 3 - pads;
    unsigned char *to = (unsigned char *)buf_reserve(out, len);
    if (!to)
        return false;
    for (size_t at = 0; at < s.n; at += 4, to += 3)
        TRY(decode_group(to, s.p + at, at + 4 < s.n ? 4 : 4 - pads));
    buf_commit(out, len);
    return true;
}

void
hex_encode(struct buf *out, struct slice s)
{
    static const char digits[] = "0123456789abcdef";
    char *to = buf_reserve(out, s.n > (size_t)-1 / 2 ? (size_t)-1 : s.n * 2);
    if (!to)
        return;
    for (size_t i = 0; i < s.n; i++) {
        *to++ = digits[(unsigned char)s.p[i] >> 4];
        *to++ = digits[s.p[i] & 15];
    }
    buf_commit(out, s.n * 2);
}
