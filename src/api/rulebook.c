/* The list of rules: changed as a whole, in the file and in the engine. */
#include "api/rulebook.h"

#include "api/presets.h"
#include "api/rules_file.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

struct rulebook {
    pthread_mutex_t lock; /* guards everything below: one change at a time, its file included */
    char *folder;
    size_t n_fixed; /* rules in front that come from options */
    struct rules *rules;
    struct presets *presets; /* of the queries */
    void (*changed)(void *arg, struct rules *rules);
    void *arg;
    bool confined;
};

/* A list that is being made. */
struct draft {
    struct rule **list;
    size_t n, cap;
};

static void
draft_release(struct draft *d)
{
    for (size_t i = 0; i < d->n; i++)
        rule_unref(d->list[i]);
    mem_free(d->list);
    *d = (struct draft){0};
}

/* Takes the reference, on failure too. */
static bool
draft_insert(struct draft *d, size_t at, struct rule *r)
{
    if (r && d->n == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 16;
        struct rule **list = mem_realloc(d->list, cap * sizeof(struct rule *));
        if (!list) {
            rule_unref(r);
            return false;
        }
        d->list = list;
        d->cap = cap;
    }
    if (!r)
        return false;
    memmove(d->list + at + 1, d->list + at, (d->n - at) * sizeof(struct rule *));
    d->list[at] = r;
    d->n++;
    return true;
}

static bool
draft_copy(struct draft *d, const struct rules *rs, size_t n, struct err *e)
{
    for (size_t i = 0; rs && i < n; i++)
        if (!draft_insert(d, d->n, rule_ref(rules_at(rs, i))))
            return err_memory(e);
    return true;
}

static struct rule *
draft_take(struct draft *d, size_t at)
{
    struct rule *r = d->list[at];
    d->n--;
    memmove(d->list + at, d->list + at + 1, (d->n - at) * sizeof(struct rule *));
    return r;
}

static uint64_t
id_of(const struct rule *r)
{
    struct rule_info info;
    rule_info(r, &info);
    return info.id;
}

/* Its place; n when it is not there. */
static size_t
draft_find(const struct draft *d, uint64_t id)
{
    size_t i = 0;
    while (i < d->n && id_of(d->list[i]) != id)
        i++;
    return i;
}

/* Those of the file, which is not touched when they cannot be written. */
static bool
save(const struct rulebook *b, const struct draft *d, struct err *e)
{
    struct rules *rs = rules_new(d->list + b->n_fixed, d->n - b->n_fixed, e);
    bool good = rs && rules_file_save(b->folder, rs, e);
    rules_unref(rs);
    return good;
}

/* The draft becomes the list: first in the file, so that nothing holds that would be gone after the
 * next start. */
static bool
adopt(struct rulebook *b, const struct draft *d, bool write, struct err *e)
{
    struct rules *rs = rules_new(d->list, d->n, e);
    if (!rs)
        return false;
    if (write && !save(b, d, e)) {
        rules_unref(rs);
        return false;
    }
    rules_unref(b->rules);
    b->rules = rs;
    if (b->changed)
        b->changed(b->arg, rs);
    return true;
}

static struct rule *
make_rule(const struct rulebook *b, const struct presets *presets, const struct rule_spec *spec,
          uint64_t id, struct err *e)
{
    struct filter_presets lookup = presets_lookup(presets);
    struct rule_origin origin = {.id = id, .folder = b->folder, .presets = &lookup};
    return rule_new_from(spec, &origin, e);
}

static bool
add_spec(struct rulebook *b, const struct presets *presets, struct draft *d,
         const struct rule_spec *spec, struct err *e)
{
    struct rule *rule = make_rule(b, presets, spec, 0, e);
    return rule && (draft_insert(d, d->n, rule) || err_memory(e));
}

static bool
read_file(struct rulebook *b, const struct presets *presets, struct draft *d, struct err *e)
{
    struct filter_presets lookup = presets_lookup(presets);
    struct rule_origin origin = {.folder = b->folder, .presets = &lookup};
    struct rules *rs = rules_file_load(&origin, e);
    bool good = rs && draft_copy(d, rs, rules_count(rs), e);
    rules_unref(rs);
    return good;
}

