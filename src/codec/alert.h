/* The alerts of TLS (RFC 8446 section 6) by name. */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

/* "unknown_ca"; "unknown_alert" for numbers without a name. */
const char *alert_name(int alert);
/* By its name, or by its number as one writes it. false when it is neither. */
bool alert_find(struct slice text, uint8_t *out) MUST_CHECK;
/* Whether one goes on after it: a warning, where all others are fatal. */
bool alert_is_warning(uint8_t alert);
