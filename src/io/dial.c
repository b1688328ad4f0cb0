/* Connecting to a server by name. */
#include "io/dial.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/scan.h"
#include "io/loop_uv.h"
#include "io/resolver.h"
#include "io/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <uv.h>

/* RFC 8305 section 5: the time one address has before the next is tried beside it. */
#define HEAD_START (250 * NS_PER_MS)
#define HOST_MAX   256

/* One address that is being connected to. */
struct attempt {
    uv_poll_t uv;
    struct list node;  /* in dial->attempts */
    struct dial *dial; /* NULL when it is over */
    const struct sockaddr_storage *to;
    int fd;
};

struct dial {
    struct loop *loop;
    struct dial_options o; /* 'host' is in 'name' */
    struct timer *timer;
    uint64_t deadline; /* of all of it */
    struct lookup lookup;
    struct soon over; /* 'done' is owed */
    struct list attempts;
    struct sockaddr_storage to[RESOLVER_ADDRS_MAX];
    unsigned n, next; /* addresses, and the first that was not tried */
    struct dial_result result;
    bool busy, cancelled; /* inside a callback of the owner, who has cancelled there */
    char name[HOST_MAX];
    char causes[160]; /* of the attempts that failed */
};

/* Ends ---------------------------------------------------------------------------------------- */

static void
on_attempt_closed(uv_handle_t *uv)
{
    mem_free(container_of((uv_poll_t *)uv, struct attempt, uv));
}

/* The descriptor stays open. */
static void
attempt_end(struct attempt *a)
{
    list_remove(&a->node);
    a->dial = NULL;
    uv_close((uv_handle_t *)&a->uv, on_attempt_closed);
}

static void
dial_stop(struct dial *d)
{
    resolver_cancel(&d->lookup);
    while (!list_empty(&d->attempts)) {
        struct attempt *a = container_of(d->attempts.next, struct attempt, node);
        attempt_end(a);
        close(a->fd);
    }
    timer_set(d->timer, 0);
    loop_soon(d->loop, &d->over);
}

static void
dial_free(struct dial *d)
{
    dial_stop(d);
    loop_soon_cancel(&d->over);
    timer_free(d->timer);
    mem_free(d);
}

static void
on_over(void *arg)
{
    struct dial *d = arg;
    d->busy = true;
    d->o.done(d->o.arg, &d->result);
    dial_free(d);
}

void
dial_cancel(struct dial *d)
{
    d->cancelled = true;
    if (d->busy)
        return;
    if (d->result.fd >= 0)
        close(d->result.fd);
    dial_free(d);
}

/* Attempts ------------------------------------------------------------------------------------ */

/* Puts " (address): cause" behind those that are there. */
static void
note_cause(struct dial *d, const struct sockaddr_storage *to, const char *cause)
{
    char text[64];
    size_t n = strlen(d->causes);
    sock_text((const struct sockaddr *)to, text, sizeof(text));
    snprintf(d->causes + n, sizeof(d->causes) - n, "%s (%s): %s", n ? "," : "", text, cause);
}

static void
dial_fail(struct dial *d, enum reason reason)
{
    failure_set(&d->result.why, reason, "cannot connect to '%s'%s", d->name, d->causes);
    dial_stop(d);
}

/* True when the socket is connected, and not to itself, as the kernel allows on ports it may choose
 * from. */
static bool
dial_succeed(struct dial *d, int fd)
{
    struct sockaddr_storage local, remote;
    socklen_t n_local = sizeof(local), n_remote = sizeof(remote);
    if (getsockname(fd, (struct sockaddr *)&local, &n_local) != 0 ||
        getpeername(fd, (struct sockaddr *)&remote, &n_remote) != 0)
        return false;
    if (sock_same((struct sockaddr *)&local, (struct sockaddr *)&remote)) {
        errno = ECONNREFUSED;
        return false;
    }
    struct dial_result *r = &d->result;
    sock_text((struct sockaddr *)&local, r->local, sizeof(r->local));
    sock_text((struct sockaddr *)&remote, r->remote, sizeof(r->remote));
    r->fd = fd;
    r->connected = loop_wall(d->loop);
    dial_stop(d);
    return true;
}

