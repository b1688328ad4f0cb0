/* A file that is in memory alone: for code that reads a file by its path, many times a second. */
#pragma once

#include "base/slice.h"

/* The path; the same file on every call, with these bytes in it. */
const char *memory_file(struct slice bytes);
