/* The load as a client of HTTP/2 (RFC 9113), for connections that are held: one request on each,
 * with a header list that needs no table. */
#include "base/scan.h"
#include "bench/lib/load_conn.h"

#define FRAME_HEAD 9
#define STATUS_200 0x88 /* as HPACK has it in its static table */
#define TABLE_SIZE 0x20 /* and what may stand in front of it */

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 0x20 };

static size_t
put_frame(char *to, unsigned type, unsigned flags, unsigned stream, struct slice content)
{
    const char head[FRAME_HEAD] = {(char)(content.n >> 16),
                                   (char)(content.n >> 8),
                                   (char)content.n,
                                   (char)type,
                                   (char)flags,
                                   0,
                                   0,
                                   0,
                                   (char)stream};
    memcpy(to, head, sizeof(head));
    if (content.n)
        memcpy(to + sizeof(head), content.p, content.n);
    return sizeof(head) + content.n;
}

/* A field whose name is in the static table, not to be put into the other one. */
static size_t
put_field(char *to, char name, const char *value)
{
    size_t n = strlen(value);
    to[0] = name;
    to[1] = (char)n;
    memcpy(to + 2, value, n);
    return n + 2;
}

void
load_h2_request(struct conn *c, const char *host)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    char list[256], path[32];
    size_t n = 0;
    snprintf(path, sizeof(path), "/%s", c->load->plan->path);
    list[n++] = (char)0x82; /* :method GET */
    list[n++] = (char)0x87; /* :scheme https */
    n += put_field(list + n, 1, host);
    n += put_field(list + n, 4, path);
    memcpy(c->request, preface, sizeof(preface) - 1);
    size_t at = sizeof(preface) - 1;
    at += put_frame(c->request + at, SETTINGS, 0, 0, SLICE_NONE);
    at += put_frame(c->request + at, HEADERS, END_STREAM | END_HEADERS, 1, slice_of(list, n));
    c->request_len = at;
    c->took = 0;
}

static bool
answer_ack(struct conn *c, unsigned type, struct slice content)
{
    char ack[FRAME_HEAD + 8];
    size_t n = put_frame(ack, type, ACK, 0, type == PING ? slice_first(content, 8) : SLICE_NONE);
    return wire_write(&c->wire, ack, n) == (ssize_t)n;
}

static bool
is_200(unsigned flags, struct slice list)
{
    size_t skip = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0);
    while (skip < list.n && ((uint8_t)list.p[skip] & 0xe0) == TABLE_SIZE)
        skip += ((uint8_t)list.p[skip] & 0x1f) == 0x1f ? 3 : 1;
    return skip < list.n && (uint8_t)list.p[skip] == STATUS_200;
}

/* One frame; NEXT: the answer is whole, WAIT: it is not. */
static enum step
take_frame(struct conn *c, unsigned type, unsigned flags, struct slice content)
{
    if ((type == SETTINGS || type == PING) && !(flags & ACK))
        return answer_ack(c, type, content) ? WAIT : conn_fail(c, "no room for an ACK");
    if (type == RST_STREAM || type == GOAWAY)
        return conn_fail(c, "the stream or the connection was ended");
    if (type == HEADERS && !is_200(flags, content))
        return conn_fail(c, "another status");
    if (type == DATA)
        c->took += content.n;
    if ((type != DATA && type != HEADERS) || !(flags & END_STREAM))
        return WAIT;
    return c->took == c->load->plan->expect ? NEXT : conn_fail(c, "the answer has another length");
}

enum step
load_h2_answer(struct conn *c)
{
    for (;;) {
        const uint8_t *p = (const uint8_t *)c->in;
        size_t n = FRAME_HEAD + ((size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2]);
        if (c->have >= FRAME_HEAD && c->have >= n) {
            enum step s = take_frame(c, p[3], p[4], slice_of(c->in + FRAME_HEAD, n - FRAME_HEAD));
            c->have -= n;
            memmove(c->in, c->in + n, c->have);
            c->left = s == NEXT ? 0 : c->left;
            if (s != WAIT)
                return s;
            continue;
        }
        ssize_t got = wire_read(&c->wire, c->in + c->have, HEAD_MAX - c->have);
        if (got == WIRE_AGAIN && c->have < HEAD_MAX)
            return WAIT;
        if (got <= 0)
            return conn_fail(c, "closed in the middle of an answer, or a frame that is too large");
        c->have += (size_t)got;
        c->load->r->bytes_in += (uint64_t)got;
    }
}