static void dial_go_on(struct dial *d);

static int
attempt_error(const struct attempt *a)
{
    int error = 0;
    socklen_t n = sizeof(error);
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        return errno;
    return error;
}

static void
on_attempt(uv_poll_t *uv, int status, int events)
{
    (void)status, (void)events;
    struct attempt *a = container_of(uv, struct attempt, uv);
    struct dial *d = a->dial;
    int error = attempt_error(a);
    attempt_end(a);
    if (error == 0 && dial_succeed(d, a->fd))
        return;
    error = error ? error : errno;
    close(a->fd);
    note_cause(d, a->to, uv_strerror(uv_translate_sys_error(error)));
    dial_go_on(d);
}

/* 0 while it is under way or when it has succeeded, else the errno. Takes the descriptor. */
static int
attempt_start(struct dial *d, const struct sockaddr_storage *to, int fd)
{
    int on = 1, error;
    struct attempt *a = NULL;
    const struct sockaddr *addr = (const struct sockaddr *)to;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, addr, sock_len(addr)) == 0 && dial_succeed(d, fd))
        return 0;
    error = errno;
    if (error == EINPROGRESS) {
        error = ENOMEM;
        a = mem_zalloc(sizeof(*a));
    }
    if (!a || uv_poll_init(loop_uv(d->loop), &a->uv, fd) != 0) {
        mem_free(a);
        close(fd);
        return error;
    }
    a->dial = d;
    a->to = to;
    a->fd = fd;
    list_push(&d->attempts, &a->node);
    uv_poll_start(&a->uv, UV_WRITABLE, on_attempt);
    return 0;
}

/* Begins with the next address that lets itself be tried; fails when there is none and nothing is
 * under way. */
static void
dial_go_on(struct dial *d)
{
    while (d->next < d->n) {
        const struct sockaddr_storage *to = &d->to[d->next++];
        int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int error = fd < 0 ? errno : attempt_start(d, to, fd);
        if (error == 0)
            break;
        note_cause(d, to, uv_strerror(uv_translate_sys_error(error)));
    }
    if (d->over.owed)
        return;
    if (list_empty(&d->attempts)) {
        dial_fail(d, REASON_CONNECT);
        return;
    }
    uint64_t next = d->next < d->n ? loop_now(d->loop) + HEAD_START : d->deadline;
    timer_set(d->timer, MIN(next, d->deadline));
}

static void
dial_time_out(struct dial *d)
{
    if (!d->n) {
        failure_set(&d->result.why, REASON_DNS, "no answer about '%s' in time", d->name);
        dial_stop(d);
        return;
    }
    list_for (it, &d->attempts)
        note_cause(d, container_of(it, struct attempt, node)->to, "no answer in time");
    dial_fail(d, REASON_CONNECT_TIMEOUT);
}

static void
on_dial_timer(void *arg)
{
    struct dial *d = arg;
    if (loop_now(d->loop) >= d->deadline)
        dial_time_out(d);
    else
        dial_go_on(d);
}

/* Addresses ----------------------------------------------------------------------------------- */

static void
set_port(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET)
        ((struct sockaddr_in *)a)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
}

/* Asks the owner about each address; the first refusal is the failure when none is left. Leaves in
 * the dial those that may be tried. */
static void
dial_judge(struct dial *d, const struct sockaddr_storage *found, unsigned n)
{
    struct failure why;
    bool refused = false;
    d->busy = true;
    for (unsigned i = 0; i < n && i < RESOLVER_ADDRS_MAX && !d->cancelled; i++) {
        struct sockaddr_storage *to = &d->to[d->n];
        *to = found[i];
        set_port(to, d->o.port);
        if (!d->o.allow || d->o.allow(d->o.arg, (struct sockaddr *)to, &why)) {
            d->n++;
            continue;
        }
        if (!refused)
            d->result.why = why;
        refused = true;
    }
    d->busy = false;
}

static void
dial_resolved(struct dial *d, const struct sockaddr_storage *found, unsigned n)
{
    dial_judge(d, found, n);
    if (d->cancelled)
        dial_free(d);
    else if (d->n)
        dial_go_on(d);
    else
        dial_stop(d);
}

