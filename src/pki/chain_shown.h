/* The chain that a server showed, as the facts of its connection keep it: DER, also of one that was
 * refused. */
#pragma once

#include "base/buf.h"
#include "flow/peer.h"

struct stack_st_X509;

/* Copies the certificates into the facts, unless some are there. */
void chain_shown_fill(struct peer_tls *facts, const struct stack_st_X509 *chain);
/* A line for each: its number, name, issuer and validity. */
void chain_shown_print(struct buf *out, const struct peer_tls *facts);
