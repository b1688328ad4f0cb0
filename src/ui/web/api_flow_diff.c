/* Handler: the difference of two versions of a message, line by line. */
#include "base/diff.h"
#include "base/utf8.h"
#include "flow/content.h"
#include "proxy/config.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"
#include "ui/web/side.h"

/* Text of this size at most is compared. */
#define TEXT_MAX ((size_t)4 << 20)

static const char *const kinds[] = {[DIFF_SAME] = "same", [DIFF_GONE] = "gone", [DIFF_NEW] = "new"};

/* Lines end with CRLF in heads. */
static void
put_line(void *arg, enum diff_kind kind, struct slice line)
{
    struct json *j = arg;
    if (slice_ends(line, SLICE("\r")))
        line.n--;
    json_begin_object(j, NULL);
    json_str(j, "kind", kinds[kind]);
    json_text(j, "text", line);
    json_end_object(j);
}

/* false: the array is empty. */
static bool
put_diff(struct json *j, const char *key, struct slice before, struct slice after)
{
    json_begin_array(j, key);
    bool good = diff_lines(before, after, put_line, j);
    json_end_array(j);
    return good;
}

/* The content as text; false when it is none. */
static bool
content_text(struct call *c, const struct side *m, struct buf *out)
{
    struct err why = {0};
    const struct config *config = c->control->config;
    struct content_limits limits = {TEXT_MAX, (unsigned)config->decode_ratio};
    return content_decode(m->head, m->body, &limits, out, &why) && !out->failed &&
           utf8_valid(buf_slice(out)) && slice_find(buf_slice(out), 0) == buf_len(out);
}

static void
put_heads(struct call *c, const struct side *from, const struct side *to)
{
    struct buf before = {.max = TEXT_MAX}, after = {.max = TEXT_MAX};
    side_head(from, &before);
    side_head(to, &after);
    c->out.failed |= before.failed || after.failed;
    if (!put_diff(&c->json, "head", buf_slice(&before), buf_slice(&after)))
        c->out.failed = true;
    buf_release(&before);
    buf_release(&after);
}

/* "content": the lines, or none where 'content_text' says that one of the two is no text that could
 * be compared. */
static void
put_contents(struct call *c, const struct side *from, const struct side *to)
{
    struct buf before = {.max = TEXT_MAX}, after = {.max = TEXT_MAX};
    bool text = content_text(c, from, &before) && content_text(c, to, &after);
    struct slice a = text ? buf_slice(&before) : SLICE(""),
                 b = text ? buf_slice(&after) : SLICE("");
    text = put_diff(&c->json, "content", a, b) && text;
    json_bool(&c->json, "content_is_text", text);
    json_bool(&c->json, "content_replaced", from->body != to->body);
    buf_release(&before);
    buf_release(&after);
}

static void
answer_diff(struct lookup *k)
{
    struct call *c = k->call;
    struct side from, to;
    struct slice side = call_query(c, "side"), last = call_query(c, "to");
    if (!side_find(c, k->flow, side.p ? side : SLICE("request"), &from))
        return;
    to = from;
    if (!side_version(c, call_query(c, "from"), &from) ||
        !side_version(c, last.p ? last : SLICE("sent"), &to))
        return;
    json_begin_object(&c->json, NULL);
    put_heads(c, &from, &to);
    put_contents(c, &from, &to);
    json_end_object(&c->json);
}

enum call_state
api_flow_diff(struct call *c)
{
    return lookup_flow(c, answer_diff);
}
