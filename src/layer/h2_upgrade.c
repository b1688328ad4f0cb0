/* HTTP/2 that begins with a request of HTTP/1 in clear: Upgrade: h2c (RFC 7540 section 3.2). */
#include "layer/h2.h"

#include "base/base64.h"

#include <nghttp2/nghttp2.h>

/* The payload of a SETTINGS frame, whose entries have six bytes: eight characters each. */
#define ENTRIES_MAX 32u
#define ENTRY       6u
#define PAYLOAD_MAX (ENTRIES_MAX * ENTRY)
#define TEXT_MAX    (ENTRIES_MAX * 8)

static const struct slice settings_name = {"HTTP2-Settings", 14};

/* The only field of that name, or NULL. */
static const struct field *
only_field(const struct http_head *head, struct slice name)
{
    const struct field *found = NULL;
    for (size_t i = 0; i < head->n; i++) {
        if (!slice_eq_nocase(head->fields[i].name, name))
            continue;
        if (found)
            return NULL;
        found = &head->fields[i];
    }
    return found;
}

/* Whether a SETTINGS frame may say so (RFC 9113 section 6.5.2); of others than these, anything. */
static bool
is_right(uint64_t id, uint64_t value)
{
    switch (id) {
    case NGHTTP2_SETTINGS_ENABLE_PUSH:
    case NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL:
    case NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES: return value <= 1;
    case NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE: return value <= NGHTTP2_MAX_WINDOW_SIZE;
    case NGHTTP2_SETTINGS_MAX_FRAME_SIZE: return value >= 1u << 14 && value < 1u << 24;
    default: return true;
    }
}

static bool
are_right(struct slice payload)
{
    for (size_t at = 0; at < payload.n; at += ENTRY)
        if (!is_right(slice_be(slice_of(payload.p + at, 2)),
                      slice_be(slice_of(payload.p + at + 2, 4))))
            return false;
    return true;
}

/* base64url without padding (RFC 7540 section 3.2.1); false: it is none, or no SETTINGS. */
static bool
read_payload(const struct http_head *head, struct buf *payload)
{
    const struct field *f = only_field(head, settings_name);
    char text[TEXT_MAX];
    if (!f || !f->value.n || f->value.n % 8 || f->value.n > TEXT_MAX)
        return false;
    for (size_t i = 0; i < f->value.n; i++) {
        char c = f->value.p[i];
        if (c == '+' || c == '/' || c == '=')
            return false;
        text[i] = c;
        if (c == '-')
            text[i] = '+';
        if (c == '_')
            text[i] = '/';
    }
    return base64_decode(payload, slice_of(text, f->value.n)) && are_right(buf_slice(payload));
}

/* Nothing but h2c is asked for: who names more gets HTTP/1, as who sends content with it. */
static bool
asks_for_h2(const struct http_head *head)
{
    bool empty =
        head->framing == FRAMING_NONE || (head->framing == FRAMING_LENGTH && !head->length);
    const struct field *upgrade = only_field(head, SLICE("Upgrade"));
    return empty && !slice_eq(head->method, SLICE("CONNECT")) && !head->malformed &&
           head->version == 11 && head->keep_alive && upgrade &&
           slice_eq(upgrade->value, SLICE("h2c")) &&
           head_has_token(head, FIELD_CONNECTION, SLICE("upgrade")) &&
           head_has_token(head, FIELD_CONNECTION, settings_name);
}

bool
h2_upgrade_wanted(const struct http_head *head)
{
    char room[PAYLOAD_MAX];
    struct buf payload = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    return asks_for_h2(head) && read_payload(head, &payload);
}

void
h2_upgrade_with(struct layer *l, struct flow *f)
{
    h2_of(l)->first = flow_ref(f);
}

bool
h2_upgrade(struct h2 *h)
{
    char room[PAYLOAD_MAX];
    struct buf payload = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
    struct flow *f = h->first;
    struct h2_stream *s = h2_stream_new(h, 1, 1);
    h->first = NULL;
    bool head = slice_eq(f->req.head.method, SLICE("HEAD"));
    if (!s || !read_payload(&f->req.head, &payload) ||
        nghttp2_session_upgrade2(h->session, (const uint8_t *)room, buf_len(&payload), head,
                                 NULL) ||
        nghttp2_session_set_stream_user_data(h->session, 1, s)) {
        flow_unref(f);
        return false;
    }
    h->seen = 1;
    h2_on_upgraded(s, f);
    return true;
}
