/* What the host of a rig wants at the stages of an exchange: said in words. */
#include "base/mem.h"
#include "base/scan.h"
#include "codec/h2_code.h"
#include "flow/edit.h"
#include "flow/message.h"
#include "lib/rig.h"
#include "rule/replacer.h"

struct verb {
    const char *word;
    bool (*run)(struct hook *h, struct ask *a, struct slice rest); /* false: not understood */
};

static struct http_msg *
msg_of(struct hook *h)
{
    bool response = h->stage == STAGE_RESPONSE_HEAD || h->stage == STAGE_RESPONSE;
    return response ? &h->flow->resp : &h->flow->req;
}

static bool
number(struct slice s, uint64_t *out)
{
    return scan_u64(s, UINT32_MAX, out);
}

static bool
verb_answer(struct hook *h, struct ask *a, struct slice rest)
{
    uint64_t status;
    TRY(number(slice_cut(&rest, ' '), &status));
    /* Without memory it goes on as if nobody had answered. */
    (void)!edit_answer(h, (unsigned)status, SLICE("text/plain"), rest);
    return true;
}

static bool
verb_close(struct hook *h, struct ask *a, struct slice rest)
{
    h->decision->end = END_CLOSE;
    return true;
}

static bool
verb_reset(struct hook *h, struct ask *a, struct slice rest)
{
    h->decision->end = END_RESET;
    return true;
}

static bool
verb_exact(struct hook *h, struct ask *a, struct slice rest)
{
    struct version *v = edit_begin(h, msg_of(h));
    char head[100];
    struct slice first = slice_cut(&rest, '|');
    int n = snprintf(head, sizeof(head), "%.*s\r\n\r\n", SLICE_ARG(first));
    if (v && !edit_exact(h, v, slice_of(head, (size_t)n), rest))
        edit_undo(h, msg_of(h), v);
    return true;
}

static bool
verb_fault(struct hook *h, struct ask *a, struct slice rest)
{
    static const char *const names[] = {"none",   "reset", "close", "stall", "truncate",
                                        "length", "chunk", "gzip",  "goaway"};
    struct slice name = slice_cut(&rest, ' '), after = slice_cut(&rest, ' ');
    struct fault *fault = &h->decision->fault;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq(name, slice_str(names[i])))
            fault->kind = (enum fault_kind)i;
    fault->coded = rest.n;
    return (!after.n || number(after, &fault->after)) &&
           (!rest.n || h2_code_find(rest, &fault->code));
}

static bool
verb_path(struct hook *h, struct ask *a, struct slice rest)
{
    struct version *v = edit_begin(h, msg_of(h));
    if (v && !edit_path(h, v, rest))
        edit_undo(h, msg_of(h), v);
    return true;
}

static bool
verb_drop(struct hook *h, struct ask *a, struct slice rest)
{
    h->decision->end = END_DROP;
    return true;
}

/* Of what is said in so many bytes: "only 3 replace x". */
static bool
verb_only(struct hook *h, struct ask *a, struct slice rest)
{
    uint64_t n;
    TRY(number(slice_cut(&rest, ' '), &n));
    return !a->hook.message || message_now(a->hook.message)->size != n ||
           rig_hook_do(rig_of(a->chain->host), a, rest);
}

static bool
verb_replace(struct hook *h, struct ask *a, struct slice rest)
{
    if (a->hook.message) {
        if (!message_edit(h->flow, a->hook.message, rest, h->by))
            h->decision->failed = true;
        return true;
    }
    struct version *v = edit_begin(h, msg_of(h));
    if (v && !edit_replace(h, v, rest))
        edit_undo(h, msg_of(h), v);
    return true;
}

static bool
verb_set(struct hook *h, struct ask *a, struct slice rest)
{
    struct version *v = edit_begin(h, msg_of(h));
    struct slice name = slice_cut(&rest, ' ');
    if (v && !edit_set(h, v, name, rest))
        edit_undo(h, msg_of(h), v);
    return true;
}