static void
on_lookup(struct lookup *k, const struct sockaddr_storage *found, unsigned n, const char *why)
{
    struct dial *d = container_of(k, struct dial, lookup);
    if (n) {
        d->result.resolved = loop_wall(d->loop);
        dial_resolved(d, found, n);
        return;
    }
    failure_set(&d->result.why, REASON_DNS, "%s", why);
    dial_stop(d);
}

/* One address of an override, or a target that is an address. */
static bool
parse_address(struct slice s, struct sockaddr_storage *out)
{
    char text[64];
    if (s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return slice_find(s, '\0') == s.n && sock_parse(text, 0, out);
}

struct override {
    struct slice host;
    uint64_t port;
    struct sockaddr_storage to[RESOLVER_ADDRS_MAX];
    unsigned n;
};

/* Takes "host:" off the front, or "[host]:" around an IPv6 address. */
static bool
take_host(struct slice *rest, struct slice *host)
{
    bool bracket = slice_starts(*rest, SLICE("["));
    if (bracket)
        *rest = slice_from(*rest, 1);
    *host = slice_cut(rest, bracket ? ']' : ':');
    if (bracket && slice_cut(rest, ':').n)
        return false;
    return host->n > 0;
}

/* HOST:PORT:ADDR[,ADDR]... */
static bool
override_parse(const char *text, struct override *o)
{
    struct slice rest = slice_str(text);
    TRY(take_host(&rest, &o->host));
    TRY(scan_u64(slice_cut(&rest, ':'), 65535, &o->port));
    for (o->n = 0; rest.n && o->n < RESOLVER_ADDRS_MAX; o->n++)
        TRY(parse_address(slice_cut(&rest, ','), &o->to[o->n]));
    return o->n && !rest.n;
}

bool
dial_check_override(const char *text, struct err *e)
{
    struct override o;
    return override_parse(text, &o) ||
           err_set(e, ERR_USAGE, "cannot use '%s': expected HOST:PORT:ADDRESS", text);
}

/* The override for the target: one that names it, else one for all hosts. */
static bool
find_override(const struct dial_options *o, struct override *found)
{
    bool any = false;
    for (const char *const *at = o->overrides; at && *at; at++) {
        struct override one;
        if (!override_parse(*at, &one) || one.port != o->port)
            continue;
        bool star = slice_eq(one.host, SLICE("*"));
        if (!star && !slice_eq_nocase(one.host, o->host))
            continue;
        if (!any || !star)
            *found = one;
        any = true;
        if (!star)
            break;
    }
    return any;
}

static void
dial_find(struct dial *d)
{
    struct override o;
    if (find_override(&d->o, &o)) {
        dial_resolved(d, o.to, o.n);
        return;
    }
    struct sockaddr_storage literal;
    if (parse_address(d->o.host, &literal)) {
        dial_resolved(d, &literal, 1);
        return;
    }
    struct err e;
    struct resolver *r = loop_resolver(d->loop, &e);
    if (r) {
        resolver_find(r, d->o.host, &d->lookup);
        return;
    }
    failure_set(&d->result.why, REASON_DNS, "%s", e.text);
    dial_stop(d);
}

struct dial *
dial_start(struct loop *l, const struct dial_options *o)
{
    struct dial *d = mem_zalloc(sizeof(*d));
    struct timer *t = d ? timer_new(l, on_dial_timer, d) : NULL;
    if (!t) {
        mem_free(d);
        return NULL;
    }
    d->loop = l;
    d->o = *o;
    d->timer = t;
    d->over = (struct soon){.fn = on_over, .arg = d};
    d->lookup.done = on_lookup;
    d->result.fd = -1;
    d->deadline = loop_now(l) + o->timeout;
    list_init(&d->attempts);
    d->o.host = slice_first(o->host, sizeof(d->name) - 1);
    memcpy(d->name, d->o.host.p, d->o.host.n);
    d->o.host.p = d->name;
    timer_set(t, d->deadline);
    dial_find(d);
    return d;
}
