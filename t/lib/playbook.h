/*
 * Playbooks: text files that say what happens to a stack ('>') and what it must do ('<').
 * docs/PLAYBOOK.md is the language.
 */
#pragma once

#include "lib/deed.h"

struct step {
    unsigned at; /* line of the file */
    char *text;  /* owned: the line behind '>' */
    struct deed deed;
    struct lines want;
};

struct playbook {
    const char *path; /* borrowed */
    struct rig_options options;
    char *text;         /* owned: that of the options */
    bool split;         /* also run in pieces */
    bool loose;         /* how content is cut into chunks does not matter, even when whole */
    struct step *steps; /* owned */
    size_t n;
};

/* false with a line on stderr. */
bool playbook_read(struct playbook *p, const char *path) MUST_CHECK;
void playbook_release(struct playbook *p);
/* All ways to run it. Complains on stderr; returns whether all went well. */
bool playbook_run(const struct playbook *p) MUST_CHECK;
/* Writes the file anew, with what the stack does for what it must do. */
bool playbook_rewrite(const struct playbook *p) MUST_CHECK;
/* Writes a seed for the fuzzer into the folder. */
bool playbook_seed(const struct playbook *p, const char *folder) MUST_CHECK;
