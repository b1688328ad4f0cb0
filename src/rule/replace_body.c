/* replace-body: a part of the content, or all of it, becomes another. */
#include "base/mem.h"
#include "codec/encoding.h"
#include "rule/act.h"
#include "rule/pattern.h"
#include "rule/replacer.h"

#define RATIO_MAX 1000
#define WITH_MAX                                                                                   \
    ((size_t)1 << 20) /* for each match, when they are replaced as the content passes */
#define SAY_MAX 200

struct replace_body {
    enum rule_side side;
    struct replacement by;
    const char *file;
    struct slice stream;
};

static const struct rule_param params[] = {
    PARAM(replace_body, side, "side", SIDE, .def = "response", .help = "of which message"),
    PARAM(replace_body, by.text, "pattern", TEXT,
          .help = "a regular expression; each match in the decoded content is replaced. Without it "
                  "all of the content is"),
    PARAM(replace_body, by.with, "with", TEXT, .def = "",
          .help = "what takes its place; $1 and ${name} stand for groups, $$ for $"),
    PARAM(replace_body, file, "file", FILE,
          .help =
              "in place of 'with' the file that holds it, read each time, at most 64 MiB; taken "
              "as it is"),
    PARAM_READING(replace_body, by),
    PARAM(replace_body, stream, "stream", CHOICE, .def = "auto", .choices = "auto|yes|no",
          .help = "whether it is done while the content passes: 'auto' for one whose length is not "
                  "known or above body-limit, and for text/event-stream; 'yes' for each; 'no' for "
                  "none"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct replace_body *a = action;
    if (a->file && a->by.with.n)
        return err_set(e, ERR_USAGE, "'with' and 'file' cannot both be there");
    return !a->by.text.n || replacement_prepare(&a->by, e);
}

static void
release(void *action)
{
    replacement_release(&((struct replace_body *)action)->by);
}

/* The content as it is meant, in 'room' or in place. */
static bool
decode(const struct http_msg *m, struct buf *raw, struct buf *room, struct slice *out)
{
    struct slice codings = head_value(edit_head(m), FIELD_CONTENT_ENCODING);
    TRY(edit_content(m, raw, out));
    if (!codings.n || slice_eq_nocase(codings, SLICE("identity")))
        return true;
    struct decoder *d = decoder_new(codings, room->max, RATIO_MAX, NULL);
    bool good = d && decoder_push(d, *out, room) == DECODE_OK && decoder_finish(d) == DECODE_OK;
    decoder_free(d);
    *out = buf_slice(room);
    return good && !room->failed;
}

/* A text from a file stands for itself, whatever signs are in it. */
static bool
escape_signs(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '$')
            buf_byte(out, '$');
        buf_byte(out, text.p[i]);
    }
    return !out->failed;
}

/* What takes the place, in 'room' when it is from a file. */
static bool
replacement(const struct replace_body *a, struct buf *room, struct slice *out)
{
    *out = a->by.with;
    if (!a->file)
        return true;
    struct buf file;
    buf_init(&file, ACT_CONTENT_MAX);
    bool good = act_read_file(a->file, &file, NULL);
    if (good && a->by.pattern && !a->by.literal)
        good = escape_signs(buf_slice(&file), room);
    else
        buf_append(room, buf_slice(&file));
    buf_release(&file);
    *out = buf_slice(room);
    return good && !room->failed;
}

static bool
make(const struct replace_body *a, const struct http_msg *m, struct slice with, struct buf *made)
{
    struct buf raw, room;
    struct slice content;
    buf_init(&raw, ACT_CONTENT_MAX);
    buf_init(&room, ACT_CONTENT_MAX);
    bool good =
        decode(m, &raw, &room, &content) && pattern_replace(a->by.pattern, content, with, made);
    buf_release(&raw);
    buf_release(&room);
    return good;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct replace_body *a = action;
    struct http_msg *m = act_msg(h);
    struct buf room, made;
    struct slice with;
    buf_init(&room, ACT_CONTENT_MAX);
    buf_init(&made, ACT_CONTENT_MAX);
    /* Of a content that is cut the rest is unknown, so nothing can be put in place of it. */
    bool good = !edit_body(m)->cut && replacement(a, &room, &with) &&
                (!a->by.pattern || make(a, m, with, &made));
    struct version *v = good ? edit_begin(h, m) : NULL;
    good = act_end(h, v, v && edit_replace(h, v, a->by.pattern ? buf_slice(&made) : with));
    buf_release(&room);
    buf_release(&made);
    return good ? "replaced content" : NULL;
}

/* While it passes */

