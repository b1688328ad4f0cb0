/* Fingerprints of a ClientHello: JA3 and JA4 over TCP, as the texts before hashing. GREASE is never
 * part of them. */
#include "codec/hello.h"

#define EXT_SNI   0
#define EXT_ALPN  16
#define COUNT_MAX 99u

/* "1-2-3" */
static void
add_decimals(struct buf *out, const uint16_t *list, unsigned n)
{
    bool first = true;
    for (unsigned i = 0; i < n; i++) {
        if (hello_is_grease(list[i]))
            continue;
        if (!first)
            buf_byte(out, '-');
        buf_u64(out, list[i]);
        first = false;
    }
}

void
hello_ja3_text(const struct hello *h, struct buf *out)
{
    buf_u64(out, h->legacy_version);
    buf_byte(out, ',');
    add_decimals(out, h->ciphers, h->n_ciphers);
    buf_byte(out, ',');
    add_decimals(out, h->extensions, h->n_extensions);
    buf_byte(out, ',');
    add_decimals(out, h->groups, h->n_groups);
    buf_byte(out, ',');
    for (unsigned i = 0; i < h->n_formats; i++) {
        if (i)
            buf_byte(out, '-');
        buf_u64(out, h->formats[i]);
    }
}

static unsigned
count_real(const uint16_t *list, unsigned n)
{
    unsigned real = 0;
    for (unsigned i = 0; i < n; i++)
        real += !hello_is_grease(list[i]);
    return MIN(real, COUNT_MAX);
}

static const char *
version_code(uint16_t version)
{
    static const char *const codes[] = {"s3", "10", "11", "12", "13"};
    return version >= 0x0300 && version <= 0x0304 ? codes[version - 0x0300] : "00";
}

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The first and the last character of the first protocol; of its hexadecimal form when one of them
 * is no letter or digit. */
static void
add_alpn(struct buf *out, struct slice alpn)
{
    static const char hex[] = "0123456789abcdef";
    if (!alpn.n) {
        buf_append(out, SLICE("00"));
        return;
    }
    char first = alpn.p[0], last = alpn.p[alpn.n - 1];
    if (!is_alnum(first) || !is_alnum(last)) {
        first = hex[(unsigned char)first >> 4];
        last = hex[last & 15];
    }
    buf_byte(out, first);
    buf_byte(out, last);
}

void
hello_ja4_a(const struct hello *h, struct buf *out)
{
    buf_printf(out, "t%s%c%02u%02u", version_code(h->version), h->has_sni ? 'd' : 'i',
               count_real(h->ciphers, h->n_ciphers), count_real(h->extensions, h->n_extensions));
    add_alpn(out, h->n_alpn ? h->alpn[0] : SLICE_NONE);
}

static int
compare_numbers(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x > y) - (x < y);
}

/* "0a0b,1301", without the GREASE values. */
static void
add_hex(struct buf *out, const uint16_t *list, unsigned n)
{
    static const char hex[] = "0123456789abcdef";
    bool first = true;
    for (unsigned i = 0; i < n; i++) {
        uint16_t v = list[i];
        if (hello_is_grease(v))
            continue;
        const char text[] = {',', hex[v >> 12], hex[v >> 8 & 15], hex[v >> 4 & 15], hex[v & 15]};
        buf_append(out, slice_from(slice_of(text, sizeof(text)), first));
        first = false;
    }
}

void
hello_ja4_b_text(const struct hello *h, struct buf *out)
{
    uint16_t sorted[HELLO_CIPHERS];
    memcpy(sorted, h->ciphers, sizeof(sorted));
    qsort(sorted, h->n_ciphers, sizeof(sorted[0]), compare_numbers);
    add_hex(out, sorted, h->n_ciphers);
}

void
hello_ja4_c_text(const struct hello *h, struct buf *out)
{
    uint16_t sorted[HELLO_EXTENSIONS];
    unsigned n = 0;
    for (unsigned i = 0; i < h->n_extensions; i++)
        if (h->extensions[i] != EXT_SNI && h->extensions[i] != EXT_ALPN)
            sorted[n++] = h->extensions[i];
    qsort(sorted, n, sizeof(sorted[0]), compare_numbers);
    add_hex(out, sorted, n);
    if (!count_real(sorted, n) || !count_real(h->sig_algs, h->n_sig_algs))
        return;
    buf_byte(out, '_');
    add_hex(out, h->sig_algs, h->n_sig_algs);
}
