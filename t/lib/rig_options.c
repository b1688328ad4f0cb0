/* The options of a rig: as they are without any, and as bytes. */
#include "base/clock.h"
#include "lib/rig.h"

void
rig_options_init(struct rig_options *o)
{
    *o = (struct rig_options){
        .limits = {.head_max = 64 << 10,
                   .line_max = 16 << 10,
                   .fields_max = 128,
                   .trailer_max = 8 << 10,
                   .body_limit = 1 << 20,
                   .decode_ratio = 200,
                   .decode_limit = 1 << 20,
                   .head_time = 10 * NS_PER_S,
                   .idle_time = 60 * NS_PER_S,
                   .keepalive_time = 30 * NS_PER_S,
                   .handshake_time = 10 * NS_PER_S,
                   .body_time = 10 * NS_PER_S,
                   .h2_streams = 100,
                   .h2_resets = 200,
                   .h2_frames = 1000},
        .piece = 64 << 10,
        .finish = true,
        .port = 80,
        .target = "target",
        .text = "text",
    };
}

/* The switches in the order of their bits. */
static void
list_flags(struct rig_options *o, bool *flags[8])
{
    bool *all[8] = {&o->wait_request,
                    &o->wait_open,
                    &o->wait_next,
                    &o->limits.allow_malformed,
                    &o->limits.forward_chunk_ext,
                    &o->refuse_tunnel};
    memcpy(flags, all, sizeof(all));
}

void
rig_options_write(const struct rig_options *o, FILE *out)
{
    struct rig_options copy = *o, usual;
    bool *flags[8];
    unsigned bits = 0, message = 0;
    rig_options_init(&usual);
    list_flags(&copy, flags);
    for (unsigned i = 0; i < 8; i++)
        bits |= flags[i] && *flags[i] ? 1u << i : 0;
    bits |= (o->respond ? 64u : 0) | (o->open_fails ? 128u : 0);
    fputc((int)o->stack, out);
    fputc((int)bits, out);
    for (size_t i = 0; i < o->n_hooks; i++)
        if (o->hooks[i].stage == STAGE_MESSAGE)
            message |= slice_eq(slice_str(o->hooks[i].words), SLICE("wait")) ? 128u : 64u;
    fputc((int)((o->limits.head_max < usual.limits.head_max) | (o->server_h2 ? 32u : 0) | message),
          out);
    fwrite("\0\0", 1, 3, out); /* pieces as the driver reads, no failing allocation */
}

/* What is wanted at the stages, by three bits. */
static void
read_hooks(struct rig_options *o, unsigned number)
{
    static const struct rig_hook sets[8][4] = {
        {{0}},
        {{STAGE_REQUEST_HEAD, "wait"}, {STAGE_RESPONSE_HEAD, "wait"}},
        {{STAGE_REQUEST_HEAD, "want"}, {STAGE_REQUEST, "replace another content"}},
        {{STAGE_RESPONSE_HEAD, "want"}, {STAGE_RESPONSE, "replace another content"}},
        {{STAGE_REQUEST_HEAD, "want"},
         {STAGE_REQUEST, "wait"},
         {STAGE_RESPONSE_HEAD, "want"},
         {STAGE_RESPONSE, "wait"}},
        {{STAGE_REQUEST_HEAD, "url http://other:81/x"},
         {STAGE_RESPONSE_HEAD, "answer 404 not here"}},
        {{STAGE_REQUEST_HEAD, "slow 3 0"}, {STAGE_RESPONSE_HEAD, "slow 0 3"}},
        {{STAGE_REQUEST_HEAD, "replace x"}, {STAGE_RESPONSE_HEAD, "fault truncate 3"}},
    };
    for (size_t i = 0; i < 4 && sets[number][i].words[0]; i++)
        o->hooks[o->n_hooks++] = sets[number][i];
}

void
rig_options_read(struct rig_options *o, const unsigned char bytes[RIG_OPTIONS_BYTES])
{
    bool *flags[8];
    rig_options_init(o);
    list_flags(o, flags);
    o->stack = bytes[0] % (RIG_H2 + 1);
    for (unsigned i = 0; i < 8; i++)
        if (flags[i])
            *flags[i] = bytes[1] >> i & 1;
    o->respond = bytes[1] & 64 ? 200 : 0;
    o->finish = !(bytes[2] & 2);
    o->server_h2 = bytes[2] & 32;
    o->open_fails = bytes[1] & 128 ? REASON_CONNECT : REASON_NONE;
    if (bytes[3])
        o->piece = bytes[3];
    read_hooks(o, bytes[2] >> 2 & 7);
    if (bytes[2] & 64)
        o->hooks[o->n_hooks++] = (struct rig_hook){STAGE_MESSAGE, "only 3 replace another"};
    if (bytes[2] & 128)
        o->hooks[o->n_hooks++] = (struct rig_hook){STAGE_MESSAGE, "wait"};
    if (!(bytes[2] & 1))
        return;
    o->limits.head_max = 200;
    o->limits.line_max = 60;
    o->limits.fields_max = 5;
    o->limits.trailer_max = 40;
    o->limits.body_limit = 10;
}
