/* Text for a terminal: colours, and nothing that it would obey. */
#include "ui/dump_text.h"

#include "base/print.h"

static const char *const colors[] = {
    [PAINT_NONE] = "",          [PAINT_DIM] = "\x1b[2m",    [PAINT_BOLD] = "\x1b[1m",
    [PAINT_GOOD] = "\x1b[32m",  [PAINT_MOVED] = "\x1b[36m", [PAINT_BAD] = "\x1b[33m",
    [PAINT_ERROR] = "\x1b[31m",
};

void
dump_paint(struct dump_text *t, enum paint p)
{
    if (t->color)
        buf_append(&t->out, slice_str(colors[p]));
}

void
dump_unpaint(struct dump_text *t, enum paint p)
{
    if (t->color && p != PAINT_NONE)
        buf_append(&t->out, SLICE("\x1b[0m"));
}

void
dump_safe(struct dump_text *t, enum paint p, struct slice s)
{
    dump_paint(t, p);
    print_safe(&t->out, s, false);
    dump_unpaint(t, p);
}

void
dump_lines(struct dump_text *t, enum paint p, const char *prefix, struct slice s)
{
    while (s.n) {
        struct slice line = slice_cut(&s, '\n');
        if (slice_ends(line, SLICE("\r")))
            line.n--;
        buf_append(&t->out, slice_str(prefix));
        dump_safe(t, p, line);
        buf_byte(&t->out, '\n');
    }
}
