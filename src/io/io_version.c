/* The libraries that input and output run with. */
#include "io/io_version.h"

#include <ares.h>
#include <uv.h>

void
io_version(struct buf *out)
{
    buf_printf(out, "libuv %s\n", uv_version_string());
    buf_printf(out, "c-ares %s\n", ares_version(NULL));
}
