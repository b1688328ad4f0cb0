/*
 * A cursor over a YAML file of ours: one document without aliases, whose errors say "PATH:LINE:
 * ...". Open: 'event' is the one that the cursor stands on.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <yaml.h>

struct yaml_in {
    yaml_parser_t yaml;
    yaml_event_t event;
    const char *path; /* for messages */
};

/* Reads the one document by 'root', which is called on its first event and leaves the cursor on its
 * last one; not at all for an empty text. 'in' is the reader's, with its path set. */
bool yaml_in_read(struct yaml_in *in, struct slice text,
                  bool (*root)(struct yaml_in *in, struct err *e), struct err *e) MUST_CHECK;
/* To the next event. */
bool yaml_in_next(struct yaml_in *in, struct err *e) MUST_CHECK;
/* What is wrong with the event it stands on; false. */
bool yaml_in_fail(const struct yaml_in *in, const char *text, struct err *e);
/* Puts the place in front of a sentence; false. */
bool yaml_in_prefix(const struct yaml_in *in, struct err *e);
/* The text of the scalar it stands on, and whether that is a null. */
struct slice yaml_in_scalar(const struct yaml_in *in);
bool yaml_in_null(const struct yaml_in *in);
/* A whole file of at most out->max bytes. That there is none is no failure: *there says so. */
bool yaml_in_load(const char *path, struct buf *out, bool *there, struct err *e) MUST_CHECK;
