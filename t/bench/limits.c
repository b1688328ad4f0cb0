/* What this machine can do at all: the cost of each operation that a proxy cannot do without, on
 * one core, as a table in Markdown. */
#include "bench/lib/mint.h"
#include "bench/lib/wire.h"
#include "codec/http1.h"

#include <openssl/rsa.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SMALL 1400
#define BIG   16384

static struct {
    EVP_PKEY *p256, *rsa, *x25519;
    struct mint mint;
    SSL_CTX *accept, *connect, *trusting;
    SSL_SESSION *session;
    uint64_t client_ns; /* of the last handshakes */
    uint64_t slice;     /* ns of CPU time that each measurement takes at least */
    SSL *pair[2];
    int pipe[2];
    char bytes[4 * BIG];
} env;

/* The CPU time of this thread: others on the machine do not count. */
static uint64_t
cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
need(bool good, const char *what)
{
    if (!good)
        wire_die("failed:", what);
}

/* Each does its operation n times and returns the CPU time in ns, its own preparation left out. ---
 */

static uint64_t
sign_with(EVP_PKEY *key, size_t n)
{
    unsigned char out[512];
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        size_t len = sizeof(out);
        need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestSign(ctx, out, &len, (unsigned char *)env.bytes, 64) == 1,
             "sign");
        EVP_MD_CTX_free(ctx);
    }
    return cpu_ns() - from;
}

static uint64_t
sign_p256(size_t n)
{
    return sign_with(env.p256, n);
}

static uint64_t
sign_rsa(size_t n)
{
    return sign_with(env.rsa, n);
}

static uint64_t
verify_p256(size_t n)
{
    unsigned char sig[512];
    size_t len = sizeof(sig);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, env.p256) == 1 &&
             EVP_DigestSign(ctx, sig, &len, (unsigned char *)env.bytes, 64) == 1,
         "sign");
    EVP_MD_CTX_free(ctx);
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        ctx = EVP_MD_CTX_new();
        need(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, env.p256) == 1 &&
                 EVP_DigestVerify(ctx, sig, len, (unsigned char *)env.bytes, 64) == 1,
             "verify");
        EVP_MD_CTX_free(ctx);
    }
    return cpu_ns() - from;
}

static uint64_t
x25519_make(size_t n)
{
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++)
        EVP_PKEY_free(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    return cpu_ns() - from;
}

static uint64_t
x25519_derive(size_t n)
{
    unsigned char out[32];
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        size_t len = sizeof(out);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(env.x25519, NULL);
        need(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
                 EVP_PKEY_derive(ctx, out, &len) == 1,
             "derive");
        EVP_PKEY_CTX_free(ctx);
    }
    uint64_t ns = cpu_ns() - from;
    EVP_PKEY_free(other);
    return ns;
}

static uint64_t
mint_leaf(size_t n)
{
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++)
        X509_free(mint_make(&env.mint, "hot.bench.test"));
    return cpu_ns() - from;
}

static uint64_t
encrypt(size_t n, int size)
{
    static const unsigned char key[16], iv[12];
    unsigned char *bytes = (unsigned char *)env.bytes, tag[16];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    need(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv) == 1, "AES");
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        int len;
        need(EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) == 1 &&
                 EVP_EncryptUpdate(ctx, bytes, &len, bytes, size) == 1 &&
                 EVP_EncryptFinal_ex(ctx, tag, &len) == 1 &&
                 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) == 1,
             "AES");
    }
    uint64_t ns = cpu_ns() - from;
    EVP_CIPHER_CTX_free(ctx);
    return ns;
}

static uint64_t
encrypt_1k(size_t n)
{
    return encrypt(n, 1024);
}

static uint64_t
encrypt_16k(size_t n)
{
    return encrypt(n, BIG);
}

/* TLS
 * ---------------------------------------------------------------------------------------------- */

