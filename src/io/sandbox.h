/*
 * What the process gives up once it serves: it can start no program, trace nobody, mount, load or
 * become nothing, open only the files that it was told of, and hold no privilege of root. Linux
 * alone; what the kernel lacks is left out and named. Nothing of it can be taken back.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct sandbox_file {
    const char *path; /* a file, or a folder with all below; NULL and missing ones are left out */
    bool write;       /* its content may change, too */
    bool make;        /* a folder: files may be made, replaced and removed in it */
};

/* No core file, and no look into our memory by other processes of the user: before secrets are
 * read. A debugger of the user cannot attach any more. */
void sandbox_hide(void);
/* Before threads are started, since some of it holds for the caller and its offspring alone. A line
 * about what holds is appended to 'holds'. */
bool sandbox_enter(const struct sandbox_file *files, size_t n, struct buf *holds,
                   struct err *e) MUST_CHECK;
