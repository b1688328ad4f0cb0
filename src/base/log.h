/* What the program says about itself, on standard error: one line each, safe from any thread,
 * control bytes escaped. */
#pragma once

#include "base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above the level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);
/* Where lines go instead of standard error: the escaped text alone, without the program's name and
 * the line feed. NULL restores it. Tests only. */
void log_set_sink(void (*fn)(enum log_level, const char *line));
/* Who else hears of each line that is written, in the form of the sink; on any thread, and must not
 * log. NULL: nobody. Once this returns, lines under way may still reach the old one. */
void log_set_tap(void (*fn)(enum log_level, const char *line));
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
