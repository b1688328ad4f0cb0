/* answer: a response of one's own. */
#include "rule/act.h"
#include "rule/template.h"

#define FIELDS_MAX 64
#define BODY_MAX   ((size_t)16 << 20)
#define VALUE_MAX  ((size_t)65536)

struct answer {
    uint64_t status;
    struct slice type, body;
    const char *file;
    struct rule_list fields;
};

static const struct rule_param params[] = {
    PARAM(answer, status, "status", NUMBER, .def = "200", .min = 200, .max = 999,
          .help = "the status"),
    PARAM(answer, type, "type", TEXT, .help = "the Content-Type"),
    PARAM(answer, fields, "fields", LIST, .help = "further fields, 'Name: value', with places"),
    PARAM(answer, body, "body", TEXT,
          .help =
              "the content. Places are filled: {{method}}, {{url}}, {{scheme}}, {{host}}, "
              "{{port}}, {{path}}, {{query}}, {{query.NAME}}, {{header.NAME}}, {{id}}, {{time}}; "
              "nothing is escaped"),
    PARAM(answer, file, "file", FILE,
          .help = "in place of 'body' the file with the content, read for each answer, at most 16 "
                  "MiB; places are filled"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct answer *a = action;
    struct slice name, value;
    if (a->file && a->body.n)
        return err_set(e, ERR_USAGE, "'body' and 'file' cannot both be there");
    if (a->fields.n > FIELDS_MAX)
        return err_set(e, ERR_USAGE, "'fields': there are more than %d", FIELDS_MAX);
    for (size_t i = 0; i < a->fields.n; i++)
        if (!act_split_field(a->fields.values[i], &name, &value, e) || !template_check(value, e)) {
            err_prefix(e, "'fields'");
            return false;
        }
    return act_check_value(&a->type, e) && template_check(a->body, e);
}

static bool
add_fields(const struct answer *a, struct hook *h)
{
    struct version *v = edit_last(&h->flow->resp);
    struct slice name, value;
    struct buf room;
    bool good = true;
    buf_init(&room, VALUE_MAX);
    for (size_t i = 0; good && i < a->fields.n; i++) {
        buf_reset(&room);
        good = act_split_field(a->fields.values[i], &name, &value, NULL);
        template_fill(value, h, &room);
        /* A value that the request made impossible is left out. */
        if (good && !room.failed && !edit_add(h, v, name, buf_slice(&room)))
            good = !h->decision->failed;
    }
    buf_release(&room);
    return good;
}

/* A file that is not there is a mistake of the rule, which the client should see. */
static const char *
answer_missing(struct hook *h, const struct err *e)
{
    return edit_answer(h, 502, SLICE("text/plain; charset=utf-8"), slice_str(e->text))
               ? act_say(h, "answered 502: %s", e->text)
               : NULL;
}

static const char *
answer_with(const struct answer *a, struct hook *h, struct slice body)
{
    struct buf filled;
    buf_init(&filled, BODY_MAX);
    template_fill(body, h, &filled);
    bool good = !filled.failed &&
                edit_answer(h, (unsigned)a->status, a->type, buf_slice(&filled)) &&
                add_fields(a, h);
    buf_release(&filled);
    return good ? act_say(h, "answered %u", (unsigned)a->status) : NULL;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct answer *a = action;
    struct err e = {0};
    struct buf body;
    buf_init(&body, BODY_MAX);
    bool good = !a->file || act_read_file(a->file, &body, &e);
    const char *did =
        good ? answer_with(a, h, a->file ? buf_slice(&body) : a->body) : answer_missing(h, &e);
    buf_release(&body);
    return did;
}

const struct rule_ops rule_answer = {
    .name = "answer",
    .help = "Answers with this, without asking the server.",
    .size = sizeof(struct answer),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .apply = apply,
};
