/* Handlers: where the engine listens, and the modes. Adding and removing is for api_option.c. */
#include "proxy/config.h"
#include "proxy/mode.h"
#include "proxy/proxy.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

struct listing {
    struct control_work work;
    struct call *call;
};

static void
put_specs(struct json *j, const struct config *c)
{
    json_begin_array(j, "specs");
    for (const char **spec = c->mode; spec && *spec; spec++)
        json_str(j, NULL, *spec);
    json_end_array(j);
}

/* On the main thread, which waits for the workers; nobody else looks at the call meanwhile. */
static void
listing_run(void *arg)
{
    struct listing *l = arg;
    struct call *c = l->call;
    json_begin_object(&c->json, NULL);
    proxy_listeners(c->control->given.proxy, &c->json, "listeners");
}

static void
listing_done(void *arg)
{
    struct listing *l = arg;
    struct call *c = l->call;
    if (l->work.refused) {
        call_fail(c, 503, "ending", "the program is ending");
    } else {
        put_specs(&c->json, c->control->config);
        json_str(&c->json, "control", c->control->address);
        json_end_object(&c->json);
    }
    call_done(c);
}

enum call_state
api_listeners(struct call *c)
{
    struct listing *l = arena_alloc(c->arena, sizeof(*l));
    if (!l)
        return call_fail(c, 503, "memory", "out of memory");
    l->call = c;
    l->work = (struct control_work){.run = listing_run, .done = listing_done, .arg = l};
    call_ref(c);
    control_work(c->control, &l->work);
    return CALL_WAIT;
}

enum call_state
api_modes(struct call *c)
{
    struct json *j = &c->json;
    json_begin_object(j, NULL);
    json_begin_array(j, "modes");
    for (size_t i = 0; mode_at(i); i++) {
        json_begin_object(j, NULL);
        json_str(j, "name", mode_at(i)->name);
        json_u64(j, "port", mode_at(i)->port);
        json_bool(j, "data", mode_at(i)->read);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    return CALL_DONE;
}
