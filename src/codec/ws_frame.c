/* Frames of WebSocket. */
#include "codec/ws_frame.h"

#include "base/utf8.h"

static const bool opcodes[16] = {
    [WS_CONTINUATION] = true, [WS_TEXT] = true, [WS_BINARY] = true,
    [WS_CLOSE] = true,        [WS_PING] = true, [WS_PONG] = true,
};

/* How many bytes of an extended length follow the first two. */
static size_t
length_size(uint8_t second)
{
    uint8_t length = second & 0x7f;
    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

/* As short as can be (section 5.2), so that a length has one spelling. */
static bool
length_is_minimal(uint64_t length, size_t size)
{
    return size == 0 || (size == 2 ? length > 125 : length > 0xffff);
}

/* What is wrong with it as far as the first two bytes tell, or NULL. */
static const char *
check_begin(uint8_t first, size_t extended)
{
    if (!opcodes[first & 15])
        return "the opcode is reserved";
    if (ws_is_control(first & 15) && (!(first & 0x80) || extended))
        return "a control frame is fragmented or too long";
    return NULL;
}

static const char *
check_length(uint64_t length, size_t extended)
{
    if (length >> 63)
        return "the length has its highest bit set";
    if (!length_is_minimal(length, extended))
        return "the length is not spelt in the shortest way";
    return NULL;
}

enum ws_result
ws_frame_read(struct slice in, struct ws_frame *out, size_t *used, const char **why)
{
    if (in.n < 2)
        return WS_MORE;
    uint8_t first = (uint8_t)in.p[0], second = (uint8_t)in.p[1];
    size_t extended = length_size(second), mask = second & 0x80 ? 4 : 0;
    const char *wrong = check_begin(first, extended);
    bool whole = in.n >= 2 + extended + mask;
    if (!whole && !wrong)
        return WS_MORE;
    struct ws_frame f = {.fin = first & 0x80,
                         .rsv1 = first & 0x40,
                         .rsv2 = first & 0x20,
                         .rsv3 = first & 0x10,
                         .masked = mask,
                         .opcode = first & 15,
                         .length = second & 0x7f};
    if (whole && extended)
        f.length = slice_be(slice_of(in.p + 2, extended));
    if (whole && !wrong)
        wrong = check_length(f.length, extended);
    if (whole)
        memcpy(f.mask, in.p + 2 + extended, mask);
    *used = whole ? 2 + extended + mask : 0;
    if (wrong)
        *why = wrong;
    if (whole)
        *out = f;
    return wrong ? WS_BAD : WS_OK;
}

static void
put_number(struct buf *out, uint64_t n, unsigned bytes)
{
    while (bytes-- > 0)
        buf_byte(out, (char)(n >> 8 * bytes));
}

void
ws_frame_print(struct buf *out, const struct ws_frame *f)
{
    size_t extended = f->length > 0xffff ? 8 : f->length > 125 ? 2 : 0;
    unsigned length = extended == 8 ? 127 : extended ? 126 : (unsigned)f->length;
    unsigned bits = (f->fin ? 0x80u : 0) | (f->rsv1 ? 0x40u : 0) | (f->rsv2 ? 0x20u : 0) |
                    (f->rsv3 ? 0x10u : 0);
    buf_byte(out, (char)(bits | f->opcode));
    buf_byte(out, (char)((f->masked ? 0x80u : 0) | length));
    put_number(out, f->length, (unsigned)extended);
    if (f->masked)
        buf_append(out, slice_of(f->mask, sizeof f->mask));
}

void
ws_frame_mask(char *p, size_t n, const uint8_t mask[4], uint64_t offset)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(p[i] ^ mask[(offset + i) & 3]);
}

void
ws_frame_put(struct buf *out, enum ws_opcode opcode, struct slice content)
{
    ws_frame_print(out, &(struct ws_frame){.fin = true, .opcode = opcode, .length = content.n});
    buf_append(out, content);
}

/* 1004 to 1006 and 1015 stand for things that no frame says. */
bool
ws_close_allowed(unsigned code)
{
    bool known = code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
    return known || (code >= 3000 && code <= 4999);
}

bool
ws_close_read(struct slice content, unsigned *code, struct slice *reason)
{
    if (content.n == 0) {
        *code = WS_CLOSE_NONE;
        *reason = SLICE("");
        return true;
    }
    if (content.n == 1)
        return false;
    unsigned n = (unsigned)slice_be(slice_first(content, 2));
    if (!ws_close_allowed(n) || !utf8_valid(slice_from(content, 2)))
        return false;
    *code = n;
    *reason = slice_from(content, 2);
    return true;
}

void
ws_close_put(struct buf *out, unsigned code, struct slice reason)
{
    struct slice fits = slice_first(reason, WS_CONTROL_MAX - 2);
    while (fits.n && !utf8_valid(fits))
        fits.n--;
    ws_frame_print(out, &(struct ws_frame){.fin = true, .opcode = WS_CLOSE, .length = 2 + fits.n});
    put_number(out, code, 2);
    buf_append(out, fits);
}
