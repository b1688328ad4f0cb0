/*
 * The ways in. A mode says where it listens by default and what stands at the bottom of a new
 * client's chain. The grammar of a spec is mode[:data][@[host:]port]. One file and one row of
 * proxy/mode_list.h each.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

struct session;

/* The server that a mode leads all of its clients to. */
struct mode_server {
    char host[256]; /* normal; empty: the client says where it wants to go */
    uint16_t port;
    bool tls; /* it is spoken to with TLS */
    bool raw; /* what is said is not read */
};

struct mode_ops {
    const char *name;
    uint16_t port; /* default */
    /* Reads what stands behind the colon; NULL: nothing may. */
    bool (*read)(struct slice data, struct mode_server *out, struct err *e);
    /* Puts the first layers on the chain of the new client. false: no memory. */
    bool (*accept)(struct session *s);
};

struct mode {
    const struct mode_ops *ops;
    struct mode_server server;
    struct slice data; /* points into the spec */
    struct slice host; /* empty: not given; without brackets */
    int port;          /* -1: not given */
};

/* The i-th of the table, NULL behind the last. */
const struct mode_ops *mode_at(size_t i);
bool mode_parse(const char *spec, struct mode *out, struct err *e) MUST_CHECK;
