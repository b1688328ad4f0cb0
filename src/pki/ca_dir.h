/*
 * The folder of the authority: one process at a time, whole files or none, nothing foreign
 * overwritten.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

struct ca_dir {
    int fd;
    const char *path; /* borrowed */
};

/* Makes the folder with mode 0700 when it is missing, and waits for other processes that are
 * inside. Refuses one that somebody else owns or can write to. */
bool ca_dir_enter(struct ca_dir *d, const char *path, struct err *e) MUST_CHECK;
void ca_dir_leave(struct ca_dir *d);

bool ca_dir_has(const struct ca_dir *d, const char *name);
/* Returns the file's descriptor, or -1. Refuses a file that others own or can read. */
int ca_dir_open_key(const struct ca_dir *d, const char *name, struct err *e) MUST_CHECK;
/* The same for a file anywhere. */
int ca_open_private(const char *path, struct err *e) MUST_CHECK;
/* Whether the file has exactly these bytes. */
bool ca_dir_same(const struct ca_dir *d, const char *name, struct slice bytes);
/* Writes it under another name first, then renames: whoever looks, and whenever the power fails,
 * sees the old file or the new one. */
bool ca_dir_put(const struct ca_dir *d, const char *name, struct slice bytes, mode_t mode,
                struct err *e) MUST_CHECK;
/* Gives the file, if there is one, a second name with the date in it ("weir-ca-20261126.pem"). */
bool ca_dir_keep(const struct ca_dir *d, const char *name, struct err *e) MUST_CHECK;
