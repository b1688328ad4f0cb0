/* Who hears of moments, and the messages that wait for him. */
#include "ui/web/hearing.h"

#include "api/json_in.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "flow/filter.h"
#include "io/loop.h"
#include "ui/web/moment_json.h"
#include "ui/web/websocket.h"

#include <pthread.h>

#define MESSAGE_MAX ((size_t)1 << 20)

struct hub {
    struct audience *audience;
    struct loop *loop;
    pthread_mutex_t lock; /* guards the list for all but the control thread, and the queues */
    struct list hearings; /* changed by the control thread */
    atomic_bool woken;    /* it will look at the queues */
    atomic_ulong dropped;
};

struct hearing {
    atomic_uint refs;
    struct list node; /* in the hub's */
    struct hub *hub;
    struct websocket *socket; /* of the control thread */
    uint64_t hooks;           /* bits */
    struct filter *filter;    /* a reference; NULL: all moments */
    size_t content;
    /* The queue. */
    struct list notes;
    size_t bytes;       /* of these */
    unsigned long lost; /* behind the last of these */
};

/* A message that waits. */
struct note {
    struct list node;
    unsigned long lost; /* so many are missing in front of it */
    struct buf text;
};

/* Queues ------------------------------------------------------------------------------------- */

static void
note_free(struct note *n)
{
    if (!n)
        return;
    buf_release(&n->text);
    mem_free(n);
}

static size_t
note_size(const struct note *n)
{
    return sizeof *n + n->text.cap;
}

/* NULL without memory. */
static struct note *
note_new(const struct moment *m, size_t content)
{
    struct json j;
    struct note *n = mem_zalloc(sizeof *n);
    if (!n)
        return NULL;
    buf_init(&n->text, MESSAGE_MAX);
    json_init(&j, &n->text);
    moment_json(&j, m, content);
    if (!n->text.failed)
        return n;
    note_free(n);
    return NULL;
}

/* Takes the note; NULL is one that could not be made. */
static void
queue_put(struct hearing *h, struct note *n)
{
    struct hub *hub = h->hub;
    pthread_mutex_lock(&hub->lock);
    bool room = n && h->bytes + note_size(n) <= HEARING_QUEUE_MAX;
    if (room) {
        n->lost = h->lost;
        h->lost = 0;
        h->bytes += note_size(n);
        list_push(&h->notes, &n->node);
    } else {
        h->lost++;
    }
    pthread_mutex_unlock(&hub->lock);
    if (room)
        return;
    atomic_fetch_add_explicit(&hub->dropped, 1, memory_order_relaxed);
    note_free(n);
}

/* The next one, owned, or NULL; and what is missing in front of it, or at the end. */
static struct note *
queue_take(struct hearing *h, unsigned long *lost)
{
    struct note *n = NULL;
    pthread_mutex_lock(&h->hub->lock);
    if (list_empty(&h->notes)) {
        *lost = h->lost;
        h->lost = 0;
    } else {
        n = container_of(h->notes.next, struct note, node);
        list_remove(&n->node);
        h->bytes -= note_size(n);
        *lost = n->lost;
    }
    pthread_mutex_unlock(&h->hub->lock);
    return n;
}

static void
hearing_unref(struct hearing *h)
{
    if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
        return;
    while (!list_empty(&h->notes)) {
        struct note *n = container_of(h->notes.next, struct note, node);
        list_remove(&n->node);
        note_free(n);
    }
    filter_unref(h->filter);
    mem_free(h);
}

/* Telling: on the thread where it happens ---------------------------------------------------- */

/* References to those who want to hear of it. */
static size_t
hub_gather(struct hub *hub, enum hook_id id, struct hearing *out[HEARINGS_MAX])
{
    size_t n = 0;
    pthread_mutex_lock(&hub->lock);
    list_for (it, &hub->hearings) {
        struct hearing *h = container_of(it, struct hearing, node);
        if (!(h->hooks & HOOK_BIT(id)))
            continue;
        atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
        out[n++] = h;
    }
    pthread_mutex_unlock(&hub->lock);
    return n;
}

static bool
hearing_likes(const struct hearing *h, const struct moment *m)
{
    return !h->filter || (m->flow && filter_match(h->filter, m->flow));
}

/* On the control thread. */
static void
hub_send(void *arg)
{
    struct hub *hub = arg;
    struct turn *t = loop_turn(hub->loop);
    atomic_store(&hub->woken, false);
    turn_begin(t);
    list_for (it, &hub->hearings)
        hearing_send(container_of(it, struct hearing, node));
    turn_end(t);
}

static void
hub_hear(void *arg, const struct moment *m)
{
    struct hub *hub = arg;
    struct hearing *who[HEARINGS_MAX];
    size_t n = hub_gather(hub, m->id, who);
    for (size_t i = 0; i < n; i++) {
        if (hearing_likes(who[i], m))
            queue_put(who[i], note_new(m, who[i]->content));
        hearing_unref(who[i]);
    }
    /* Without memory it goes out with the next one. */
    if (n && !atomic_exchange(&hub->woken, true) && !loop_post(hub->loop, hub_send, hub))
        atomic_store(&hub->woken, false);
}

void
hub_tell(struct hub *h, const struct moment *m)
{
    audience_tell(h->audience, m);
}

unsigned long
hub_dropped(const struct hub *h)
{
    return atomic_load_explicit(&h->dropped, memory_order_relaxed);
}

struct hub *
hub_new(struct audience *a, struct loop *l)
{
    struct hub *h = mem_zalloc(sizeof *h);
    if (!h)
        return NULL;
    h->audience = a;
    h->loop = l;
    pthread_mutex_init(&h->lock, NULL);
    list_init(&h->hearings);
    a->hear = hub_hear;
    a->arg = h;
    return h;
}

