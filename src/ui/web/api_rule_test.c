/* Handlers: what a rule would do, before it is added. */
#include "api/json_in.h"
#include "api/rulebook.h"
#include "rule/trial.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"
#include "ui/web/side.h"
#include "ui/web/spec.h"

#include <jansson.h>

#define NEWEST    20
#define SHOWN_MAX ((uint64_t)4 << 20) /* of each content */

/* A rule on a flow -------------------------------------------------------------------------- */

struct testing {
    struct lookup *lookup;
    struct trial trial;
    struct err e;
    bool good;
};

static void
put_content(struct json *j, const struct body *b)
{
    struct json_base64_state state;
    uint64_t left = SHOWN_MAX;
    json_base64_begin(j, "content", &state);
    for (const struct block *it = b->first; it && left; it = it->next) {
        struct slice part = slice_first(block_slice(it), (size_t)left);
        json_base64_add(j, &state, part);
        left -= part.n;
    }
    json_base64_end(j, &state);
}

static void
put_message(struct json *j, const char *key, const struct http_msg *msg)
{
    struct side m;
    struct buf head;
    if (!side_now(msg, &m)) {
        json_put_null(j, key);
        return;
    }
    buf_init(&head, CALL_CONTENT_MAX);
    side_head(&m, &head);
    json_begin_object(j, key);
    json_text(j, "head", buf_slice(&head));
    put_content(j, m.body);
    json_u64(j, "size", m.body->size);
    json_end_object(j);
    buf_release(&head);
}

/* 'before' as it was received, whatever other rules have made of it then. */
static void
put_sides(struct json *j, const char *key, const struct http_msg *before,
          const struct http_msg *after)
{
    struct http_msg received = *before;
    received.versions = NULL;
    json_begin_object(j, key);
    put_message(j, "before", &received);
    put_message(j, "after", after);
    json_end_object(j);
}

static void
put_steps(struct json *j, const struct trace *t)
{
    json_begin_array(j, "steps");
    for (; t; t = t->next) {
        json_begin_object(j, NULL);
        json_str(j, "stage", t->stage);
        json_str(j, "did", t->did);
        json_end_object(j);
    }
    json_end_array(j);
}

static void
put_trial(struct json *j, const struct trial *t)
{
    static const char *const ends[] = {
        [END_GO] = "go",       [END_ANSWER] = "answer",     [END_CLOSE] = "close",
        [END_RESET] = "reset", [END_PASS] = "pass-through", [END_ALERT] = "alert",
        [END_DROP] = "drop"};
    json_begin_object(j, NULL);
    json_bool(j, "matches", t->matched);
    json_bool(j, "acted", t->flow->trace);
    json_bool(j, "failed", t->decision.failed);
    json_str(j, "end", ends[t->decision.end]);
    put_steps(j, t->flow->trace);
    put_sides(j, "request", &t->from->req, &t->flow->req);
    put_sides(j, "response", &t->from->resp, &t->flow->resp);
    json_end_object(j);
}

static void
testing_run(void *arg)
{
    struct testing *t = arg;
    t->good = trial_run(&t->trial, t->lookup->rule, t->lookup->flow, &t->e);
}

static void
testing_done(void *arg)
{
    struct testing *t = arg;
    struct call *c = t->lookup->call;
    if (t->good)
        put_trial(&c->json, &t->trial);
    else
        call_fail(c, 503, "memory", "%s", t->e.text);
    trial_release(&t->trial);
    lookup_end(t->lookup);
}

/* Contents may be large, and a pattern slow: not on this thread. */
static void
answer_test(struct lookup *k)
{
    struct testing *t = arena_alloc(k->call->arena, sizeof *t);
    if (t)
        t->lookup = k;
    k->later = t && loop_work(k->call->control->loop, testing_run, testing_done, t);
    if (!k->later)
        call_fail(k->call, 503, "memory", "there is no memory to try the rule");
}

/* The rule, or NULL: the call has failed. */
static struct rule *
read_rule(struct call *c, json_t *o)
{
    struct err e = {0};
    struct rule_spec spec;
    if (!json_is_object(o)) {
        call_fail(c, 400, "bad-field", "'rule' must be an object");
        return NULL;
    }
    if (!spec_read(c, o, &spec))
        return NULL;
    const struct rule_arg *action = rule_spec_find(&spec, SLICE("do"));
    const struct rule_ops *ops = action && action->n ? rule_ops_find(action->values[0]) : NULL;
    if (ops && ops->outside) {
        call_fail(c, 400, "outside", "'%s' acts outside of the flow: only its query can be tried",
                  ops->name);
        return NULL;
    }
    struct rule *r = rulebook_draft(c->control->given.rulebook, &spec, &e);
    if (!r)
        call_fail(c, e.code == ERR_MEMORY ? 503 : 400, "bad-rule", "%s", e.text);
    return r;
}

enum call_state
api_rule_test(struct call *c)
{
    json_t *o = call_json(c);
    if (!o)
        return CALL_DONE;
    json_int_t id = json_integer_value(json_object_get(o, "flow"));
    if (id <= 0)
        return call_fail(c, 400, "bad-field", "'flow' must be the id of a flow");
    struct lookup *k = lookup_new(c);
    if (!k)
        return CALL_DONE;
    k->id = (uint64_t)id;
    k->rule = read_rule(c, json_object_get(o, "rule"));
    return k->rule ? lookup_get(k, answer_test) : CALL_DONE;
}

/* A query on all of them -------------------------------------------------------------------- */

static void
answer_dry_run(struct lookup *k)
{
    struct json *j = &k->call->json;
    json_begin_object(j, NULL);
    json_u64(j, "matches", k->window.end - k->window.first);
    json_begin_array(j, "flows");
    for (size_t i = 0; i < k->window.n; i++)
        json_u64(j, NULL, k->window.flows[i]->id);
    json_end_array(j);
    json_end_object(j);
}

/* The query, of the rule or alone; a rule without one is for all flows. false: the call has failed.
 */
static bool
read_when(struct call *c, const json_t *o, struct slice *out)
{
    const json_t *rule = json_object_get(o, "rule"),
                 *when = json_object_get(rule ? rule : o, "when");
    if (rule ? !json_is_object(rule) : !when) {
        call_fail(c, 400, "bad-field", "there must be a query, 'when', or an object, 'rule'");
        return false;
    }
    if (when && !json_is_string(when)) {
        call_fail(c, 400, "bad-field", "'when' must be a text");
        return false;
    }
    *out = json_in_text(when);
    return true;
}

enum call_state
api_rule_dry_run(struct call *c)
{
    struct err e = {0};
    struct slice when;
    size_t at = 0;
    json_t *o = call_json(c);
    if (!o || !read_when(c, o, &when))
        return CALL_DONE;
    struct lookup *k = lookup_new(c);
    if (!k)
        return CALL_DONE;
    k->filter = lookup_parse(c->control, when, &at, &e);
    if (!k->filter)
        return call_fail_at(c, 400, "bad-query", at, "%s", e.text);
    k->query.newest_first = true;
    k->query.count = NEWEST;
    return lookup_start(k, lookup_look, answer_dry_run);
}
