/* Numbers and text as people read them. */
#include "base/print.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <time.h>

void
print_size(struct buf *b, uint64_t bytes)
{
    static const char units[] = "bkmgtpe";
    if (bytes < 1024) {
        buf_u64(b, bytes);
        buf_byte(b, 'b');
        return;
    }
    /* 'bytes' counts in units[i]; 'rest' is what is left over of it, in 1024ths. */
    unsigned i = 0;
    uint64_t rest = 0;
    while (bytes >= 1024) {
        rest = bytes % 1024;
        bytes /= 1024;
        i++;
    }
    uint64_t tenths = bytes * 10 + (rest * 10 + 512) / 1024;
    uint64_t whole = bytes + rest / 512;
    if (whole == 1024)
        tenths = 10, i++;
    buf_u64(b, tenths < 100 ? tenths / 10 : whole);
    if (tenths < 100) {
        buf_byte(b, '.');
        buf_u64(b, tenths % 10);
    }
    buf_byte(b, units[i]);
}

void
print_duration(struct buf *b, uint64_t ns)
{
    uint64_t us = ns / 1000, ms = us / 1000, s = ms / 1000, m = s / 60;
    if (s == 0) {
        buf_u64(b, ms ? ms : us);
        buf_append(b, ms ? SLICE("ms") : SLICE("us"));
    } else if (s < 10)
        buf_printf(b, "%" PRIu64 ".%02" PRIu64 "s", s, ms % 1000 / 10);
    else if (m == 0)
        buf_printf(b, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
    else if (m < 60)
        buf_printf(b, "%" PRIu64 "m%02" PRIu64 "s", m, s % 60);
    else
        buf_printf(b, "%" PRIu64 "h%02" PRIu64 "m", m / 60, m % 60);
}

void
print_time(struct buf *b, uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    struct tm t;
    gmtime_r(&seconds, &t);
    buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
               t.tm_hour, t.tm_min, t.tm_sec, (unsigned)(wall_ns % NS_PER_S / NS_PER_MS));
}

/* Characters that change the order in which a line is shown. */
static bool
is_bidi_control(uint32_t cp)
{
    return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

bool
print_is_safe(uint32_t cp)
{
    bool line_end = cp == 0x2028 || cp == 0x2029;
    return cp >= ' ' && !(cp >= 0x7f && cp < 0xa0) && !line_end && !is_bidi_control(cp);
}

static size_t
plain_length(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f)
        n++;
    return n;
}

void
print_safe(struct buf *b, struct slice s, bool lines)
{
    while (s.n) {
        size_t plain = plain_length(s);
        buf_append(b, slice_first(s, plain));
        s = slice_from(s, plain);
        if (!s.n)
            return;
        uint32_t cp;
        unsigned n = utf8_next(s, &cp);
        if (n && (print_is_safe(cp) || cp == '\t' || (lines && cp == '\n'))) {
            buf_append(b, slice_first(s, n));
            s = slice_from(s, n);
            continue;
        }
        for (n = MAX(n, 1); n; n--, s = slice_from(s, 1))
            buf_printf(b, "\\x%02x", (unsigned char)s.p[0]);
    }
}

static const char *
html_entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void
print_html(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *entity = html_entity(s.p[i]);
        buf_append(b, entity ? slice_str(entity) : slice_of(s.p + i, 1));
    }
}
