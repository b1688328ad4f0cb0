/* Lines of playbooks: collected, compared, spelt. */
#include "lib/lines.h"

#include "lib/frames.h"
#include "lib/heap.h"

#include <ctype.h>
#include <stdarg.h>

#define REPEAT_MIN 40 /* so many equal bytes are spelt as a repetition */
#define WIDTH      100

static struct line *
add_line(struct lines *l, const char *text, size_t n)
{
    l->v = heap_grow(l->v, (l->n + 1) * sizeof(*l->v));
    struct line *line = &l->v[l->n++];
    *line = (struct line){.text = heap_grow(NULL, n + 1)};
    memcpy(line->text, text, n);
    line->text[n] = '\0';
    return line;
}

void
lines_add(struct lines *l, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    add_line(l, text, MIN((size_t)(n < 0 ? 0 : n), sizeof(text) - 1));
}

void
lines_add_bytes(struct lines *l, const char *name, struct slice bytes)
{
    struct line *last = l->n ? &l->v[l->n - 1] : NULL;
    if (!last || !last->bytes || !slice_eq(slice_str(last->text), slice_str(name)))
        last = add_line(l, name, strlen(name));
    if (!last->bytes || last->n + bytes.n > last->cap) {
        last->cap = (last->n + bytes.n) * 2;
        last->bytes = heap_grow(last->bytes, last->cap);
    }
    if (bytes.n)
        memcpy(last->bytes + last->n, bytes.p, bytes.n);
    last->n += bytes.n;
}

void
lines_release(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].text);
        free(l->v[i].bytes);
    }
    free(l->v);
    *l = (struct lines){0};
}

static bool
line_equal(const struct line *a, const struct line *b)
{
    return slice_eq(slice_str(a->text), slice_str(b->text)) && !a->bytes == !b->bytes &&
           slice_eq(slice_of(a->bytes, a->n), slice_of(b->bytes, b->n));
}

bool
lines_equal(const struct lines *a, const struct lines *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!line_equal(&a->v[i], &b->v[i]))
            return false;
    return true;
}

void
lines_print(FILE *out, const struct lines *l, const char *prefix)
{
    for (size_t i = 0; i < l->n; i++) {
        int column = fprintf(out, "%s%s", prefix, l->v[i].text);
        if (l->v[i].bytes) {
            fputc(' ', out);
            bytes_print(out, slice_of(l->v[i].bytes, l->v[i].n), (size_t)column + 1);
        }
        fputc('\n', out);
    }
}

/* Spelling --------------------------------------------------------------------------------------
 */

static size_t
byte_print(FILE *out, char c)
{
    static const char escapes[] = "r\rn\nt\t\\\\\"\"";
    for (const char *e = escapes; *e; e += 2) {
        if (c != e[1])
            continue;
        fputc('\\', out);
        fputc(*e, out);
        return 2;
    }
    if (c < 0x20 || c > 0x7e)
        return (size_t)fprintf(out, "\\x%02x", (unsigned char)c);
    fputc(c, out);
    return 1;
}

static size_t
run_length(struct slice s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    return n;
}

/* Up to a long run, or to the end of a line when the text is wide. */
static struct slice
next_piece(struct slice s, bool wide)
{
    size_t n = 0;
    while (n < s.n && run_length(slice_from(s, n)) < REPEAT_MIN)
        if (s.p[n++] == '\n' && wide)
            break;
    return slice_first(s, n);
}

/* The size of the piece of which all is a repetition, or 0. */
static size_t
period(struct slice s)
{
    for (size_t n = 2; n < 100 && n * 3 <= s.n; n++)
        if (s.n % n == 0 && memcmp(s.p, s.p + n, s.n - n) == 0)
            return n;
    return 0;
}

void
bytes_print(FILE *out, struct slice s, size_t column)
{
    size_t repeated = run_length(s) < s.n ? period(s) : 0;
    if (repeated) {
        bytes_print(out, slice_first(s, repeated), column);
        fprintf(out, "*%zu", s.n / repeated);
        return;
    }
    bool wide = column + s.n > WIDTH - 10, first = true;
    if (!s.n)
        fputs("\"\"", out);
    while (s.n) {
        if (!first)
            fprintf(out, "\n%*s", (int)column, "");
        first = false;
        struct slice piece = next_piece(s, wide);
        size_t run = piece.n ? 0 : run_length(s);
        fputc('"', out);
        for (size_t i = 0; i < (run ? 1 : piece.n); i++)
            byte_print(out, s.p[i]);
        fputc('"', out);
        if (run)
            fprintf(out, "*%zu", run);
        s = slice_from(s, run ? run : piece.n);
    }
}

/* Reading ---------------------------------------------------------------------------------------
 */

struct reader {
    const char *p;
    char *out;
    size_t n, cap;
};

static void
put(struct reader *r, char c)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->out = heap_grow(r->out, r->cap);
    }
    r->out[r->n++] = c;
}

static bool
read_hex(struct reader *r)
{
    char digits[3] = {r->p[0], r->p[0] ? r->p[1] : '\0', '\0'};
    if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
        return false;
    r->p += 2;
    put(r, (char)strtoul(digits, NULL, 16));
    return true;
}

static bool
read_escape(struct reader *r)
{
    char c = *r->p++;
    switch (c) {
    case 'r': put(r, '\r'); return true;
    case 'n': put(r, '\n'); return true;
    case 't': put(r, '\t'); return true;
    case '\\':
    case '"': put(r, c); return true;
    case 'x': return read_hex(r);
    default: return false;
    }
}

static bool
read_string(struct reader *r)
{
    size_t from = r->n;
    for (r->p++; *r->p != '"';) {
        char c = *r->p++;
        if (c == '\0' || (c == '\\' && !read_escape(r)))
            return false;
        if (c != '\\')
            put(r, c);
    }
    r->p++;
    if (*r->p != '*')
        return true;
    char *end;
    size_t size = r->n - from;
    unsigned long times = strtoul(r->p + 1, &end, 10);
    r->p = end;
    for (size_t i = size; i < size * times; i++)
        put(r, r->out[from + i % size]);
    return times > 0;
}

static bool
read_frame(struct reader *r)
{
    r->p++;
    bool good = frame_parse(&r->p, &r->out, &r->n);
    r->cap = r->n;
    return good;
}

char *
bytes_parse(const char *text, size_t *n)
{
    struct reader r = {.p = text, .out = heap_grow(NULL, 0)};
    while (*r.p) {
        bool good = *r.p == '"'   ? read_string(&r)
                    : *r.p == '{' ? read_frame(&r)
                                  : isspace((unsigned char)*r.p) && r.p++;
        if (good)
            continue;
        free(r.out);
        return NULL;
    }
    *n = r.n;
    return r.out;
}
