/* Pipes between sockets: splice(2), which is of Linux. */
#include "io/pipe.h"

#include "base/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

/* Each two descriptors. More than that are needed only when so many peers read slowly. */
#define PIPES_MAX   64
#define PIPES_SPARE 4
#define PIPE_SIZE   (256 << 10)

struct pipe {
    struct pipe *next; /* of the spare ones */
    int in, out;
    size_t n;
};

#ifdef __linux__

#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

static bool
pipe_open(struct pipe *p)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    /* It has 64 KiB else, and stays so when the user has too much in pipes. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    *p = (struct pipe){.out = ends[0], .in = ends[1]};
    return true;
}

ssize_t
pipe_fill(struct pipe *p, int from, size_t max)
{
    ssize_t n = splice(from, NULL, p->in, NULL, max, SPLICE_FLAGS);
    p->n += n > 0 ? (size_t)n : 0;
    return n;
}

ssize_t
pipe_drain(struct pipe *p, int to)
{
    ssize_t n = splice(p->out, NULL, to, NULL, p->n, SPLICE_FLAGS);
    p->n -= n > 0 ? (size_t)n : 0;
    return n;
}

#else

static bool
pipe_open(struct pipe *p)
{
    (void)p;
    return false;
}

ssize_t
pipe_fill(struct pipe *p, int from, size_t max)
{
    (void)p, (void)from, (void)max;
    return 0;
}

ssize_t
pipe_drain(struct pipe *p, int to)
{
    (void)p, (void)to;
    return 0;
}

#endif

struct pipe *
pipe_take(struct pipes *ps)
{
    struct pipe *p = ps->spare;
    if (p) {
        ps->spare = p->next;
        ps->n_spare--;
        return p;
    }
    p = ps->n_open < PIPES_MAX ? mem_alloc(sizeof(*p)) : NULL;
    if (!p || !pipe_open(p)) {
        mem_free(p);
        return NULL;
    }
    ps->n_open++;
    return p;
}

static void
pipe_close(struct pipes *ps, struct pipe *p)
{
    close(p->in);
    close(p->out);
    mem_free(p);
    ps->n_open--;
}

void
pipe_give(struct pipes *ps, struct pipe *p)
{
    if (!p)
        return;
    if (p->n || ps->n_spare == PIPES_SPARE) {
        pipe_close(ps, p);
        return;
    }
    p->next = ps->spare;
    ps->spare = p;
    ps->n_spare++;
}

size_t
pipe_len(const struct pipe *p)
{
    return p->n;
}

void
pipes_release(struct pipes *ps)
{
    struct pipe *p;
    while ((p = ps->spare)) {
        ps->spare = p->next;
        pipe_close(ps, p);
    }
    assert(!ps->n_open);
}
