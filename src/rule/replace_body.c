/* replace-body: a part of the content, or all of it, becomes another. */
#include "codec/encoding.h"
#include "rule/act.h"
#include "rule/pattern.h"

#define RATIO_MAX 1000

struct replace_body {
    enum rule_side side;
    struct replacement by;
    const char *file;
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

const struct rule_ops rule_replace_body = {
    .name = "replace-body",
    .help =
        "Replaces what a pattern matches in the decoded content, or all of the content. The "
        "message is waited for whole; one that is larger than what is recorded (body-limit), or "
        "cannot be decoded, stays as it is.",
    .size = sizeof(struct replace_body),
    .params = params,
    .stages = ACT_CONTENT,
    .stage = act_side_content,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
