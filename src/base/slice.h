/* Borrowed bytes and their comparisons. A slice owns nothing and may hold any byte, NUL included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* Arguments for "%.*s". */
#define SLICE_ARG(s) (int)(s).n, ((s).p ? (s).p : "")
#define SLICE_NONE   ((struct slice){NULL, 0})

static inline struct slice
slice_of(const void *p, size_t n)
{
    return (struct slice){(const char *)p, n};
}

/* A NUL-terminated string; NULL gives the empty slice. */
static inline struct slice
slice_str(const char *z)
{
    return (struct slice){z, z ? strlen(z) : 0};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case is ignored. */
static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline struct slice
slice_from(struct slice s, size_t at)
{
    size_t skipped = at < s.n ? at : s.n;
    if (skipped)
        s.p += skipped;
    s.n -= skipped;
    return s;
}

static inline struct slice
slice_first(struct slice s, size_t n)
{
    return (struct slice){s.p, n < s.n ? n : s.n};
}

/* The number that these bytes are, at most eight, the first one the highest. */
static inline uint64_t
slice_be(struct slice s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n = n << 8 | (unsigned char)s.p[i];
    return n;
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && slice_eq(slice_first(s, prefix.n), prefix);
}

static inline bool
slice_ends(struct slice s, struct slice suffix)
{
    return s.n >= suffix.n && slice_eq(slice_from(s, s.n - suffix.n), suffix);
}

/* Index of the first such byte, or s.n. */
static inline size_t
slice_find(struct slice s, char byte)
{
    const char *at = s.n ? (const char *)memchr(s.p, byte, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

/* Index of the last such byte, or s.n. */
static inline size_t
slice_find_last(struct slice s, char byte)
{
    const char *at = s.n ? (const char *)memrchr(s.p, byte, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

/* Takes the part before 'byte' off the front of *rest, and the byte with it; all of it when the
 * byte is not there. */
static inline struct slice
slice_cut(struct slice *rest, char byte)
{
    size_t at = slice_find(*rest, byte);
    struct slice head = slice_first(*rest, at);
    *rest = slice_from(*rest, at + 1);
    return head;
}

/* Without SP and HTAB at both ends (RFC 9110 section 5.6.3, OWS). */
static inline struct slice
slice_trim(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}
