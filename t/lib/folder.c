/* A temporary folder for one test program. */
#include "lib/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static pid_t owner;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void
remove_folder(void)
{
    /* A forked child that exits must leave it alone. */
    if (getpid() == owner)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
folder_path(void)
{
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/weir-test-XXXXXX");
        if (!mkdtemp(folder))
            abort();
        owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

const char *
folder_file(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder_path(), name);
    return path;
}

const char *
folder_write(const char *name, struct slice bytes, mode_t mode)
{
    const char *path = folder_file(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes.p, 1, bytes.n, file) != bytes.n || fclose(file) != 0 ||
        chmod(path, mode) != 0)
        abort();
    return path;
}
