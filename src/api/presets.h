/*
 * Presets: queries with names, '@name' in others. A snapshot, shared by references; kept in
 * presets.yaml of the folder of rules, a YAML mapping from names to queries.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "flow/filter.h"

#define PRESETS_FILE     "presets.yaml"
#define PRESETS_MAX      1000
#define PRESETS_NAME_MAX 60

struct presets; /* immutable; any thread */

/* Those of the folder's file, all of them good; none when there is no file. Returns one reference,
 * owned; NULL with a sentence that says where the file is wrong. */
struct presets *presets_load(const char *folder, struct err *e) MUST_CHECK;
/* A copy with one more, or another text of it; p NULL: without it. ERR_USAGE when the name or a
 * query cannot be used, or when it is not there. Returns one reference, owned. */
struct presets *presets_with(const struct presets *old, struct slice name, struct slice query,
                             struct err *e) MUST_CHECK;
/* Writes the folder's file, mode 0600: whoever looks sees the old file or the new one. */
bool presets_save(const struct presets *p, const char *folder, struct err *e) MUST_CHECK;
struct presets *presets_ref(struct presets *p);
/* NULL is allowed. */
void presets_unref(struct presets *p);

/* For filter_parse; borrows. NULL is allowed. */
struct filter_presets presets_lookup(const struct presets *p);
/* The query, or an empty slice. */
struct slice presets_find(const struct presets *p, struct slice name);
/* An array of objects, name and query, by name. */
void presets_json(const struct presets *p, struct json *j, const char *key);