static bool
verb_slow(struct hook *h, struct ask *a, struct slice rest)
{
    struct slice up = slice_cut(&rest, ' ');
    return number(up, &h->decision->shape.up) && number(rest, &h->decision->shape.down);
}

/* A pattern and what takes its place, as the content passes. */
struct through {
    struct pattern *pattern;
    struct replacer *replacer;
};

static void
through_free(void *state)
{
    struct through *t = state;
    replacer_free(t->replacer);
    pattern_free(t->pattern);
    mem_free(t);
}

static enum transform_result
through_run(void *state, struct slice *in, bool last, struct buf *out)
{
    return replacer_run(((struct through *)state)->replacer, in, last, out);
}

static struct through *
through_new(struct slice pattern, struct slice with)
{
    struct through *t = mem_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->pattern = pattern_new(&(struct pattern_spec){.text = pattern}, NULL);
    t->replacer = t->pattern ? replacer_new(t->pattern, with) : NULL;
    if (t->replacer)
        return t;
    through_free(t);
    return NULL;
}

/* The text of what takes the place is that of the playbook, which stays. */
static bool
verb_through(struct hook *h, struct ask *a, struct slice rest)
{
    static const struct transform_ops ops = {through_run, through_free};
    struct http_msg *m = msg_of(h);
    struct slice pattern = slice_cut(&rest, '|');
    struct through *state = through_new(pattern, rest);
    struct transform *t = state ? transform_new(&ops, state, edit_head(m), NULL) : NULL;
    struct version *v = t ? edit_begin(h, m) : NULL;
    if (v && edit_through(h, v, t))
        return true;
    if (v)
        edit_undo(h, m, v);
    transform_free(t);
    h->decision->failed = true;
    return true;
}

static bool
verb_url(struct hook *h, struct ask *a, struct slice rest)
{
    struct version *v = edit_begin(h, msg_of(h));
    if (v && !edit_url(h, v, rest, false))
        edit_undo(h, msg_of(h), v);
    return true;
}

static bool
verb_want(struct hook *h, struct ask *a, struct slice rest)
{
    a->hook.want = true;
    return true;
}

static bool
verb_go(struct hook *h, struct ask *a, struct slice rest)
{
    return true;
}

static const struct verb verbs[] = {
    {"drop", verb_drop},   {"only", verb_only},   {"answer", verb_answer},
    {"close", verb_close}, {"exact", verb_exact}, {"fault", verb_fault},
    {"go", verb_go},       {"path", verb_path},   {"replace", verb_replace},
    {"reset", verb_reset}, {"set", verb_set},     {"slow", verb_slow},
    {"url", verb_url},     {"wait", verb_go},     {"through", verb_through},
    {"want", verb_want},
};

bool
rig_hook_do(struct rig *r, struct ask *a, struct slice words)
{
    struct hook h = {.stage = a->hook.stage,
                     .flow = a->hook.flow,
                     .by = SLICE("test"),
                     .now = r->now,
                     .decision = &a->hook.decision};
    struct slice verb = slice_cut(&words, ' ');
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (slice_eq(verb, slice_str(verbs[i].word)))
            return verbs[i].run(&h, a, words);
    return false;
}

bool
rig_hook_run(struct rig *r, struct ask *a)
{
    bool waits = false;
    for (size_t i = 0; i < r->options.n_hooks; i++) {
        const struct rig_hook *hook = &r->options.hooks[i];
        if (hook->stage != a->hook.stage)
            continue;
        struct slice words = slice_str(hook->words);
        waits |= slice_eq(words, SLICE("wait"));
        rig_hook_do(r, a, words);
    }
    return waits;
}

unsigned
rig_hook_stages(const struct rig *r)
{
    unsigned stages = 0;
    for (size_t i = 0; i < r->options.n_hooks; i++)
        stages |= 1u << r->options.hooks[i].stage;
    return stages;
}
