/* Replacement as a text comes. */
#include "rule/replacer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rule/walk.h"

#include <stdio.h>

#define HELD_MAX (4 * REPLACER_CARRY_MAX)
/* What it may cost in time of the thread: at first, and for each byte that comes. */
#define TIME_FIRST (500 * NS_PER_MS)
#define TIME_BYTE  1000u

struct replacer {
    struct walk walk; /* 'at': all before it is sent */
    struct buf held;  /* what is sent and may be looked back at, then what is not sent */
    uint32_t options; /* of the next match */
    bool anchored;    /* nothing matches but where it is looked for first */
    bool waits;       /* nothing can be said before more has come */
    bool stopped;     /* what comes stays as it is */
    bool slow;        /* because it took too many steps */
    bool ended;
    bool failed;
    uint64_t seen, spent; /* bytes, nanoseconds */
    unsigned long replaced, missed;
};

bool
replacer_can(const struct pattern *p)
{
    return p->behind && p->behind <= REPLACER_CARRY_MAX;
}

struct replacer *
replacer_new(const struct pattern *p, struct slice replacement)
{
    struct replacer *r = mem_zalloc(sizeof *r);
    uint32_t options = 0;
    if (!r)
        return NULL;
    buf_init(&r->held, HELD_MAX);
    pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
    r->anchored = options & PCRE2_ANCHORED;
    if (walk_begin(&r->walk, p, SLICE_NONE, replacement, 0))
        return r;
    replacer_free(r);
    return NULL;
}

void
replacer_free(struct replacer *r)
{
    if (!r)
        return;
    walk_end(&r->walk);
    buf_release(&r->held);
    mem_free(r);
}

/* Takes as much as a match may need, twice. */
static void
take(struct replacer *r, struct slice *in)
{
    struct walk *w = &r->walk;
    size_t behind = w->pattern->behind, left = buf_len(&r->held) - w->at;
    struct slice piece =
        slice_first(*in, left < 2 * REPLACER_CARRY_MAX ? 2 * REPLACER_CARRY_MAX - left : 0);
    if (!piece.n)
        return;
    if (w->at > behind) {
        buf_consume(&r->held, w->at - behind);
        w->at = behind;
    }
    buf_append(&r->held, piece);
    *in = slice_from(*in, piece.n);
    r->seen += piece.n;
    r->waits = false;
}

static void
pass_to(struct replacer *r, size_t to, struct buf *out)
{
    struct walk *w = &r->walk;
    if (to > w->at)
        buf_append(out, slice_of(buf_slice(&r->held).p + w->at, to - w->at));
    w->at = to;
    r->options = 0;
}

static void
on_match(struct replacer *r, struct buf *out)
{
    struct walk *w = &r->walk;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(w->found);
    if (at[0] < w->at || at[1] < at[0]) { /* as in pattern_replace */
        r->stopped = true;
        return;
    }
    pass_to(r, at[0], out);
    walk_append(w, out);
    w->at = at[1];
    r->options = PCRE2_NOTEMPTY_ATSTART;
    r->replaced++;
}

/* A match has begun that needs to see more; 'all': there is no more. */
static void
on_partial(struct replacer *r, bool all, struct buf *out)
{
    struct walk *w = &r->walk;
    size_t from = pcre2_get_ovector_pointer(w->found)[0];
    r->waits = all;
    if (from > w->at) {
        pass_to(r, from, out);
    } else if (!all) {
        r->missed++;
        r->stopped = r->anchored;
        pass_to(r, w->at + 1, out);
    }
}

static void
on_failure(struct replacer *r, int code)
{
    r->failed = code == PCRE2_ERROR_NOMEMORY;
    r->slow = r->stopped = true;
}

/* Looks for a match in as much as one may need, from where it begins: then it does not matter how
 * the text came, since what is said of a place does not hang on what is behind that. */
static void
search(struct replacer *r, bool last, struct buf *out)
{
    struct walk *w = &r->walk;
    size_t n = buf_len(&r->held), end = w->at + MIN(n - w->at, REPLACER_CARRY_MAX);
    bool all = end == n, hard = !last || !all;
    w->subject = slice_first(buf_slice(&r->held), end);
    int code = walk_next(w, r->options | (hard ? PCRE2_PARTIAL_HARD : 0));
    if (code >= 0) {
        on_match(r, out);
    } else if (code == PCRE2_ERROR_PARTIAL) {
        on_partial(r, all, out);
    } else if (code == PCRE2_ERROR_NOMATCH) {
        if (end > w->at)
            pass_to(r, end, out);
        r->stopped = r->anchored;
        r->ended = !hard;
    } else {
        on_failure(r, code);
    }
}

/* false when there is nothing to be done before more comes. */
static bool
go_on(struct replacer *r, bool last, struct buf *out)
{
    size_t n = buf_len(&r->held);
    if (r->ended || r->failed || r->held.failed || out->failed)
        return false;
    if (r->stopped) {
        pass_to(r, n, out);
        r->ended = last;
        return false;
    }
    if (!last && (r->waits || r->walk.at == n))
        return false;
    search(r, last, out);
    return true;
}

enum transform_result
replacer_run(struct replacer *r, struct slice *in, bool last, struct buf *out)
{
    size_t full = buf_len(out) + TRANSFORM_PIECE;
    uint64_t allowed = TIME_FIRST + (r->seen + in->n) * TIME_BYTE;
    r->walk.begun = walk_time();
    r->walk.time_max = allowed > r->spent ? allowed - r->spent : 0;
    do
        take(r, in);
    while ((go_on(r, last && !in->n, out) || in->n) && buf_len(out) < full && !r->failed &&
           !r->held.failed && !out->failed);
    r->spent += walk_time() - r->walk.begun;
    if (r->failed || r->held.failed || out->failed)
        return TRANSFORM_FAIL;
    return r->ended ? TRANSFORM_END : TRANSFORM_OK;
}

void
replacer_say(const struct replacer *r, char *text, size_t n)
{
    int at = snprintf(text, n, "replaced %lu in the content as it went by", r->replaced);
    if (r->missed && at > 0 && (size_t)at < n)
        at +=
            snprintf(text + at, n - (size_t)at, "; at %lu places a match is longer than %zu bytes",
                     r->missed, REPLACER_CARRY_MAX);
    if (r->slow && at > 0 && (size_t)at < n)
        snprintf(text + at, n - (size_t)at, "; the rest took too many steps and stays");
}
