/*
 * TLS layers under arbitrary bytes. The first byte chooses: bytes for a server, bytes for a client,
 * or a good connection whose two ends do what the bytes say, one step each. What arrives must be
 * what was sent, or the beginning of it.
 */
#include "base/base.h"
#include "lib/tls_pair.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct tls_pair p;

static void
check_end(const struct tls_end *e)
{
    assert(e->starts <= 1 && e->eofs <= 1 && e->closes <= 1);
    assert(e->good <= 1 && e->good + e->bad <= 2);
    assert(e->starts == 0 || e->good == 1);
    for (size_t i = 0; i < e->got_n; i++)
        assert(e->got[i] == (char)(i * 7));
}

/* Everything that can still happen to an end. */
static void
finish(struct tls_end *e)
{
    if (p.asked)
        tls_pair_answer(&p);
    e->take = SIZE_MAX;
    tls_pair_tell(e, CMD_MORE);
    if (e->chain)
        chain_eof(e->chain);
    p.now += 2 * p.limits.handshake_time;
    if (e->chain)
        chain_timer(e->chain, p.now);
    tls_pair_tell(e, CMD_CLOSE);
}

static void
run_bytes(struct tls_end *e, struct slice in, size_t piece)
{
    tls_pair_open(&p);
    for (unsigned turn = 0; in.n && turn < 2000; turn++) {
        tls_pair_input(e, slice_first(in, piece));
        in = slice_from(in, piece);
        if (turn == 2 && p.asked)
            tls_pair_answer(&p);
    }
}

static void
send_more(struct tls_end *e, size_t n)
{
    e->to_send += n;
    char *bytes = malloc(n);
    assert(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)((e->sent + i) * 7);
    e->sent += n;
    tls_pair_send(e, slice_of(bytes, n));
    free(bytes);
}

static void
damage(struct tls_end *e, size_t at)
{
    struct buf *out = &e->chain->wire.out;
    if (buf_len(out))
        out->p[out->r + at % buf_len(out)] ^= 1;
}

static void
update_key(struct tls_end *e, int type)
{
    if (!e->good || e->closes || e->chain->wire.close || e->chain->wire.abort)
        return;
    turn_begin(&p.turn);
    if (SSL_key_update(e->ssl, type) == 1)
        SSL_do_handshake(e->ssl);
    turn_end(&p.turn);
}

/* A step is a byte: the end in its lowest bit, then what, then how much. */
static void
step(uint8_t byte)
{
    struct tls_end *e = byte & 1 ? &p.server : &p.client;
    unsigned size = byte >> 4;
    if (!e->chain)
        return;
    switch (byte >> 1 & 7) {
    case 0: send_more(e, (size_t)1 << size); break;
    case 1:
        p.piece = (size_t)1 << size;
        tls_pair_pass(&p, e);
        break;
    case 2:
        p.piece = 0;
        tls_pair_run(&p);
        break;
    case 3:
        e->take = size == 15 ? SIZE_MAX : e->got_n + ((size_t)1 << size);
        tls_pair_tell(e, CMD_MORE);
        break;
    case 4:
        update_key(e, size & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
        break;
    case 5:
        tls_pair_tell(e, size < 13    ? CMD_FLUSH
                         : size == 13 ? CMD_SHUT
                         : size == 14 ? CMD_CLOSE
                                      : CMD_ABORT);
        break;
    case 6:
        if (size == 15)
            damage(e, e->sent);
        else if (size == 14)
            chain_eof(e->chain);
        else if (size == 13 && p.asked)
            tls_pair_answer(&p);
        break;
    case 7: e->take = e->got_n; break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!p.accept_ctx)
        tls_pair_init(&p);
    if (n < 2)
        return 0;
    struct slice rest = slice_of(data + 2, n - 2);
    p.wait = data[0] & 4;
    p.no_ssl = data[0] & 8;
    p.resume = data[0] & 16;
    SSL_CTX_set_max_proto_version(p.connect_ctx, data[0] & 32 ? TLS1_2_VERSION : TLS1_3_VERSION);
    switch (data[0] & 3) {
    case 0: run_bytes(&p.server, rest, (size_t)data[1] + 1); break;
    case 1: run_bytes(&p.client, rest, (size_t)data[1] + 1); break;
    default:
        tls_pair_open(&p);
        if (data[0] & 1)
            tls_pair_run(&p);
        for (size_t i = 0; i < rest.n && i < 200; i++)
            step((uint8_t)rest.p[i]);
    }
    finish(&p.server);
    finish(&p.client);
    check_end(&p.server);
    check_end(&p.client);
    tls_pair_close(&p);
    return 0;
}
