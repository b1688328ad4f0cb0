/* What is held when the last user interface has gone: after a while, in which one may come back,
 * the configuration decides ('hold-orphans'). */
#pragma once

struct control;

/* The last one has gone. */
void orphans_begin(struct control *c);
/* One has come. */
void orphans_cancel(struct control *c);
/* With the loop. */
void orphans_end(struct control *c);
