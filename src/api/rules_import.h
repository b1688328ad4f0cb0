/*
 * Rules of other programs. Burp Suite: the JSON of its project or user options, of which the
 * match-and-replace rules for heads and bodies become ours. Charles: the XML that it exports, of
 * which the mappings of Map Remote and Map Local do. What else is there is left out and named.
 */
#pragma once

#include "base/buf.h"
#include "rule/rule.h"

/* Returns one reference, owned. A line is appended to 'said' for each rule that is left out. */
struct rules *rules_import_burp(struct slice json, struct buf *said, struct err *e) MUST_CHECK;
struct rules *rules_import_charles(struct slice xml, struct buf *said, struct err *e) MUST_CHECK;
