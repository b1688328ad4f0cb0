/* The watcher for the change to TLS, and what its protocols have in common. */
#include "codec/starttls.h"

#define STARTTLS_PROTOCOL(name) extern const struct starttls_ops starttls_##name;
#include "codec/starttls_list.h"
#undef STARTTLS_PROTOCOL

static const struct starttls_ops *const protocols[] = {
#define STARTTLS_PROTOCOL(name) &starttls_##name,
#include "codec/starttls_list.h"
#undef STARTTLS_PROTOCOL
};

const struct starttls_ops *
starttls_detect(enum starttls_side side, struct slice first, bool *unsure)
{
    *unsure = false;
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
        int said = protocols[i]->first == side ? protocols[i]->detect(first) : 0;
        if (said > 0)
            return protocols[i];
        *unsure |= said < 0;
    }
    return NULL;
}

void
starttls_init(struct starttls *s, const struct starttls_ops *ops)
{
    *s = (struct starttls){.ops = ops};
}

size_t
starttls_skip(struct starttls *s, enum starttls_side side, struct slice in, uint64_t size)
{
    size_t now = size < in.n ? (size_t)size : in.n;
    s->skip[side] = size - now;
    return now;
}

struct slice
starttls_line(struct slice unit)
{
    while (unit.n &&
           (unit.p[unit.n - 1] == '\n' || unit.p[unit.n - 1] == '\r' || unit.p[unit.n - 1] == ' '))
        unit.n--;
    return unit;
}

bool
starttls_listed(const char *words, struct slice word)
{
    struct slice rest = slice_str(words);
    while (rest.n)
        if (slice_eq_nocase(slice_cut(&rest, ' '), word))
            return true;
    return false;
}

void
starttls_count_command(struct starttls *s, struct slice unit, struct slice request,
                       const char *late)
{
    struct slice line = starttls_line(unit), rest = line;
    s->pending++;
    if (slice_eq_nocase(line, request))
        s->state = STARTTLS_ASKED;
    else if (starttls_listed(late, slice_cut(&rest, ' ')))
        s->state = STARTTLS_OVER;
}

void
starttls_count_answer(struct starttls *s, bool good)
{
    if (!s->greeted) {
        s->greeted = true;
        return;
    }
    s->pending -= s->pending > 0;
    if (s->state == STARTTLS_ASKED && !s->pending)
        s->state = good ? STARTTLS_CHANGE : STARTTLS_WATCH;
}

/* Whether bytes of the side may pass at all now. */
static bool
is_open(const struct starttls *s, enum starttls_side side)
{
    return s->state == STARTTLS_WATCH || (s->state == STARTTLS_ASKED && side == STARTTLS_SERVER);
}

/* Takes byte by byte until a unit has changed the state. */
static size_t
take_text(struct starttls *s, enum starttls_side side, struct slice in)
{
    size_t i = 0;
    while (i < in.n && is_open(s, side)) {
        char byte = in.p[i++];
        if (s->unit_n[side] < STARTTLS_UNIT)
            s->unit[side][s->unit_n[side]++] = byte;
        if (byte != s->ops->end)
            continue;
        s->ops->unit[side](s, slice_of(s->unit[side], s->unit_n[side]));
        s->unit_n[side] = 0;
    }
    return i;
}

static size_t
take_binary(struct starttls *s, enum starttls_side side, struct slice in)
{
    size_t taken = 0;
    while (taken < in.n && is_open(s, side)) {
        struct slice rest = slice_from(in, taken);
        size_t n = s->skip[side] ? starttls_skip(s, side, rest, s->skip[side])
                                 : s->ops->take[side](s, rest);
        if (!n)
            break;
        taken += n;
    }
    return taken;
}

size_t
starttls_take(struct starttls *s, enum starttls_side side, struct slice in)
{
    size_t n = s->ops->end ? take_text(s, side, in) : take_binary(s, side, in);
    return s->state == STARTTLS_OVER ? in.n : n;
}
