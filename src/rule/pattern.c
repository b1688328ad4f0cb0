/* Regular expressions and their replacements. */
#include "rule/pattern.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/scan.h"
#include "flow/filter_text.h"

#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What one starting place may cost. */
#define STEPS_MAX 500000u
#define DEPTH_MAX 10000u
#define HEAP_KIB  16384u
/* What all starting places of one text may, in time of the thread, and how many of them are tried
 * between two looks at the clock. */
#define TIME_MAX   (500 * NS_PER_MS)
#define TIME_EVERY 16u

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t groups;
    bool literal;
};

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

/* The group that a name means; -1: there is none. */
static int
group_number(const struct pattern *p, struct slice name)
{
    char z[64];
    uint64_t n;
    if (scan_u64(name, p->groups, &n))
        return (int)n;
    if (!name.n || name.n >= sizeof z || (name.p[0] >= '0' && name.p[0] <= '9'))
        return -1;
    memcpy(z, name.p, name.n);
    z[name.n] = '\0';
    int number = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)z);
    return number < 0 ? -1 : number;
}

/* What stands at a '$': takes it off the front of *rest. */
struct piece {
    struct slice text; /* to be taken as it is */
    struct slice name; /* of a group, when n is not 0 */
};

static struct slice
take_digits(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
        n++;
    struct slice digits = slice_first(*rest, n);
    *rest = slice_from(*rest, n);
    return digits;
}

static struct piece
take_piece(struct slice *rest)
{
    struct piece out = {.text = slice_first(*rest, slice_find(*rest, '$'))};
    *rest = slice_from(*rest, out.text.n);
    if (out.text.n || !rest->n)
        return out;
    struct slice behind = slice_from(*rest, 1);
    out.text = slice_first(*rest, 1);
    if (slice_starts(behind, SLICE("$"))) {
        behind = slice_from(behind, 1);
    } else if (slice_starts(behind, SLICE("{")) && slice_find(behind, '}') < behind.n) {
        behind = slice_from(behind, 1);
        out.name = slice_cut(&behind, '}');
        out.text = SLICE_NONE;
    } else {
        out.name = take_digits(&behind);
    }
    *rest = behind;
    return out;
}

bool
pattern_check(const struct pattern *p, struct slice replacement, struct err *e)
{
    while (!p->literal && replacement.n) {
        struct piece piece = take_piece(&replacement);
        bool braces_empty = !piece.name.n && !piece.text.n;
        if (braces_empty || (piece.name.n && group_number(p, piece.name) < 0))
            return err_set(e, ERR_USAGE, "the pattern has no group '%.*s'",
                           SLICE_ARG(slice_first(piece.name, 60)));
    }
    return true;
}

static void
append_group(const struct pattern *p, pcre2_match_data *found, struct slice subject,
             struct slice name, struct buf *out)
{
    int number = group_number(p, name);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(found);
    if (number < 0 || (uint32_t)number >= pcre2_get_ovector_count(found))
        return;
    PCRE2_SIZE from = at[2 * number], to = at[2 * number + 1];
    if (from != PCRE2_UNSET && from <= to)
        buf_append(out, slice_of(subject.p + from, to - from));
}

/* A walk over the matches of one text. */
struct walk {
    const struct pattern *pattern;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    struct slice subject, replacement;
    size_t at; /* where the next match is looked for */
    unsigned places;
    uint64_t begun;
};

/* What the thread has worked, whatever others took of the machine meanwhile. */
static uint64_t
thread_time(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Each starting place has its own steps, of which a long text has many. */
static int
walk_on_place(pcre2_callout_block *block, void *arg)
{
    struct walk *w = arg;
    bool look = block->callout_number == 1 && ++w->places % TIME_EVERY == 0;
    return look && thread_time() - w->begun > TIME_MAX ? PCRE2_ERROR_MATCHLIMIT : 0;
}

/* Without memory nothing matches. */
static bool
walk_begin(struct walk *w, const struct pattern *p, struct slice subject, struct slice replacement)
{
    *w = (struct walk){.pattern = p,
                       .found = pcre2_match_data_create_from_pattern(p->code, NULL),
                       .limits = pcre2_match_context_copy(p->limits),
                       .subject = subject,
                       .replacement = replacement,
                       .begun = thread_time()};
    if (w->limits)
        pcre2_set_callout(w->limits, walk_on_place, w);
    return w->found && w->limits;
}

static void
walk_end(struct walk *w)
{
    pcre2_match_data_free(w->found);
    pcre2_match_context_free(w->limits);
}

static void
append_replacement(const struct walk *w, struct buf *out)
{
    struct slice rest = w->replacement;
    if (w->pattern->literal) {
        buf_append(out, rest);
        return;
    }
    while (rest.n) {
        struct piece piece = take_piece(&rest);
        if (piece.name.n)
            append_group(w->pattern, w->found, w->subject, piece.name, out);
        else
            buf_append(out, piece.text);
    }
}

/* Below 0: no further match, or too many steps, or too much time. */
static int
walk_next(const struct walk *w, bool may_be_empty)
{
    uint32_t options = may_be_empty ? 0 : PCRE2_NOTEMPTY_ATSTART;
    return pcre2_match(w->pattern->code, (PCRE2_SPTR)(w->subject.n ? w->subject.p : ""),
                       w->subject.n, w->at, options, w->found, w->limits);
}

static size_t
replace_all(struct walk *w, struct buf *out)
{
    size_t count = 0, copied = 0;
    int code = walk_next(w, true);
    for (; code >= 0 && count < PATTERN_REPLACED_MAX; count++) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(w->found);
        if (at[0] < copied || at[1] < at[0]) /* \K in a look-around can say so */
            break;
        buf_append(out, slice_of(w->subject.p + copied, at[0] - copied));
        append_replacement(w, out);
        copied = w->at = at[1];
        /* Behind a match another one may begin, but not one without a byte. */
        code = walk_next(w, false);
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
    size_t n = walk_begin(&w, p, subject, replacement) ? replace_all(&w, out) : 0;
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
    bool found = walk_begin(&w, p, subject, replacement) && walk_next(&w, true) >= 0;
    if (found)
        append_replacement(&w, out);
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
    bool found = walk_begin(&w, p, subject, SLICE_NONE) && walk_next(&w, true) >= 0;
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
