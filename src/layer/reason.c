/* The table of reasons. */
#include "layer/reason.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *word, *text;
    unsigned status;
} reasons[] = {
    [REASON_NONE] = {"none", "nothing failed", 0},
#define REASON(id, word, status, text) [REASON_##id] = {word, text, status},
#include "layer/reason_list.h"
#undef REASON
};

const char *
reason_word(enum reason r)
{
    return reasons[r].word;
}

unsigned
reason_status(enum reason r)
{
    return reasons[r].status;
}

const char *
reason_text(enum reason r)
{
    return reasons[r].text;
}

void
failure_set(struct failure *f, enum reason r, const char *fmt, ...)
{
    f->reason = r;
    f->status = 0;
    f->coded = false;
    f->code = 0;
    int n = snprintf(f->text, sizeof(f->text), "%s%s", reasons[r].text, fmt ? ": " : "");
    if (!fmt || n < 0 || (size_t)n >= sizeof(f->text))
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->text + n, sizeof(f->text) - (size_t)n, fmt, ap);
    va_end(ap);
}

unsigned
failure_status(const struct failure *f)
{
    return f->status ? f->status : reason_status(f->reason);
}

struct failure *
failure_copy(const struct failure *f)
{
    struct failure *copy = mem_alloc(sizeof(*copy));
    if (copy)
        *copy = *f;
    return copy;
}

const struct failure *
failure_kept(const struct failure *f)
{
    static const struct failure memory = {.reason = REASON_MEMORY};
    return f ? f : &memory;
}
