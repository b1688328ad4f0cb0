/*
 * The file of rules: rules.yaml of a folder, a YAML sequence with a mapping for each rule.
 * 'name', 'folder', 'on', 'when' and 'do' are every rule's own, the other keys are those of its
 * action (docs/rules.md). Written in one form, whatever was read: fit for version control.
 */
#pragma once

#include "base/buf.h"
#include "rule/rule.h"

#define RULES_FILE     "rules.yaml"
#define RULES_FILE_MAX ((size_t)16 << 20)

/* Returns one reference, owned. 'path' is for messages: "path:3: rule 'x': ...". 'origin' is for
 * each rule, without an id; may be NULL. */
struct rules *rules_file_parse(struct slice text, const char *path,
                               const struct rule_origin *origin, struct err *e) MUST_CHECK;
/* Those of the file in the origin's folder; none when there is no file. Returns one reference,
 * owned. */
struct rules *rules_file_load(const struct rule_origin *origin, struct err *e) MUST_CHECK;

/* The rules as text: parsed again, it gives the same rules. */
bool rules_file_print(const struct rules *rs, struct buf *out, struct err *e) MUST_CHECK;
/* Writes the folder's file, mode 0600: whoever looks sees the old file or the new one. */
bool rules_file_save(const char *folder, const struct rules *rs, struct err *e) MUST_CHECK;
