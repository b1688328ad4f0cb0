/* A temporary folder for one test program: made once, removed with everything in it at the end. */
#pragma once

#include "base/slice.h"

#include <sys/types.h>

/* The path of the folder; made on the first call, gone when the program exits. */
const char *folder_path(void);
/* The path of a file in it. Borrowed; the last eight stay valid. */
const char *folder_file(const char *name);
/* Writes a file and returns its path. */
const char *folder_write(const char *name, struct slice bytes, mode_t mode);
