/* What the actions of rules have in common. */
#include "rule/act.h"

#include "base/rand.h"
#include "codec/token.h"
#include "codec/url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAY_MAX 300

enum stage
act_at(const void *action)
{
    const struct slice *at = action;
    return slice_eq(*at, SLICE("client-hello")) ? STAGE_CLIENT_HELLO : STAGES_N;
}

enum stage
act_side_head(const void *action)
{
    return *(const enum rule_side *)action == RULE_REQUEST ? STAGE_REQUEST_HEAD
                                                           : STAGE_RESPONSE_HEAD;
}

enum stage
act_side_content(const void *action)
{
    return *(const enum rule_side *)action == RULE_REQUEST ? STAGE_REQUEST : STAGE_RESPONSE;
}

struct http_msg *
act_msg(const struct hook *h)
{
    return h->stage < STAGE_RESPONSE_HEAD ? &h->flow->req : &h->flow->resp;
}

void
act_url(const struct hook *h, struct buf *out)
{
    const struct flow *f = h->flow;
    struct slice target = edit_head(&f->req)->target;
    bool https = slice_eq(slice_str(f->scheme), SLICE("https"));
    bool brackets = slice_find(f->host, ':') < f->host.n;
    struct url url;
    buf_printf(out, brackets ? "%s://[%.*s]" : "%s://%.*s", https ? "https" : "http",
               SLICE_ARG(f->host));
    if (f->port && f->port != (https ? 443 : 80))
        buf_printf(out, ":%u", f->port);
    if (url_parse_absolute(target, &url)) {
        buf_append(out, url.path);
        buf_append(out, url.query);
    } else if (slice_starts(target, SLICE("/"))) {
        buf_append(out, target);
    }
}

bool
act_go(struct hook *h, struct slice url, bool keep_host)
{
    struct url parsed;
    if (!url_parse_absolute(url, &parsed))
        return false;
    struct version *v = edit_begin(h, &h->flow->req);
    return act_end(h, v, v && edit_url(h, v, url, keep_host));
}

struct marks
act_marks(const struct hook *h)
{
    const struct marks *now = atomic_load(&h->flow->marks);
    return now ? *now : (struct marks){0};
}

bool
act_end(struct hook *h, struct version *v, bool good)
{
    if (v && !good)
        edit_undo(h, act_msg(h), v);
    return v && good;
}

const char *
act_say(const struct hook *h, const char *fmt, ...)
{
    char text[SAY_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct slice s = slice_of(text, n < 0 ? 0 : MIN((size_t)n, sizeof text - 1));
    const char *kept = arena_dup(h->flow->arena, s).p;
    return kept ? kept : "acted";
}

uint64_t
act_random(uint64_t most)
{
    uint64_t r;
    if (!most)
        return 0;
    rand_bytes(&r, sizeof r);
    return r % (most + 1);
}

bool
act_check_field(struct slice name, struct err *e)
{
    enum field_id id = token_field(name);
    if (!token_valid(name))
        return err_set(e, ERR_USAGE, "'%.*s' is no name of a field",
                       SLICE_ARG(slice_first(name, 60)));
    if (id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
        return err_set(e, ERR_USAGE, "'%.*s' follows from the content and cannot be set",
                       SLICE_ARG(name));
    return true;
}

bool
act_check_value(struct slice *value, struct err *e)
{
    *value = slice_trim(*value);
    return token_span(*value, TOKEN_VALUE) == value->n ||
           err_set(e, ERR_USAGE, "the value '%.*s' holds a byte that cannot be in a field",
                   SLICE_ARG(slice_first(*value, 60)));
}

bool
act_put_value(struct hook *h, struct field *f, struct slice value)
{
    value = slice_trim(value);
    if (token_span(value, TOKEN_VALUE) < value.n)
        return false;
    struct slice kept = arena_dup(h->flow->arena, value);
    if (!kept.p) {
        h->decision->failed = true;
        return false;
    }
    f->value = kept;
    f->line = SLICE_NONE;
    return true;
}

bool
act_split_field(struct slice line, struct slice *name, struct slice *value, struct err *e)
{
    struct slice rest = line, first = slice_cut(&rest, ':');
    if (first.n == line.n)
        return err_set(e, ERR_USAGE, "'%.*s' is not 'Name: value'",
                       SLICE_ARG(slice_first(line, 60)));
    TRY(act_check_field(first, e));
    TRY(act_check_value(&rest, e));
    *name = first;
    *value = rest;
    return true;
}

bool
act_read_fd(int fd, uint64_t n, struct buf *out)
{
    char *p = n <= out->max ? buf_reserve(out, (size_t)n) : NULL;
    size_t done = 0;
    ssize_t got = 1;
    while (p && done < n && got > 0) {
        got = read(fd, p + done, (size_t)n - done);
        done += got > 0 ? (size_t)got : 0;
    }
    if (p)
        buf_commit(out, done);
    return (p && done == n) || (n == 0 && !out->failed);
}

static bool
read_open(int fd, const char *path, struct buf *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_FAILED, "'%s' is no file", path);
    if ((uint64_t)st.st_size > out->max)
        return err_set(e, ERR_FAILED, "'%s' is larger than %zu bytes", path, out->max);
    return act_read_fd(fd, (uint64_t)st.st_size, out) ||
           err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
}

bool
act_read_file(const char *path, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
    bool good = read_open(fd, path, out, e);
    close(fd);
    return good;
}
