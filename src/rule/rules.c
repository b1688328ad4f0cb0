/* The list of rules: an immutable snapshot, sorted by the stages, and walks over it. */
#include "base/map.h"
#include "base/mem.h"
#include "flow/edit.h"
#include "rule/index.h"
#include "rule/rule_run.h"

#include <stdatomic.h>

#define FOLDERS_DEEP 16

/* Those that are on and act at one stage, in their order. */
struct row {
    struct rule **rules;
    size_t n;
    struct index *index;
};

struct rules {
    atomic_uint refs;
    struct rule **all;
    size_t n;
    struct row rows[STAGES_N];
};

/* Whether neither the rule nor a folder around it is off. */
static bool
is_on(const struct rule *r, const struct map *folders)
{
    for (unsigned i = 0; r && i < FOLDERS_DEEP; i++) {
        struct rule_info info;
        rule_info(r, &info);
        if (!info.on)
            return false;
        r = map_get(folders, slice_str(info.folder));
    }
    return true;
}

/* The rules that stand for folders, by name. */
static bool
collect_folders(const struct rules *rs, struct map *folders)
{
    for (size_t i = 0; i < rs->n; i++) {
        struct rule_info info;
        void *old;
        rule_info(rs->all[i], &info);
        if (info.ops == &rule_folder && info.name[0])
            TRY(map_put(folders, slice_str(info.name), rs->all[i], &old));
    }
    return true;
}

static bool
sort_rules(struct rules *rs, const struct map *folders)
{
    for (unsigned s = 0; s < STAGES_N; s++) {
        rs->rows[s].rules = mem_zalloc((rs->n + 1) * sizeof *rs->rows[s].rules);
        TRY(rs->rows[s].rules);
    }
    for (size_t i = 0; i < rs->n; i++) {
        struct rule_info info;
        rule_info(rs->all[i], &info);
        bool on = info.stages && is_on(rs->all[i], folders);
        for (unsigned s = 0; on && s < STAGES_N; s++)
            if (info.stages & 1u << s)
                rs->rows[s].rules[rs->rows[s].n++] = rs->all[i];
    }
    return true;
}

static bool
make_index(struct row *row)
{
    struct filter_key *keys = mem_zalloc((row->n + 1) * sizeof *keys);
    for (size_t i = 0; keys && i < row->n; i++)
        keys[i] = filter_key(rule_filter(row->rules[i]));
    row->index = keys ? index_new(keys, row->n) : NULL;
    mem_free(keys);
    return row->index;
}

static bool
fill(struct rules *rs)
{
    struct map *folders = map_new();
    bool good = folders && collect_folders(rs, folders) && sort_rules(rs, folders);
    for (unsigned s = 0; good && s < STAGES_N; s++)
        good = make_index(&rs->rows[s]);
    map_free(folders);
    return good;
}

struct rules *
rules_new(struct rule *const *list, size_t n, struct err *e)
{
    if (n > RULES_MAX) {
        err_set(e, ERR_USAGE, "%zu rules are more than %d", n, RULES_MAX);
        return NULL;
    }
    struct rules *rs = mem_zalloc(sizeof *rs);
    if (rs)
        rs->all = mem_zalloc((n + 1) * sizeof(struct rule *));
    if (!rs || !rs->all) {
        mem_free(rs);
        err_memory(e);
        return NULL;
    }
    atomic_init(&rs->refs, 1);
    for (; rs->n < n; rs->n++)
        rs->all[rs->n] = rule_ref(list[rs->n]);
    if (fill(rs))
        return rs;
    rules_unref(rs);
    err_memory(e);
    return NULL;
}

struct rules *
rules_ref(struct rules *rs)
{
    atomic_fetch_add_explicit(&rs->refs, 1, memory_order_relaxed);
    return rs;
}

