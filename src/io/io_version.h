/* The libraries that input and output run with. */
#pragma once

#include "base/buf.h"

/* Appends a line for each: its name and version. */
void io_version(struct buf *out);
