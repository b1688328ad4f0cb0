/* replace-line: lines of the head become others. */
#include "codec/token.h"
#include "rule/act.h"
#include "rule/pattern.h"

#define LINE_MAX_N ((size_t)65536)

struct replace_line {
    enum rule_side side;
    struct replacement by;
};

static const struct rule_param params[] = {
    PARAM(replace_line, side, "side", SIDE, .def = "request", .help = "of which message"),
    PARAM(replace_line, by.text, "pattern", TEXT, .required = true,
          .help = "a regular expression on each line 'Name: value'; each match is replaced"),
    PARAM(replace_line, by.with, "with", TEXT, .def = "",
          .help =
              "what takes its place; $1 and ${name} stand for groups, $$ for $. A line of which "
              "nothing is left goes"),
    PARAM_READING(replace_line, by),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct replace_line *a = action;
    return replacement_prepare(&a->by, e);
}

static void
release(void *action)
{
    replacement_release(&((struct replace_line *)action)->by);
}

/* false when it can be no field: it stays as it is. */
static bool
put_line(struct hook *h, struct field *f, struct slice line)
{
    struct slice name, value;
    if (!act_split_field(line, &name, &value, NULL))
        return false;
    struct slice kept = arena_dup(h->flow->arena, name);
    if (!kept.p) {
        h->decision->failed = true;
        return false;
    }
    if (!act_put_value(h, f, value))
        return false;
    f->name = kept;
    f->id = token_field(kept);
    return true;
}

/* What the pattern makes of the line, in 'made'; false when it has no match. */
static bool
make_line(const struct replace_line *a, const struct field *f, struct buf *line, struct buf *made)
{
    buf_reset(line);
    buf_reset(made);
    buf_append(line, f->name);
    buf_append(line, SLICE(": "));
    buf_append(line, f->value);
    return act_check_field(f->name, NULL) && !line->failed &&
           pattern_replace(a->by.pattern, buf_slice(line), a->by.with, made);
}

static size_t
replace_lines(const struct replace_line *a, struct hook *h, struct http_head *head)
{
    struct buf line, made;
    size_t count = 0, kept = 0;
    buf_init(&line, LINE_MAX_N);
    buf_init(&made, LINE_MAX_N);
    for (size_t i = 0; i < head->n; i++) {
        struct field *f = &head->fields[i];
        bool found = make_line(a, f, &line, &made), gone = found && !buf_len(&made);
        count += gone || (found && put_line(h, f, buf_slice(&made)));
        if (!gone)
            head->fields[kept++] = *f;
    }
    head->n = kept;
    buf_release(&line);
    buf_release(&made);
    return count;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct replace_line *a = action;
    struct version *v = edit_begin(h, act_msg(h));
    size_t n = v ? replace_lines(a, h, &v->head) : 0;
    return act_end(h, v, n) ? act_say(h, "changed %zu lines", n) : NULL;
}

const struct rule_ops rule_replace_line = {
    .name = "replace-line",
    .help = "Replaces what a pattern matches in the lines of the head, names included. Those that "
            "tell the length of the content stay.",
    .size = sizeof(struct replace_line),
    .params = params,
    .stages = ACT_ANY,
    .stage = act_side_head,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
