/* PRIORITY_UPDATE of HTTP/2 (RFC 9218 section 7): from a client's stream to that of the server. */
#include "layer/h2.h"

#include "base/mem.h"
#include "codec/token.h"

#include <nghttp2/nghttp2.h>

#define ID_SIZE 4u

/* What came last for a stream. */
struct h2_urgency {
    int32_t stream;
    bool queued; /* connect: a frame for it waits in nghttp2 */
    size_t n;
    char value[PRIORITY_MAX];
};

/* Of streams that have yet to begin, the oldest first. */
struct h2_urgencies {
    size_t n;
    struct h2_urgency v[H2_URGENCIES_MAX];
};

static void
urgency_set(struct h2_urgency *u, struct slice value)
{
    u->n = value.n;
    memcpy(u->value, value.p, value.n);
}

/* Of clients ----------------------------------------------------------------------------------
 */

/* What has no place goes: these are hints. */
static void
remember(struct h2 *h, int32_t stream, struct slice value)
{
    struct h2_urgencies *all = h->urgencies;
    if (!all)
        all = h->urgencies = mem_zalloc(sizeof(*all));
    if (!all)
        return;
    size_t i = 0;
    while (i < all->n && all->v[i].stream != stream)
        i++;
    if (i == H2_URGENCIES_MAX) {
        i--;
        memmove(&all->v[0], &all->v[1], i * sizeof(all->v[0]));
    }
    all->n = MAX(all->n, i + 1);
    all->v[i].stream = stream;
    urgency_set(&all->v[i], value);
}

static void
up(struct h2_stream *s, struct slice value)
{
    if (!s->over)
        h2_up(s, &(struct part){.type = PART_PRIORITY, .data = value});
}

void
h2_priority_begin(struct h2_stream *s)
{
    struct h2_urgencies *all = s->h->urgencies;
    size_t kept = 0;
    if (!all)
        return;
    for (size_t i = 0; i < all->n; i++) {
        struct h2_urgency *u = &all->v[i];
        if (u->stream == s->id)
            up(s, slice_of(u->value, u->n));
        else if (u->stream > s->id) /* lower ones cannot begin any more */
            all->v[kept++] = *u;
    }
    all->n = kept;
}

static void
broken(struct h2 *h, uint32_t code, const char *what)
{
    struct failure why;
    bool accept = h->role == ROLE_ACCEPT;
    failure_set(&why, accept ? REASON_BAD_REQUEST : REASON_BAD_RESPONSE,
                "HTTP/2: PRIORITY_UPDATE %s", what);
    h2_end(h, code, &why);
}

/* In text, for a log. */
struct slice
h2_priority_value(const struct h2 *h)
{
    struct slice value = SLICE_NONE;
    if (h->update_n > ID_SIZE && h->update_n <= sizeof(h->update))
        value = slice_of(h->update + ID_SIZE, h->update_n - ID_SIZE);
    return token_span(value, TOKEN_VALUE) == value.n ? value : SLICE_NONE;
}

int32_t
h2_priority_stream(const struct h2 *h)
{
    return (int32_t)(slice_be(slice_of(h->update, ID_SIZE)) & INT32_MAX);
}

/* Of a frame on stream 'on', which has come to its end. */
void
h2_on_priority(struct h2 *h, int32_t on)
{
    struct slice value = h2_priority_value(h);
    h2_count_frame(h);
    if (h->role == ROLE_CONNECT || on) {
        broken(h, NGHTTP2_PROTOCOL_ERROR, on ? "on a stream" : "of a server");
        return;
    }
    if (h->update_n < ID_SIZE) {
        broken(h, NGHTTP2_FRAME_SIZE_ERROR, "without a stream");
        return;
    }
    int32_t id = h2_priority_stream(h);
    if (id % 2 == 0) { /* that of a push is none that we have begun */
        broken(h, NGHTTP2_PROTOCOL_ERROR, "for a stream that is none of the client");
        return;
    }
    struct h2_stream *s = nghttp2_session_get_stream_user_data(h->session, id);
    if (!value.n)
        return;
    if (s)
        up(s, value);
    else if ((uint32_t)id > h->seen)
        remember(h, id, value);
}

static int
on_chunk(nghttp2_session *session UNUSED, const nghttp2_frame_hd *hd UNUSED, const uint8_t *data,
         size_t n, void *user)
{
    struct h2 *h = user;
    size_t room = h->update_n < sizeof(h->update) ? sizeof(h->update) - h->update_n : 0;
    memcpy(h->update + sizeof(h->update) - room, data, MIN(n, room));
    h->update_n += n;
    return 0;
}

static int
on_unpack(nghttp2_session *session UNUSED, void **payload, const nghttp2_frame_hd *hd UNUSED,
          void *user UNUSED)
{
    *payload = NULL;
    return 0;
}

/* To servers ----------------------------------------------------------------------------------
 */

/* By its number on the wire, also one whose head waits in nghttp2. */
static struct h2_stream *
find(struct h2 *h, intptr_t id)
{
    list_for (it, &h->streams)
        if (container_of(it, struct h2_stream, node)->id == id)
            return container_of(it, struct h2_stream, node);
    return NULL;
}

void
h2_priority_send(struct h2_stream *s, struct slice value)
{
    if (!s->urgency)
        s->urgency = mem_zalloc(sizeof(*s->urgency));
    if (!s->urgency || value.n > PRIORITY_MAX)
        return;
    urgency_set(s->urgency, value);
    if (!s->urgency->queued && s->id > 0)
        h2_priority_queue(s);
}

void
h2_priority_queue(struct h2_stream *s)
{
    struct h2 *h = s->h;
    /* The stream may be gone when its turn has come, so it is named and not pointed to. */
    union {
        intptr_t id;
        void *payload;
    } of = {.id = s->id};
    int r = nghttp2_submit_extension(h->session, NGHTTP2_PRIORITY_UPDATE, NGHTTP2_FLAG_NONE, 0,
                                     of.payload);
    s->urgency->queued = !r;
    if (nghttp2_is_fatal(r))
        chain_fail(h->layer.chain);
    chain_touch(h->layer.chain);
}

static ssize_t
on_pack(nghttp2_session *session UNUSED, uint8_t *to, size_t most UNUSED,
        const nghttp2_frame *frame, void *user)
{
    union {
        void *payload;
        intptr_t id;
    } of = {.payload = frame->ext.payload};
    struct h2_stream *s = find(user, of.id);
    if (!s || s->closed)
        return NGHTTP2_ERR_CANCEL;
    for (unsigned i = 0; i < ID_SIZE; i++)
        to[i] = (uint8_t)((uint32_t)s->id >> (24 - 8 * i));
    memcpy(to + ID_SIZE, s->urgency->value, s->urgency->n);
    s->urgency->queued = false;
    return (ssize_t)(ID_SIZE + s->urgency->n);
}

void
h2_priority_callbacks(nghttp2_session_callbacks *c, nghttp2_option *option)
{
    nghttp2_option_set_user_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(c, on_chunk);
    nghttp2_session_callbacks_set_unpack_extension_callback(c, on_unpack);
    nghttp2_session_callbacks_set_pack_extension_callback(c, on_pack);
}
