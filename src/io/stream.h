/*
 * Drives a chain over a TCP connection: reads into a buffer shared by the thread, hands the bytes
 * to the chain, writes what the wire recorded at the end of each turn (one write when the socket
 * takes it all), and keeps the chain's deadline. Reading stops while the chain wants no input.
 *
 * After a CMD_CLOSE the stream half closes, and drops what the peer still sends, up to 256 KiB and
 * 2 s, so that a reset does not overtake our last bytes; then comes EV_CLOSED. It has REASON_NONE
 * when the chain wanted the end.
 *
 * Of two chains that are joined (chain_join) the bytes go from one socket to the other by the
 * kernel, without a copy, where it can.
 */
#pragma once

#include "io/loop.h"

/*
 * Takes the connected, non-blocking descriptor, on failure too. The chain's driver is the stream
 * from then on. 'gone' is called, outside of a turn, when the connection is closed and the chain
 * has heard EV_CLOSED: the owner frees the chain then (or earlier, which closes the connection).
 * Raises EV_START before it returns.
 */
bool stream_open(struct loop *l, int fd, struct chain *c, void (*gone)(struct chain *c),
                 struct err *e) MUST_CHECK;
/* The flush of turn_init for chains that streams drive. */
void stream_flush(struct chain *c);
/* Closes the connection of a chain that is being freed. Called by the owner before chain_free;
 * 'gone' is not called. */
void stream_close(struct chain *c);
/* A write that makes no progress for this long loses the connection. 0: never. */
void stream_stall_time(struct chain *c, uint64_t ns);
/* A write that waits for 'ns', and a second more for each 'rate' bytes that the peer has taken
 * since the beginning, loses the connection: it reads too slowly. A rate of 0: never. */
void stream_slow(struct chain *c, uint64_t rate, uint64_t ns);
/* Connections that this process has open through streams. */
unsigned long stream_count(void);
