/* Regular expressions and their replacements. */
#include "rule/pattern.h"

#include "base/clock.h"
#include "base/mem.h"
#include "flow/filter_text.h"
#include "rule/walk.h"

/* What one starting place may cost. */
#define STEPS_MAX 500000u
#define DEPTH_MAX 10000u
#define HEAP_KIB  16384u
/* What all starting places of one text may, in time of the thread. */
#define TIME_MAX (500 * NS_PER_MS)

static pcre2_code *
compile_text(struct slice text, uint32_t options, struct err *e)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    char why[160] = "";
    pcre2_code *made =
        pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""), text.n, options, &code, &at, NULL);
    if (made)
        return made;
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    err_set(e, ERR_USAGE, "'%.*s', column %zu: %s", SLICE_ARG(slice_first(text, 60)), at + 1, why);
    return NULL;
}

static pcre2_code *
compile_marked(struct slice text, uint32_t options, struct err *e)
{
    struct buf marked;
    buf_init(&marked, text.n + REGEX_MARK_N);
    regex_mark(text, &marked);
    pcre2_code *made = marked.failed ? NULL : compile_text(buf_slice(&marked), options, e);
    if (marked.failed)
        err_memory(e);
    buf_release(&marked);
    return made;
}

static bool
compile(struct pattern *p, const struct pattern_spec *spec, struct err *e)
{
    uint32_t options = spec->literal ? PCRE2_LITERAL : PCRE2_DOTALL;
    if (spec->ignore_case)
        options |= PCRE2_CASELESS;
    p->code = compile_text(spec->text, options, e);
    if (!p->code || spec->literal)
        return p->code;
    /* What is wrong was said of the text as it is written. */
    pcre2_code_free(p->code);
    p->code = compile_marked(spec->text, options, e);
    return p->code;
}

/* How far back from a place a match there may look, counted as if the look-behinds all stood in
 * each other; 0 when it may depend on more: on where the last match ended, or on verbs like
 * (*COMMIT). */
static size_t
look_back(const struct pattern *p, struct slice text)
{
    uint32_t most = 0;
    size_t n = 1;
    pcre2_pattern_info(p->code, PCRE2_INFO_MAXLOOKBEHIND, &most);
    for (struct slice rest = text; rest.n && !p->literal; rest = slice_from(rest, 1)) {
        if (slice_starts(rest, SLICE("\\G")) || slice_starts(rest, SLICE("(*")))
            return 0;
        n += slice_starts(rest, SLICE("(?<"));
    }
    return n * MAX(most, 1u) + 2;
}

static bool
pattern_fill(struct pattern *p, const struct pattern_spec *spec, struct err *e)
{
    if (!spec->text.n)
        return err_set(e, ERR_USAGE, "it is empty");
    TRY(compile(p, spec, e));
    p->literal = spec->literal;
    p->limits = pcre2_match_context_create(NULL);
    if (!p->limits)
        return err_memory(e);
    pcre2_set_match_limit(p->limits, STEPS_MAX);
    pcre2_set_depth_limit(p->limits, DEPTH_MAX);
    pcre2_set_heap_limit(p->limits, HEAP_KIB);
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &p->groups);
    p->behind = look_back(p, spec->text);
    return true;
}

struct pattern *
pattern_new(const struct pattern_spec *spec, struct err *e)
{
    struct pattern *p = mem_zalloc(sizeof *p);
    if (!p) {
        err_memory(e);
        return NULL;
    }
    if (pattern_fill(p, spec, e))
        return p;
    pattern_free(p);
    return NULL;
}

void
pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    pcre2_match_context_free(p->limits);
    mem_free(p);
}

bool
pattern_check(const struct pattern *p, struct slice replacement, struct err *e)
{
    while (!p->literal && replacement.n) {
        struct walk_piece piece = walk_piece_take(&replacement);
        bool braces_empty = !piece.name.n && !piece.text.n;
        if (braces_empty || (piece.name.n && walk_group(p, piece.name) < 0))
            return err_set(e, ERR_USAGE, "the pattern has no group '%.*s'",
                           SLICE_ARG(slice_first(piece.name, 60)));
    }
    return true;
}

static size_t
replace_all(struct walk *w, struct buf *out)
{
    size_t count = 0, copied = 0;
    int code = walk_next(w, 0);
    for (; code >= 0 && count < PATTERN_REPLACED_MAX; count++) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(w->found);
        if (at[0] < copied || at[1] < at[0]) /* \K in a look-around can say so */
            break;
        buf_append(out, slice_of(w->subject.p + copied, at[0] - copied));
        walk_append(w, out);
        copied = w->at = at[1];
        /* Behind a match another one may begin, but not one without a byte. */
        code = walk_next(w, PCRE2_NOTEMPTY_ATSTART);
    }
    if (!count || (code < 0 && code != PCRE2_ERROR_NOMATCH) || out->failed)
        return 0;
    buf_append(out, slice_from(w->subject, copied));
    return out->failed ? 0 : count;
}

size_t
pattern_replace(const struct pattern *p, struct slice subject, struct slice replacement,
                struct buf *out)
{
    size_t before = buf_len(out);
    struct walk w;
    size_t n = walk_begin(&w, p, subject, replacement, TIME_MAX) ? replace_all(&w, out) : 0;
    walk_end(&w);
    if (!n)
        out->w = out->r + before;
    return n;
}

bool
pattern_expand(const struct pattern *p, struct slice subject, struct slice replacement,
               struct buf *out)
{
    struct walk w;
    bool found = walk_begin(&w, p, subject, replacement, TIME_MAX) && walk_next(&w, 0) >= 0;
    if (found)
        walk_append(&w, out);
    walk_end(&w);
    return found && !out->failed;
}

static struct slice
tail_of(const struct walk *w)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(w->found);
    if (!w->pattern->groups)
        return slice_from(w->subject, at[1]);
    if (pcre2_get_ovector_count(w->found) < 2 || at[2] == PCRE2_UNSET || at[3] < at[2])
        return SLICE("");
    return slice_first(slice_from(w->subject, at[2]), at[3] - at[2]);
}

bool
pattern_tail(const struct pattern *p, struct slice subject, struct slice *out)
{
    struct walk w;
    bool found = walk_begin(&w, p, subject, SLICE_NONE, TIME_MAX) && walk_next(&w, 0) >= 0;
    if (found)
        *out = tail_of(&w);
    walk_end(&w);
    return found;
}

bool
replacement_prepare(struct replacement *r, struct err *e)
{
    struct pattern_spec spec = {r->text, r->literal, r->ignore_case};
    r->pattern = pattern_new(&spec, e);
    return r->pattern && pattern_check(r->pattern, r->with, e);
}

void
replacement_release(struct replacement *r)
{
    pattern_free(r->pattern);
}
