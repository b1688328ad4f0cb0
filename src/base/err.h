/* An error as a value: a code and a sentence. Filled by the callee on failure only. */
#pragma once

#include "base/base.h"

#include <stdarg.h>
#include <stdbool.h>

enum err_code {
    ERR_NONE,
    ERR_FAILED, /* the thing asked for did not work */
    ERR_USAGE,  /* wrong usage or configuration */
    ERR_START,  /* could not start: port taken, no permission */
    ERR_MEMORY,
};

struct err {
    enum err_code code;
    char text[320]; /* lower case, no full stop, the thing in quotes */
};

/* Sets *e (may be NULL) and returns false, so that 'return err_set(...)' reads well. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with ": " and strerror(errnum) behind it. */
bool err_errno(struct err *e, enum err_code code, int errnum, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* What else 'permission denied' may mean from now on, said behind it; a constant. Before there are
 * threads. */
void err_explain_denied(const char *text);
bool err_memory(struct err *e);
/* Puts "prefix: " in front of the text. */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
