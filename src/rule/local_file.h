/*
 * Files below a folder, by the path of a URL. Whatever the path says, nothing outside of the folder
 * is opened: not by "..", not by a symbolic link that leads out, not by encoded slashes, not by
 * NUL.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct local_file {
    int fd;
    uint64_t size;
    int64_t mtime;     /* seconds since 1970 */
    uint64_t mtime_ns; /* all of it, as a number that changes with the file */
    const char *type;  /* for Content-Type; static */
};

/* The path, percent-encoded and without a query, as a relative name of a file: "a/b". false for one
 * that names no file. */
bool local_file_name(struct slice path, struct buf *out) MUST_CHECK;
/* Opens root/name, or root itself when it is a file; 'name' as above, "" is the folder. In a folder
 * its index.html. false when there is no such regular file. The caller closes fd. */
bool local_file_open(const char *root, struct slice name, struct local_file *out) MUST_CHECK;
/* By the end of the name; "application/octet-stream" when unknown. */
const char *local_file_type(struct slice name);
