/* The heap of the program for zlib. */
#pragma once

/* Makes next_in a pointer to const. */
#define ZLIB_CONST
#include <zlib.h>

/* For a stream that is not yet initialised. */
void zlib_heap_use(z_stream *z);
