/* Playbooks, run in every way: whole, in pieces, and with each allocation failing. */
#include "lib/playbook.h"

#include "base/mem.h"
#include "lib/heap.h"
#include "lib/unchunk.h"

#include <stdio.h>

#define SMALL (100u << 10) /* who reads more is cut into larger pieces */
/* Failing allocations that are tried: all, or some of very many; fewer when much is read each time.
 */
#define FAILURES      400
#define FAILURES_READ (100u << 20)

/* The leak sanitizer's; absent without it. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct run {
    const struct playbook *book;
    size_t piece;          /* 0: as the driver reads */
    unsigned long failing; /* the allocation that fails; nothing is compared then */
    struct unchunk want[RIG_CONNS], did[RIG_CONNS];
    struct lines sent[RIG_CONNS]; /* bytes to each server, when all goes well */
    bool good;
};

static void
complain(struct run *run, unsigned at, const char *what)
{
    run->good = false;
    fprintf(stderr, "%s:%u: %s", run->book->path, at, what);
    if (run->failing)
        fprintf(stderr, " (with allocation %lu failing)", run->failing);
    else if (run->piece)
        fprintf(stderr, " (in pieces of %zu)", run->piece);
    fputc('\n', stderr);
}

/* Whose line it is: 0 the client's, 1 and on the servers', RIG_CONNS the host's. */
static size_t
line_actor(const struct line *l)
{
    struct slice text = slice_str(l->text);
    if (slice_starts(text, SLICE("client")))
        return 0;
    if (!slice_starts(text, SLICE("server")))
        return RIG_CONNS;
    unsigned long n = text.n > 7 ? strtoul(text.p + 7, NULL, 10) : 0;
    return n ? n % RIG_CONNS : 1;
}

/* Bytes of a frame of HTTP/2: 'server data 1', 'client headers 3 end'. */
static bool
line_is_frame(const struct line *l)
{
    return strstr(l->text, " data ") || strstr(l->text, " headers ");
}

/*
 * What does not hang on how the bytes arrived: for each actor its lines in their order, without the
 * framing of chunks. What one does before the other may differ, and a line of which nothing is left
 * is not there.
 */
static struct lines
essence(const struct lines *from, struct unchunk u[RIG_CONNS])
{
    struct lines to = {0};
    for (size_t actor = 0; actor <= RIG_CONNS; actor++) {
        for (size_t i = 0; i < from->n; i++) {
            const struct line *l = &from->v[i];
            if (line_actor(l) != actor)
                continue;
            if (!l->bytes) {
                lines_add(&to, "%s", l->text);
                continue;
            }
            if (line_is_frame(l)) {
                lines_add_bytes(&to, l->text, slice_of(l->bytes, l->n));
                continue;
            }
            size_t n;
            char *content = unchunk(&u[actor], slice_of(l->bytes, l->n), &n);
            if (n)
                lines_add_bytes(&to, l->text, slice_of(content, n));
            free(content);
        }
    }
    return to;
}

static void
compare(struct run *run, const struct step *s, const struct lines *did)
{
    struct lines want_essence = {0}, did_essence = {0};
    const struct lines *want = &s->want;
    if (run->piece || run->book->loose) {
        want_essence = essence(want, run->want);
        did_essence = essence(did, run->did);
        want = &want_essence;
        did = &did_essence;
    }
    if (!lines_equal(want, did)) {
        complain(run, s->at, s->text);
        lines_print(stderr, want, "    want  ");
        lines_print(stderr, did, "    did   ");
    }
    lines_release(&want_essence);
    lines_release(&did_essence);
}

/* The bytes of the lines, by server. */
static void
gather(struct lines sent[RIG_CONNS], const struct lines *did)
{
    for (size_t i = 0; i < did->n; i++) {
        const struct line *l = &did->v[i];
        size_t actor = line_actor(l);
        if (l->bytes && actor > 0 && actor < RIG_CONNS && !line_is_frame(l))
            lines_add_bytes(&sent[actor], "", slice_of(l->bytes, l->n));
    }
}

