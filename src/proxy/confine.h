/* The sandbox by configuration. */
#pragma once

#include "base/err.h"
#include "proxy/config.h"

/* Leaves what serving and a reload need: the folder of the authority, the files that the options
 * name now, and what the system looks up names and roots with. Nothing without the option
 * 'sandbox'. */
bool confine(const struct config *c, struct err *e) MUST_CHECK;
