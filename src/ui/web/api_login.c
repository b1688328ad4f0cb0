/* Handlers: a cookie for the token or the password, and its end. */
#include "ui/web/control.h"
#include "ui/web/errand.h"
#include "ui/web/gate.h"
#include "ui/web/route.h"

#include <jansson.h>

/* Passwords that are looked at at the same time: each takes memory and a processor for a while. */
#define HASHING_MAX  2
#define PASSWORD_MAX 512

static enum call_state
answer_with_cookie(struct call *c, const char *key)
{
    struct buf cookie;
    buf_init(&cookie, 512);
    gate_cookie(&errand_of(c)->from, key, &cookie);
    bool good = call_field(c, "Set-Cookie", buf_slice(&cookie));
    buf_release(&cookie);
    if (!good)
        return call_fail(c, 500, "memory", "no memory");
    json_begin_object(&c->json, NULL);
    json_bool(&c->json, "done", true);
    json_end_object(&c->json);
    return CALL_DONE;
}

static enum call_state
let_in(struct call *c)
{
    char key[GATE_KEY_HEX + 1];
    gate_login(c->control->gate, key);
    return answer_with_cookie(c, key);
}

static enum call_state
keep_out(struct call *c)
{
    struct control *control = c->control;
    gate_count(control->gate, &errand_of(c)->from, loop_now(control->loop));
    return call_fail(c, 401, "no-token", "the token or the password is wrong");
}

struct attempt {
    struct call *call;
    char password[PASSWORD_MAX + 1];
    bool right;
};

static void
attempt_hash(void *arg)
{
    struct attempt *a = arg;
    a->right = gate_is_password(a->call->control->gate, a->password);
    explicit_bzero(a->password, sizeof(a->password));
}

static void
attempt_done(void *arg)
{
    struct attempt *a = arg;
    a->call->control->hashing--;
    if (a->right)
        let_in(a->call);
    else
        keep_out(a->call);
    call_done(a->call);
}

static enum call_state
try_password(struct call *c, const char *password)
{
    struct control *control = c->control;
    struct slice text = slice_str(password);
    if (!gate_has_password(control->gate) || text.n > PASSWORD_MAX)
        return keep_out(c);
    struct attempt *a = arena_alloc(c->arena, sizeof(*a));
    if (control->hashing >= HASHING_MAX || !a)
        return call_fail(c, 503, "busy", "others log in right now: try again");
    memcpy(a->password, password, text.n);
    a->call = c;
    if (!loop_work(control->loop, attempt_hash, attempt_done, a))
        return call_fail(c, 500, "memory", "no memory");
    control->hashing++;
    call_ref(c);
    return CALL_WAIT;
}

enum call_state
api_login(struct call *c)
{
    struct control *control = c->control;
    struct json_t *content = call_json(c);
    if (!content)
        return CALL_DONE;
    const char *token = json_string_value(json_object_get(content, "token"));
    const char *password = json_string_value(json_object_get(content, "password"));
    if (token && gate_is_token(control->gate, slice_str(token)))
        return let_in(c);
    if (gate_is_limited(control->gate, &errand_of(c)->from, loop_now(control->loop)))
        return call_fail(c, 429, "too-many", "too many failures: try again in a minute");
    return password ? try_password(c, password) : keep_out(c);
}

enum call_state
api_logout(struct call *c)
{
    gate_logout(c->control->gate, c->head);
    return answer_with_cookie(c, "");
}