static bool
begin(struct rulebook *b, const struct rulebook_options *o, struct draft *d, struct err *e)
{
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/" RULES_FOLDER, o->folder);
    b->folder = buf_take(&path);
    if (!b->folder)
        return err_memory(e);
    /* Later the sandbox would not let it be made. */
    if (mkdir(b->folder, 0700) != 0 && errno != EEXIST)
        return err_errno(e, ERR_START, errno, "cannot make folder '%s'", b->folder);
    TRY(b->presets = presets_load(b->folder, e));
    for (size_t i = 0; i < o->n_fixed; i++)
        TRY(add_spec(b, b->presets, d, &o->fixed[i], e));
    b->n_fixed = d->n;
    return read_file(b, b->presets, d, e) && adopt(b, d, false, e);
}

struct rulebook *
rulebook_open(const struct rulebook_options *o, struct err *e)
{
    struct draft d = {0};
    struct rulebook *b = mem_zalloc(sizeof *b);
    if (!b) {
        err_memory(e);
        return NULL;
    }
    pthread_mutex_init(&b->lock, NULL);
    b->changed = o->changed;
    b->arg = o->arg;
    b->confined = o->confined;
    bool good = begin(b, o, &d, e);
    draft_release(&d);
    if (good)
        return b;
    rulebook_free(b);
    return NULL;
}

void
rulebook_free(struct rulebook *b)
{
    if (!b)
        return;
    rules_unref(b->rules);
    presets_unref(b->presets);
    pthread_mutex_destroy(&b->lock);
    mem_free(b->folder);
    mem_free(b);
}

struct rules *
rulebook_rules(struct rulebook *b)
{
    pthread_mutex_lock(&b->lock);
    struct rules *rs = rules_ref(b->rules);
    pthread_mutex_unlock(&b->lock);
    return rs;
}

void
rulebook_watch(struct rulebook *b, void (*changed)(void *arg, struct rules *rules), void *arg)
{
    pthread_mutex_lock(&b->lock);
    b->changed = changed;
    b->arg = arg;
    if (changed)
        changed(arg, b->rules);
    pthread_mutex_unlock(&b->lock);
}

/* A change of the list, with the lock held. */
struct edit {
    struct rulebook *book;
    struct draft draft;
    struct err *e;
};

static void
edit_start(struct edit *x, struct rulebook *b, struct err *e)
{
    *x = (struct edit){.book = b, .e = e};
    pthread_mutex_lock(&b->lock);
}

static bool
edit_finish(struct edit *x, bool good)
{
    good = good && adopt(x->book, &x->draft, true, x->e);
    draft_release(&x->draft);
    pthread_mutex_unlock(&x->book->lock);
    return good;
}

static bool
edit_load(struct edit *x)
{
    return draft_copy(&x->draft, x->book->rules, rules_count(x->book->rules), x->e);
}

/* The place of a rule that may be changed. */
static bool
edit_place(struct edit *x, uint64_t id, size_t *at)
{
    *at = draft_find(&x->draft, id);
    if (*at == x->draft.n)
        return err_set(x->e, ERR_USAGE, "there is no rule %llu", (unsigned long long)id);
    return *at >= x->book->n_fixed ||
           err_set(x->e, ERR_USAGE, "the rule %llu comes from an option", (unsigned long long)id);
}

/* The place in front of a rule; 0 is the end. */
static bool
edit_before(struct edit *x, uint64_t before, size_t *at)
{
    *at = x->draft.n;
    return !before || edit_place(x, before, at);
}

/* The files that a rule names, beside those that others do. */
struct naming {
    const struct edit *edit;
    const char *path, *wrong;
    bool known;
};

/* Nor is the list itself a file for rules: a log in it would be read as rules. */
static bool
is_below(struct slice folder, struct slice path)
{
    struct slice rest = slice_from(path, folder.n);
    if (!slice_starts(path, folder) || !slice_starts(rest, SLICE("/")))
        return false;
    while (rest.n) {
        struct slice part = slice_cut(&rest, '/');
        if (slice_eq(part, SLICE("..")) || slice_eq(part, SLICE(RULES_FILE)) ||
            slice_eq(part, SLICE(PRESETS_FILE)))
            return false;
    }
    return true;
}

