/* Messages of a flow: what is kept of them, and what goes when there are too many. */
#include "flow/message.h"

#include "base/mem.h"
#include "codec/ws_frame.h"

#define SHARE 8 /* of the budget is an eighth for one flow */

static const char *const kinds[MESSAGE_KINDS_N] = {
    [MESSAGE_WS] = "ws", [MESSAGE_TCP] = "tcp", [MESSAGE_SSE] = "sse", [MESSAGE_GRPC] = "grpc"};

const char *
message_kind_name(enum message_kind k)
{
    return kinds[k];
}

static struct message *
message_at(struct list *node)
{
    return container_of(node, struct message, node);
}

/* The struct with its name and frames; the contents count for themselves. */
static size_t
message_cost(const struct message *m)
{
    return sizeof *m + m->name.n + m->by.n +
           (m->frames ? MESSAGE_FRAMES_MAX * sizeof *m->frames : 0);
}

static size_t
message_memory(const struct message *m)
{
    return message_cost(m) + body_memory(&m->raw) + body_memory(&m->plain) + body_memory(&m->sent);
}

static void
message_free(struct messages *ms, struct message *m)
{
    list_remove(&m->node);
    ms->n--;
    ms->bytes -= message_memory(m);
    budget_give(ms->budget, message_cost(m));
    body_release(&m->raw);
    body_release(&m->plain);
    body_release(&m->sent);
    mem_free((char *)(uintptr_t)m->name.p);
    mem_free((char *)(uintptr_t)m->by.p);
    mem_free(m->frames);
    mem_free(m);
}

/* The oldest one that is complete. */
static bool
messages_shed(struct messages *ms)
{
    list_for (it, &ms->list)
        if (!message_at(it)->open) {
            message_free(ms, message_at(it));
            return true;
        }
    return false;
}

static bool
messages_have_room(const struct messages *ms, size_t n)
{
    const struct budget *b = ms->budget;
    return !b || (ms->bytes + n <= b->max / SHARE && atomic_load(&b->used) + n <= b->max);
}

static void
messages_make_room(struct messages *ms, size_t n)
{
    while (!messages_have_room(ms, n) && messages_shed(ms))
        ;
}

static struct messages *
messages_need(struct flow *f)
{
    if (f->messages)
        return f->messages;
    struct messages *ms = arena_alloc(f->arena, sizeof *ms);
    if (!ms)
        return NULL;
    ms->budget = f->req.body.budget;
    list_init(&ms->list);
    return f->messages = ms;
}

/* Memory that is counted; NULL when there is none, or none left to count. */
static void *
take(struct messages *ms, size_t n)
{
    messages_make_room(ms, n);
    if (!budget_take(ms->budget, n))
        return NULL;
    void *p = mem_zalloc(n);
    if (p)
        ms->bytes += n;
    else
        budget_give(ms->budget, n);
    return p;
}

struct message *
message_begin(struct flow *f, const struct message *about)
{
    struct messages *ms = messages_need(f);
    if (!ms)
        return NULL;
    ms->total++;
    while (ms->n >= MESSAGES_MAX && messages_shed(ms))
        ;
    struct message *m = take(ms, sizeof *m);
    if (!m)
        return NULL;
    m->number = ms->total;
    m->kind = about->kind;
    m->up = about->up;
    m->at = about->at;
    m->opcode = about->opcode;
    m->flags = about->flags;
    m->open = true;
    body_init(&m->raw, ms->budget, NULL);
    body_init(&m->plain, ms->budget, NULL);
    body_init(&m->sent, ms->budget, NULL);
    list_push(&ms->list, &m->node);
    ms->n++;
    return m;
}

void /* NOLINTNEXTLINE(readability-function-size): whose content, what, and how much of it */
message_add(struct flow *f, struct message *m, struct body *to, struct slice s, uint64_t limit,
            uint64_t expect)
{
    if (!m)
        return;
    size_t before = body_memory(to);
    if (!to->cut)
        messages_make_room(f->messages, (size_t)MIN(s.n, limit));
    body_append(to, s, limit, expect);
    f->messages->bytes += body_memory(to) - before;
}

void
message_drop(struct flow *f, struct message *m, struct body *content)
{
    if (!m)
        return;
    f->messages->bytes -= body_memory(content);
    body_release(content);
}

void
message_frame(struct flow *f, struct message *m, uint64_t size)
{
    if (!m)
        return;
    /* One frame is the size of the content: only a second one makes them worth keeping. */
    if (m->n_frames == 1) {
        m->frames = take(f->messages, MESSAGE_FRAMES_MAX * sizeof *m->frames);
        if (m->frames)
            m->frames[0] = m->raw.size /* so far: all of the first one */;
    }
    if (m->frames && m->n_frames < MESSAGE_FRAMES_MAX)
        m->frames[m->n_frames] = size;
    m->n_frames++;
    if (m->n_frames > 1)
        m->flags |= MESSAGE_FRAGMENTED;
}

void
message_name(struct flow *f, struct message *m, struct slice *to, struct slice name)
{
    name = slice_first(name, MESSAGE_NAME_MAX);
    char *copy = m && name.n && !to->n ? take(f->messages, name.n) : NULL;
    if (!copy)
        return;
    memcpy(copy, name.p, name.n);
    *to = slice_of(copy, name.n);
}

void
message_revert(struct flow *f, struct message *m)
{
    message_drop(f, m, &m->sent);
    m->flags &= ~(unsigned)MESSAGE_EDITED;
}

bool
message_edit(struct flow *f, struct message *m, struct slice content, struct slice by)
{
    message_revert(f, m);
    message_add(f, m, &m->sent, content, UINT64_MAX, content.n);
    if (m->sent.cut) {
        message_drop(f, m, &m->sent);
        return false;
    }
    m->flags |= MESSAGE_EDITED;
    message_name(f, m, &m->by, by);
    return true;
}

void
message_end(struct flow *f, struct message *m)
{
    if (!m)
        return;
    m->open = false;
    if (f->messages->now == m)
        f->messages->now = NULL;
}

const struct body *
message_body(const struct message *m)
{
    return m->flags & (MESSAGE_COMPRESSED | MESSAGE_INJECTED) || m->kind == MESSAGE_SSE ? &m->plain
                                                                                        : &m->raw;
}

const struct body *
message_now(const struct message *m)
{
    return m->flags & MESSAGE_EDITED ? &m->sent : message_body(m);
}

bool
message_is_text(const struct message *m)
{
    return m->kind == MESSAGE_SSE || (m->kind == MESSAGE_WS && m->opcode == WS_TEXT);
}

uint64_t
messages_lost(const struct messages *ms)
{
    return ms ? ms->total - ms->n : 0;
}

struct message *
messages_from(const struct messages *ms, uint64_t number)
{
    if (!ms)
        return NULL;
    list_for (it, &ms->list)
        if (message_at(it)->number >= number)
            return message_at(it);
    return NULL;
}

struct message *
messages_next(const struct messages *ms, const struct message *m)
{
    return m->node.next == &ms->list ? NULL : message_at(m->node.next);
}

size_t
messages_memory(const struct messages *ms)
{
    size_t n = 0;
    if (ms)
        list_for (it, &ms->list)
            n += message_memory(message_at(it));
    return n;
}

void
messages_free(struct messages *ms)
{
    while (ms && !list_empty(&ms->list))
        message_free(ms, message_at(ms->list.next));
}
