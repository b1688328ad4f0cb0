/* Regular expressions of PCRE2, held to limits of steps and of time. */
#include "flow/filter_text.h"

#include "base/clock.h"
#include "base/mem.h"

#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What one starting place may cost, and all that is matched in one room. */
#define STEPS_MAX 100000u
#define DEPTH_MAX 5000u
#define HEAP_KIB  8192u
#define TIME_MAX  (250 * NS_PER_MS)

/* Shorter texts need no look at the clock: what their places may cost is little. */
#define SHORT_MAX 256u
/* Starting places between two looks at the clock. */
#define TIME_EVERY 16u
/* When what is quick to ask is no longer believed. */
#define TIME_QUICK (2 * NS_PER_MS)

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits; /* for short texts */
};

static bool
has_wide(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static uint32_t
compile_options(unsigned flags, bool utf)
{
    uint32_t o = PCRE2_NEVER_BACKSLASH_C;
    o |= flags & REGEX_CASE ? 0 : PCRE2_CASELESS;
    o |= flags & REGEX_LINES ? PCRE2_MULTILINE : 0;
    o |= flags & REGEX_ALL ? PCRE2_DOTALL : 0;
    return o | (utf ? PCRE2_UTF | PCRE2_MATCH_INVALID_UTF : 0);
}

static void *
give_memory(size_t n, void *arg)
{
    (void)arg;
    return mem_alloc(n);
}

static void
take_memory(void *p, void *arg)
{
    (void)arg;
    mem_free(p);
}

static pcre2_code *
compile(struct slice pattern, uint32_t options, size_t *at, struct err *e)
{
    pcre2_general_context *general = pcre2_general_context_create(give_memory, take_memory, NULL);
    pcre2_compile_context *ctx = general ? pcre2_compile_context_create(general) : NULL;
    pcre2_code *code = NULL;
    int number = 0;
    PCRE2_SIZE where = 0;
    if (ctx) {
        pcre2_set_newline(ctx, PCRE2_NEWLINE_ANYCRLF);
        code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, options, &number,
                             &where, ctx);
    }
    pcre2_compile_context_free(ctx);
    pcre2_general_context_free(general);
    if (code)
        return code;
    if (!ctx || number == PCRE2_ERROR_HEAP_FAILED) {
        err_memory(e);
        return NULL;
    }
    PCRE2_UCHAR why[160] = {0};
    pcre2_get_error_message(number, why, sizeof(why));
    err_set(e, ERR_USAGE, "bad regular expression: %s", (const char *)why);
    if (at)
        *at = MIN(where, pattern.n);
    return NULL;
}

/* The settings at the front: "(*UCP)", "(*LIMIT_MATCH=9)", which nothing may stand before. */
static size_t
settings_n(struct slice text)
{
    size_t n = 0;
    while (slice_starts(slice_from(text, n), SLICE("(*"))) {
        size_t to = n + 2;
        while (to < text.n && (text.p[to] == '_' || (text.p[to] >= '0' && text.p[to] <= 'Z')))
            to++;
        if (to == text.n || text.p[to] != ')')
            break;
        n = to + 1;
    }
    return n;
}

void
regex_mark(struct slice pattern, struct buf *out)
{
    size_t n = settings_n(pattern);
    buf_append(out, slice_first(pattern, n));
    buf_append(out, SLICE("(?C1)"));
    buf_append(out, slice_from(pattern, n));
}

/* What is wrong is said of the text as it is written. */
static pcre2_code *
compile_marked(struct slice pattern, uint32_t options, size_t *at, struct err *e)
{
    struct buf marked;
    pcre2_code *code = compile(pattern, options, at, e);
    if (!code)
        return NULL;
    pcre2_code_free(code);
    buf_init(&marked, pattern.n + REGEX_MARK_N);
    regex_mark(pattern, &marked);
    code = marked.failed ? NULL : compile(buf_slice(&marked), options, at, e);
    if (marked.failed)
        err_memory(e);
    buf_release(&marked);
    return code;
}

/* NULL without memory. */
static pcre2_match_context *
limits_new(void)
{
    pcre2_general_context *general = pcre2_general_context_create(give_memory, take_memory, NULL);
    pcre2_match_context *limits = general ? pcre2_match_context_create(general) : NULL;
    pcre2_general_context_free(general);
    if (!limits)
        return NULL;
    pcre2_set_match_limit(limits, STEPS_MAX);
    pcre2_set_depth_limit(limits, DEPTH_MAX);
    pcre2_set_heap_limit(limits, HEAP_KIB);
    return limits;
}

static bool
regex_init(struct regex *r, struct slice pattern, unsigned flags, size_t *at, struct err *e)
{
    r->limits = limits_new();
    if (!r->limits)
        return err_memory(e);
    r->code = compile_marked(pattern, compile_options(flags, has_wide(pattern)), at, e);
    if (!r->code)
        return false;
    /* Where no memory may become runnable this fails, and the interpreter does the work. */
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    return true;
}

struct regex *
regex_new(struct slice pattern, unsigned flags, size_t *at, struct err *e)
{
    struct regex *r = mem_zalloc(sizeof(*r));
    if (!r) {
        err_memory(e);
        return NULL;
    }
    if (regex_init(r, pattern, flags, at, e))
        return r;
    regex_free(r);
    return NULL;
}

void
regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    pcre2_match_context_free(r->limits);
    mem_free(r);
}

/* What the thread has worked, whatever others took of the machine meanwhile. */
static uint64_t
thread_time(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Counts the time since it was last counted. What is quick to ask counts until it matters, then the
 * thread's own time. */
static void
count_time(struct regex_room *room)
{
    uint64_t now = clock_mono();
    room->spent += now - room->counted;
    room->counted = now;
    if (room->spent > TIME_QUICK && !room->begun)
        room->begun = thread_time();
    if (room->spent > TIME_MAX)
        room->spent = thread_time() - room->begun;
}

/* Each starting place has its own steps, of which a long text has many. */
static int
on_place(pcre2_callout_block *block, void *arg)
{
    struct regex_room *room = arg;
    if (block->callout_number != 1 || ++room->places % TIME_EVERY)
        return 0;
    count_time(room);
    return room->spent > TIME_MAX ? PCRE2_ERROR_MATCHLIMIT : 0;
}

void
regex_room_release(struct regex_room *room)
{
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->limits);
    *room = (struct regex_room){0};
}

static bool
match_with(const struct regex *r, const struct regex_room *room, struct slice s,
           pcre2_match_context *limits)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(s.p ? s.p : "");
    int rc = pcre2_match(r->code, text, s.n, 0, 0, room->data, limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, text, s.n, 0, PCRE2_NO_JIT, room->data, limits);
    return rc >= 0;
}

static pcre2_match_context *
room_limits(struct regex_room *room)
{
    if (!room->limits)
        room->limits = limits_new();
    if (room->limits)
        pcre2_set_callout(room->limits, on_place, room);
    return room->limits;
}

bool
regex_match(const struct regex *r, struct regex_room *room, struct slice s)
{
    if (!room->data)
        room->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    pcre2_match_context *limits = s.n < SHORT_MAX ? r->limits : room_limits(room);
    if (!room->data || !limits || room->spent > TIME_MAX)
        return false;
    room->counted = clock_mono();
    bool found = match_with(r, room, s, limits);
    count_time(room);
    return found;
}
