/* The content of chunked messages without its framing. */
#include "lib/unchunk.h"

#include "lib/heap.h"

struct output {
    char *p;
    size_t n;
};

static void
emit(struct output *o, const char *p, size_t n)
{
    memmove(o->p + o->n, p, n);
    o->n += n;
}

static void
hold(struct unchunk *u, char c)
{
    if (u->n == u->cap) {
        u->cap = u->cap ? u->cap * 2 : 256;
        u->held = heap_grow(u->held, u->cap);
    }
    u->held[u->n++] = c;
}

static bool
held_ends(const struct unchunk *u, struct slice end)
{
    return slice_ends(slice_of(u->held, u->n), end);
}

static bool
held_says_chunked(const struct unchunk *u)
{
    static const struct slice field = {"transfer-encoding: chunked\r\n", 28};
    struct slice head = slice_of(u->held, u->n);
    for (size_t i = 0; i + field.n <= head.n; i++)
        if (slice_eq_nocase(slice_first(slice_from(head, i), field.n), field))
            return true;
    return false;
}

static void
in_head(struct unchunk *u, char c, struct output *o)
{
    emit(o, &c, 1);
    hold(u, c);
    if (!held_ends(u, SLICE("\r\n\r\n")))
        return;
    u->state = held_says_chunked(u) ? UNCHUNK_SIZE : UNCHUNK_HEAD;
    u->n = 0;
}

static void
in_size(struct unchunk *u, char c, struct output *o)
{
    hold(u, c);
    if (c != '\n' || u->n < 2)
        return;
    struct slice line = slice_of(u->held, u->n - 2);
    size_t ext = slice_find(line, ';');
    hold(u, '\0');
    u->left = strtoull(u->held, NULL, 16);
    u->state = u->left ? UNCHUNK_DATA : UNCHUNK_TRAILERS;
    emit(o, u->held + ext, line.n - ext);
    if (!u->left)
        emit(o, "0\r\n", 3);
    u->n = 0;
}

static void
in_data(struct unchunk *u, char c, struct output *o)
{
    emit(o, &c, 1);
    if (--u->left == 0)
        u->state = UNCHUNK_DATA_END;
}

static void
in_data_end(struct unchunk *u, char c, struct output *o)
{
    if (c == '\n')
        u->state = UNCHUNK_SIZE;
}

static void
in_trailers(struct unchunk *u, char c, struct output *o)
{
    emit(o, &c, 1);
    hold(u, c);
    if (c != '\n')
        return;
    if (u->n == 2)
        u->state = UNCHUNK_HEAD;
    u->n = 0;
}

char *
unchunk(struct unchunk *u, struct slice bytes, size_t *n)
{
    static void (*const steps[])(struct unchunk *, char, struct output *) = {
        [UNCHUNK_HEAD] = in_head,         [UNCHUNK_SIZE] = in_size,
        [UNCHUNK_DATA] = in_data,         [UNCHUNK_DATA_END] = in_data_end,
        [UNCHUNK_TRAILERS] = in_trailers,
    };
    /* What was held of a size line may come out in front. */
    struct output o = {.p = heap_grow(NULL, bytes.n + u->n + 8)};
    for (size_t i = 0; i < bytes.n; i++)
        steps[u->state](u, bytes.p[i], &o);
    *n = o.n;
    return o.p;
}

void
unchunk_release(struct unchunk *u)
{
    free(u->held);
    *u = (struct unchunk){0};
}
