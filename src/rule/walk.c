/* Walks over the matches of a pattern, and what takes their place. */
#include "rule/walk.h"

#include "base/clock.h"
#include "base/scan.h"

#include <time.h>

/* How many starting places are tried between two looks at the clock. */
#define TIME_EVERY 16u

int
walk_group(const struct pattern *p, struct slice name)
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

struct walk_piece
walk_piece_take(struct slice *rest)
{
    struct walk_piece out = {.text = slice_first(*rest, slice_find(*rest, '$'))};
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

static void
append_group(const struct pattern *p, pcre2_match_data *found, struct slice subject,
             struct slice name, struct buf *out)
{
    int number = walk_group(p, name);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(found);
    if (number < 0 || (uint32_t)number >= pcre2_get_ovector_count(found))
        return;
    PCRE2_SIZE from = at[2 * number], to = at[2 * number + 1];
    if (from != PCRE2_UNSET && from < to)
        buf_append(out, slice_of(subject.p + from, to - from));
}

uint64_t
walk_time(void)
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
    return look && walk_time() - w->begun > w->time_max ? PCRE2_ERROR_MATCHLIMIT : 0;
}

bool
walk_begin(struct walk *w, const struct pattern *p, struct slice subject, struct slice replacement,
           uint64_t time_max)
{
    *w = (struct walk){.pattern = p,
                       .found = pcre2_match_data_create_from_pattern(p->code, NULL),
                       .limits = pcre2_match_context_copy(p->limits),
                       .subject = subject,
                       .replacement = replacement,
                       .begun = walk_time(),
                       .time_max = time_max};
    if (w->limits)
        pcre2_set_callout(w->limits, walk_on_place, w);
    return w->found && w->limits;
}

void
walk_end(struct walk *w)
{
    pcre2_match_data_free(w->found);
    pcre2_match_context_free(w->limits);
}

void
walk_append(const struct walk *w, struct buf *out)
{
    struct slice rest = w->replacement;
    if (w->pattern->literal) {
        buf_append(out, rest);
        return;
    }
    while (rest.n) {
        struct walk_piece piece = walk_piece_take(&rest);
        if (piece.name.n)
            append_group(w->pattern, w->found, w->subject, piece.name, out);
        else
            buf_append(out, piece.text);
    }
}

int
walk_next(const struct walk *w, uint32_t options)
{
    return pcre2_match(w->pattern->code, (PCRE2_SPTR)(w->subject.n ? w->subject.p : ""),
                       w->subject.n, w->at, options, w->found, w->limits);
}
