/*
 * How fast leaves are made for one client: a bucket for each, so that whoever asks for ever new
 * names delays nobody else. Clients are numbers; of those with the same bucket each is limited by
 * what the others take, too. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mint_limit;

/* In a row, in seconds at the rate: a page can name many hosts at once. */
#define MINT_BURST 10

/* 'rate' a second; 0: no limit. NULL without memory. */
struct mint_limit *mint_limit_new(unsigned rate);
/* NULL is allowed. */
void mint_limit_free(struct mint_limit *m);
/* Whether one more may be made at 'now' (monotonic). Client 0 is not limited. A refusal is logged,
 * now and then. */
bool mint_limit_take(struct mint_limit *m, uint64_t client, uint64_t now);
/* Refusals so far. */
uint64_t mint_limit_refused(struct mint_limit *m);