void
rules_unref(struct rules *rs)
{
    if (!rs || atomic_fetch_sub_explicit(&rs->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned s = 0; s < STAGES_N; s++) {
        index_free(rs->rows[s].index);
        mem_free(rs->rows[s].rules);
    }
    for (size_t i = 0; i < rs->n; i++)
        rule_unref(rs->all[i]);
    mem_free(rs->all);
    mem_free(rs);
}

size_t
rules_count(const struct rules *rs)
{
    return rs->n;
}

struct rule *
rules_at(const struct rules *rs, size_t i)
{
    return rs->all[i];
}

bool
rules_any(const struct rules *rs, enum stage s)
{
    return rs->rows[s].n;
}

/* A query may look at the request as it came or as it stands, at where it goes or at what its Host
 * says: a literal in any of these counts. */
static void
find_candidates(const struct row *row, const struct flow *f, uint64_t *bits)
{
    const struct http_head *now = edit_head(&f->req);
    struct slice named = head_value(now, FIELD_HOST), came = head_value(&f->req.head, FIELD_HOST);
    index_begin(row->index, bits);
    index_look(row->index, f->host, false, bits);
    if (!slice_eq(named, f->host))
        index_look(row->index, named, false, bits);
    if (!slice_eq(came, named))
        index_look(row->index, came, false, bits);
    index_look(row->index, now->target, true, bits);
    if (!slice_eq(now->target, f->req.head.target))
        index_look(row->index, f->req.head.target, true, bits);
}

/* The first set bit from 'i' on, or n. */
static size_t
next_bit(const uint64_t *bits, size_t i, size_t n)
{
    while (i < n) {
        uint64_t rest = bits[i / 64] >> i % 64;
        if (rest)
            return i + (size_t)__builtin_ctzll(rest);
        i = (i / 64 + 1) * 64;
    }
    return n;
}

bool
rules_may(const struct rules *rs, enum stage s, const struct flow *f)
{
    const struct row *row = &rs->rows[s];
    uint64_t bits[INDEX_WORDS(RULES_MAX)];
    if (!row->n)
        return false;
    find_candidates(row, f, bits);
    return next_bit(bits, 0, row->n) < row->n;
}

static void
begin(const struct row *row, struct rules_walk *w, const struct flow *f)
{
    uint64_t bits[INDEX_WORDS(RULES_MAX)];
    size_t bytes = INDEX_WORDS(row->n) * sizeof *bits;
    find_candidates(row, f, bits);
    w->begun = true;
    w->next = next_bit(bits, w->next, row->n);
    if (w->next == row->n)
        return;
    if (!w->candidates)
        w->candidates = arena_alloc(f->arena, bytes);
    if (w->candidates)
        memcpy(w->candidates, bits, bytes);
}

bool
rules_step(const struct rules *rs, struct rules_walk *w, struct hook *h)
{
    const struct row *row = &rs->rows[h->stage];
    if (!w->begun && row->n)
        begin(row, w, h->flow);
    while (w->next < row->n) {
        size_t i = w->next++;
        if (w->candidates)
            w->next = next_bit(w->candidates, w->next, row->n);
        if (!rule_run(row->rules[i], h))
            continue;
        /* It may have changed where the request goes, and with it which others can match. */
        w->begun = false;
        w->next = i + 1;
        return true;
    }
    return false;
}

/* What of the flow a stage of the whole message has, and that of its head has not. */
static unsigned
later_needs(enum stage whole)
{
    return whole == STAGE_REQUEST ? FILTER_NEEDS_REQUEST_BODY : FILTER_NEEDS_RESPONSE_BODY;
}

/* Whether the rule of the later stage may still match the flow, whose head is there. */
static bool
may_match(const struct rule *r, enum stage whole, const struct flow *f)
{
    const struct filter *filter = rule_filter(r);
    return filter_needs(filter) & later_needs(whole) || filter_match(filter, f);
}

/* Whether one that may match has to wait: it cannot do otherwise, or its query asks for the
 * content.
 */
static bool
one_waits(const struct row *row, const uint64_t *bits, enum stage whole, const struct hook *h)
{
    for (size_t i = next_bit(bits, 0, row->n); i < row->n; i = next_bit(bits, i + 1, row->n)) {
        const struct rule *r = row->rules[i];
        bool sure = !(filter_needs(rule_filter(r)) & later_needs(whole));
        if (may_match(r, whole, h->flow) && !(sure && rule_can_stream(r, h)))
            return true;
    }
    return false;
}

bool
rules_want(const struct rules *rs, enum stage whole, struct hook *h)
{
    const struct row *row = &rs->rows[whole];
    uint64_t bits[INDEX_WORDS(RULES_MAX)];
    if (!row->n)
        return false;
    find_candidates(row, h->flow, bits);
    if (one_waits(row, bits, whole, h))
        return true;
    for (size_t i = next_bit(bits, 0, row->n); i < row->n && !h->decision->failed;
         i = next_bit(bits, i + 1, row->n))
        rule_stream(row->rules[i], h);
    return false;
}
