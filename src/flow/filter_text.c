/* Literals and patterns with '*' in texts, case ignored. */
#include "flow/filter_text.h"

/* How often a byte is in headers, URLs and pages, about: small is rare. */
static unsigned
commonness(unsigned char c)
{
    static const char by_rank[] = "etaoinsrhldcumpfgwybv";
    if (c == ' ' || c == '/')
        return 28;
    for (unsigned i = 0; i < sizeof(by_rank) - 1; i++)
        if (by_rank[i] == (char)c)
            return 30 - i;
    return c >= 'a' && c <= 'z' ? 4 : c >= '0' && c <= '9' ? 12 : c == '-' || c == '.' ? 14 : 6;
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static void
find_borders(struct needle *n)
{
    size_t k = 0;
    for (size_t i = 1; i < n->text.n; i++) {
        while (k && n->text.p[i] != n->text.p[k])
            k = n->border[k - 1];
        k += n->text.p[i] == n->text.p[k];
        n->border[i] = (uint16_t)k;
    }
}

static void
find_rare(struct needle *n)
{
    size_t *rare = n->rare;
    rare[1] = n->text.n - 1;
    for (size_t i = 1; i < n->text.n; i++) {
        unsigned c = commonness((unsigned char)n->text.p[i]);
        if (c < commonness((unsigned char)n->text.p[rare[0]])) {
            rare[1] = rare[0];
            rare[0] = i;
        } else if (c < commonness((unsigned char)n->text.p[rare[1]]) || rare[1] == rare[0]) {
            rare[1] = i;
        }
    }
}

bool
needle_init(struct needle *n, struct arena *a, struct slice text)
{
    *n = (struct needle){0};
    if (text.n == 0)
        return true;
    char *copy = arena_alloc(a, text.n);
    n->border = arena_alloc(a, text.n * sizeof(*n->border));
    if (!copy || !n->border)
        return false;
    for (size_t i = 0; i < text.n; i++)
        copy[i] = (char)lower(text.p[i]);
    n->text = slice_of(copy, text.n);
    find_rare(n);
    find_borders(n);
    return true;
}

/* How many bytes at p are those of the folded text. */
static size_t
same(struct slice folded, const char *p)
{
    size_t i = 0;
    while (i < folded.n && lower(p[i]) == (unsigned char)folded.p[i])
        i++;
    return i;
}

bool
needle_starts(const struct needle *n, struct slice s)
{
    return s.n >= n->text.n && same(n->text, s.p) == n->text.n;
}

bool
needle_ends(const struct needle *n, struct slice s)
{
    return s.n >= n->text.n && same(n->text, s.p + (s.n - n->text.n)) == n->text.n;
}

/* One comparison or two for each byte, whatever the texts are. */
static size_t
find_slowly(const struct needle *n, struct slice s)
{
    size_t k = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = (char)lower(s.p[i]);
        while (k && c != n->text.p[k])
            k = n->border[k - 1];
        k += c == n->text.p[k];
        if (k == n->text.n)
            return i + 1 - k;
    }
    return s.n + 1;
}

/* Sixteen bytes that are compared at once. */
typedef unsigned char lanes __attribute__((vector_size(16)));
#define BLOCK 64u /* places that are looked at in one go */

/* A byte of the needle in all lanes, and the bit that makes its two cases one. */
struct probe {
    lanes want, fold;
    size_t at;
};

static struct probe
probe_of(const struct needle *n, size_t at)
{
    unsigned char c = (unsigned char)n->text.p[at];
    struct probe p = {.at = at};
    memset(&p.want, c, sizeof(p.want));
    memset(&p.fold, c >= 'a' && c <= 'z' ? 0x20 : 0, sizeof(p.fold));
    return p;
}

static lanes
probe_hits(const struct probe *p, const char *text)
{
    lanes v;
    memcpy(&v, text + p->at, sizeof(v));
    return (lanes)((v | p->fold) == p->want);
}

/* Whether both bytes stand where they should at one of the places from p on. */
static bool
may_be_here(const struct probe *a, const struct probe *b, const char *p)
{
    lanes hits = {0};
    uint64_t any[2];
    for (size_t i = 0; i < BLOCK; i += sizeof(hits))
        hits |= probe_hits(a, p + i) & probe_hits(b, p + i);
    memcpy(any, &hits, sizeof(any));
    return any[0] | any[1];
}

/* The first place from 'at' to before 'end', or 'end'; adds to the work. */
static size_t
compare_places(const struct needle *n, struct slice s, size_t at, size_t end, size_t *work)
{
    for (; at < end; at++) {
        size_t equal = same(n->text, s.p + at);
        if (equal == n->text.n)
            break;
        *work += equal + 1;
    }
    return at;
}

/*
 * Blocks in which two rare bytes do not stand at the right distance are passed over, many places at
 * a time; the places of the others are compared. When that was much work, since the bytes are not
 * rare in this text, the other way finds the rest.
 */
size_t
needle_find(const struct needle *n, struct slice s)
{
    size_t len = n->text.n, work = 0, at = 0;
    if (len == 0)
        return 0;
    if (len > s.n)
        return s.n + 1;
    struct probe a = probe_of(n, n->rare[0]), b = probe_of(n, n->rare[1]);
    for (size_t places = s.n - len + 1; at < places;) {
        bool whole = places - at >= BLOCK;
        size_t end = whole ? at + BLOCK : places;
        if (whole && !may_be_here(&a, &b, s.p + at)) {
            at = end;
            continue;
        }
        at = compare_places(n, s, at, end, &work);
        if (at < end)
            return at;
        if (work > 2 * at + 4096)
            return at + find_slowly(n, slice_from(s, at));
    }
    return s.n + 1;
}

bool
glob_init(struct glob *g, struct arena *a, struct slice pattern)
{
    g->n = 1;
    for (size_t i = 0; i < pattern.n; i++)
        g->n += pattern.p[i] == '*';
    g->pieces = arena_alloc(a, g->n * sizeof(*g->pieces));
    if (!g->pieces)
        return false;
    for (size_t i = 0; i < g->n; i++)
        TRY(needle_init(&g->pieces[i], a, slice_cut(&pattern, '*')));
    return true;
}

bool
glob_match(const struct glob *g, struct slice s)
{
    const struct needle *first = &g->pieces[0], *last = &g->pieces[g->n - 1];
    if (g->n == 1)
        return s.n == first->text.n && needle_starts(first, s);
    if (s.n < first->text.n + last->text.n || !needle_starts(first, s) || !needle_ends(last, s))
        return false;
    s = slice_first(slice_from(s, first->text.n), s.n - first->text.n - last->text.n);
    for (size_t i = 1; i + 1 < g->n; i++) {
        size_t at = needle_find(&g->pieces[i], s);
        if (at > s.n)
            return false;
        s = slice_from(s, at + g->pieces[i].text.n);
    }
    return true;
}
