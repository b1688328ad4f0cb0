/* Authorities and http URLs (RFC 3986, RFC 9110 section 4.2): the unusual is refused. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

#define URL_HOST_MAX 255

/* "host", "host:80", "1.2.3.4:80", "[::1]:80". Slices point into what was parsed. */
struct authority {
    struct slice host; /* as spelt, without brackets; 1 to URL_HOST_MAX bytes */
    uint16_t port;     /* 0 when none is given */
    bool is_ip;        /* an IPv4 or IPv6 literal */
    bool ipv6;
};

struct url {
    struct slice scheme; /* as spelt */
    bool https;
    struct slice authority; /* as spelt */
    struct authority at;    /* the same in parts */
    uint16_t port;          /* at.port, or 80 or 443 by the scheme */
    struct slice path;      /* as spelt, "/" when there is none */
    struct slice query;     /* as spelt, with its '?'; empty when there is none */
};

/*
 * A user name, an empty port, port 0, a zone and percent-encoding are refused. A host name is
 * letters, digits, '-', '.' and '_', without empty labels but for one dot at the end, labels up to
 * 63; if its last label is all digits or begins with "0x", the whole must be an IPv4 literal of
 * four decimal numbers.
 */
bool url_parse_authority(struct slice s, struct authority *out) MUST_CHECK;

/* http or https, "://", an authority, then visible ASCII without '#'. */
bool url_parse_absolute(struct slice s, struct url *out) MUST_CHECK;

/* Path and query together, for a request line in origin-form: points into the URL, or into the
 * arena when the URL has a query but no path. p is NULL without memory. */
struct slice url_origin(const struct url *u, struct arena *a);

/*
 * The spelling by which hosts are compared: lower case, without a dot at the end, IP literals
 * canonical (RFC 5952) and without brackets. Takes hosts with or without brackets. NUL-terminated.
 * false when it is no valid host.
 */
bool url_host_normal(struct slice host, char out[URL_HOST_MAX + 1]) MUST_CHECK;

/* Takes one byte off the front of *rest, which is not empty: as it is spelt, or percent-encoded
 * (RFC 3986 section 2.1); in forms '+' is a blank. false for a '%' without two digits behind it,
 * which is taken as itself. */
bool url_take_byte(struct slice *rest, bool form, char *out);
/* Appends it decoded; a '%' that encodes nothing stays. */
void url_decode(struct slice s, bool form, struct buf *out);

/* An IPv4 (4 bytes) or IPv6 (16 bytes) literal, without brackets or zone, in network order. */
bool url_parse_ip(struct slice s, uint8_t out[16], unsigned *len) MUST_CHECK;
