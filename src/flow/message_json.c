/* Messages of a flow as JSON objects. */
#include "flow/message_json.h"

#include "base/utf8.h"
#include "codec/ws_frame.h"

#include <stdio.h>

/* In the order of the bits of enum message_flag. */
static const char *const flags[] = {"compressed", "fragmented", "invalid", "unfinished",
                                    "held",       "edited",     "dropped", "injected"};

static const char *const ops[16] = {[WS_CONTINUATION] = "continuation",
                                    [WS_TEXT] = "text",
                                    [WS_BINARY] = "binary",
                                    [WS_CLOSE] = "close",
                                    [WS_PING] = "ping",
                                    [WS_PONG] = "pong"};

const char *
message_op(const struct message *m, char room[12])
{
    if (ops[m->opcode & 15])
        return ops[m->opcode & 15];
    snprintf(room, 12, "%u", m->opcode);
    return room;
}

static void
put_flags(struct json *j, const struct message *m)
{
    json_begin_array(j, "flags");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (m->flags & 1u << i)
            json_str(j, NULL, flags[i]);
    if (m->raw.cut || m->plain.cut || m->sent.cut)
        json_str(j, NULL, "cut");
    json_end_array(j);
}

static void
put_frames(struct json *j, const struct message *m)
{
    if (!m->frames)
        return;
    json_begin_array(j, "frames");
    for (size_t i = 0; i < MIN(m->n_frames, (size_t)MESSAGE_FRAMES_MAX); i++)
        json_u64(j, NULL, m->frames[i]);
    json_end_array(j);
}

static void
put_base64(struct json *j, const char *key, const struct body *b, uint64_t limit)
{
    struct json_base64_state state;
    json_base64_begin(j, key, &state);
    for (const struct block *it = b->first; it && limit; it = it->next) {
        struct slice s = slice_first(block_slice(it), (size_t)MIN(limit, SIZE_MAX));
        json_base64_add(j, &state, s);
        limit -= s.n;
    }
    json_base64_end(j, &state);
}

/* The front of it in one piece, for text: no character cut in two. false: it is none. */
static bool
gather_text(const struct body *b, size_t limit, struct buf *out)
{
    buf_init(out, limit);
    for (const struct block *it = b->first; it && buf_len(out) < limit; it = it->next)
        buf_append(out, slice_first(block_slice(it), limit - buf_len(out)));
    if (out->failed)
        return false;
    struct slice s = buf_slice(out);
    for (unsigned i = 0; i < 3 && s.n < b->size && !utf8_valid(s) && s.n; i++)
        s.n--;
    out->w = out->r + s.n;
    return utf8_valid(s);
}

static void
put_content(struct json *j, const struct message *m, const struct body *b,
            const char *const keys[2], size_t limit)
{
    struct buf text = {0};
    if (message_is_text(m) && gather_text(b, limit, &text))
        json_text(j, keys[0], buf_slice(&text));
    else
        put_base64(j, keys[1], b, limit);
    buf_release(&text);
}

static void
put_contents(struct json *j, const struct message *m, size_t limit, bool full)
{
    static const char *const received[2] = {"text", "base64"}, *const sent[2] = {"sent_text",
                                                                                 "sent_base64"};
    const struct body *b = message_body(m);
    if (full)
        put_base64(j, "base64", b, SIZE_MAX);
    else
        put_content(j, m, b, received, limit);
    if (!full && (b->kept > limit || m->sent.kept > limit))
        json_bool(j, "shortened", true);
    if (m->flags & MESSAGE_EDITED && full)
        put_base64(j, "sent_base64", &m->sent, SIZE_MAX);
    else if (m->flags & MESSAGE_EDITED)
        put_content(j, m, &m->sent, sent, limit);
    if (full && b != &m->raw && m->raw.size)
        put_base64(j, "raw", &m->raw, SIZE_MAX);
}

static void
put_ws(struct json *j, const struct message *m)
{
    char room[12];
    unsigned code;
    struct slice reason;
    const struct body *b = message_body(m);
    json_str(j, "op", message_op(m, room));
    if (m->opcode != WS_CLOSE || !b->first ||
        !ws_close_read(block_slice(b->first), &code, &reason) || code == WS_CLOSE_NONE)
        return;
    json_u64(j, "code", code);
    json_text(j, "reason", reason);
}

void
message_json(struct json *j, const struct message *m, size_t limit, bool full)
{
    const struct body *b = message_body(m);
    json_begin_object(j, NULL);
    json_u64(j, "number", m->number);
    json_u64(j, "at_us", m->at / 1000);
    json_str(j, "kind", message_kind_name(m->kind));
    json_str(j, "from", m->up ? "client" : "server");
    if (m->kind == MESSAGE_WS)
        put_ws(j, m);
    if (m->name.n)
        json_text(j, "name", m->name);
    json_u64(j, "size", b->size);
    if (b != &m->raw && m->raw.size)
        json_u64(j, "wire_size", m->raw.size);
    put_flags(j, m);
    if (m->why)
        json_str(j, "why", m->why);
    if (m->by.n)
        json_text(j, "by", m->by);
    put_frames(j, m);
    put_contents(j, m, limit, full);
    json_end_object(j);
}

void
messages_json(struct json *j, const char *key, const struct messages *ms, bool full)
{
    json_begin_object(j, key);
    json_u64(j, "total", ms->total);
    json_u64(j, "lost", messages_lost(ms));
    if (full) {
        json_begin_array(j, "list");
        for (const struct message *m = messages_from(ms, 0); m; m = messages_next(ms, m))
            message_json(j, m, SIZE_MAX, true);
        json_end_array(j);
    }
    json_end_object(j);
}
