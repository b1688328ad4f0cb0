/* map-local: answers from files. */
#include "base/scan.h"
#include "codec/date.h"
#include "rule/act.h"
#include "rule/local_file.h"
#include "rule/pattern.h"

#include <inttypes.h>
#include <unistd.h>

#define TAG_MAX 64

struct map_local {
    const char *path;
    struct slice prefix, text, type;
    struct pattern *pattern;
};

static const struct rule_param params[] = {
    PARAM(map_local, path, "path", FILE, .required = true,
          .help =
              "a file, or a folder: then the path of the URL is looked up below it, for a folder "
              "its index.html"),
    PARAM(map_local, prefix, "prefix", TEXT,
          .help = "the beginning of the URL's path that is left out below the folder"),
    PARAM(map_local, text, "pattern", TEXT,
          .help =
              "in place of 'prefix' a regular expression on the URL: its first group, or what is "
              "behind its match, is looked up below the folder. Without a match nothing is done"),
    PARAM(map_local, type, "type", TEXT,
          .help = "the Content-Type; without it by the end of the name"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct map_local *a = action;
    if (a->prefix.n && a->prefix.p[0] != '/')
        return err_set(e, ERR_USAGE, "'prefix': '%.*s' does not begin with '/'",
                       SLICE_ARG(slice_first(a->prefix, 60)));
    if (a->prefix.n && a->text.n)
        return err_set(e, ERR_USAGE, "'prefix' and 'pattern' cannot both be there");
    TRY(act_check_value(&a->type, e));
    struct pattern_spec spec = {.text = a->text};
    a->pattern = a->text.n ? pattern_new(&spec, e) : NULL;
    return a->pattern || !a->text.n;
}

static void
release(void *action)
{
    pattern_free(((struct map_local *)action)->pattern);
}

/* What of the file is asked for, and how the client may know it. */
struct reply {
    struct local_file file;
    uint64_t from, n;
    char tag[TAG_MAX];
    struct buf date;
};

/* The part of the URL that is looked up; false when the pattern has no match. */
static bool
find_path(const struct map_local *a, struct slice url, struct slice *path)
{
    struct slice rest = slice_from(url, slice_find(url, ':') + 3);
    rest = slice_from(rest, slice_find(rest, '/'));
    if (a->pattern && !pattern_tail(a->pattern, url, &rest))
        return false;
    *path = slice_first(rest, slice_find(rest, '?'));
    if (slice_starts(*path, a->prefix))
        *path = slice_from(*path, a->prefix.n);
    return true;
}

static bool
lists_tag(struct slice list, struct slice tag)
{
    while (list.n) {
        struct slice one = slice_trim(slice_cut(&list, ','));
        if (slice_starts(one, SLICE("W/")))
            one = slice_from(one, 2);
        if (slice_eq(one, tag) || slice_eq(one, SLICE("*")))
            return true;
    }
    return false;
}

static struct slice
field(const struct hook *h, const char *name)
{
    const struct field *f = head_find_name(edit_head(&h->flow->req), slice_str(name));
    return f ? f->value : SLICE_NONE;
}

/* Whether the client has it already (RFC 9110 section 13.2.2). A date counts when it is the one
 * that we gave. */
static bool
is_known(const struct hook *h, const struct reply *r)
{
    struct slice tags = field(h, "If-None-Match"), since = field(h, "If-Modified-Since");
    if (tags.p)
        return lists_tag(tags, slice_str(r->tag));
    return since.n && slice_eq(since, buf_slice(&r->date));
}

enum range { RANGE_ALL, RANGE_PART, RANGE_WRONG };

/* "bytes=5-9", "bytes=5-", "bytes=-5" (RFC 9110 section 14.1.2). More than one, or what is none, is
 * answered with all of it. */
static enum range
parse_range(struct slice value, struct reply *r)
{
    uint64_t from = 0, to = UINT64_MAX, size = r->file.size;
    if (!slice_starts(value, SLICE("bytes=")))
        return RANGE_ALL;
    struct slice last = slice_from(value, 6), first = slice_cut(&last, '-');
    if ((first.n && !scan_u64(first, INT64_MAX, &from)) ||
        (last.n && !scan_u64(last, INT64_MAX, &to)) || (!first.n && !last.n) || to < from)
        return RANGE_ALL;
    if (!first.n) {
        if (!to || !size)
            return RANGE_WRONG;
        from = to < size ? size - to : 0;
        to = size - 1;
    }
    if (from >= size)
        return RANGE_WRONG;
    r->from = from;
    r->n = MIN(to, size - 1) - from + 1;
    return RANGE_PART;
}

static enum range
wanted_range(const struct hook *h, struct reply *r)
{
    struct slice range = field(h, "Range"), unless = field(h, "If-Range");
    r->from = 0;
    r->n = r->file.size;
    if (!range.n || (unless.p && !slice_eq(unless, slice_str(r->tag)) &&
                     !slice_eq(unless, buf_slice(&r->date))))
        return RANGE_ALL;
    return parse_range(range, r);
}

static bool
add_fields(struct hook *h, struct reply *r, unsigned status)
{
    char range[80];
    snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->from,
             r->from + r->n - 1, r->file.size);
    if (status == 416)
        snprintf(range, sizeof range, "bytes */%" PRIu64, r->file.size);
    return edit_answer_field(h, SLICE("Last-Modified"), buf_slice(&r->date)) &&
           edit_answer_field(h, SLICE("ETag"), slice_str(r->tag)) &&
           edit_answer_field(h, SLICE("Accept-Ranges"), SLICE("bytes")) &&
           ((status != 206 && status != 416) ||
            edit_answer_field(h, SLICE("Content-Range"), slice_str(range)));
}

