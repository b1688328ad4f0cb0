/*
 * The origin of the bench: HTTP/1.1 with keep-alive over TLS and plain, on one thread.
 * GET /N is answered with N bytes, anything with content by the number of bytes that came, messages
 * of a WebSocket by the same ones.
 */
#include "base/scan.h"
#include "bench/lib/mint.h"
#include "bench/lib/wire.h"
#include "bench/lib/ws.h"

#include <openssl/x509v3.h>

#include <getopt.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX  ((size_t)16 * 1024)
#define CHUNK     ((size_t)64 * 1024)
#define SMALL_MAX ((size_t)16 * 1024)

struct peer {
    struct wire wire;
    bool listening, secure, ready, writing, ws;
    size_t have;     /* of a head, in 'in' */
    uint64_t upload; /* bytes of content still to come */
    uint64_t took;   /* bytes of content that came */
    uint64_t left;   /* bytes of the answer's content still to go */
    size_t out_at, out_len;
    char in[HEAD_MAX], out[HEAD_MAX + SMALL_MAX];
};

static struct origin {
    int epoll;
    SSL_CTX *tls;
    struct mint mint;
    char scratch[CHUNK];
} origin;

static void
peer_close(struct peer *p)
{
    wire_close(&p->wire);
    free(p);
}

static void
peer_answer(struct peer *p, uint64_t n, const char *text)
{
    size_t fits = text ? 0 : (size_t)MIN(n, (uint64_t)SMALL_MAX);
    int len = snprintf(p->out, HEAD_MAX,
                       "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                       "Content-Length: %llu\r\n\r\n%s",
                       (unsigned long long)n, text ? text : "");
    memset(p->out + len, 'x', fits);
    p->out_at = 0;
    p->out_len = (size_t)len + fits;
    p->left = text ? 0 : n - fits;
    p->writing = true;
}

static void
peer_uploaded(struct peer *p)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)p->took);
    peer_answer(p, (uint64_t)n, text);
}

static struct slice
field(struct slice head, const char *name)
{
    const char *at = strcasestr(head.p, name);
    if (!at)
        return SLICE_NONE;
    struct slice rest = slice_from(head, (size_t)(at - head.p) + strlen(name));
    return slice_trim(slice_first(rest, slice_find(rest, '\r')));
}

static void
peer_upgrade(struct peer *p, struct slice key)
{
    char answer[29];
    ws_accept(key, answer);
    p->ws = p->writing = true;
    p->out_at = p->left = 0;
    p->out_len = (size_t)snprintf(p->out, HEAD_MAX,
                                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                                  answer);
}

/* Echoes what is there as a whole. */
static bool
peer_echo(struct peer *p)
{
    struct ws_message m;
    size_t at = 0;
    p->out_at = p->out_len = p->left = 0;
    while (ws_get(p->in + at, p->have - at, &m)) {
        if (m.op == WS_CLOSE)
            return false;
        p->out_len += ws_put(p->out + p->out_len, slice_of(m.p, m.n), m.op, false);
        at += m.size;
    }
    p->have -= at;
    memmove(p->in, p->in + at, p->have);
    p->writing = p->out_len > 0;
    return p->have < HEAD_MAX - 1;
}

/* The head is at in[0..n), a NUL behind it. false: not one that we know. */
static bool
peer_request(struct peer *p, size_t n)
{
    struct slice head = slice_of(p->in, n), target = head,
                 upload = field(head, "\r\nContent-Length:"),
                 key = field(head, "\r\nSec-WebSocket-Key:");
    slice_cut(&target, ' ');
    target = slice_cut(&target, ' ');
    if (slice_starts(target, SLICE("http://")))
        target = slice_from(target, 7 + slice_find(slice_from(target, 7), '/'));
    p->took = p->upload = 0;
    if (key.n) {
        peer_upgrade(p, key);
        return true;
    }
    if (upload.n && !scan_u64(upload, UINT64_MAX, &p->upload))
        return false;
    if (p->upload)
        return true;
    uint64_t size;
    if (!scan_size(slice_from(target, 1), &size))
        return false;
    peer_answer(p, size, NULL);
    return true;
}

/* Bytes of content out of what was read with or behind a head; the rest stays. */
static void
peer_take_content(struct peer *p)
{
    size_t n = (size_t)MIN(p->upload, (uint64_t)p->have);
    p->upload -= n;
    p->took += n;
    p->have -= n;
    memmove(p->in, p->in + n, p->have);
    if (n && !p->upload)
        peer_uploaded(p);
}

/* false ends the connection. */
static bool
peer_parse(struct peer *p)
{
    if (p->ws)
        return peer_echo(p);
    p->in[p->have] = 0;
    const char *end = strstr(p->in, "\r\n\r\n");
    if (!end)
        return p->have < HEAD_MAX - 1;
    size_t n = (size_t)(end - p->in) + 4;
    char kept = p->in[n];
    p->in[n] = 0;
    if (!peer_request(p, n))
        return false;
    p->in[n] = kept;
    p->have -= n;
    memmove(p->in, p->in + n, p->have);
    if (p->upload)
        peer_take_content(p);
    return true;
}

