/* A file of flows as lines of JSON. */
#include "store/jsonl.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/flow_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH   ((size_t)1 << 20) /* written as soon as so much has gathered */
#define LONGEST ((size_t)4 << 30) /* of one flow: bodies are bounded by options */

struct jsonl {
    char *path;
    int fd;
    bool regular;        /* a file that can be cut, no device or pipe */
    bool failing;        /* a write failed, and that was said */
    size_t owed;         /* bytes that must be written until it is over */
    unsigned long flows; /* lines in 'out' */
    unsigned long lost;  /* in this outage */
    unsigned long lost_all;
    struct buf out;
};

/* Whether the file begins like one of ours; an empty one does, and one that was cut in its first
 * line. */
static bool
begins_well(int fd)
{
    struct slice want = SLICE(FLOW_JSON_BEGIN);
    char first[sizeof(FLOW_JSON_BEGIN)];
    ssize_t n = pread(fd, first, want.n, 0);
    return n >= 0 && slice_starts(want, slice_of(first, (size_t)n));
}

static bool
ends_in_line(int fd, off_t size)
{
    char last;
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static bool
jsonl_inspect(struct jsonl *j, struct err *e)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0)
        return err_errno(e, ERR_START, errno, "cannot look at '%s'", j->path);
    j->regular = S_ISREG(st.st_mode);
    /* A device may well have several who write to it. */
    if (!j->regular)
        return true;
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return err_set(e, ERR_START, "another process writes to '%s'", j->path);
    if (st.st_size == 0)
        return true;
    int fd = open(j->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_START, errno, "cannot read '%s'", j->path);
    bool ours = begins_well(fd), torn = ends_in_line(fd, st.st_size);
    close(fd);
    if (!ours)
        return err_set(e, ERR_START,
                       "'%s' is there already and is no recording of flows; it stays as it is",
                       j->path);
    if (torn && write(j->fd, "\n", 1) != 1)
        return err_errno(e, ERR_START, errno, "cannot write to '%s'", j->path);
    return true;
}

static bool
jsonl_open_file(struct jsonl *j, struct err *e)
{
    j->fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (j->fd < 0)
        return err_errno(e, ERR_START, errno, "cannot open '%s'", j->path);
    return jsonl_inspect(j, e);
}

static void
jsonl_free(struct jsonl *j)
{
    if (j->fd >= 0)
        close(j->fd);
    buf_release(&j->out);
    mem_free(j->path);
    mem_free(j);
}

struct jsonl *
jsonl_open(const char *path, struct err *e)
{
    struct slice name = slice_str(path);
    if (name.n > 1 && name.p[0] == '+')
        name = slice_from(name, 1);
    struct jsonl *j = mem_need(mem_zalloc(sizeof(*j)));
    j->fd = -1;
    j->path = mem_need(mem_strndup(name.p, name.n));
    buf_init(&j->out, LONGEST);
    if (jsonl_open_file(j, e))
        return j;
    jsonl_free(j);
    return NULL;
}

/* Writes as much as can be written; false with errno when it is not all. */
static bool
write_all(int fd, struct slice s, size_t *written)
{
    for (*written = 0; *written < s.n;) {
        ssize_t n = write(fd, s.p + *written, s.n - *written);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        *written += (size_t)n;
    }
    return true;
}

static unsigned long
count_lines(struct slice s)
{
    unsigned long n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* What was written of the last line is taken back, so that the file ends with a whole one. */
static void
jsonl_cut(struct jsonl *j, struct slice written)
{
    size_t whole = slice_find_last(written, '\n');
    size_t torn = whole < written.n ? written.n - whole - 1 : written.n;
    struct stat st;
    if (!j->regular || torn == 0 || fstat(j->fd, &st) != 0 || st.st_size < (off_t)torn)
        return;
    if (ftruncate(j->fd, st.st_size - (off_t)torn) != 0)
        log_line(LOG_ERROR, "cannot take half a line out of '%s' again: %s", j->path,
                 strerror(errno));
}

static void
jsonl_lose(struct jsonl *j, unsigned long flows, int errnum)
{
    j->lost += flows;
    j->lost_all += flows;
    if (j->failing)
        return;
    struct err e;
    err_errno(&e, ERR_FAILED, errnum, "cannot write to '%s'", j->path);
    log_line(LOG_ERROR, "%s; proxying goes on, flows are not recorded until it works again",
             e.text);
    j->failing = true;
}

static void
jsonl_recovered(struct jsonl *j, size_t written)
{
    /* Where there is no room for a large flow there may be some for a small one. */
    j->owed -= MIN(j->owed, written);
    if (!j->failing || j->owed)
        return;
    log_line(LOG_WARN, "'%s' can be written to again; %lu flows are missing in it", j->path,
             j->lost);
    j->failing = false;
    j->lost = 0;
}

void
jsonl_flush(void *arg)
{
    struct jsonl *j = arg;
    struct slice all = buf_slice(&j->out);
    if (j->flows == 0)
        return;
    size_t written;
    if (write_all(j->fd, all, &written)) {
        jsonl_recovered(j, written);
    } else {
        int errnum = errno;
        j->owed = all.n - written;
        jsonl_cut(j, slice_first(all, written));
        jsonl_lose(j, count_lines(slice_from(all, written)), errnum);
    }
    j->flows = 0;
    if (j->out.cap > 2 * BATCH)
        buf_release(&j->out);
    buf_reset(&j->out);
}

void
jsonl_flow(void *arg, struct flow *f)
{
    struct jsonl *j = arg;
    size_t before = buf_len(&j->out);
    struct json json;
    json_init(&json, &j->out);
    flow_json(&json, f, true);
    buf_byte(&j->out, '\n');
    if (j->out.failed) {
        /* The lines in front of it are whole. */
        j->out.failed = false;
        j->out.w = j->out.r + before;
        jsonl_lose(j, 1, ENOMEM);
        return;
    }
    j->flows++;
    if (buf_len(&j->out) >= BATCH)
        jsonl_flush(j);
}

unsigned long
jsonl_close(struct jsonl *j)
{
    if (!j)
        return 0;
    jsonl_flush(j);
    unsigned long lost = j->lost_all;
    if (j->failing)
        log_line(LOG_ERROR, "%lu flows are missing in '%s'", lost, j->path);
    jsonl_free(j);
    return lost;
}
