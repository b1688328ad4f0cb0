/* Lines about the program itself, each with one write. */
#include "base/log.h"

#include "base/print.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LONGEST_TEXT 1024

typedef void sink_fn(enum log_level, const char *);

static atomic_int max_level = LOG_INFO;
static _Atomic(sink_fn *) sink, tap;

void
log_set_level(enum log_level level)
{
    max_level = (int)level;
}

void
log_set_sink(void (*fn)(enum log_level, const char *line))
{
    sink = fn;
}

void
log_set_tap(void (*fn)(enum log_level, const char *line))
{
    tap = fn;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const prefixes[] = {
        "weir: error: ", "weir: warning: ", "weir: ", "weir: debug: "};
    if ((int)level > max_level)
        return;
    char text[LONGEST_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    /* A buf over memory of this function: a line can be written when there is no other memory. */
    char room[4 * LONGEST_TEXT + 32];
    struct buf line = {.p = room, .cap = sizeof(room) - 1, .max = sizeof(room) - 1};
    struct slice prefix = slice_str(prefixes[level]);
    buf_append(&line, prefix);
    print_safe(&line, slice_str(text), false);
    sink_fn *to = sink, *also = tap;
    room[line.w] = '\0';
    if (also)
        also(level, room + prefix.n);
    if (to) {
        to(level, room + prefix.n);
        return;
    }
    buf_byte(&line, '\n');
    ssize_t written = write(STDERR_FILENO, room, line.w);
    (void)written;
}
