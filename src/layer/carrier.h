/* Who carries bytes between a client and a server, for those who look at them on their way: what is
 * sent goes by him. 'up' is from the client to the server. */
#pragma once

#include "base/slice.h"

struct carrier_ops {
    void (*send)(void *arg, bool up, struct slice bytes);
    /* Whether no more should be sent that way now. */
    bool (*full)(void *arg, bool up);
    /* What that way has left untaken is to be offered again. */
    void (*more)(void *arg, bool up);
    /* It is over: what was sent goes out, then both sides are closed. Where 'torn' is set what was
     * sent that way ends in the middle of a frame. */
    void (*end)(void *arg, bool torn_up, bool torn_down);
};
