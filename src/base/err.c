/* An error as a value: writing its sentence. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Puts the text into *e, with what follows it; the arguments may point into the old text. */
static void PRINTF_LIKE(2, 0)
    set_text(struct err *e, const char *fmt, va_list args, const char *between, const char *rest)
{
    char text[sizeof(e->text)];
    int n = vsnprintf(text, sizeof(text), fmt, args);
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used < sizeof(text))
        snprintf(text + used, sizeof(text) - used, "%s%s", between, rest);
    memcpy(e->text, text, sizeof(text));
}

bool
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e)
        return false;
    va_list args;
    va_start(args, fmt);
    set_text(e, fmt, args, "", "");
    va_end(args);
    e->code = code;
    return false;
}

/* The C library's sentences begin with a capital; ours do not. */
static void
lower_first(char *text)
{
    if (text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
        text[0] = (char)(text[0] + ('a' - 'A'));
}

static const char *denied = "";

void
err_explain_denied(const char *text)
{
    denied = text;
}

bool
err_errno(struct err *e, enum err_code code, int errnum, const char *fmt, ...)
{
    if (!e)
        return false;
    char room[128], why[240];
    snprintf(why, sizeof(why), "%s", strerror_r(errnum, room, sizeof(room)));
    lower_first(why);
    if (errnum == EACCES) {
        size_t n = strlen(why);
        snprintf(why + n, sizeof(why) - n, "%s", denied);
    }
    va_list args;
    va_start(args, fmt);
    set_text(e, fmt, args, ": ", why);
    va_end(args);
    e->code = code;
    return false;
}

bool
err_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "out of memory");
}

void
err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e)
        return;
    char old[sizeof(e->text)];
    memcpy(old, e->text, sizeof(old));
    va_list args;
    va_start(args, fmt);
    set_text(e, fmt, args, ": ", old);
    va_end(args);
}
