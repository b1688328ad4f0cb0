/*
 * Rules: a query, an action, on or off, a name. One ordered list, an immutable snapshot shared by
 * references and swapped whole; a flow goes on with the snapshot it began with. An action is one
 * file and one row in rule/list.h.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "flow/filter.h"
#include "flow/hook.h"

/* What a rule is made from, and what it is written back as: keys in their order, each with its
 * values ("fields" may have many). 'name', 'folder', 'on', 'when' and 'do' are every rule's own. */
struct rule_arg {
    struct slice key;
    struct slice *values;
    size_t n;
};
struct rule_spec {
    struct rule_arg *args;
    size_t n;
};

/* What the field in the action's struct is stands behind it. */
enum rule_param_type {
    RULE_TEXT,     /* struct slice, with a NUL behind it that does not count */
    RULE_LIST,     /* struct rule_list */
    RULE_NUMBER,   /* uint64_t */
    RULE_BOOL,     /* bool */
    RULE_DURATION, /* uint64_t, nanoseconds: "200ms" */
    RULE_SIZE,     /* uint64_t, bytes: "64k" */
    RULE_SIDE,     /* enum rule_side: "request" or "response" */
    RULE_FILE,     /* const char *, an absolute path; NULL when not given */
    RULE_CHOICE,   /* struct slice, one of the choices */
};

enum rule_side { RULE_REQUEST, RULE_RESPONSE };

struct rule_list {
    const struct slice *values;
    size_t n;
};

/* An argument of an action: the forms, the documentation and the checks are made from these. */
struct rule_param {
    const char *key;
    enum rule_param_type type;
    size_t offset; /* in the action's struct */
    bool required;
    const char *def; /* as one would write it; NULL: zero */
    const char *help;
    uint64_t min, max;   /* of numbers, sizes and durations; max 0: as large as may be */
    const char *choices; /* "reset|close" */
};

struct rule_ops {
    const char *name;                /* "set-field" */
    const char *help;                /* a sentence */
    size_t size;                     /* of the action's struct, zeroed, filled by the params */
    const struct rule_param *params; /* ended by a NULL key */
    unsigned stages;                 /* bits 1 << enum stage where it can act; 0: nowhere */
    bool each;                       /* it acts at each of them, not at one */
    bool outside; /* it reaches beyond the flow and what is decided for it: see rule/trial.h */
    /* The stage, where the arguments decide it, or the one of the same message where its content is
     * there, if the query asks for that. NULL, or STAGES_N: the first of 'stages' where all is
     * there that the query asks for; the ClientHello, which is no part of an exchange, only when
     * there is no other. */
    enum stage (*stage)(const void *action);
    /* Checks and prepares what the params could not; may be NULL. */
    bool (*prepare)(void *action, struct err *e);
    /* What prepare made, also when it failed in the middle; may be NULL. */
    void (*release)(void *action);
    /* Acts. Returns a word on what it did for the trace (static, or of the flow's arena), NULL when
     * it did nothing. Runs on workers, several at a time. */
    const char *(*apply)(const void *action, struct hook *h);
    /* Whether it can do to the content, while that passes, what 'apply' would do at the stage where
     * it is whole; asked at the stage of the head. NULL: it cannot. */
    bool (*can_stream)(const void *action, const struct hook *h);
    /* Begins that, as 'apply' does; NULL together with can_stream. */
    const char *(*stream)(const void *action, struct hook *h);
};

/* Where they are kept, in the config folder: rules.yaml, and the files that it names. The only
 * place where the program may write while it runs. */
#define RULES_FOLDER "rules"

struct rule; /* shared by references: its counts survive an edit of other rules */

/* What a rule's parts are, for those who show them. */
struct rule_info {
    uint64_t id; /* unique in the process, kept through edits */
    const char *name, *folder;
    bool on;
    const char *when;
    const struct rule_ops *ops;
    unsigned stages; /* bits 1 << enum stage where it is tried */
    unsigned long hits;
    uint64_t last_hit; /* wall clock; 0: never */
};

/* Returns owned; NULL with a sentence that names the key. 'id' 0: a fresh one. 'folder' is a base
 * for relative file names, may be NULL. */
struct rule *rule_new(const struct rule_spec *spec, uint64_t id, const char *folder,
                      struct err *e) MUST_CHECK;
/* What else it is made with. */
struct rule_origin {
    uint64_t id;                          /* 0: a fresh one */
    const char *folder;                   /* a base for relative file names; NULL: none */
    const struct filter_presets *presets; /* of its query; borrowed; NULL: none */
};
struct rule *rule_new_from(const struct rule_spec *spec, const struct rule_origin *from,
                           struct err *e) MUST_CHECK;
struct rule *rule_ref(struct rule *r);
void rule_unref(struct rule *r);
/* Whether they say the same, but for their ids. */
bool rule_same(const struct rule *a, const struct rule *b);
/* It goes on in the place of the old one: with its id and what that has counted so far. Only while
 * nobody else has it. */
void rule_succeed(struct rule *r, const struct rule *old);
void rule_info(const struct rule *r, struct rule_info *out);
/* As a JSON object, its spec and its counts. */
void rule_json(struct json *j, const struct rule *r);
/* The spec it was made from, borrowed. */
const struct rule_spec *rule_spec(const struct rule *r);
/* Every file or folder that its arguments name: what a sandbox has to leave open. */
void rule_files(const struct rule *r, void (*fn)(void *arg, const char *path), void *arg);
/* The values of a key, NULL when it is not there. */
const struct rule_arg *rule_spec_find(const struct rule_spec *spec, struct slice key);
/* "text", "choice": the word for a type. */
const char *rule_param_type_name(enum rule_param_type type);
/* The action with the name, or NULL. */
const struct rule_ops *rule_ops_find(struct slice name);

#define RULES_MAX 10000 /* in one list */

struct rules; /* the snapshot */

/* Keeps references. Returns one reference, owned. */
struct rules *rules_new(struct rule *const *list, size_t n, struct err *e) MUST_CHECK;
struct rules *rules_ref(struct rules *rs);
/* NULL is allowed. */
void rules_unref(struct rules *rs);
size_t rules_count(const struct rules *rs);
struct rule *rules_at(const struct rules *rs, size_t i);
/* Whether any rule that is on acts at the stage, or wants the content to be there for it: asked
 * before anything is done for it. */
bool rules_any(const struct rules *rs, enum stage s);

/* Whether any of them may match the flow, by where it goes. */
bool rules_may(const struct rules *rs, enum stage s, const struct flow *f);

/* A walk over the rules of one stage for one flow. Zeroed to begin. */
struct rules_walk {
    size_t next;
    bool begun;
    uint64_t *candidates; /* a bit for each rule of the stage, in the flow's arena; NULL: all */
};
/*
 * Applies the next rule that matches, notes it in the flow's trace, counts the hit. false when
 * there is none left. The caller looks at h->decision after each: delays and holds come before the
 * next rule, an end ends the walk.
 */
bool rules_step(const struct rules *rs, struct rules_walk *w, struct hook *h) MUST_CHECK;
/* At the end of the stage of a head: whether the content has to be waited for, since a rule of the
 * later stage 'whole' (STAGE_REQUEST, STAGE_RESPONSE) may still match the flow. When all of them
 * can do without, they begin here what they do, in their order, and it is false. */
bool rules_want(const struct rules *rs, enum stage whole, struct hook *h) MUST_CHECK;

#define RULE(name) extern const struct rule_ops rule_##name;
#include "rule/list.h"
#undef RULE
extern const struct rule_ops *const rule_table[]; /* ended by NULL */
