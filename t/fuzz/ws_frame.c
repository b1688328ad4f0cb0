/* WebSocket: a header that is read is printed the same, and whatever is a frame can be walked over.
 */
#include "codec/ws_frame.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_header(struct slice header, const struct ws_frame *f)
{
    struct buf out = {.max = WS_HEADER_MAX};
    ws_frame_print(&out, f);
    assert(slice_eq(buf_slice(&out), header));
    assert(!ws_is_control(f->opcode) || (f->fin && f->length <= WS_CONTROL_MAX));
    buf_release(&out);
}

static void
check_close(struct slice content)
{
    unsigned code;
    struct slice reason;
    struct buf out = {.max = 200};
    if (!ws_close_read(content, &code, &reason) || code == WS_CLOSE_NONE)
        return;
    ws_close_put(&out, code, reason);
    assert(content.n > WS_CONTROL_MAX || slice_eq(slice_from(buf_slice(&out), 2), content));
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct ws_frame f;
    const char *why;
    size_t used;
    check_close(in);
    while (ws_frame_read(in, &f, &used, &why) == WS_OK) {
        check_header(slice_first(in, used), &f);
        in = slice_from(in, used);
        if (f.length > in.n)
            break;
        if (f.opcode == WS_CLOSE)
            check_close(slice_first(in, (size_t)f.length));
        in = slice_from(in, (size_t)f.length);
    }
    return 0;
}
