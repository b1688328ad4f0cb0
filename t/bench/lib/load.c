/* Connections of the load: a table of steps for each, one loop for all. */
#include "base/clock.h"
#include "base/scan.h"
#include "bench/lib/load_conn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STALL_MS    30000
#define ERRORS_MAX  100
#define LATENCY_MAX ((size_t)1 << 24)

static bool conn_continue(struct conn *c);

/* A connection -------------------------------------------------------------------------------- */

enum step
conn_fail(struct conn *c, const char *what)
{
    struct load_result *r = c->load->r;
    if (!r->errors++)
        snprintf(r->error, sizeof(r->error), "%s (request %llu of the connection, '%s')", what,
                 (unsigned long long)c->served + 1, c->name);
    return FAIL;
}

static void
conn_name(struct conn *c)
{
    struct load *l = c->load;
    struct slice rest = slice_str(l->plan->name);
    bool many = slice_find(rest, '%') < rest.n;
    struct slice head = slice_cut(&rest, '%');
    if (many)
        snprintf(c->name, sizeof(c->name), "%.*s%llu%.*s", SLICE_ARG(head),
                 (unsigned long long)l->names++, SLICE_ARG(rest));
    else
        snprintf(c->name, sizeof(c->name), "%s", l->plan->name);
}

static void
conn_print_request(struct conn *c)
{
    const struct load_plan *p = c->load->plan;
    char length[48] = "", host[160];
    struct slice port = slice_str(p->connect ? p->connect : p->to);
    slice_cut(&port, ':');
    snprintf(host, sizeof(host), "%s:%.*s", c->name, SLICE_ARG(port));
    if (p->protocol == LOAD_WEBSOCKET) {
        load_ws_request(c, host);
        return;
    }
    if (p->protocol == LOAD_HTTP2) {
        load_h2_request(c, host);
        return;
    }
    if (p->upload)
        snprintf(length, sizeof(length), "Content-Length: %llu\r\n", (unsigned long long)p->upload);
    int n =
        snprintf(c->request, sizeof(c->request),
                 "%s %s%s/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n",
                 p->upload ? "POST" : "GET", p->absolute ? "http://" : "",
                 p->absolute ? p->absolute : "", p->path, p->absolute ? p->absolute : host, length);
    c->request_len = (size_t)n;
}

static bool
conn_tls(struct conn *c)
{
    struct load *l = c->load;
    SSL *ssl = SSL_new(l->tls);
    if (!ssl)
        return false;
    c->wire.ssl = ssl;
    SSL_set_app_data(ssl, l);
    SSL_set_connect_state(ssl);
    if (l->plan->resume && l->session)
        SSL_set_session(ssl, l->session);
    static const unsigned char h2[] = "\2h2";
    if (l->plan->protocol == LOAD_HTTP2 && SSL_set_alpn_protos(ssl, h2, sizeof(h2) - 1) != 0)
        return false;
    return SSL_set_fd(ssl, c->wire.fd) == 1 && SSL_set_tlsext_host_name(ssl, c->name) == 1 &&
           SSL_set1_host(ssl, c->name) == 1;
}

static void
conn_close(struct conn *c)
{
    wire_close(&c->wire);
    c->state = CLOSED;
}

static enum step
step_open(struct conn *c)
{
    struct load *l = c->load;
    c->served = c->have = 0;
    c->close = c->ended = c->open = false;
    if (!c->again)
        conn_name(c);
    c->wire.fd = wire_connect(l->plan->to);
    if (c->wire.fd < 0 || !wire_watch(l->epoll, c->wire.fd, c))
        return conn_fail(c, strerror(errno));
    l->r->connections++;
    c->state = CONNECTING;
    return WAIT;
}

/* The peer may close a connection between two requests at any time: one that no byte of an answer
 * has come to is sent again on a new connection (RFC 9112 section 9.3.1). */
static enum step
closed(struct conn *c, const char *what)
{
    if (!c->served || c->have)
        return conn_fail(c, what);
    c->load->r->retries++;
    conn_close(c);
    return step_open(c);
}

/* The proxy is asked for a tunnel, the server for a WebSocket; then come the requests. */
static void
conn_begin(struct conn *c)
{
    bool asks = c->load->plan->protocol == LOAD_WEBSOCKET && !c->open;
    conn_print_request(c);
    c->status = 101;
    c->out_at = c->have = 0;
    c->state = asks ? ASKING : SENDING;
}