static ssize_t
peer_read(struct peer *p)
{
    if (p->upload) {
        ssize_t n = wire_read(&p->wire, origin.scratch, (size_t)MIN(p->upload, (uint64_t)CHUNK));
        if (n <= 0)
            return n;
        p->took += (size_t)n;
        p->upload -= (size_t)n;
        if (!p->upload)
            peer_uploaded(p);
        return n;
    }
    ssize_t n = wire_read(&p->wire, p->in + p->have, HEAD_MAX - 1 - p->have);
    if (n <= 0)
        return n;
    p->have += (size_t)n;
    return peer_parse(p) ? n : WIRE_END;
}

static ssize_t
peer_write(struct peer *p)
{
    if (p->out_at < p->out_len) {
        ssize_t n = wire_write(&p->wire, p->out + p->out_at, p->out_len - p->out_at);
        if (n > 0)
            p->out_at += (size_t)n;
        p->writing = p->out_at < p->out_len || p->left;
        return n;
    }
    ssize_t n = wire_write(&p->wire, origin.scratch, (size_t)MIN(p->left, (uint64_t)CHUNK));
    if (n > 0)
        p->left -= (size_t)n;
    p->writing = p->left > 0;
    return n;
}

static ssize_t
peer_step(struct peer *p)
{
    if (!p->ready) {
        int done = wire_handshake(&p->wire);
        p->ready = done == 1;
        return done;
    }
    if (p->writing) {
        ssize_t n = peer_write(p);
        /* The next request was there already. */
        if (n > 0 && !p->writing && p->have && !peer_parse(p))
            return WIRE_END;
        return n;
    }
    return peer_read(p);
}

static void
peer_run(struct peer *p)
{
    ssize_t n;
    do
        n = peer_step(p);
    while (n > 0);
    if (n == WIRE_END)
        peer_close(p);
}

static void
peer_accept(struct peer *l)
{
    int fd;
    while ((fd = accept4(l->wire.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct peer *p = malloc(sizeof(*p));
        if (!p)
            wire_die("no memory", "");
        memset(p, 0, offsetof(struct peer, in));
        p->wire.fd = fd;
        wire_nodelay(fd);
        p->ready = !l->secure;
        if (l->secure) {
            p->wire.ssl = SSL_new(origin.tls);
            SSL_set_fd(p->wire.ssl, fd);
            SSL_set_accept_state(p->wire.ssl);
        }
        if (!wire_watch(origin.epoll, fd, p))
            peer_close(p);
    }
}

static int
on_name(SSL *ssl, int *alert, void *data)
{
    (void)alert, (void)data;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name || X509_check_host(SSL_CTX_get0_certificate(origin.tls), name, 0, 0, NULL) == 1)
        return SSL_TLSEXT_ERR_OK;
    return mint_use(&origin.mint, ssl, name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void
setup_tls(const char *cert, const char *ca)
{
    origin.tls = wire_ctx(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(origin.tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(origin.tls, cert, SSL_FILETYPE_PEM) != 1)
        wire_die("cannot use the certificate", cert);
    if (!ca)
        return;
    mint_init(&origin.mint, ca, SSL_CTX_get0_privatekey(origin.tls));
    SSL_CTX_set_tlsext_servername_callback(origin.tls, on_name);
}

static unsigned
setup_listener(struct peer *l, const char *address)
{
    l->listening = true;
    l->wire.fd = wire_listen(address);
    if (l->wire.fd < 0 || !wire_watch(origin.epoll, l->wire.fd, l))
        wire_die("cannot listen on", address);
    return wire_port(l->wire.fd);
}

static void
origin_run(void)
{
    struct epoll_event events[256];
    for (;;) {
        int n = epoll_wait(origin.epoll, events, ARRAY_LEN(events), -1);
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;
            if (p->listening)
                peer_accept(p);
            else
                peer_run(p);
        }
    }
}

static const char usage[] =
    "origin --cert FILE [--mint CA] [--https ADDRESS:PORT] [--http ADDRESS:PORT]\n"
    "  --cert FILE   certificate and key (PEM) that are shown to names that they are for\n"
    "  --mint FILE   authority and its key (PEM): other names get a certificate of their own\n"
    "  --https, --http  where to listen; 127.0.0.1:0 without them\n"
    "Prints 'https PORT http PORT' once it listens. GET /1k is answered with 1,024 bytes, /100m\n"
    "with 100 MiB; a request with content by the number of its bytes; a WebSocket by echoes.\n";

int
main(int argc, char **argv)
{
    static struct peer https = {.secure = true}, http;
    const char *cert = NULL, *ca = NULL, *at[2] = {"127.0.0.1:0", "127.0.0.1:0"};
    const struct option options[] = {{"cert", 1, NULL, 'c'},  {"mint", 1, NULL, 'm'},
                                     {"https", 1, NULL, 's'}, {"http", 1, NULL, 'p'},
                                     {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (o) {
        case 'c': cert = optarg; break;
        case 'm': ca = optarg; break;
        case 's': at[0] = optarg; break;
        case 'p': at[1] = optarg; break;
        default: fputs(usage, o == 'h' ? stdout : stderr); return o == 'h' ? 0 : 2;
        }
    if (!cert)
        wire_die("missing", "--cert");
    wire_setup();
    memset(origin.scratch, 'x', sizeof(origin.scratch));
    setup_tls(cert, ca);
    origin.epoll = epoll_create1(EPOLL_CLOEXEC);
    printf("https %u", setup_listener(&https, at[0]));
    printf(" http %u\n", setup_listener(&http, at[1]));
    fflush(stdout);
    origin_run();
}