static void
pair_new(SSL *pair[2], SSL_CTX *connect)
{
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
    pair[0] = SSL_new(connect);
    pair[1] = SSL_new(env.accept);
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(pair[0], down, up);
    SSL_set_bio(pair[1], up, down);
    SSL_set_connect_state(pair[0]);
    SSL_set_accept_state(pair[1]);
    SSL_set1_host(pair[0], "hot.bench.test");
}

/* The time of both sides, apart. */
static void
pair_handshake(SSL *pair[2], uint64_t ns[2])
{
    for (int done = 0, turn = 0; done < 2 && turn < 10; turn++) {
        uint64_t from = cpu_ns();
        SSL *ssl = pair[turn % 2];
        bool before = SSL_is_init_finished(ssl);
        done += SSL_do_handshake(ssl) == 1 && !before;
        ns[turn % 2] += cpu_ns() - from;
    }
    need(SSL_is_init_finished(pair[0]) && SSL_is_init_finished(pair[1]), "handshake");
    /* Tickets. */
    uint64_t from = cpu_ns();
    SSL_read(pair[0], env.bytes, 1);
    ns[0] += cpu_ns() - from;
}

static void
pair_free(SSL *pair[2])
{
    for (int i = 0; i < 2; i++) {
        SSL_shutdown(pair[i]);
        SSL_free(pair[i]);
    }
}

/* Returns the time of the server's side and notes that of the client's. */
static uint64_t
handshakes(size_t n, SSL_CTX *connect, bool resume)
{
    uint64_t ns[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        SSL *pair[2];
        uint64_t from = cpu_ns();
        pair_new(pair, connect);
        ns[1] += (cpu_ns() - from) / 2;
        if (resume)
            SSL_set_session(pair[0], env.session);
        pair_handshake(pair, ns);
        need(SSL_session_reused(pair[0]) == resume, "resumption");
        pair_free(pair);
    }
    env.client_ns = ns[0];
    return ns[1];
}

static uint64_t
accept_full(size_t n)
{
    return handshakes(n, env.trusting, false);
}

static uint64_t
connect_full(size_t n)
{
    handshakes(n, env.trusting, false);
    return env.client_ns;
}

static uint64_t
connect_verified(size_t n)
{
    handshakes(n, env.connect, false);
    return env.client_ns;
}

static uint64_t
accept_resumed(size_t n)
{
    return handshakes(n, env.connect, true);
}

static uint64_t
connect_resumed(size_t n)
{
    handshakes(n, env.connect, true);
    return env.client_ns;
}

/* Batches small enough for the memory BIO to stay in the cache. */
static uint64_t
records(size_t n, int size, bool reading)
{
    uint64_t ns = 0;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t from = cpu_ns();
        for (int k = 0; k < 8; k++)
            need(SSL_write(env.pair[1], env.bytes, size) == size, "SSL_write");
        uint64_t written = cpu_ns();
        for (int k = 0; k < 8; k++)
            need(SSL_read(env.pair[0], env.bytes, size) == size, "SSL_read");
        ns += reading ? cpu_ns() - written : written - from;
    }
    return ns;
}

static uint64_t
write_small(size_t n)
{
    return records(n, SMALL, false);
}

static uint64_t
read_small(size_t n)
{
    return records(n, SMALL, true);
}

static uint64_t
write_big(size_t n)
{
    return records(n, BIG, false);
}

static uint64_t
read_big(size_t n)
{
    return records(n, BIG, true);
}

/* The kernel
 * --------------------------------------------------------------------------------------- */

static uint64_t
transfer(size_t n, ssize_t size, bool receiving)
{
    uint64_t ns = 0;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t from = cpu_ns();
        for (int k = 0; k < 8; k++)
            need(send(env.pipe[0], env.bytes, (size_t)size, MSG_NOSIGNAL) == size, "send");
        uint64_t sent = cpu_ns();
        for (int k = 0; k < 8; k++)
            need(recv(env.pipe[1], env.bytes, (size_t)size, MSG_WAITALL) == size, "recv");
        ns += receiving ? cpu_ns() - sent : sent - from;
    }
    return ns;
}

