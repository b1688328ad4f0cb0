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

/* Starting places between two looks at the clock: four times as many while it goes fast. */
#define WINDOW_FIRST 256u
#define WINDOW_MAX   ((size_t)1 << 20)
#define WINDOW_TIME  (2 * NS_PER_MS)

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits; /* for texts that are one window */
    bool utf;
    bool anchored; /* matches at the beginning or not at all */
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
    uint32_t o = PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
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
    uint32_t options = 0;
    r->utf = has_wide(pattern);
    r->limits = limits_new();
    if (!r->limits)
        return err_memory(e);
    r->code = compile(pattern, compile_options(flags, r->utf), at, e);
    if (!r->code)
        return false;
    /* Where no memory may become runnable this fails, and the interpreter does the work. */
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(r->code, PCRE2_INFO_ALLOPTIONS, &options);
    r->anchored = options & PCRE2_ANCHORED;
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

/* Counts the time since 'then', and returns the time now. What is quick to ask counts until it
 * matters, then the thread's own time. */
static uint64_t
count_time(struct regex_room *room, uint64_t then)
{
    uint64_t now = clock_mono();
    room->spent += now - then;
    if (room->spent > WINDOW_TIME && !room->begun)
        room->begun = thread_time();
    if (room->spent > TIME_MAX)
        room->spent = thread_time() - room->begun;
    return now;
}

void
regex_room_release(struct regex_room *room)
{
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->limits);
    *room = (struct regex_room){0};
}

static int
match_from(const struct regex *r, const struct regex_room *room, struct slice s, size_t from)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(s.p ? s.p : "");
    bool whole = s.n < WINDOW_FIRST;
    pcre2_match_context *limits = whole ? r->limits : room->limits;
    int rc = pcre2_match(r->code, text, s.n, from, 0, room->data, limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, text, s.n, from, PCRE2_NO_JIT, room->data, limits);
    return rc;
}

/* The first place from 'at' on that is not inside of a character. */
static size_t
whole_character(const struct regex *r, struct slice s, size_t at)
{
    while (r->utf && at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* As large as goes fast, so that the looks at the clock are few. */
static size_t
next_window(size_t window, uint64_t took)
{
    if (took > WINDOW_TIME)
        return MAX(window / 4, 16u);
    return MIN(window * 4, WINDOW_MAX);
}

/* The end of the text is a starting place too. */
static bool
match_windows(const struct regex *r, struct regex_room *room, struct slice s)
{
    size_t window = WINDOW_FIRST, from = whole_character(r, s, 0);
    for (uint64_t now = clock_mono(); room->spent <= TIME_MAX;) {
        size_t to = s.n - from < window ? s.n + 1 : whole_character(r, s, from + window);
        if (s.n >= WINDOW_FIRST)
            pcre2_set_offset_limit(room->limits, to - 1);
        int rc = match_from(r, room, s, from);
        uint64_t then = now;
        now = count_time(room, then);
        if (rc != PCRE2_ERROR_NOMATCH)
            return rc >= 0;
        if (to > s.n || r->anchored)
            return false;
        window = next_window(window, now - then);
        from = to;
    }
    return false;
}

bool
regex_match(const struct regex *r, struct regex_room *room, struct slice s)
{
    if (!room->data)
        room->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    if (!room->limits && s.n >= WINDOW_FIRST)
        room->limits = limits_new();
    bool ready = room->data && (room->limits || s.n < WINDOW_FIRST);
    return ready && match_windows(r, room, s);
}