static enum step
step_connected(struct conn *c)
{
    const struct load_plan *p = c->load->plan;
    c->state = HANDSHAKE;
    if (p->connect) {
        int n = snprintf(c->request, sizeof(c->request), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                         p->connect, p->connect);
        c->request_len = (size_t)n;
        c->status = 200;
        c->out_at = 0;
        c->state = ASKING;
    } else if (!p->ca) {
        conn_begin(c);
    }
    return NEXT;
}

static enum step
step_ask(struct conn *c)
{
    ssize_t put = wire_write(&c->wire, c->request + c->out_at, c->request_len - c->out_at);
    if (put == WIRE_AGAIN)
        return WAIT;
    if (put < 0)
        return conn_fail(c, "closed where a tunnel was asked for");
    c->out_at += (size_t)put;
    if (c->out_at == c->request_len)
        c->state = ASKED;
    return NEXT;
}

/* Reads until a head is there: its bytes, with a NUL behind them; 'none' without more. */
static enum step
read_head(struct conn *c, struct slice *head)
{
    for (;;) {
        c->in[c->have] = 0;
        char *end = strstr(c->in, "\r\n\r\n");
        if (end) {
            *head = slice_of(c->in, (size_t)(end - c->in) + 4);
            end[2] = 0;
            return NEXT;
        }
        if (c->have == HEAD_MAX - 1)
            return conn_fail(c, "a head without an end");
        ssize_t n = wire_read(&c->wire, c->in + c->have, HEAD_MAX - 1 - c->have);
        if (n == WIRE_AGAIN)
            return WAIT;
        if (n < 0)
            return closed(c, "closed where an answer was to come");
        c->have += (size_t)n;
    }
}

static unsigned
status_of(struct slice head)
{
    uint64_t status = 0;
    slice_cut(&head, ' ');
    return scan_u64(slice_first(head, 3), 999, &status) ? (unsigned)status : 0;
}

static enum step
step_asked(struct conn *c)
{
    struct slice head;
    enum step s = read_head(c, &head);
    if (s != NEXT)
        return s;
    if (status_of(head) != c->status)
        return conn_fail(c, "refused where a tunnel was asked for");
    c->open = c->status == 101;
    c->have = 0;
    c->state = HANDSHAKE;
    if (c->open || !c->load->plan->ca)
        conn_begin(c);
    return NEXT;
}

static enum step
step_handshake(struct conn *c)
{
    if (!c->wire.ssl && !conn_tls(c))
        return conn_fail(c, "no TLS connection");
    int done = wire_handshake(&c->wire);
    if (done == WIRE_AGAIN)
        return WAIT;
    if (done < 0) {
        long verified = SSL_get_verify_result(c->wire.ssl);
        return conn_fail(c,
                         verified ? X509_verify_cert_error_string(verified) : "handshake failed");
    }
    c->load->r->handshakes++;
    c->load->r->resumed += SSL_session_reused(c->wire.ssl) ? 1 : 0;
    conn_begin(c);
    return NEXT;
}

static enum step
step_send(struct conn *c)
{
    uint64_t upload = c->load->plan->upload;
    if (!c->out_at)
        c->sent_at = clock_mono();
    const char *from = c->load->scratch;
    uint64_t left = c->request_len + upload - c->out_at;
    if (c->out_at < c->request_len) {
        from = c->request + c->out_at;
        left = c->request_len - c->out_at;
    }
    ssize_t n = wire_write(&c->wire, from, (size_t)MIN(left, (uint64_t)CHUNK));
    if (n == WIRE_AGAIN)
        return WAIT;
    if (n < 0)
        return closed(c, "closed while the request went out");
    c->out_at += (uint64_t)n;
    c->load->r->bytes_out += (uint64_t)n;
    if (c->out_at < c->request_len + upload)
        return NEXT;
    c->have = 0;
    c->left = UINT64_MAX;
    c->state = READING;
    /* An answer makes a new edge, and cannot be there yet. */
    return c->ended ? NEXT : WAIT;
}

