/* What the parts of proxy/ share: the inside of struct proxy. */
#pragma once

#include "base/list.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"

struct leaf_cache;
struct worker;

struct proxy {
    struct setup *setup; /* the newest: a reference, of the thread that starts and reloads */
    struct worker **workers;
    unsigned n_workers;
    struct leaf_cache *leaves;
    struct writer *writer;
    struct budget *budget;
    struct proxy_counters counters;
    bool stopping;
};
