/* Handlers: the commands, and running one of them. */
#include "api/json_in.h"
#include "api/target.h"
#include "ui/web/command.h"
#include "ui/web/errand.h"
#include "ui/web/route.h"

#include <jansson.h>

#define TARGET_MAX ((size_t)64 << 10)

enum call_state
api_commands(struct call *c)
{
    json_begin_object(&c->json, NULL);
    commands_json(&c->json, "commands");
    json_end_object(&c->json);
    return CALL_DONE;
}

/* Those of the content, or none; owned by the call. */
static json_t *
read_args(struct call *c)
{
    if (!c->content.n)
        c->content = SLICE("{}");
    return call_json(c);
}

/* What the command itself has to say in the content. */
static bool
add_body(const struct command *cmd, json_t *args)
{
    if (!cmd->body)
        return true;
    json_t *more = json_loads(cmd->body, 0, NULL);
    bool good = more && json_object_update_missing(args, more) == 0;
    json_decref(more);
    return good;
}

/* The target in the arena, p NULL when it is too long. */
static struct slice
make_target(struct call *c, const struct command *cmd, json_t *args)
{
    struct buf out;
    buf_init(&out, TARGET_MAX);
    target_fill(&out, cmd->target, args);
    struct slice target = out.failed ? SLICE_NONE : arena_dup(c->arena, buf_slice(&out));
    buf_release(&out);
    return target;
}

/* The call becomes that of the route: its checks, its answer, its line in the audit trail. */
enum call_state
api_command_run(struct call *c)
{
    struct err e = {0};
    const struct command *cmd = command_find(c->params[0], &e);
    if (!cmd)
        return call_fail(c, 404, "not-found", "%s", e.text);
    json_t *args = read_args(c);
    if (!args)
        return CALL_DONE;
    if (!command_take(cmd, args, &e))
        return call_fail(c, 422, "bad-argument", "%s", e.text);
    struct slice target = make_target(c, cmd, args);
    if (!target.p || !add_body(cmd, args))
        return call_fail(c, 422, "bad-argument", "the arguments are too long");
    target_flatten(args);
    /* For routes that take no JSON: they do not look at the arguments. */
    c->content = json_in_key(args, "content");
    return errand_again(errand_of(c), cmd->method, target);
}
