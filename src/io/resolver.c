/* Names to addresses: c-ares driven by the loop, with a cache. */
#include "io/resolver.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "io/loop_uv.h"

#include <ares.h>
#include <netinet/in.h>
#include <pthread.h>
#include <uv.h>

#define CACHE_NAMES  1000
#define CACHE_TIME   (30 * NS_PER_S)
#define NAME_LONGEST 254 /* RFC 1035 section 2.3.4, and a dot at the end */

/* One name: asked for, or in the cache. */
struct entry {
    struct list node;    /* in resolver->kept, once answered */
    struct list waiting; /* lookups */
    struct resolver *resolver;
    uint64_t until; /* 0 while it is asked for */
    struct sockaddr_storage at[RESOLVER_ADDRS_MAX];
    unsigned n;
    size_t name_n;
    char name[NAME_LONGEST + 1];
};

/* A socket of c-ares. */
struct watch_fd {
    uv_poll_t uv;
    struct list node;
    struct resolver *resolver;
    int fd;
};

struct resolver {
    struct loop *loop;
    ares_channel ares;
    uv_timer_t timer;
    struct map *names;
    struct list kept; /* entries, oldest first */
    size_t n_kept;
    struct list watches;
};

/* Sockets and time of c-ares ------------------------------------------------------------------ */

static void on_ares_timer(uv_timer_t *uv);

static void
resolver_set_timer(struct resolver *r)
{
    struct timeval tv;
    if (!ares_timeout(r->ares, NULL, &tv)) {
        uv_timer_stop(&r->timer);
        return;
    }
    uint64_t ms = (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1;
    uv_timer_start(&r->timer, on_ares_timer, ms, 0);
}

static void
on_ares_timer(uv_timer_t *uv)
{
    struct resolver *r = container_of(uv, struct resolver, timer);
    loop_new_round(r->loop);
    ares_process_fd(r->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    resolver_set_timer(r);
}

static void
on_ares_ready(uv_poll_t *uv, int status, int events)
{
    struct watch_fd *w = container_of(uv, struct watch_fd, uv);
    struct resolver *r = w->resolver;
    int fd = w->fd;
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    ares_process_fd(r->ares, events & UV_READABLE ? fd : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
    resolver_set_timer(r);
}

static void
on_watch_fd_closed(uv_handle_t *uv)
{
    mem_free(container_of((uv_poll_t *)uv, struct watch_fd, uv));
}

static struct watch_fd *
watch_find(struct resolver *r, int fd)
{
    list_for (it, &r->watches) {
        struct watch_fd *w = container_of(it, struct watch_fd, node);
        if (w->fd == fd)
            return w;
    }
    return NULL;
}

static struct watch_fd *
watch_new(struct resolver *r, int fd)
{
    struct watch_fd *w = mem_zalloc(sizeof(*w));
    if (!w || uv_poll_init(loop_uv(r->loop), &w->uv, fd) != 0) {
        mem_free(w);
        return NULL;
    }
    /* Who waits for an answer keeps the loop alive. */
    uv_unref((uv_handle_t *)&w->uv);
    w->resolver = r;
    w->fd = fd;
    list_push(&r->watches, &w->node);
    return w;
}

/* c-ares says what it waits for on a socket of its own; nothing any more before it closes it. */
static void
on_ares_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = arg;
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    struct watch_fd *w = watch_find(r, fd);
    if (!w && events)
        w = watch_new(r, fd);
    if (!w)
        return; /* Without memory the question runs into its time limit. */
    if (events) {
        uv_poll_start(&w->uv, events, on_ares_ready);
        return;
    }
    list_remove(&w->node);
    uv_close((uv_handle_t *)&w->uv, on_watch_fd_closed);
}

/* Answers ------------------------------------------------------------------------------------ */

static struct slice
entry_name(const struct entry *en)
{
    return slice_of(en->name, en->name_n);
}

static void
entry_drop(struct entry *en)
{
    struct resolver *r = en->resolver;
    map_take(r->names, entry_name(en));
    if (en->until) {
        list_remove(&en->node);
        r->n_kept--;
    }
    mem_free(en);
}

static const struct sockaddr_storage *
pick(const struct ares_addrinfo_node **at, int family, struct sockaddr_storage *out)
{
    while (*at && (*at)->ai_family != family)
        *at = (*at)->ai_next;
    if (!*at)
        return NULL;
    *out = (struct sockaddr_storage){0};
    memcpy(out, (*at)->ai_addr, (*at)->ai_addrlen);
    *at = (*at)->ai_next;
    return out;
}

/* IPv6 and IPv4 in turn, so that a family that does not work costs one attempt. */
static void
entry_fill(struct entry *en, const struct ares_addrinfo_node *nodes)
{
    const struct ares_addrinfo_node *six = nodes, *four = nodes;
    while (en->n < RESOLVER_ADDRS_MAX && (six || four)) {
        if (pick(&six, AF_INET6, &en->at[en->n]))
            en->n++;
        if (en->n < RESOLVER_ADDRS_MAX && pick(&four, AF_INET, &en->at[en->n]))
            en->n++;
    }
}

static void
explain(const struct entry *en, int status, char *why, size_t n)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {ARES_ENOTFOUND, "does not exist"},
        {ARES_ENODATA, "has no address"},
        {ARES_ETIMEOUT, "cannot be looked up: the name servers do not answer"},
        /* What c-ares says of name servers that answer with a failure, too. */
        {ARES_ECONNREFUSED, "cannot be looked up: the name servers fail, or are not there"},
        {ARES_ESERVFAIL, "cannot be looked up: the name servers have a failure"},
        {ARES_EREFUSED, "cannot be looked up: the name servers refuse"},
        {ARES_EBADNAME, "is not a host name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].status != status)
            continue;
        snprintf(why, n, "'%s' %s", en->name, known[i].text);
        return;
    }
    snprintf(why, n, "'%s' cannot be looked up: %s", en->name, ares_strerror(status));
}

static void
entry_keep(struct entry *en)
{
    struct resolver *r = en->resolver;
    en->until = loop_now(r->loop) + CACHE_TIME;
    list_push(&r->kept, &en->node);
    if (++r->n_kept > CACHE_NAMES)
        entry_drop(container_of(r->kept.next, struct entry, node));
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    (void)timeouts;
    struct entry *en = arg;
    char why[320] = "";
    if (found) {
        entry_fill(en, found->nodes);
        ares_freeaddrinfo(found);
    }
    if (!en->n)
        explain(en, status == ARES_SUCCESS ? ARES_ENODATA : status, why, sizeof(why));
    while (!list_empty(&en->waiting)) {
        struct lookup *k = container_of(en->waiting.next, struct lookup, node);
        list_remove(&k->node);
        k->done(k, en->at, en->n, why);
    }
    if (en->n)
        entry_keep(en);
    else
        entry_drop(en);
}

/* Questions ----------------------------------------------------------------------------------- */

static struct entry *
entry_new(struct resolver *r, struct slice name)
{
    struct entry *en = mem_zalloc(sizeof(*en));
    if (!en)
        return NULL;
    en->resolver = r;
    en->name_n = name.n;
    memcpy(en->name, name.p, name.n);
    list_init(&en->waiting);
    void *old;
    if (map_put(r->names, name, en, &old))
        return en;
    mem_free(en);
    return NULL;
}

/* Letters, digits, '-', '_' and '.' only; in lower case. */
static bool
name_copy(struct slice name, char *out)
{
    if (name.n == 0 || name.n > NAME_LONGEST)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool upper = c >= 'A' && c <= 'Z';
        bool fits =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!upper && !fits)
            return false;
        out[i] = upper ? (char)(c - 'A' + 'a') : c;
    }
    return true;
}

