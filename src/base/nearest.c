/* "Did you mean". */
#include "base/nearest.h"

#include "base/base.h"
#include "base/scan.h"

/* A word of which more than a third is wrong is no misspelling. */
void
nearest_init(struct nearest *n, struct slice word)
{
    *n = (struct nearest){.word = word, .best = (unsigned)MIN(word.n / 3, 4u) + 1};
}

void
nearest_try(struct nearest *n, struct slice known)
{
    unsigned distance = scan_distance(n->word, known, n->best);
    if (distance >= n->best)
        return;
    n->best = distance;
    n->found = known;
}
