/* "Did you mean": the known word that is most like one that is not known. */
#pragma once

#include "base/slice.h"

struct nearest {
    struct slice word;
    struct slice found; /* borrowed; empty while nothing is like it */
    unsigned best;      /* only words at a smaller distance are of interest */
};

void nearest_init(struct nearest *n, struct slice word);
/* Offers a known word, which must outlive n. */
void nearest_try(struct nearest *n, struct slice known);
