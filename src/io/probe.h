/* Whether a port is free. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* Listening sockets that share a port would join those of another process without a word: this one
 * asks for the port alone and lets it go. Port 0 is always free. false with a sentence (ERR_START).
 */
bool probe_port(const char *host, uint16_t port, struct err *e) MUST_CHECK;
/* Whether this machine has the address. */
bool probe_address(const char *host);
