/* Handlers: presets, the queries with names. */
#include "api/json_in.h"
#include "api/presets.h"
#include "api/rulebook.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

#include <jansson.h>

static enum call_state
put_presets(struct call *c)
{
    struct presets *presets = rulebook_presets(c->control->given.rulebook);
    json_begin_object(&c->json, NULL);
    presets_json(presets, &c->json, "presets");
    json_end_object(&c->json);
    presets_unref(presets);
    return CALL_DONE;
}

enum call_state
api_presets(struct call *c)
{
    return put_presets(c);
}

/* 'query' with p NULL takes it away. */
static enum call_state
change(struct call *c, struct slice query)
{
    struct err e = {0};
    if (rulebook_set_preset(c->control->given.rulebook, c->params[0], query, &e))
        return put_presets(c);
    return call_fail(c, e.code == ERR_MEMORY ? 503 : 422, "bad-preset", "%s", e.text);
}

enum call_state
api_preset_set(struct call *c)
{
    const json_t *content = call_json(c);
    struct slice query = json_in_key(content, "query");
    if (!content)
        return CALL_DONE;
    return query.p ? change(c, query)
                   : call_fail(c, 422, "bad-preset", "'query' must be the text of a query");
}

enum call_state
api_preset_remove(struct call *c)
{
    struct presets *presets = rulebook_presets(c->control->given.rulebook);
    bool there = presets_find(presets, c->params[0]).n;
    presets_unref(presets);
    return there ? change(c, SLICE_NONE) : call_missing(c, "preset");
}