struct streaming {
    struct replacer *replacer;
    struct buf with; /* from a file */
    char *said;      /* in the trace of the flow */
};

static void
streaming_free(void *state)
{
    struct streaming *s = state;
    replacer_free(s->replacer);
    buf_release(&s->with);
    mem_free(s);
}

static enum transform_result
streaming_run(void *state, struct slice *in, bool last, struct buf *out)
{
    struct streaming *s = state;
    enum transform_result r = replacer_run(s->replacer, in, last, out);
    replacer_say(s->replacer, s->said, SAY_MAX);
    return r;
}

static const struct transform_ops streaming_ops = {streaming_run, streaming_free};

static bool
has_content(const struct hook *h, const struct http_msg *m)
{
    const struct http_head *head = edit_head(m);
    if (m->head.framing == FRAMING_NONE || m->head.framing == FRAMING_TUNNEL)
        return false;
    return m == &h->flow->req || (head->status != 204 && head->status != 304 &&
                                  !slice_eq(h->flow->req.head.method, SLICE("HEAD")));
}

/* Events that follow each other without an end. */
static bool
is_events(const struct http_head *h)
{
    struct slice type = head_value(h, FIELD_CONTENT_TYPE);
    return slice_eq_nocase(slice_trim(slice_cut(&type, ';')), SLICE("text/event-stream"));
}

static bool
can_stream(const void *action, const struct hook *h)
{
    const struct replace_body *a = action;
    const struct http_msg *m = act_msg(h);
    const struct http_head *head = edit_head(m);
    const struct version *v = edit_last(m);
    bool here = (v && v->exact) || edit_replaced(m) || (m == &h->flow->resp && h->flow->local);
    if (!a->by.pattern || !replacer_can(a->by.pattern) || a->by.with.n > WITH_MAX || here ||
        !has_content(h, m) || slice_eq(a->stream, SLICE("no")))
        return false;
    return slice_eq(a->stream, SLICE("yes")) || m->head.framing != FRAMING_LENGTH ||
           m->head.length > h->body_limit || is_events(head);
}

/* NULL without memory. */
static struct streaming *
streaming_new(const struct replace_body *a, const struct hook *h, struct err *e)
{
    struct streaming *s = mem_zalloc(sizeof *s);
    struct slice with;
    if (!s) {
        err_memory(e);
        return NULL;
    }
    buf_init(&s->with, WITH_MAX);
    s->said = arena_alloc(h->flow->arena, SAY_MAX);
    if (!replacement(a, &s->with, &with))
        err_set(e, ERR_FAILED, "the file cannot be read, or is larger than %zu bytes", WITH_MAX);
    else if (!s->said || !(s->replacer = replacer_new(a->by.pattern, with)))
        err_memory(e);
    else
        return s;
    streaming_free(s);
    return NULL;
}

/* Of a part of a content it is not known where it begins, and its length is on record. */
static bool
is_part(const struct http_head *h)
{
    return h->status == 206 || head_find_name(h, SLICE("Content-Range"));
}

static const char *
stream(const void *action, struct hook *h)
{
    struct http_msg *m = act_msg(h);
    struct err e;
    if (is_part(edit_head(m)))
        return "left as it is: a part of a content";
    struct streaming *s = streaming_new(action, h, &e);
    struct transform *t = s ? transform_new(&streaming_ops, s, edit_head(m), &e) : NULL;
    if (!t && e.code != ERR_MEMORY)
        return act_say(h, "left as it is: %s", e.text);
    struct version *v = t ? edit_begin(h, m) : NULL;
    h->decision->failed |= !t;
    if (!act_end(h, v, v && edit_through(h, v, t))) {
        transform_free(t);
        return NULL;
    }
    replacer_say(s->replacer, s->said, SAY_MAX);
    return s->said;
}

const struct rule_ops rule_replace_body = {
    .name = "replace-body",
    .help =
        "Replaces what a pattern matches in the decoded content, or all of the content. A content "
        "that is waited for whole gets an exact length; one that is larger than what is recorded "
        "(body-limit) then stays as it is. One that is replaced while it passes is sent decoded "
        "and without a length; a match must not be longer than 64 KiB, and a part of a content "
        "(206) stays as it is. All of it is waited for where there is no pattern, where another "
        "rule or a person wants the whole, and for a replacement above 1 MiB or a pattern with "
        "\\G or (*VERB). What cannot be decoded stays as it is.",
    .size = sizeof(struct replace_body),
    .params = params,
    .stages = ACT_CONTENT,
    .stage = act_side_content,
    .prepare = prepare,
    .release = release,
    .apply = apply,
    .can_stream = can_stream,
    .stream = stream,
};
