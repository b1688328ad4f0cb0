/*
 * One stream of HTTP/2 that carries a tunnel: what a CONNECT on a stream leads to. It drives a
 * chain of its own as io/stream.h drives one over a socket: the content of the stream is its input,
 * what its wire records is the content that goes back.
 */
#pragma once

#include "layer/fan.h"

/*
 * The stream of the seat belongs to the chain from now on; the seat has left its fan. 'gone' is
 * called at the end of the turn in which the chain has ended: the owner frees the chain then.
 * When what the tunnel leads to breaks off, the stream is reset with the code.
 * Raises EV_START. false without memory, and then nothing has happened.
 */
bool lane_open(struct seat *from, struct chain *c, void (*gone)(struct chain *c),
               uint32_t code) MUST_CHECK;
/* Ends the stream of a chain that is being freed. 'gone' is not called. */
void lane_close(struct chain *c);
/* Whether a lane drives the chain. */
bool lane_drives(const struct chain *c);
