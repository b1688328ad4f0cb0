/* The folder of the authority: one process at a time, whole files or none. */
#include "pki/ca_dir.h"
#include "pki/heap.h"
#include "pki/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool
check_folder(const struct ca_dir *d, struct err *e)
{
    struct stat st;
    if (fstat(d->fd, &st) != 0)
        return err_errno(e, ERR_FAILED, errno, "cannot look at '%s'", d->path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(e, ERR_FAILED, "'%s' belongs to another user", d->path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return err_set(e, ERR_FAILED, "'%s' can be changed by other users: run 'chmod 700' on it",
                       d->path);
    return true;
}

static bool
open_folder(struct ca_dir *d, struct err *e)
{
    if (access(d->path, F_OK) != 0 && mkdir(d->path, 0700) != 0 && errno != EEXIST)
        return err_errno(e, ERR_FAILED, errno, "cannot make folder '%s'", d->path);
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0)
        return err_errno(e, ERR_FAILED, errno, "cannot open folder '%s'", d->path);
    return check_folder(d, e);
}

bool
ca_dir_enter(struct ca_dir *d, const char *path, struct err *e)
{
    *d = (struct ca_dir){.fd = -1, .path = path};
    heap_wipe_begin();
    if (!open_folder(d, e)) {
        ca_dir_leave(d);
        return false;
    }
    /* Some network file systems know no locks. Two first runs at once are not worth failing for
     * there. */
    while (flock(d->fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    return true;
}

void
ca_dir_leave(struct ca_dir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    heap_wipe_end();
}

bool
ca_dir_has(const struct ca_dir *d, const char *name)
{
    struct stat st;
    return fstatat(d->fd, name, &st, 0) == 0 || errno != ENOENT;
}

static int
open_private_at(int dir, const char *name, const char *shown, struct err *e)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_errno(e, ERR_FAILED, errno, "cannot open '%s'", shown);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(e, ERR_FAILED, "'%s' is not a file", shown);
    } else if (st.st_uid != geteuid()) {
        err_set(e, ERR_FAILED, "the key file '%s' belongs to another user", shown);
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        err_set(e, ERR_FAILED,
                "the key file '%s' is open to other users (mode %03o): run 'chmod 600' on it, or "
                "make a new authority if somebody may have read it",
                shown, (unsigned)st.st_mode & 0777u);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

int
ca_dir_open_key(const struct ca_dir *d, const char *name, struct err *e)
{
    char shown[4096];
    snprintf(shown, sizeof shown, "%s/%s", d->path, name);
    return open_private_at(d->fd, name, shown, e);
}

int
ca_open_private(const char *path, struct err *e)
{
    return open_private_at(AT_FDCWD, path, path, e);
}

bool
ca_dir_same(const struct ca_dir *d, const char *name, struct slice bytes)
{
    int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    struct buf have;
    buf_init(&have, PEM_MAX_FILE);
    bool same = pem_read_fd(fd, name, &have, NULL) && slice_eq(buf_slice(&have), bytes);
    buf_release(&have);
    close(fd);
    return same;
}

static bool
write_all(int fd, struct slice s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        TRY(n > 0);
        s = slice_from(s, (size_t)n);
    }
    return true;
}

/* The temporary name is fixed: the lock keeps others away, and what a crash has left goes with the
 * next write. */
static bool
write_temp(const struct ca_dir *d, const char *temp, struct slice bytes, mode_t mode)
{
    unlinkat(d->fd, temp, 0);
    int fd = openat(d->fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    TRY(fd >= 0);
    bool ok = fchmod(fd, mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
    int saved = errno;
    ok = close(fd) == 0 && ok;
    if (!ok)
        errno = saved;
    return ok;
}

bool
ca_dir_put(const struct ca_dir *d, const char *name, struct slice bytes, mode_t mode, struct err *e)
{
    char temp[256];
    snprintf(temp, sizeof temp, "%s.tmp", name);
    if (!write_temp(d, temp, bytes, mode) || renameat(d->fd, temp, d->fd, name) != 0) {
        int saved = errno;
        unlinkat(d->fd, temp, 0);
        return err_errno(e, ERR_FAILED, saved, "cannot write '%s/%s'", d->path, name);
    }
    /* The name must be on the disk, too. Not every file system can do that for a folder. */
    (void)fsync(d->fd);
    return true;
}

bool
ca_dir_keep(const struct ca_dir *d, const char *name, struct err *e)
{
    time_t now = time(NULL);
    struct tm tm;
    char date[16], kept[256];
    const char *dot = strrchr(name, '.');
    int stem = dot ? (int)(dot - name) : (int)strlen(name);
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y%m%d", &tm);
    for (unsigned i = 1; i < 1000; i++) {
        if (i == 1)
            snprintf(kept, sizeof kept, "%.*s-%s%s", stem, name, date, name + stem);
        else
            snprintf(kept, sizeof kept, "%.*s-%s-%u%s", stem, name, date, i, name + stem);
        if (linkat(d->fd, name, d->fd, kept, 0) == 0 || errno == ENOENT)
            return true;
        if (errno != EEXIST)
            break;
    }
    return err_errno(e, ERR_FAILED, errno, "cannot keep a copy of '%s/%s'", d->path, name);
}
