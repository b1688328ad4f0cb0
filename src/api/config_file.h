/*
 * The config file: one flat YAML mapping from names of options to values, lists as sequences. A
 * value that is null counts as not given.
 */
#pragma once

#include "api/option.h"

/*
 * Sets what the text says. 'path' is for messages: "path:3: option 'x': ...". On failure the
 * configuration is half changed and must be dropped.
 */
bool config_file_apply(struct slice text, const char *path, struct config *c,
                       struct err *e) MUST_CHECK;
/* Reads and applies the file in the folder of 'c': config.yaml or else config.yml. That there is
 * none is no error. */
bool config_file_load(struct config *c, struct err *e) MUST_CHECK;
/* The version of the YAML library. */
const char *config_file_library(void);
