/* Literals found by four of their bytes: a table of those, looked up at each place of a text. */
#include "rule/index.h"

#include "base/mem.h"

#define WINDOW        4u
#define SLOTS_MIN     64u
#define SLOTS_PER_KEY 16u

struct entry {
    uint32_t window, next; /* of the chain: its number + 1, 0 ends it */
    uint32_t number;       /* of the key */
    uint32_t offset;       /* of the window in the literal */
    struct slice literal;
};

/* Of the literals of one text. */
struct table {
    struct entry *entries;
    uint32_t *slots; /* number of the first entry + 1 */
    uint64_t *used;  /* a bit for each slot: small enough to stay near the processor */
    size_t n;
    unsigned shift;
};

struct index {
    struct table host, path;
    uint64_t *always;
    size_t n;
};

static uint32_t
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static uint32_t
slot_of(const struct table *t, uint32_t window)
{
    return (window * 0x9e3779b1u) >> t->shift;
}

static uint32_t
window_at(struct slice s, size_t at)
{
    uint32_t w = 0;
    for (size_t i = at; i < at + WINDOW; i++)
        w = w << 8 | lower(s.p[i]);
    return w;
}

static bool
usable(const struct filter_key *k)
{
    return k->literal.n >= WINDOW && k->literal.n < UINT32_MAX;
}

static bool
table_init(struct table *t, size_t keys)
{
    size_t slots = SLOTS_MIN;
    t->shift = 26;
    while (slots < keys * SLOTS_PER_KEY) {
        slots *= 2;
        t->shift--;
    }
    t->entries = mem_zalloc((keys + 1) * sizeof *t->entries);
    t->slots = mem_zalloc(slots * sizeof *t->slots);
    t->used = mem_zalloc(slots / 64 * sizeof *t->used);
    return t->entries && t->slots && t->used;
}

static size_t
chain_length(const struct table *t, uint32_t window)
{
    size_t n = 0;
    for (uint32_t e = t->slots[slot_of(t, window)]; e; e = t->entries[e - 1].next)
        n++;
    return n;
}

/* Beginnings are alike ("www.", "/api"): the window that shares its place with the fewest is taken,
 * of equals the last. */
static uint32_t
best_offset(const struct table *t, struct slice literal)
{
    size_t best = SIZE_MAX, at = 0;
    for (size_t i = 0; i + WINDOW <= literal.n; i++) {
        size_t n = chain_length(t, window_at(literal, i));
        if (n > best)
            continue;
        best = n;
        at = i;
    }
    return (uint32_t)at;
}

static void
table_add(struct table *t, struct slice literal, size_t number)
{
    uint32_t offset = best_offset(t, literal), window = window_at(literal, offset);
    uint32_t at = slot_of(t, window);
    t->entries[t->n++] = (struct entry){window, t->slots[at], (uint32_t)number, offset, literal};
    t->slots[at] = (uint32_t)t->n;
    t->used[at / 64] |= 1ull << at % 64;
}

static void
index_add(struct index *ix, const struct filter_key *key, size_t number)
{
    if (usable(key))
        table_add(key->in_path ? &ix->path : &ix->host, key->literal, number);
    else
        ix->always[number / 64] |= 1ull << number % 64;
}

static bool
index_fill(struct index *ix, const struct filter_key *keys)
{
    size_t n_host = 0, n_path = 0;
    for (size_t i = 0; i < ix->n; i++)
        if (usable(&keys[i]))
            ++*(keys[i].in_path ? &n_path : &n_host);
    ix->always = mem_zalloc((INDEX_WORDS(ix->n) + 1) * sizeof *ix->always);
    bool good = ix->always && table_init(&ix->host, n_host) && table_init(&ix->path, n_path);
    for (size_t i = 0; good && i < ix->n; i++)
        index_add(ix, &keys[i], i);
    return good;
}

struct index *
index_new(const struct filter_key *keys, size_t n)
{
    struct index *ix = mem_zalloc(sizeof *ix);
    if (!ix)
        return NULL;
    ix->n = n;
    if (index_fill(ix, keys))
        return ix;
    index_free(ix);
    return NULL;
}

static void
table_release(struct table *t)
{
    mem_free(t->entries);
    mem_free(t->slots);
    mem_free(t->used);
}

void
index_free(struct index *ix)
{
    if (!ix)
        return;
    table_release(&ix->host);
    table_release(&ix->path);
    mem_free(ix->always);
    mem_free(ix);
}

void
index_begin(const struct index *ix, uint64_t *bits)
{
    memcpy(bits, ix->always, INDEX_WORDS(ix->n) * sizeof *bits);
}

/* The window ends before 'end' in the text. */
static void
look_at(const struct table *t, uint32_t window, struct slice text, size_t end, uint64_t *bits)
{
    for (uint32_t e = t->slots[slot_of(t, window)]; e; e = t->entries[e - 1].next) {
        const struct entry *it = &t->entries[e - 1];
        size_t before = it->offset + WINDOW;
        if (it->window != window || before > end)
            continue;
        struct slice there = slice_first(slice_from(text, end - before), it->literal.n);
        if (slice_eq_nocase(there, it->literal))
            bits[it->number / 64] |= 1ull << it->number % 64;
    }
}

void
index_look(const struct index *ix, struct slice text, bool path, uint64_t *bits)
{
    const struct table *t = path ? &ix->path : &ix->host;
    if (!t->n || text.n < WINDOW)
        return;
    uint32_t window = window_at(text, 0) >> 8;
    for (size_t i = WINDOW - 1; i < text.n; i++) {
        window = window << 8 | lower(text.p[i]);
        uint32_t at = slot_of(t, window);
        if (t->used[at / 64] >> at % 64 & 1)
            look_at(t, window, text, i + 1, bits);
    }
}
