/* sticky-cookie: cookies that were seen go into later requests. */
#include "base/mem.h"
#include "rule/act.h"
#include "rule/cookies.h"

#include <pthread.h>

#define VALUE_MAX ((size_t)32768)

struct sticky_cookie_state {
    pthread_mutex_t lock; /* guards 'cookies' */
    struct cookies *cookies;
};

struct sticky_cookie {
    struct sticky_cookie_state *state;
};

static bool
prepare(void *action, struct err *e)
{
    struct sticky_cookie *a = action;
    a->state = mem_zalloc(sizeof *a->state);
    if (!a->state)
        return err_memory(e);
    pthread_mutex_init(&a->state->lock, NULL);
    a->state->cookies = cookies_new();
    return a->state->cookies || err_memory(e);
}

static void
release(void *action)
{
    struct sticky_cookie_state *s = ((struct sticky_cookie *)action)->state;
    if (!s)
        return;
    cookies_free(s->cookies);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static struct cookie_place
place(const struct hook *h, struct buf *url)
{
    act_url(h, url);
    struct slice rest = buf_slice(url);
    rest = slice_from(rest, slice_find(rest, ':') + 3);
    rest = slice_from(rest, slice_find(rest, '/'));
    return (struct cookie_place){
        .host = h->flow->host,
        .path = slice_first(rest, slice_find(rest, '?')),
        .port = h->flow->port,
        .secure = slice_eq(slice_str(h->flow->scheme), SLICE("https")),
    };
}

static const char *
take(struct sticky_cookie_state *s, const struct cookie_place *from, const struct http_head *head)
{
    bool kept = false;
    for (size_t i = 0; i < head->n; i++) {
        if (!slice_eq_nocase(head->fields[i].name, SLICE("Set-Cookie")))
            continue;
        pthread_mutex_lock(&s->lock);
        kept = cookies_take(s->cookies, from, head->fields[i].value) || kept;
        pthread_mutex_unlock(&s->lock);
    }
    return kept ? "kept cookies" : NULL;
}

static const char *
put(struct sticky_cookie_state *s, const struct cookie_place *to, struct hook *h)
{
    struct buf value;
    buf_init(&value, VALUE_MAX);
    pthread_mutex_lock(&s->lock);
    cookies_put(s->cookies, to, &value);
    pthread_mutex_unlock(&s->lock);
    bool any = buf_len(&value) && !value.failed;
    struct version *v = any ? edit_begin(h, &h->flow->req) : NULL;
    bool good = act_end(h, v, v && edit_set(h, v, SLICE("Cookie"), buf_slice(&value)));
    buf_release(&value);
    return good ? "put cookies in" : NULL;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct sticky_cookie *a = action;
    struct buf url;
    buf_init(&url, ACT_URL_MAX);
    struct cookie_place at = place(h, &url);
    const char *did = h->stage == STAGE_REQUEST_HEAD
                          ? put(a->state, &at, h)
                          : take(a->state, &at, edit_head(&h->flow->resp));
    buf_release(&url);
    return did;
}

const struct rule_ops rule_sticky_cookie = {
    .name = "sticky-cookie",
    .help = "Keeps the cookies that servers set on matching exchanges, and puts them in place of "
            "Cookie into later ones. Up to 1000 cookies, forgotten when the rule changes.",
    .size = sizeof(struct sticky_cookie),
    .stages = 1u << STAGE_REQUEST_HEAD | 1u << STAGE_RESPONSE_HEAD,
    .each = true,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
