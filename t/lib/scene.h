/* Root, intermediate and leaf with one fault, and the judgement over them. For tests inside cmocka.
 */
#pragma once

#include "lib/chain_make.h"
#include "pki/trust.h"

/* What the leaf is made for, and what is asked for. */
extern const char scene_host[]; /* www.example.com */

struct scene {
    struct made_spec root_spec, mid_spec, leaf_spec; /* to be changed before scene_make */
    struct made root, mid, leaf;
    struct trust_query query; /* chain: leaf and intermediate when NULL */
    const char *crl;          /* file */
    bool trusted_leaf;        /* the leaf is the root */
    struct verdict verdict;
};

/* A good one. */
struct scene scene_new(void);
void scene_make(struct scene *s);
/* Judges with this trust and checks that verdict and result agree. */
enum verdict_reason scene_verify(struct scene *s, struct trust *t);
/* Makes what is not made yet, trusts the root, judges; the word. */
const char *scene_judged(struct scene *s);

#define assert_judged(s, word) assert_string_equal(scene_judged(s), word)
