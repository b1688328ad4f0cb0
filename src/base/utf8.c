/* UTF-8: validation, decoding, column width. */
#include "base/utf8.h"

#include "base/base.h"

struct range {
    uint32_t first, last;
};

#define ZERO(first, last) {first, last},
#define WIDE(first, last)
static const struct range zero_ranges[] = {
#include "base/utf8_list.h"
};
#undef ZERO
#undef WIDE

#define ZERO(first, last)
#define WIDE(first, last) {first, last},
static const struct range wide_ranges[] = {
#include "base/utf8_list.h"
};
#undef ZERO
#undef WIDE

/* Length of the sequence that this byte begins, or 0; the shortest code point that may be written
 * so long in *least. */
static unsigned
sequence_length(unsigned char first, uint32_t *least)
{
    if (first >= 0xc2 && first < 0xe0) {
        *least = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        *least = 0x800;
        return 3;
    }
    *least = 0x10000;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

unsigned
utf8_next(struct slice s, uint32_t *cp)
{
    if (s.n == 0)
        return 0;
    unsigned char first = (unsigned char)s.p[0];
    if (first < 0x80) {
        *cp = first;
        return 1;
    }
    uint32_t least;
    unsigned n = sequence_length(first, &least);
    if (n == 0 || n > s.n)
        return 0;
    uint32_t v = first & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (c & 0x3f);
    }
    if (v < least || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        return 0;
    *cp = v;
    return n;
}

bool
utf8_valid(struct slice s)
{
    while (s.n) {
        uint32_t cp;
        unsigned n = utf8_next(s, &cp);
        if (n == 0)
            return false;
        s = slice_from(s, n);
    }
    return true;
}

/* The bounds of the second byte keep out what is too long, surrogates, and what is too large (RFC
 * 3629 section 4). */
static bool
stream_begin(struct utf8_stream *u, unsigned char c)
{
    unsigned left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4)
        return false;
    u->left = (unsigned char)left;
    u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return true;
}

bool /* NOLINTNEXTLINE(readability-*): one kind of byte below the other */
utf8_push(struct utf8_stream *u, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!u->left && c < 0x80)
            continue;
        if (!u->left) {
            TRY(stream_begin(u, c));
            continue;
        }
        if (c < u->low || c > u->high)
            return false;
        u->left--;
        u->low = 0x80;
        u->high = 0xbf;
    }
    return true;
}

static bool
in_ranges(const struct range *ranges, size_t n, uint32_t cp)
{
    while (n) {
        const struct range *middle = &ranges[n / 2];
        if (cp >= middle->first && cp <= middle->last)
            return true;
        if (cp > middle->last) {
            ranges = middle + 1;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return false;
}

int
utf8_width(uint32_t cp)
{
    if (cp < 0x300)
        return cp >= ' ' && !(cp >= 0x7f && cp < 0xa0);
    if (in_ranges(zero_ranges, ARRAY_LEN(zero_ranges), cp))
        return 0;
    return in_ranges(wide_ranges, ARRAY_LEN(wide_ranges), cp) ? 2 : 1;
}

size_t
utf8_columns(struct slice s)
{
    size_t columns = 0;
    while (s.n) {
        uint32_t cp;
        unsigned n = utf8_next(s, &cp);
        columns += n ? (size_t)utf8_width(cp) : 1;
        s = slice_from(s, MAX(n, 1));
    }
    return columns;
}
