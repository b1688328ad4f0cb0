/* Socket addresses as text and as classes. */
#pragma once

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What bind and connect want to know of an IPv4 or IPv6 address. */
socklen_t sock_len(const struct sockaddr *a);
/* "127.0.0.1:80", "[::1]:80". */
void sock_text(const struct sockaddr *a, char *out, size_t n);
/* A numeric address. IPv6 with or without brackets. */
bool sock_parse(const char *host, uint16_t port, struct sockaddr_storage *out) MUST_CHECK;
/* "127.0.0.1:80", "[::1]:0": a numeric address and a port. */
bool sock_split(const char *text, char host[64], uint16_t *port) MUST_CHECK;
/* IPv4-mapped IPv6 addresses count as the IPv4 address inside. */
bool
sock_is_loopback(const struct sockaddr *a); /* 127/8, ::1, 0.0.0.0, :: (both reach this host) */
bool sock_is_link_local(const struct sockaddr *a); /* 169.254/16, fe80::/10 */
bool sock_is_private(
    const struct sockaddr *a); /* RFC 1918, RFC 6598, fc00::/7; not loopback or link-local */
bool sock_is_global(const struct sockaddr *a); /* none of the above */
/* "10.0.0.0/8", "fd00::/8", or an address alone. false when malformed. */
bool sock_in_cidr(const struct sockaddr *a, const char *cidr, bool *in) MUST_CHECK;
bool sock_same(const struct sockaddr *a, const struct sockaddr *b); /* address and port */
/* A number for whoever is behind the address: an IPv4 host, a /64 of IPv6; differs from run to run.
 * 0: this machine, by its loopback addresses. */
uint64_t sock_source(const struct sockaddr *a);
/* Whether the address is one of this machine's interfaces. */
bool sock_is_own(const struct sockaddr *a);
/* The same number for all addresses that one client may well have: an IPv4 address, the /64 of an
 * IPv6 address. Differs from run to run. */
unsigned long sock_hash_client(const struct sockaddr *a);
/* The port, in host order. */
uint16_t sock_port(const struct sockaddr *a);
/* 0.0.0.0 or ::, which reach this host. */
bool sock_is_unspecified(const struct sockaddr *a);
