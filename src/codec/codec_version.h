/* The libraries that the codecs run with. */
#pragma once

#include "base/buf.h"

/* Appends a line for each: its name and version. */
void codec_version(struct buf *out);
