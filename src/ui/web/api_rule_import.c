/* Handler: rules out of the files of other programs. */
#include "api/rulebook.h"
#include "api/rules_import.h"
#include "ui/web/control.h"
#include "ui/web/route.h"

struct importing {
    struct call *call;
    struct slice format;
    struct arena *arena; /* for what is read: more than a call may take */
    struct rules_import made;
    uint64_t *ids;
    struct err e;
    bool good;
};

/* All of them are added, or none. */
static bool
take(struct importing *x)
{
    struct err *e = &x->e;
    TRY(rules_import_read(x->call->content, x->format, &x->made, x->arena, e));
    x->ids = arena_alloc(x->arena, (x->made.n + 1) * sizeof *x->ids);
    if (!x->ids)
        return err_memory(e);
    return !x->made.n ||
           rulebook_append(x->call->control->given.rulebook, x->made.specs, x->made.n, x->ids, e);
}

static void
importing_run(void *arg)
{
    struct importing *x = arg;
    x->good = take(x);
}

static void
put_result(struct json *j, const struct importing *x)
{
    json_begin_object(j, NULL);
    json_begin_array(j, "ids");
    for (size_t i = 0; i < x->made.n; i++)
        json_u64(j, NULL, x->ids[i]);
    json_end_array(j);
    json_begin_array(j, "left");
    for (size_t i = 0; i < x->made.n_left; i++) {
        json_begin_object(j, NULL);
        json_text(j, "where", x->made.left[i].where);
        json_text(j, "why", x->made.left[i].why);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void
importing_done(void *arg)
{
    struct importing *x = arg;
    struct call *c = x->call;
    bool memory = x->e.code == ERR_MEMORY;
    if (x->good) {
        put_result(&c->json, x);
        call_audit(c, "imported %zu rules", x->made.n);
    } else {
        call_fail(c, memory ? 503 : 400, memory ? "memory" : "bad-file", "%s", x->e.text);
    }
    arena_free(x->arena);
    call_done(c);
}

/* A large file takes its time: not on this thread. */
enum call_state
api_rules_import(struct call *c)
{
    struct importing *x = arena_alloc(c->arena, sizeof *x);
    struct arena *a = x ? arena_new(65536, RULES_IMPORT_ARENA) : NULL;
    if (a) {
        *x = (struct importing){.call = c, .format = call_query(c, "format"), .arena = a};
        if (loop_work(c->control->loop, importing_run, importing_done, x)) {
            call_ref(c);
            return CALL_WAIT;
        }
    }
    arena_free(a);
    return call_fail(c, 503, "memory", "there is no memory for the rules");
}
