/* How fast leaves are made for one client. */
#include "pki/mint_limit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>

#define BUCKETS   1024
#define SAY_AGAIN (60 * NS_PER_S)

struct mint_limit {
    pthread_mutex_t lock; /* guards what follows */
    uint64_t period;      /* between two leaves; 0: no limit */
    uint64_t refused;
    uint64_t say;            /* not before */
    uint64_t empty[BUCKETS]; /* when what was taken is made up for */
};

struct mint_limit *
mint_limit_new(unsigned rate)
{
    struct mint_limit *m = mem_zalloc(sizeof(*m));
    if (!m)
        return NULL;
    pthread_mutex_init(&m->lock, NULL);
    m->period = rate ? NS_PER_S / rate : 0;
    return m;
}

void
mint_limit_free(struct mint_limit *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* Under the lock. */
static bool
bucket_take(struct mint_limit *m, uint64_t *empty, uint64_t now)
{
    uint64_t from = MAX(*empty, now);
    if (from - now > MINT_BURST * NS_PER_S - m->period) {
        m->refused++;
        return false;
    }
    *empty = from + m->period;
    return true;
}

bool
mint_limit_take(struct mint_limit *m, uint64_t client, uint64_t now)
{
    if (!m->period || !client)
        return true;
    pthread_mutex_lock(&m->lock);
    bool good = bucket_take(m, &m->empty[client % BUCKETS], now);
    bool say = !good && now >= m->say;
    if (say)
        m->say = now + SAY_AGAIN;
    pthread_mutex_unlock(&m->lock);
    if (say)
        log_line(LOG_WARN, "a client asks for new certificates too fast and is refused some "
                           "('mint-limit')");
    return good;
}

uint64_t
mint_limit_refused(struct mint_limit *m)
{
    pthread_mutex_lock(&m->lock);
    uint64_t n = m->refused;
    pthread_mutex_unlock(&m->lock);
    return n;
}