/* The head of an answer: status and length must be those that were asked for. */
static enum step
take_head(struct conn *c)
{
    static const char field[] = "\r\nContent-Length:";
    struct slice head;
    enum step s = read_head(c, &head);
    if (s != NEXT)
        return s;
    char text[48];
    snprintf(text, sizeof(text), "status %u", status_of(head));
    if (status_of(head) != 200)
        return conn_fail(c, text);
    const char *at = strcasestr(c->in, field);
    struct slice length = at ? slice_str(at + sizeof(field) - 1) : SLICE_NONE;
    length = slice_trim(slice_first(length, slice_find(length, '\r')));
    uint64_t n;
    if (!scan_u64(length, UINT64_MAX, &n) || n != c->load->plan->expect)
        return conn_fail(c, "the answer has another length");
    c->close = strcasestr(c->in, "\r\nConnection: close") != NULL;
    size_t more = c->have - head.n;
    if (more > n)
        return conn_fail(c, "more content than the answer has");
    c->left = n - more;
    c->load->r->bytes_in += c->have;
    return NEXT;
}

static void
note_latency(struct load_result *r, uint64_t ns)
{
    if (r->n_latency == r->cap_latency && r->cap_latency < LATENCY_MAX) {
        size_t cap = MAX(r->cap_latency * 2, (size_t)65536);
        uint64_t *more = realloc(r->latency, cap * sizeof(*more));
        if (!more)
            wire_die("no memory", "latency");
        r->latency = more;
        r->cap_latency = cap;
    }
    if (r->n_latency < r->cap_latency)
        r->latency[r->n_latency++] = ns;
}

static enum step
step_read(struct conn *c)
{
    static enum step (*const answers[])(struct conn *) = {
        [LOAD_HTTP1] = take_head, [LOAD_WEBSOCKET] = load_ws_answer, [LOAD_HTTP2] = load_h2_answer};
    if (c->left == UINT64_MAX) {
        enum step s = answers[c->load->plan->protocol](c);
        if (s != NEXT)
            return s;
    }
    while (c->left) {
        ssize_t n = wire_read(&c->wire, c->load->scratch, (size_t)MIN(c->left, (uint64_t)CHUNK));
        if (n == WIRE_AGAIN)
            return WAIT;
        if (n < 0)
            return conn_fail(c, "closed in the middle of an answer");
        c->left -= (uint64_t)n;
        c->load->r->bytes_in += (uint64_t)n;
    }
    struct load_result *r = c->load->r;
    note_latency(r, clock_mono() - c->sent_at);
    r->requests++;
    c->served++;
    c->again = false;
    c->load->active--;
    c->state = RESTING;
    return conn_continue(c) ? NEXT : WAIT;
}

/* Nothing is expected but what ends the connection, or tickets. */
static enum step
step_rest(struct conn *c)
{
    ssize_t n;
    while ((n = wire_read(&c->wire, c->in, HEAD_MAX - 1)) > 0)
        ;
    if (n == WIRE_END)
        conn_close(c);
    return WAIT;
}

static enum step (*const steps[])(struct conn *) = {
    [CLOSED] = step_open,  [CONNECTING] = step_connected, [ASKING] = step_ask,
    [ASKED] = step_asked,  [HANDSHAKE] = step_handshake,  [SENDING] = step_send,
    [READING] = step_read, [RESTING] = step_rest};

static bool
try_again(struct conn *c)
{
    struct load *l = c->load;
    if (!l->plan->again || c->again || c->served || c->state == RESTING)
        return false;
    c->again = true;
    l->r->errors--;
    l->r->retries++;
    conn_close(c);
    return true;
}

static void
conn_run(struct conn *c)
{
    for (;;) {
        enum step s = steps[c->state](c);
        if (s == WAIT)
            return;
        if (s == NEXT || try_again(c))
            continue;
        if (c->state != RESTING)
            c->load->active--;
        conn_close(c);
        if (!conn_continue(c))
            return;
    }
}

/* All of them -----------------------------------------------------------------------------------
 */

static bool
load_wants(const struct load *l)
{
    return l->r->errors < ERRORS_MAX && (l->end ? clock_mono() < l->end : l->issued < l->quota);
}

/* Takes one of the requests that are to be made. */
static bool
conn_claim(struct conn *c)
{
    struct load *l = c->load;
    if (!load_wants(l))
        return false;
    l->issued++;
    l->active++;
    bool old = c->close || (l->plan->per_conn && c->served >= l->plan->per_conn);
    if (old || c->state != RESTING)
        conn_close(c);
    else
        c->state = SENDING;
    c->out_at = c->have = 0;
    return true;
}

