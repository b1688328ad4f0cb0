/* The libraries that the codecs run with. */
#include "codec/codec_version.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

void
codec_version(struct buf *out)
{
    uint32_t brotli = BrotliDecoderVersion();
    buf_printf(out, "zlib %s\n", zlibVersion());
    buf_printf(out, "brotli %u.%u.%u\n", brotli >> 24, (brotli >> 12) & 0xfff, brotli & 0xfff);
    buf_printf(out, "zstd %s\n", ZSTD_versionString());
}
