/* What the parts of proxy/ share: the inside of struct proxy. */
#pragma once

#include "base/list.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"

struct leaf_cache;
struct worker;

/* Counters of connections by client, more than clients that come in crowds: two that share one are
 * a nuisance at most, and rare, as nobody can choose whom he shares it with. */
#define CLIENT_SLOTS 4096

struct proxy {
    struct setup *setup; /* the newest: a reference, of the thread that starts and reloads */
    struct worker **workers;
    unsigned n_workers;
    struct leaf_cache *leaves;
    struct writer *writer;
    struct budget *budget;
    struct proxy_counters counters;
    atomic_uint from[CLIENT_SLOTS];
    bool stopping;
};
