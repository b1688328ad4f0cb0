/*
 * The configuration: an immutable snapshot, made by api/ from the option table, shared by
 * references and swapped whole. Connections keep the snapshot they began with. A text is NULL when
 * not given; lists end with NULL.
 */
#pragma once

#include "base/arena.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CONFIG_OPTIONS_MAX 256

struct config {
    atomic_uint refs;
    struct arena *arena; /* owns the texts and lists */
    /* By row of the option table: its value was given while the program ran, see api/settings.h. */
    bool changed[CONFIG_OPTIONS_MAX];

    /* Listening. */
    const char **mode;       /* mode specs */
    const char *listen_host; /* NULL: both loopback addresses */
    int64_t listen_port;     /* -1: the mode's own */
    const char *port_file;
    int64_t threads; /* 0: one per core */
    int64_t connections_max, connections_per_client;
    bool keep_host_header; /* in reverse mode */
    const char **resolve;  /* HOST:PORT:ADDR */
    bool block_global, block_private;
    const char **deny_targets; /* private, link-local, loopback, or CIDR */
    const char *proxyauth;     /* user:pass or @htpasswd */
    bool sandbox;
    bool api;                 /* the control API is served */
    const char *web_listen;   /* where, never NULL */
    const char *web_password; /* or its hash; NULL: the token alone opens it */
    bool mcp_allow_actions;   /* over the API */
    bool onboarding;
    const char *onboarding_host;

    /* The CA. */
    const char *confdir; /* never NULL */
    const char *ca_key, *ca_passphrase, *ca_name_constraints;
    int64_t ca_lifetime; /* days */
    int64_t cert_cache;  /* leaves */
    int64_t mint_limit;  /* leaves a second for one client; 0: any number */

    /* TLS. */
    bool ssl_insecure;
    const char *upstream_ca; /* file or folder */
    const char *upstream_crl;
    const char *on_invalid_upstream; /* error, mirror, allow */
    const char **insecure_hosts;     /* for these: allow */
    const char *client_certs;
    const char *tls_version_client_min, *tls_version_client_max, *tls_version_server_min,
        *tls_version_server_max;
    const char *ciphers_client, *ciphers_server, *tls_ecdh_curve_client, *tls_ecdh_curve_server;
    bool upstream_cert; /* look at the server's certificate before one is forged */

    const char **ignore_hosts, **allow_hosts, **tcp_hosts; /* expressions, for "host:port" */
    uint64_t pass_refused;                                 /* ns; 0: never */

    /* HTTP. */
    const char *connection_strategy;          /* eager, lazy */
    int64_t upstream_per_host, upstream_idle; /* connections; idle ones kept per host */
    uint64_t upstream_idle_time;
    bool allow_malformed, forward_chunk_ext;
    bool http2_client, http2_server, share_upstream;
    int64_t http2_streams, http2_resets, http2_frames;
    uint64_t head_max, line_max; /* bytes */
    int64_t fields_max;
    uint64_t head_time, body_time, idle_time, keepalive_time, handshake_time, connect_time,
        grace_time;     /* ns */
    uint64_t body_rate; /* bytes a second; 0: any */

    /* What waits for a person. */
    uint64_t hold_timeout;                   /* ns; 0: any */
    const char *hold_default, *hold_orphans; /* forward, drop; keep, forward, drop */
    int64_t hold_max;

    /* Rules. */
    const char **map_remote, **map_local, **modify_body, **modify_headers, **block_list;
    const char *stickycookie, *stickyauth; /* queries */
    bool anticache, anticomp;

    /* What is kept and shown. */
    uint64_t body_limit, memory_limit; /* bytes */
    const char *save_stream_file;
    const char *filter; /* what is printed */
    int64_t flow_detail;
    bool json;
    const char *color;     /* auto, always, never */
    uint64_t decode_limit; /* bytes of decoded content shown */
    int64_t decode_ratio;  /* of these to the bytes that came; 0: any */
    const char *verbosity; /* error, warn, info, debug */
};

/* One reference, all zero, with an empty arena for its texts. NULL without memory. */
struct config *config_new(void) MUST_CHECK;
struct config *config_ref(const struct config *c);
/* NULL is allowed. Frees it and its texts with the last reference. */
void config_unref(const struct config *c);
