/* What the parts of proxy/ share: the inside of struct proxy. */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "flow/hook.h"
#include "io/sock.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"
#include "rule/rule.h"

#include <pthread.h>

struct leaf_cache;
struct learnt;
struct worker;

/* Counters of connections by client, more than clients that come in crowds: two that share one are
 * a nuisance at most, and rare, as nobody can choose whom he shares it with. */
#define CLIENT_SLOTS 4096

#define SHUNNED_MAX 4

struct proxy {
    struct setup *setup; /* the newest: a reference, of the thread that starts and reloads */
    struct worker **workers;
    unsigned n_workers;
    struct leaf_cache *leaves;
    struct learnt *learnt;
    struct writer *writer;
    struct budget *budget;
    struct proxy_counters counters;
    struct audience audience; /* see proxy_audience */
    atomic_uint from[CLIENT_SLOTS];
    bool stopping;
    struct sockaddr_storage shunned[SHUNNED_MAX]; /* see proxy_shun */
    unsigned n_shunned;
    pthread_mutex_t lock; /* guards what is below */
    struct rules *rules;  /* the newest: a reference, or NULL */
    void (*watch)(void *arg);
    void *watch_arg;
};
