/*
 * Where a configuration comes from. A stronger source replaces what a weaker one says, lists as a
 * whole: the command line, the environment (WEIR_NAME), config.yaml in the config folder, the
 * default.
 */
#pragma once

#include "api/args.h"

/* Returns owned; NULL with a sentence that names the option, the value, and where it stands. */
struct config *settings_load(const struct args *a, struct err *e) MUST_CHECK;
/*
 * The same again, for a running program: file and environment are read anew. Options that cannot
 * change while it runs keep their old value; a warning says so.
 */
struct config *settings_reload(const struct args *a, const struct config *old,
                               struct err *e) MUST_CHECK;
