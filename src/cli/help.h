/* The help texts, made from the tables. */
#pragma once

#include "api/option.h"
#include "base/buf.h"
#include "cli/cli.h"

/* weir --help */
void help_program(struct buf *out);
/* weir COMMAND --help */
void help_command(struct buf *out, const struct cli_command *c);
/* weir --version */
void help_version(struct buf *out);
/* Appends s, broken between words into lines of at most 79 columns that begin with 'indent' blanks;
 * the first line has 'used' columns already. Ends with a line end. */
void help_wrap(struct buf *out, struct slice s, size_t indent, size_t used);
/* What is known about an option beside its help: "default 64k", "not while it runs". */
void help_facts(struct buf *out, const struct option *o);