void
hub_free(struct hub *h)
{
    if (!h)
        return;
    while (!list_empty(&h->hearings))
        hearing_end(container_of(h->hearings.next, struct hearing, node));
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

/* Sending ------------------------------------------------------------------------------------ */

static void
say_dropped(struct hearing *h, unsigned long count)
{
    char room[64];
    struct buf out = {.p = room, .cap = sizeof room, .max = sizeof room};
    struct json j;
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_str(&j, "type", "dropped");
    json_u64(&j, "count", count);
    json_end_object(&j);
    websocket_send(h->socket, buf_slice(&out));
}

void
hearing_send(struct hearing *h)
{
    unsigned long lost;
    struct note *n = NULL;
    while (h && !h->socket->gone && !websocket_full(h->socket)) {
        n = queue_take(h, &lost);
        if (lost)
            say_dropped(h, lost);
        if (!n)
            return;
        websocket_send(h->socket, buf_slice(&n->text));
        note_free(n);
    }
}

/* Hearing ------------------------------------------------------------------------------------ */

static bool
read_names(struct hearing *h, const json_t *names, struct err *e)
{
    if (!json_is_array(names))
        return err_set(e, ERR_FAILED, "'hooks' must be an object with a list of 'names'");
    for (size_t i = 0; i < json_array_size(names); i++) {
        struct slice name = json_in_text(json_array_get(names, i));
        uint64_t found = name.n ? hook_match(name) : 0;
        if (!found)
            return err_set(e, ERR_FAILED,
                           "no hook has the name '%.*s', which is number %zu: see GET "
                           "/api/v1/hooks",
                           SLICE_ARG(slice_first(name, 80)), i + 1);
        h->hooks |= found;
    }
    return true;
}

static bool
read_wish(struct hearing *h, const json_t *hooks, struct err *e)
{
    const json_t *query = json_object_get(hooks, "query");
    const json_t *content = json_object_get(hooks, "content");
    TRY(read_names(h, json_object_get(hooks, "names"), e));
    if (content && (!json_is_integer(content) || json_integer_value(content) < 0 ||
                    json_integer_value(content) > (json_int_t)HEARING_CONTENT_MAX))
        return err_set(e, ERR_FAILED, "'content' must be a number of bytes up to %zu",
                       HEARING_CONTENT_MAX);
    h->content = content ? (size_t)json_integer_value(content) : 0;
    if (query && !json_is_string(query))
        return err_set(e, ERR_FAILED, "'query' must be a text");
    return !query || (h->filter = filter_parse(json_in_text(query), NULL, NULL, e));
}

/* NULL with a sentence. */
static struct hearing *
hearing_new(struct hub *hub, struct websocket *w, const json_t *hooks, struct err *e)
{
    struct hearing *h = mem_zalloc(sizeof *h);
    if (!h) {
        err_memory(e);
        return NULL;
    }
    atomic_init(&h->refs, 1);
    list_init(&h->node);
    list_init(&h->notes);
    h->hub = hub;
    h->socket = w;
    if (read_wish(h, hooks, e))
        return h;
    hearing_unref(h);
    return NULL;
}

/* In the list or out of it, and what is wanted in all. */
static void
hub_change(struct hub *hub, struct hearing *h, bool in)
{
    uint64_t all = 0;
    pthread_mutex_lock(&hub->lock);
    list_remove(&h->node);
    if (in)
        list_push(&hub->hearings, &h->node);
    list_for (it, &hub->hearings)
        all |= container_of(it, struct hearing, node)->hooks;
    pthread_mutex_unlock(&hub->lock);
    atomic_store(&hub->audience->wanted, all);
}

void
hearing_end(struct hearing *h)
{
    if (!h)
        return;
    hub_change(h->hub, h, false);
    hearing_unref(h);
}

static void
say_hooks(const struct hearing *h)
{
    struct buf out = {.max = MESSAGE_MAX};
    struct json j;
    json_init(&j, &out);
    json_begin_object(&j, NULL);
    json_str(&j, "type", "hooks");
    json_begin_array(&j, "names");
    for (enum hook_id i = 0; i < HOOKS_N; i++)
        if (h->hooks & HOOK_BIT(i))
            json_str(&j, NULL, hook_rows[i].name);
    json_end_array(&j);
    json_end_object(&j);
    if (out.failed)
        websocket_close(h->socket, 1011, SLICE("there is no memory"));
    else
        websocket_send(h->socket, buf_slice(&out));
    buf_release(&out);
}

static unsigned
hub_count(const struct hub *hub)
{
    unsigned n = 0;
    list_for (it, &hub->hearings)
        n++;
    return n;
}

bool
hearing_begin(struct hub *hub, struct websocket *w, const json_t *hooks, struct hearing **old,
              struct err *e)
{
    struct moment running = {.id = HOOK_RUNNING, .at = clock_wall()};
    struct hearing *h = hearing_new(hub, w, hooks, e);
    if (!h)
        return false;
    if (!*old && hub_count(hub) == HEARINGS_MAX) {
        hearing_unref(h);
        return err_set(e, ERR_FAILED, "%d clients hear of hooks already", HEARINGS_MAX);
    }
    hearing_end(*old);
    *old = h;
    hub_change(hub, h, true);
    say_hooks(h);
    if (h->hooks & HOOK_BIT(HOOK_RUNNING) && hearing_likes(h, &running))
        queue_put(h, note_new(&running, 0));
    hearing_send(h);
    return true;
}
