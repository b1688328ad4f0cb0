/* What a rig hears of moments. */
#include "lib/rig.h"

#include <assert.h>

/* All of it must be there to be read, whether somebody does or not. */
static void
read_all(struct slice s)
{
    const volatile char *p = s.p;
    for (size_t i = 0; i < s.n; i++)
        (void)p[i];
}

static bool
is_piece(enum hook_id id)
{
    return id == HOOK_REQUEST_CHUNK || id == HOOK_RESPONSE_CHUNK || id == HOOK_TUNNEL_CHUNK;
}

void
rig_hear(void *arg, const struct moment *m)
{
    struct rig *r = arg;
    read_all(m->data);
    read_all(m->text);
    for (size_t i = 0; m->head && i < m->head->n; i++) {
        read_all(m->head->fields[i].name);
        read_all(m->head->fields[i].value);
    }
    /* It was handed over: nothing happens to it any more. */
    for (size_t i = 0; m->flow && i < ARRAY_LEN(r->kept); i++)
        assert(r->kept[i].flow != m->flow);
    assert(m->at == r->now && is_piece(m->id) == (m->data.n > 0));
    /* Segments are cut as they come. */
    bool segment = m->id == HOOK_MESSAGE && slice_eq(m->text, SLICE("tcp"));
    if (!r->options.tell || r->options.quiet || is_piece(m->id) || segment)
        return;
    lines_add(&r->did, "tell %s%s%s", hook_rows[m->id].name, m->word ? " word " : "",
              m->word ? m->word : "");
}