static void
naming_compare(void *arg, const char *path)
{
    struct naming *n = arg;
    n->known |= slice_eq(slice_str(path), slice_str(n->path));
}

static void
naming_judge(void *arg, const char *path)
{
    struct naming *n = arg;
    const struct draft *d = &n->edit->draft;
    n->path = path;
    n->known = is_below(slice_str(n->edit->book->folder), slice_str(path));
    for (size_t i = 0; i < d->n; i++)
        rule_files(d->list[i], naming_compare, n);
    if (!n->known)
        n->wrong = path;
}

/* A new rule, when it may name the files that it names. */
static struct rule *
edit_make(struct edit *x, const struct rule_spec *spec, uint64_t id)
{
    struct naming n = {.edit = x};
    struct rule *r = make_rule(x->book, x->book->presets, spec, id, x->e);
    if (r && x->book->confined)
        rule_files(r, naming_judge, &n);
    if (!n.wrong)
        return r;
    err_set(x->e, ERR_USAGE,
            "the file '%s' is not in '%s', or the list of rules: in the sandbox others must be "
            "named by the rules of the start",
            n.wrong, x->book->folder);
    rule_unref(r);
    return NULL;
}

bool
rulebook_add(struct rulebook *b, const struct rule_spec *spec, uint64_t before, uint64_t *id,
             struct err *e)
{
    struct edit x;
    size_t at;
    edit_start(&x, b, e);
    bool good = edit_load(&x) && edit_before(&x, before, &at);
    struct rule *r = good ? edit_make(&x, spec, 0) : NULL;
    if (r)
        *id = id_of(r);
    good = r && (draft_insert(&x.draft, at, r) || err_memory(e));
    return edit_finish(&x, good);
}

struct rule *
rulebook_draft(struct rulebook *b, const struct rule_spec *spec, struct err *e)
{
    struct edit x;
    edit_start(&x, b, e);
    struct rule *r = edit_load(&x) ? edit_make(&x, spec, 0) : NULL;
    (void)edit_finish(&x, false);
    return r;
}

bool
rulebook_append(struct rulebook *b, const struct rule_spec *specs, size_t n, uint64_t *ids,
                struct err *e)
{
    struct edit x;
    edit_start(&x, b, e);
    bool good = edit_load(&x);
    for (size_t i = 0; good && i < n; i++) {
        struct rule *r = edit_make(&x, &specs[i], 0);
        if (r)
            ids[i] = id_of(r);
        good = r && (draft_insert(&x.draft, x.draft.n, r) || err_memory(e));
    }
    return edit_finish(&x, good);
}

bool
rulebook_replace(struct rulebook *b, uint64_t id, const struct rule_spec *spec, struct err *e)
{
    struct edit x;
    size_t at;
    edit_start(&x, b, e);
    bool good = edit_load(&x) && edit_place(&x, id, &at);
    struct rule *r = good ? edit_make(&x, spec, id) : NULL;
    if (r) {
        rule_unref(x.draft.list[at]);
        x.draft.list[at] = r;
    }
    return edit_finish(&x, r);
}

bool
rulebook_remove(struct rulebook *b, uint64_t id, struct err *e)
{
    struct edit x;
    size_t at;
    edit_start(&x, b, e);
    bool good = edit_load(&x) && edit_place(&x, id, &at);
    if (good)
        rule_unref(draft_take(&x.draft, at));
    return edit_finish(&x, good);
}

bool
rulebook_move(struct rulebook *b, uint64_t id, uint64_t before, struct err *e)
{
    struct edit x;
    size_t at, to;
    edit_start(&x, b, e);
    bool good = edit_load(&x) && edit_place(&x, id, &at) && edit_before(&x, before, &to);
    if (good && id != before) {
        struct rule *r = draft_take(&x.draft, at);
        good = draft_insert(&x.draft, to > at ? to - 1 : to, r) || err_memory(e);
    }
    return edit_finish(&x, good);
}

/* The place of an old rule of [begin, end) that is the same and is nobody's predecessor yet, from
 * 'at' on and round; 'end' when there is none. */