static uint64_t
send_small(size_t n)
{
    return transfer(n, SMALL, false);
}

static uint64_t
recv_small(size_t n)
{
    return transfer(n, SMALL, true);
}

static uint64_t
send_big(size_t n)
{
    return transfer(n, BIG, false);
}

static uint64_t
recv_big(size_t n)
{
    return transfer(n, BIG, true);
}

static uint64_t
recv_nothing(size_t n)
{
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++)
        need(recv(env.pipe[1], env.bytes, SMALL, MSG_DONTWAIT) == -1, "recv");
    return cpu_ns() - from;
}

static uint64_t
wait_ready(size_t n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLOUT};
    epoll_ctl(epoll, EPOLL_CTL_ADD, env.pipe[0], &ev);
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < n; i++)
        need(epoll_wait(epoll, &ev, 1, -1) == 1, "epoll_wait");
    uint64_t ns = cpu_ns() - from;
    close(epoll);
    return ns;
}

enum dial_part { DIAL_CONNECT, DIAL_ACCEPT, DIAL_CLOSE };

static uint64_t
dial(size_t n, enum dial_part part)
{
    char at[32];
    int listener = wire_listen("127.0.0.1:0");
    need(listener >= 0, "listen");
    snprintf(at, sizeof(at), "127.0.0.1:%u", wire_port(listener));
    uint64_t ns = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t t[4] = {cpu_ns()};
        int up = wire_connect(at);
        t[1] = cpu_ns();
        int down = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        t[2] = cpu_ns();
        need(up >= 0 && down >= 0, "connect");
        close(up);
        close(down);
        t[3] = cpu_ns();
        ns += t[part + 1] - t[part];
    }
    close(listener);
    return ns;
}

static uint64_t
dial_connect(size_t n)
{
    return dial(n, DIAL_CONNECT);
}

static uint64_t
dial_accept(size_t n)
{
    return dial(n, DIAL_ACCEPT);
}

static uint64_t
dial_close(size_t n)
{
    return dial(n, DIAL_CLOSE);
}

/* Our own
 * ------------------------------------------------------------------------------------------ */

static uint64_t
parse_head(size_t n)
{
    const struct slice head = SLICE("GET /1k HTTP/1.1\r\nHost: hot.bench.test:8443\r\n"
                                    "User-Agent: bench\r\nAccept: */*\r\n\r\n");
    struct http1_limits max = HTTP1_LIMITS_DEFAULT;
    uint64_t ns = 0;
    for (size_t i = 0; i < n; i += 64) {
        struct arena *a = arena_new((size_t)64 * 1024, (size_t)1 << 20);
        need(a != NULL, "arena");
        uint64_t from = cpu_ns();
        for (int k = 0; k < 64; k++) {
            struct http_head out;
            struct http1_why why;
            size_t scanned = 0;
            need(http1_head_end(head, &scanned) == head.n &&
                     http1_parse_request(head, &max, a, &out, &why) == HTTP1_OK,
                 "parse");
        }
        ns += cpu_ns() - from;
        arena_free(a);
    }
    return ns;
}

