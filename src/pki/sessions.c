/* TLS sessions of upstream connections, for resumption. */
#include "pki/sessions.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <openssl/ssl.h>

struct entry {
    struct list lru;
    SSL_SESSION *held[SESSIONS_PER_KEY]; /* newest first; NULL: none */
    size_t key_n;
    char key[];
};

struct sessions {
    struct map *map; /* key to struct entry */
    struct list lru; /* least recently used first */
    size_t max;
};

struct sessions *
sessions_new(size_t max_keys)
{
    struct sessions *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    list_init(&s->lru);
    s->max = MAX(max_keys, 1u);
    s->map = map_new();
    if (s->map)
        return s;
    mem_free(s);
    return NULL;
}

static void
entry_drop(struct sessions *s, struct entry *entry)
{
    list_remove(&entry->lru);
    map_take(s->map, slice_of(entry->key, entry->key_n));
    for (size_t i = 0; i < SESSIONS_PER_KEY; i++)
        SSL_SESSION_free(entry->held[i]);
    mem_free(entry);
}

void
sessions_free(struct sessions *s)
{
    if (!s)
        return;
    while (!list_empty(&s->lru))
        entry_drop(s, container_of(s->lru.next, struct entry, lru));
    map_free(s->map);
    mem_free(s);
}

static struct entry *
entry_add(struct sessions *s, struct slice key)
{
    struct entry *entry = mem_zalloc(sizeof *entry + key.n);
    void *old = NULL;
    if (!entry)
        return NULL;
    if (key.n)
        memcpy(entry->key, key.p, key.n);
    entry->key_n = key.n;
    list_init(&entry->lru);
    if (!map_put(s->map, key, entry, &old)) {
        mem_free(entry);
        return NULL;
    }
    return entry;
}

void
sessions_put(struct sessions *s, struct slice key, SSL_SESSION *session)
{
    struct entry *entry = map_get(s->map, key);
    if (!entry)
        entry = entry_add(s, key);
    if (!entry) {
        SSL_SESSION_free(session);
        return;
    }
    list_remove(&entry->lru);
    list_push(&s->lru, &entry->lru);
    SSL_SESSION_free(entry->held[SESSIONS_PER_KEY - 1]);
    memmove(&entry->held[1], &entry->held[0], sizeof entry->held - sizeof entry->held[0]);
    entry->held[0] = session;
    if (map_len(s->map) > s->max)
        entry_drop(s, container_of(s->lru.next, struct entry, lru));
}

/* The newest, out of the entry. */
static SSL_SESSION *
entry_pop(struct entry *entry)
{
    SSL_SESSION *session = entry->held[0];
    memmove(&entry->held[0], &entry->held[1], sizeof entry->held - sizeof entry->held[0]);
    entry->held[SESSIONS_PER_KEY - 1] = NULL;
    return session;
}

/* Resuming shows no certificate: the one of then must still be good. */
static bool
has_expired(SSL_SESSION *session, time_t now)
{
    const X509 *cert = SSL_SESSION_get0_peer(session);
    return cert && X509_cmp_time(X509_get0_notAfter(cert), &now) < 0;
}

static bool
is_alive(SSL_SESSION *session, time_t now)
{
    return SSL_SESSION_is_resumable(session) && !has_expired(session, now) &&
           now < SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
}

SSL_SESSION *
sessions_take(struct sessions *s, struct slice key, time_t now)
{
    struct entry *entry = map_get(s->map, key);
    SSL_SESSION *session;
    if (!entry)
        return NULL;
    while ((session = entry_pop(entry)) != NULL && !is_alive(session, now))
        SSL_SESSION_free(session);
    if (!entry->held[0])
        entry_drop(s, entry);
    /* A session of TLS 1.2 is good for many, and resuming it brings no other. */
    int version = session ? SSL_SESSION_get_protocol_version(session) : 0;
    if (version && version < TLS1_3_VERSION && SSL_SESSION_up_ref(session))
        sessions_put(s, key, session);
    return session;
}

size_t
sessions_len(const struct sessions *s)
{
    return map_len(s->map);
}