static void
entry_ask(struct entry *en)
{
    struct resolver *r = en->resolver;
    /* Both families at once; the order is ours. */
    struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
    ares_getaddrinfo(r->ares, en->name, NULL, &hints, on_answer, en);
    resolver_set_timer(r);
}

void
resolver_find(struct resolver *r, struct slice name, struct lookup *k)
{
    char lower[NAME_LONGEST], why[NAME_LONGEST + 64];
    list_init(&k->node);
    if (!name_copy(name, lower)) {
        snprintf(why, sizeof(why), "'%.*s' is not a host name", SLICE_ARG(slice_first(name, 254)));
        k->done(k, NULL, 0, why);
        return;
    }
    name.p = lower;
    struct entry *en = map_get(r->names, name);
    if (en && en->until > loop_now(r->loop)) {
        k->done(k, en->at, en->n, "");
        return;
    }
    if (en && en->until) {
        entry_drop(en);
        en = NULL;
    }
    bool ask = !en;
    if (ask && !(en = entry_new(r, name))) {
        k->done(k, NULL, 0, "there is no memory to look it up");
        return;
    }
    list_push(&en->waiting, &k->node);
    if (ask)
        entry_ask(en);
}

void
resolver_cancel(struct lookup *k)
{
    if (k->node.next)
        list_remove(&k->node);
}

/* Life ---------------------------------------------------------------------------------------- */

static int library;

static void
library_start(void)
{
    library = ares_library_init(ARES_LIB_INIT_ALL);
}

static int
ares_open(struct resolver *r)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, library_start);
    struct ares_options o = {
        .timeout = 2000, .tries = 3, .sock_state_cb = on_ares_socket, .sock_state_cb_data = r};
    if (library != ARES_SUCCESS)
        return library;
    return ares_init_options(&r->ares, &o,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

static void
on_timer_closed(uv_handle_t *uv)
{
    mem_free(container_of((uv_timer_t *)uv, struct resolver, timer));
}

static void
resolver_discard(struct resolver *r)
{
    if (r->names)
        map_free(r->names);
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

struct resolver *
resolver_new(struct loop *l, struct err *e)
{
    struct resolver *r = mem_zalloc(sizeof(*r));
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->loop = l;
    list_init(&r->kept);
    list_init(&r->watches);
    uv_timer_init(loop_uv(l), &r->timer);
    uv_unref((uv_handle_t *)&r->timer);
    r->names = map_new();
    int status = r->names ? ares_open(r) : ARES_ENOMEM;
    if (status == ARES_SUCCESS)
        return r;
    resolver_discard(r);
    err_set(e, ERR_FAILED, "cannot start the resolver: %s", ares_strerror(status));
    return NULL;
}

void
resolver_free(struct resolver *r)
{
    /* Ends every question that is still open; their entries go with it. */
    ares_destroy(r->ares);
    while (!list_empty(&r->kept))
        entry_drop(container_of(r->kept.next, struct entry, node));
    resolver_discard(r);
}

bool
resolver_set_servers(struct resolver *r, const char *list)
{
    return ares_set_servers_ports_csv(r->ares, list) == ARES_SUCCESS;
}
