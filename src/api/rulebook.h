/*
 * The rules of the user: one ordered list, changed from any thread, one change at a time, kept in
 * rules/rules.yaml of the config folder. A change is made whole or not at all: in the list, in the
 * file, and in the engine. Rules that come from options stand in front and are not in the file.
 */
#pragma once

#include "base/err.h"
#include "rule/rule.h"

struct presets;
struct rulebook;

struct rulebook_options {
    const char *folder;            /* the config folder */
    const struct rule_spec *fixed; /* of the options */
    size_t n_fixed;
    /* Every new snapshot goes to it. May be NULL. */
    void (*changed)(void *arg, struct rules *rules);
    void *arg;
    /* Rules that are added or replaced name no files but those below their folder, and those that
     * were named before: what the sandbox denies now it would open at the next start. */
    bool confined;
};

/* Reads the file, if there is one. NULL with a sentence that says where the file is wrong. */
struct rulebook *rulebook_open(const struct rulebook_options *o, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void rulebook_free(struct rulebook *b);
/* The newest snapshot: a reference, owned. */
struct rules *rulebook_rules(struct rulebook *b);
/* From now on changes go to this one as well; it hears of the rules as they are at once. */
void rulebook_watch(struct rulebook *b, void (*changed)(void *arg, struct rules *rules), void *arg);

/* At the end, or in front of the rule 'before' (0: at the end). The id goes to *id. */
bool rulebook_add(struct rulebook *b, const struct rule_spec *spec, uint64_t before, uint64_t *id,
                  struct err *e) MUST_CHECK;
/* A rule as one that is added would be, for those who only try it. Returns one reference, owned. */
struct rule *rulebook_draft(struct rulebook *b, const struct rule_spec *spec,
                            struct err *e) MUST_CHECK;
/* All of them at the end, or none; their ids go to ids[0..n). */
bool rulebook_append(struct rulebook *b, const struct rule_spec *specs, size_t n, uint64_t *ids,
                     struct err *e) MUST_CHECK;
/* ERR_USAGE when there is no such rule, or when it comes from an option. */
bool rulebook_replace(struct rulebook *b, uint64_t id, const struct rule_spec *spec,
                      struct err *e) MUST_CHECK;
bool rulebook_remove(struct rulebook *b, uint64_t id, struct err *e) MUST_CHECK;
bool rulebook_move(struct rulebook *b, uint64_t id, uint64_t before, struct err *e) MUST_CHECK;
/* Reads the file again, and takes these as the rules of the options. Rules that are what they were
 * keep their ids and counts. On failure nothing has changed. */
bool rulebook_reload(struct rulebook *b, const struct rule_spec *fixed, size_t n_fixed,
                     struct err *e) MUST_CHECK;
/* The newest presets: a reference, owned. */
struct presets *rulebook_presets(struct rulebook *b);
/* Adds or changes a preset, or takes it away (query.p NULL): in the file, and in all rules that
 * name it. Refused when one could not be used then. */
bool rulebook_set_preset(struct rulebook *b, struct slice name, struct slice query,
                         struct err *e) MUST_CHECK;
