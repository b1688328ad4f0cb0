/* The sandbox by configuration. */
#pragma once

#include "base/err.h"
#include "proxy/config.h"
#include "rule/rule.h"

/* Leaves what serving and a reload need: the folder of the authority, the files that the options
 * and the rules (may be NULL) name now, and what the system looks up names and roots with. Nothing
 * without the option 'sandbox'. */
bool confine(const struct config *c, const struct rules *rules, struct err *e) MUST_CHECK;