static bool
was_sent(const struct run *run, const struct line *l)
{
    for (size_t i = 0; i < RIG_CONNS; i++)
        if (run->sent[i].n && memmem(run->sent[i].v->bytes, run->sent[i].v->n, l->bytes, l->n))
            return true;
    return false;
}

/* Whatever fails, a server gets what it would have got, or less: nothing that could be read as
 * something else. */
static void
check_sent(struct run *run, const struct lines *did)
{
    struct lines sent[RIG_CONNS] = {0};
    gather(sent, did);
    for (size_t i = 0; i < RIG_CONNS; i++) {
        if (sent[i].n && !was_sent(run, sent[i].v)) {
            complain(run, 1, "a server got something else");
            lines_print(stderr, &sent[i], "    did   server");
        }
        lines_release(&sent[i]);
    }
}

static void
run_steps(struct run *run, struct rig *r)
{
    for (size_t i = 0; i < run->book->n && run->good; i++) {
        const struct step *s = &run->book->steps[i];
        lines_release(&r->did);
        if (!deed_do(&s->deed, r))
            complain(run, s->at, "this cannot happen here");
        else
            compare(run, s, &r->did);
        if (!run->piece)
            gather(run->sent, &r->did);
    }
}

static void
run_steps_failing(struct run *run, struct rig *r)
{
    for (size_t i = 0; i < run->book->n; i++)
        deed_do(&run->book->steps[i].deed, r);
    check_sent(run, &r->did);
}

/* Returns how many bytes were read. */
static size_t
run_once(struct run *run)
{
    struct rig_options o = run->book->options;
    if (run->piece)
        o.piece = run->piece;
    run->good = true;
    mem_fail_at(run->failing);
    struct rig *r = rig_new(&o);
    if (r && run->failing)
        run_steps_failing(run, r);
    else if (r)
        run_steps(run, r);
    else if (!run->failing)
        complain(run, 1, "no stack");
    const char *open = r && run->good ? rig_finish(r) : NULL;
    if (open)
        complain(run, 1, open);
    size_t read = r ? r->read : 0;
    if (r)
        rig_free(r);
    for (size_t i = 0; i < RIG_CONNS; i++) {
        unchunk_release(&run->want[i]);
        unchunk_release(&run->did[i]);
    }
    return read;
}

static bool
run_failing(struct run *run, unsigned long count, size_t read)
{
    unsigned long step = 1 + count / MIN(FAILURES, 1 + FAILURES_READ / (read + 1));
    for (run->failing = 1; run->failing <= count && run->good; run->failing += step)
        run_once(run);
    mem_fail_at(0);
    return run->good;
}

/* The plug is pulled after every step. */
static void
run_cut(const struct playbook *p)
{
    struct rig_options o = p->options;
    o.quiet = true;
    for (size_t steps = 1; steps <= p->n; steps++) {
        struct rig *r = rig_new(&o);
        for (size_t i = 0; i < steps; i++)
            deed_do(&p->steps[i].deed, r);
        rig_free(r);
    }
}

bool
playbook_run(const struct playbook *p)
{
    static const size_t pieces[] = {64, 7, 3, 2, 1};
    struct run run = {.book = p};
    size_t read = run_once(&run);
    unsigned long count = mem_count();
    for (size_t i = 0; i < ARRAY_LEN(pieces) && run.good && p->split; i++) {
        run.piece = read > SMALL ? pieces[i] * 1021 : pieces[i];
        run_once(&run);
    }
    run.piece = 0;
    run_cut(p);
    bool good = run.good && run_failing(&run, count, read);
    for (size_t i = 0; i < RIG_CONNS; i++)
        lines_release(&run.sent[i]);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) {
        complain(&run, 1, "leaks memory");
        return false;
    }
    return good;
}
