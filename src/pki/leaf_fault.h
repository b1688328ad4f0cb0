/*
 * What is wrong with a forged certificate on purpose: one thing, and everything else is right. The
 * table is pki/leaf_fault_list.h. Some are used to mirror the fault of a server, so that the
 * client's own warning shows; all can be chosen, to see what a client does.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "pki/host.h"
#include "pki/verdict.h"

struct leaf_spec;

enum leaf_fault {
    LEAF_GOOD,
#define LEAF_FAULT(id, word, verdict, what) LEAF_##id,
#include "pki/leaf_fault_list.h"
#undef LEAF_FAULT
    LEAF_FAULTS, /* how many, with LEAF_GOOD */
};

/* "expired"; "good" for LEAF_GOOD. */
const char *leaf_fault_word(enum leaf_fault fault);
/* What is wrong: "it has ended". */
const char *leaf_fault_what(enum leaf_fault fault);
/* What our own check says of it; VERDICT_OK for LEAF_GOOD. */
enum verdict_reason leaf_fault_verdict(enum leaf_fault fault);
/* The fault with that word; e names the word that was meant, perhaps, or all of them. */
bool leaf_fault_find(struct slice word, enum leaf_fault *fault, struct err *e) MUST_CHECK;

/* Whether a leaf for those names can have the fault of 'spec': a wildcard needs some labels. */
bool leaf_fault_check(const struct leaf_spec *spec, struct err *e) MUST_CHECK;
/* Whether OpenSSL would not show it at its usual security level. */
bool leaf_fault_is_weak(enum leaf_fault fault);
/* The name that clients compare: the SNI, or else the host. */
struct slice leaf_fault_host(const struct leaf_spec *spec);
/* The name that stands in such a leaf in place of all others, in 'out'; empty when the fault is in
 * something else, or when the host cannot have it. */
struct slice leaf_fault_name(const struct leaf_spec *spec, char out[HOST_MAX + 3]);

/* The fault that shows the same to the client: LEAF_UNTRUSTED for everything that has no fault of
 * its own. None that would have the authority sign more than it must. */
enum leaf_fault leaf_fault_of(enum verdict_reason reason);
