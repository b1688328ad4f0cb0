/* Rules: the list, one of them, their actions. */
#include "api/rulebook.h"
#include "base/scan.h"
#include "ui/web/control.h"
#include "ui/web/route.h"
#include "ui/web/spec.h"

#include <jansson.h>

static enum call_state
refused(struct call *c, const struct err *e)
{
    unsigned status = e->code == ERR_MEMORY ? 503 : 400;
    return call_fail(c, status, status == 503 ? "memory" : "bad-rule", "%s", e->text);
}

static bool
id_of(struct call *c, struct slice text, uint64_t *id)
{
    if (scan_u64(text, UINT64_MAX, id) && *id)
        return true;
    call_missing(c, "rule");
    return false;
}

static struct rule *
find(const struct rules *rs, uint64_t id)
{
    struct rule_info info;
    for (size_t i = 0; i < rules_count(rs); i++) {
        rule_info(rules_at(rs, i), &info);
        if (info.id == id)
            return rules_at(rs, i);
    }
    return NULL;
}

/* The rule as it is now is the answer. */
static enum call_state
answer(struct call *c, uint64_t id)
{
    struct rules *rs = rulebook_rules(c->control->given.rulebook);
    struct rule *r = find(rs, id);
    if (r)
        rule_json(&c->json, r);
    else
        call_missing(c, "rule");
    rules_unref(rs);
    return CALL_DONE;
}

enum call_state
api_rules_list(struct call *c)
{
    struct rules *rs = rulebook_rules(c->control->given.rulebook);
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "rules");
    for (size_t i = 0; i < rules_count(rs); i++)
        rule_json(&c->json, rules_at(rs, i));
    json_end_array(&c->json);
    json_end_object(&c->json);
    rules_unref(rs);
    return CALL_DONE;
}

enum call_state
api_rules_add(struct call *c)
{
    struct err e = {0};
    struct rule_spec spec;
    uint64_t id, before;
    json_t *o = call_json(c);
    if (!o || !spec_read(c, o, &spec) || !call_number(c, "before", 0, UINT64_MAX, &before))
        return CALL_DONE;
    if (!rulebook_add(c->control->given.rulebook, &spec, before, &id, &e))
        return refused(c, &e);
    call_audit(c, "added rule %llu", (unsigned long long)id);
    return answer(c, id);
}

enum call_state
api_rule_show(struct call *c)
{
    uint64_t id;
    return id_of(c, c->params[0], &id) ? answer(c, id) : CALL_DONE;
}

static enum call_state
replace(struct call *c, uint64_t id, json_t *o)
{
    struct err e = {0};
    struct rule_spec spec;
    if (!spec_read(c, o, &spec))
        return CALL_DONE;
    if (!rulebook_replace(c->control->given.rulebook, id, &spec, &e))
        return refused(c, &e);
    call_audit(c, "changed rule %llu", (unsigned long long)id);
    return answer(c, id);
}

enum call_state
api_rule_replace(struct call *c)
{
    uint64_t id;
    json_t *o = call_json(c);
    return o && id_of(c, c->params[0], &id) ? replace(c, id, o) : CALL_DONE;
}

/* What the rule has and the patch does not name. */
static json_t *
patched(const struct rule_spec *spec, json_t *patch)
{
    json_t *o = json_object();
    for (size_t i = 0; i < spec->n; i++) {
        const struct rule_arg *a = &spec->args[i];
        char key[128];
        json_t *v = a->n == 1 ? json_stringn(a->values[0].p, a->values[0].n) : json_array();
        for (size_t k = 0; a->n != 1 && k < a->n; k++)
            json_array_append_new(v, json_stringn(a->values[k].p, a->values[k].n));
        snprintf(key, sizeof(key), "%.*s", SLICE_ARG(a->key));
        json_object_set_new(o, key, v);
    }
    json_object_update(o, patch);
    return o;
}

enum call_state
api_rule_patch(struct call *c)
{
    uint64_t id;
    json_t *patch = call_json(c);
    if (!patch || !id_of(c, c->params[0], &id))
        return CALL_DONE;
    struct rules *rs = rulebook_rules(c->control->given.rulebook);
    struct rule *r = find(rs, id);
    json_t *o = r ? patched(rule_spec(r), patch) : NULL;
    rules_unref(rs);
    if (!o)
        return call_missing(c, "rule");
    enum call_state s = replace(c, id, o);
    json_decref(o);
    return s;
}

enum call_state
api_rule_remove(struct call *c)
{
    struct err e = {0};
    uint64_t id;
    if (!id_of(c, c->params[0], &id))
        return CALL_DONE;
    if (!rulebook_remove(c->control->given.rulebook, id, &e))
        return refused(c, &e);
    call_audit(c, "removed rule %llu", (unsigned long long)id);
    json_begin_object(&c->json, NULL);
    json_bool(&c->json, "done", true);
    json_end_object(&c->json);
    return CALL_DONE;
}

/* {"before": id}; without: to the end. */
enum call_state
api_rule_move(struct call *c)
{
    struct err e = {0};
    uint64_t id;
    json_t *o = call_json(c);
    if (!o || !id_of(c, c->params[0], &id))
        return CALL_DONE;
    uint64_t before = (uint64_t)json_integer_value(json_object_get(o, "before"));
    if (!rulebook_move(c->control->given.rulebook, id, before, &e))
        return refused(c, &e);
    call_audit(c, "moved rule %llu", (unsigned long long)id);
    return answer(c, id);
}

static void
show_param(struct json *j, const struct rule_param *p)
{
    json_begin_object(j, NULL);
    json_str(j, "name", p->key);
    json_str(j, "type", rule_param_type_name(p->type));
    json_bool(j, "required", p->required);
    json_str(j, "default", p->def);
    json_str(j, "choices", p->choices);
    json_str(j, "help", p->help);
    json_end_object(j);
}

static void
show_action(struct json *j, const struct rule_ops *ops)
{
    json_begin_object(j, NULL);
    json_str(j, "name", ops->name);
    json_str(j, "help", ops->help);
    json_begin_array(j, "stages");
    for (unsigned s = 0; s < STAGES_N; s++)
        if (ops->stages & 1u << s)
            json_str(j, NULL, stage_name(s));
    json_end_array(j);
    json_begin_array(j, "params");
    for (const struct rule_param *p = ops->params; p && p->key; p++)
        show_param(j, p);
    json_end_array(j);
    json_end_object(j);
}

enum call_state
api_rules_actions(struct call *c)
{
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "actions");
    for (const struct rule_ops *const *ops = rule_table; *ops; ops++)
        show_action(&c->json, *ops);
    json_end_array(&c->json);
    json_end_object(&c->json);
    return CALL_DONE;
}
