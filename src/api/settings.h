/*
 * Where a configuration comes from. A stronger source replaces what a weaker one says, lists as a
 * whole: the command line, the environment (WEIR_NAME), config.yaml in the config folder, the
 * default.
 */
#pragma once

#include "api/args.h"

struct settings_texts {
    const struct slice *texts; /* as one would type them */
    size_t n;
    bool reset; /* to the default; else a list without texts is empty */
};

/*
 * A copy of a configuration in which one option that is live has another value: one text, several
 * for a list, none for an empty one; or the default.
 * Returns owned; NULL with a sentence.
 */
struct config *settings_with(const struct config *old, const struct option *o,
                             const struct settings_texts *texts, struct err *e) MUST_CHECK;
/* Returns owned; NULL with a sentence that names the option, the value, and where it stands. */
struct config *settings_load(const struct args *a, struct err *e) MUST_CHECK;
/*
 * The same again, for a running program: file and environment are read anew. Options that cannot
 * change while it runs keep their old value; a warning says so.
 */
struct config *settings_reload(const struct args *a, const struct config *old,
                               struct err *e) MUST_CHECK;
