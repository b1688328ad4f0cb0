/* sticky-auth: credentials that were seen go into later requests. */
#include "base/map.h"
#include "base/mem.h"
#include "codec/url.h"
#include "rule/act.h"

#include <pthread.h>

#define HOSTS_MAX 1000
#define VALUE_MAX 8192

struct sticky_auth_state {
    pthread_mutex_t lock; /* guards 'values' */
    struct map *values;   /* host:port to the owned, NUL-terminated value */
};

struct sticky_auth {
    struct sticky_auth_state *state;
};

static bool
prepare(void *action, struct err *e)
{
    struct sticky_auth *a = action;
    a->state = mem_zalloc(sizeof *a->state);
    if (!a->state)
        return err_memory(e);
    pthread_mutex_init(&a->state->lock, NULL);
    a->state->values = map_new();
    return a->state->values || err_memory(e);
}

static void
free_value(void *arg UNUSED, struct slice key UNUSED, void *value)
{
    mem_free(value);
}

static void
release(void *action)
{
    struct sticky_auth_state *s = ((struct sticky_auth *)action)->state;
    if (!s)
        return;
    if (s->values)
        map_each(s->values, free_value, NULL);
    map_free(s->values);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static struct slice
host_key(const struct hook *h, char *out, size_t size)
{
    snprintf(out, size, "%.*s:%u", SLICE_ARG(h->flow->host), h->flow->port);
    return slice_str(out);
}

static const char *
remember(struct sticky_auth_state *s, struct slice key, struct slice value)
{
    void *old = NULL;
    char *copy = value.n <= VALUE_MAX ? mem_strndup(value.p, value.n) : NULL;
    bool kept = false;
    pthread_mutex_lock(&s->lock);
    if (copy && (map_len(s->values) < HOSTS_MAX || map_get(s->values, key)))
        kept = map_put(s->values, key, copy, &old);
    pthread_mutex_unlock(&s->lock);
    mem_free(kept ? old : copy);
    return kept ? "kept the credentials" : NULL;
}

static const char *
recall(struct sticky_auth_state *s, struct slice key, struct hook *h)
{
    char value[VALUE_MAX + 1];
    pthread_mutex_lock(&s->lock);
    const char *kept = map_get(s->values, key);
    if (kept)
        snprintf(value, sizeof value, "%s", kept);
    pthread_mutex_unlock(&s->lock);
    struct version *v = kept ? edit_begin(h, &h->flow->req) : NULL;
    bool good = v && edit_set(h, v, SLICE("Authorization"), slice_str(value));
    return act_end(h, v, good) ? "put the credentials in" : NULL;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct sticky_auth *a = action;
    char room[URL_HOST_MAX + 16];
    struct slice key = host_key(h, room, sizeof room);
    struct slice value = head_value(edit_head(&h->flow->req), FIELD_AUTHORIZATION);
    return value.n ? remember(a->state, key, value) : recall(a->state, key, h);
}

const struct rule_ops rule_sticky_auth = {
    .name = "sticky-auth",
    .help = "Keeps the Authorization of matching requests, and puts it into later ones to the same "
            "host that have none. Up to 1000 hosts, forgotten when the rule changes.",
    .size = sizeof(struct sticky_auth),
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