/* The table
 * ---------------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    uint64_t (*run)(size_t n);
    size_t bytes; /* shown as a rate, when there are any */
} rows[] = {{"ECDSA P-256 signature", sign_p256, 0},
            {"ECDSA P-256 verification", verify_p256, 0},
            {"RSA-2048 signature", sign_rsa, 0},
            {"X25519 key", x25519_make, 0},
            {"X25519 derivation", x25519_derive, 0},
            {"certificate made and signed, P-256", mint_leaf, 0},
            {"TLS 1.3 full handshake, server side, P-256, with tickets", accept_full, 0},
            {"the same, client side, not verifying", connect_full, 0},
            {"the same, client side, verifying", connect_verified, 0},
            {"TLS 1.3 resumed handshake, server side", accept_resumed, 0},
            {"the same, client side", connect_resumed, 0},
            {"AES-128-GCM, 1 KB", encrypt_1k, 1024},
            {"AES-128-GCM, 16 KB", encrypt_16k, BIG},
            {"SSL_write of 1.4 KB", write_small, SMALL},
            {"SSL_read of 1.4 KB", read_small, SMALL},
            {"SSL_write of 16 KB", write_big, BIG},
            {"SSL_read of 16 KB", read_big, BIG},
            {"send of 1.4 KB on loopback", send_small, SMALL},
            {"recv of 1.4 KB", recv_small, SMALL},
            {"send of 16 KB on loopback", send_big, BIG},
            {"recv of 16 KB", recv_big, BIG},
            {"recv that would block", recv_nothing, 0},
            {"epoll_wait with one event", wait_ready, 0},
            {"connect on loopback", dial_connect, 0},
            {"accept", dial_accept, 0},
            {"close of both sides", dial_close, 0},
            {"HTTP/1 request head found and parsed, with its arena", parse_head, 0}};

/* The least of five: what disturbs only adds. */
static double
cost(const struct row *row)
{
    size_t n = 64;
    while (row->run(n) < env.slice)
        n *= 2;
    double best = 0;
    for (int i = 0; i < 5; i++) {
        double each = (double)row->run(n) / (double)n;
        best = i && best < each ? best : each;
    }
    return best;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(env.session);
    env.session = session;
    return 1;
}

static void
setup_tls(void)
{
    X509 *leaf = mint_make(&env.mint, "hot.bench.test");
    env.accept = SSL_CTX_new(TLS_server_method());
    env.connect = SSL_CTX_new(TLS_client_method());
    env.trusting = SSL_CTX_new(TLS_client_method());
    need(leaf && SSL_CTX_use_certificate(env.accept, leaf) == 1 &&
             SSL_CTX_use_PrivateKey(env.accept, env.p256) == 1 &&
             X509_STORE_add_cert(SSL_CTX_get_cert_store(env.connect), env.mint.ca) == 1,
         "TLS");
    X509_free(leaf);
    SSL_CTX_set_verify(env.connect, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(env.connect, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(env.connect, on_session);
    uint64_t ns[2] = {0, 0};
    pair_new(env.pair, env.connect);
    pair_handshake(env.pair, ns);
    need(env.session != NULL, "ticket");
    /* Otherwise each new ticket would take the session that it came by out of use. */
    SSL_CTX_set_session_cache_mode(env.connect, SSL_SESS_CACHE_OFF);
}

static void
setup_sockets(void)
{
    char at[32];
    int listener = wire_listen("127.0.0.1:0");
    need(listener >= 0, "listen");
    snprintf(at, sizeof(at), "127.0.0.1:%u", wire_port(listener));
    env.pipe[0] = wire_connect(at);
    env.pipe[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    need(env.pipe[0] >= 0 && env.pipe[1] >= 0, "connect");
    close(listener);
}

int
main(int argc, char **argv)
{
    env.slice = argc > 1 && slice_eq(slice_str(argv[1]), SLICE("--quick")) ? 2000000 : 50000000;
    env.p256 = EVP_EC_gen("P-256");
    env.rsa = EVP_RSA_gen(2048);
    env.x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    mint_init_new(&env.mint, env.p256);
    setup_tls();
    setup_sockets();
    puts("| one core, least of five | cost | a second | |\n| --- | --- | --- | --- |");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double ns = cost(&rows[i]);
        char rate[32] = "";
        if (rows[i].bytes)
            snprintf(rate, sizeof(rate), "%.2f GB/s", (double)rows[i].bytes / ns);
        printf("| %s | %.2f us | %.0f | %s |\n", rows[i].name, ns / 1000, 1e9 / ns, rate);
        fflush(stdout);
    }
    return 0;
}