/* What comes when a request has ended: true when this connection goes on at once. */
static bool
conn_continue(struct conn *c)
{
    struct load *l = c->load;
    if (l->plan->rate) {
        l->due = c;
        return false;
    }
    if (!l->plan->hold || c->state != RESTING)
        return conn_claim(c);
    if (l->fresh < l->n_conns && conn_claim(l->conns[l->fresh]))
        conn_run(l->conns[l->fresh++]);
    return false;
}

static void
load_begin(struct load *l)
{
    if (l->plan->rate) {
        l->due = l->conns[0];
        l->next_due = clock_mono();
        return;
    }
    for (unsigned i = 0; i < l->plan->conns; i++) {
        size_t at = l->plan->hold ? l->fresh++ : i;
        if (at < l->n_conns && conn_claim(l->conns[at]))
            conn_run(l->conns[at]);
    }
}

/* Sends the request whose time has come; returns how long to wait for the next, or for anything. */
static struct timespec
load_due(struct load *l)
{
    uint64_t now = clock_mono(), wait = STALL_MS * NS_PER_MS;
    struct conn *c = l->due;
    if (c && now >= l->next_due && conn_claim(c)) {
        l->due = NULL;
        l->next_due += NS_PER_S / l->plan->rate;
        conn_run(c);
    } else if (c) {
        wait = l->next_due - MIN(now, l->next_due);
    }
    return (struct timespec){(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
}

void
load_run(struct load *l, uint64_t requests, uint64_t ns, struct load_result *r)
{
    struct epoll_event events[256];
    *r = (struct load_result){.latency = r->latency, .cap_latency = r->cap_latency};
    uint64_t began = clock_mono();
    l->r = r;
    l->quota = requests;
    l->issued = 0;
    l->active = 0;
    l->end = requests ? 0 : began + ns;
    load_begin(l);
    while (l->active || (l->due && load_wants(l))) {
        struct timespec wait = load_due(l);
        int n = epoll_pwait2(l->epoll, events, ARRAY_LEN(events), &wait, NULL);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            c->ended = events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
            conn_run(c);
        }
        if (n == 0 && l->active && !l->due) {
            if (!r->errors++)
                snprintf(r->error, sizeof(r->error), "no byte for %u s", STALL_MS / 1000);
            break;
        }
    }
    l->due = NULL;
    r->ns = clock_mono() - began;
}

unsigned
load_held(struct load *l)
{
    unsigned n = 0;
    for (size_t i = 0; i < l->n_conns; i++) {
        if (l->conns[i]->state != RESTING)
            continue;
        conn_run(l->conns[i]);
        n += l->conns[i]->state == RESTING;
    }
    return n;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    struct load *l = SSL_get_app_data(ssl);
    SSL_SESSION_free(l->session);
    l->session = session;
    return 1;
}

static void
load_setup_tls(struct load *l)
{
    l->tls = wire_ctx(TLS_client_method());
    SSL_CTX_set_verify(l->tls, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_file(l->tls, l->plan->ca) != 1)
        wire_die("cannot use the authority", l->plan->ca);
    if (!l->plan->resume)
        return;
    SSL_CTX_set_session_cache_mode(l->tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(l->tls, on_session);
}

struct load *
load_new(const struct load_plan *plan)
{
    struct load *l = calloc(1, sizeof(*l));
    size_t n = plan->hold ? (size_t)(plan->warm + plan->requests) : plan->conns;
    struct conn **conns = calloc(n, sizeof(struct conn *));
    if (!l || !conns)
        wire_die("no memory", "connections");
    *l = (struct load){.plan = plan, .conns = conns, .n_conns = n, .names = plan->names_from};
    memset(l->scratch, 'x', sizeof(l->scratch));
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n; i++) {
        struct conn *c = calloc(1, sizeof(*c));
        if (!c)
            wire_die("no memory", "connections");
        *c = (struct conn){.load = l, .wire.fd = -1};
        conns[i] = c;
    }
    if (plan->ca)
        load_setup_tls(l);
    return l;
}

void
load_free(struct load *l)
{
    for (size_t i = 0; i < l->n_conns; i++) {
        conn_close(l->conns[i]);
        free(l->conns[i]);
    }
    free(l->conns);
    SSL_SESSION_free(l->session);
    SSL_CTX_free(l->tls);
    close(l->epoll);
    free(l);
}