static bool
fail(struct hook *h, unsigned status, const char *text)
{
    return edit_answer(h, status, SLICE("text/plain; charset=utf-8"), slice_str(text));
}

static unsigned
send_part(struct hook *h, struct reply *r, unsigned status, struct slice type)
{
    struct buf content;
    buf_init(&content, ACT_CONTENT_MAX);
    bool body = status == 200 || status == 206;
    bool good = !body || (lseek(r->file.fd, (off_t)r->from, SEEK_SET) >= 0 &&
                          act_read_fd(r->file.fd, r->n, &content));
    if (good)
        good = edit_answer(h, status, body ? type : SLICE_NONE, buf_slice(&content)) &&
               add_fields(h, r, status);
    else
        good = fail(h, status = 502, "the file is too large or cannot be read");
    buf_release(&content);
    return good ? status : 0;
}

static unsigned
send_file(const struct map_local *a, struct hook *h, struct reply *r)
{
    static const unsigned statuses[] = {[RANGE_ALL] = 200, [RANGE_PART] = 206, [RANGE_WRONG] = 416};
    struct slice method = edit_head(&h->flow->req)->method;
    bool get = slice_eq(method, SLICE("GET")) || slice_eq(method, SLICE("HEAD"));
    snprintf(r->tag, sizeof r->tag, "\"%" PRIx64 "-%" PRIx64 "\"", r->file.mtime_ns, r->file.size);
    date_print(&r->date, r->file.mtime > 0 ? (uint64_t)r->file.mtime : 0);
    r->n = r->file.size;
    unsigned status = get ? statuses[wanted_range(h, r)] : 200;
    if (get && is_known(h, r))
        status = 304;
    return send_part(h, r, status, a->type.n ? a->type : slice_str(r->file.type));
}

static unsigned
answer_path(const struct map_local *a, struct hook *h, struct slice path)
{
    struct reply r = {.file = {.fd = -1}};
    struct buf name;
    unsigned status = 404;
    buf_init(&name, ACT_URL_MAX);
    buf_init(&r.date, 64);
    if (local_file_name(path, &name) && local_file_open(a->path, buf_slice(&name), &r.file)) {
        status = send_file(a, h, &r);
        close(r.file.fd);
    } else if (!fail(h, 404, "there is no such file")) {
        status = 0;
    }
    buf_release(&r.date);
    buf_release(&name);
    return status;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct map_local *a = action;
    struct slice path;
    struct buf url;
    buf_init(&url, ACT_URL_MAX);
    act_url(h, &url);
    bool mine = !url.failed && find_path(a, buf_slice(&url), &path);
    unsigned status = mine ? answer_path(a, h, path) : 0;
    buf_release(&url);
    return status ? act_say(h, "answered %u from %s", status, a->path) : NULL;
}

const struct rule_ops rule_map_local = {
    .name = "map-local",
    .help =
        "Answers from a file or a folder, without asking the server: 404 where there is no file; "
        "Range, ETag and Last-Modified as a server has them. Nothing outside of the folder is "
        "ever read, at most 64 MiB at a time.",
    .size = sizeof(struct map_local),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