static size_t /* NOLINTNEXTLINE(readability-function-size): what is compared, and with what */
find_same(const struct rules *old, const struct rule *r, const bool *used, size_t at, size_t end,
          size_t begin)
{
    for (size_t i = begin; i < end; i++, at++) {
        at = at >= end ? begin : at;
        if (!used[at] && rule_same(rules_at(old, at), r))
            return at;
    }
    return end;
}

/* Those of a stretch of the draft follow those of a stretch of the old list. */
static void /* NOLINTNEXTLINE(readability-function-size): both lists, and where they are */
succeed(const struct rules *old, bool *used, size_t begin, size_t end, struct rule **list, size_t n)
{
    size_t next = begin;
    for (size_t i = 0; i < n; i++) {
        size_t at = find_same(old, list[i], used, next, end, begin);
        if (at == end)
            continue;
        rule_succeed(list[i], rules_at(old, at));
        used[at] = true;
        next = at + 1;
    }
}

static bool
keep_counts(const struct rulebook *b, struct draft *d, size_t n_fixed, struct err *e)
{
    size_t n = rules_count(b->rules);
    bool *used = mem_zalloc(n + 1);
    if (!used)
        return err_memory(e);
    succeed(b->rules, used, 0, b->n_fixed, d->list, n_fixed);
    succeed(b->rules, used, b->n_fixed, n, d->list + n_fixed, d->n - n_fixed);
    mem_free(used);
    return true;
}

/* Takes the reference: they are those of the book now, or nothing. */
static void
swap_presets(struct rulebook *b, struct presets *presets, bool good)
{
    presets_unref(good ? b->presets : presets);
    if (good)
        b->presets = presets;
}

bool
rulebook_reload(struct rulebook *b, const struct rule_spec *fixed, size_t n_fixed, struct err *e)
{
    struct draft d = {0};
    pthread_mutex_lock(&b->lock);
    struct presets *presets = presets_load(b->folder, e);
    bool good = presets;
    for (size_t i = 0; good && i < n_fixed; i++)
        good = add_spec(b, presets, &d, &fixed[i], e);
    good = good && read_file(b, presets, &d, e) && keep_counts(b, &d, n_fixed, e) &&
           adopt(b, &d, false, e);
    if (good)
        b->n_fixed = n_fixed;
    swap_presets(b, presets, good);
    draft_release(&d);
    pthread_mutex_unlock(&b->lock);
    return good;
}

/* Presets ------------------------------------------------------------------------------------- */

struct presets *
rulebook_presets(struct rulebook *b)
{
    pthread_mutex_lock(&b->lock);
    struct presets *p = presets_ref(b->presets);
    pthread_mutex_unlock(&b->lock);
    return p;
}

/* A rule with these presets: itself when it cannot name any. Returns one reference, owned. */
static struct rule *
remake(const struct rulebook *b, const struct presets *presets, struct rule *old, struct err *e)
{
    struct rule_info info;
    rule_info(old, &info);
    if (!strchr(info.when, '@'))
        return rule_ref(old);
    struct rule *r = make_rule(b, presets, rule_spec(old), info.id, e);
    if (r)
        rule_succeed(r, old);
    return r;
}

static bool
remake_all(const struct rulebook *b, const struct presets *presets, struct draft *d, struct err *e)
{
    for (size_t i = 0; i < rules_count(b->rules); i++) {
        struct rule *r = remake(b, presets, rules_at(b->rules, i), e);
        if (!r)
            return false;
        if (!draft_insert(d, d->n, r))
            return err_memory(e);
    }
    return true;
}

bool
rulebook_set_preset(struct rulebook *b, struct slice name, struct slice query, struct err *e)
{
    struct draft d = {0};
    pthread_mutex_lock(&b->lock);
    struct presets *presets = presets_with(b->presets, name, query, e);
    bool good = presets && remake_all(b, presets, &d, e) && presets_save(presets, b->folder, e) &&
                adopt(b, &d, false, e);
    swap_presets(b, presets, good);
    draft_release(&d);
    pthread_mutex_unlock(&b->lock);
    return good;
}
