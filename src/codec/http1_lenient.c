/* An index over an HTTP/1 head that breaks the rules and is let through all the same. */
#include "codec/http1.h"
#include "codec/token.h"

#define LENIENT_FIELDS 1024

/* A line without its LF and the CR in front of that; *whole has them. */
static struct slice
take_line(struct slice *rest, struct slice *whole)
{
    const char *from = rest->p;
    struct slice line = slice_cut(rest, '\n');
    *whole = slice_of(from, (size_t)(rest->p - from));
    while (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static struct slice
take_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    struct slice word = slice_first(*rest, n);
    *rest = slice_from(*rest, n);
    return word;
}

static void
index_start(struct http_head *h, struct slice line, bool response)
{
    h->version = slice_find(line, '.') < line.n && slice_ends(line, SLICE("1.0")) ? 10 : 11;
    struct slice rest = line, first = take_word(&rest), second = take_word(&rest);
    if (!response) {
        h->method = first;
        h->target = second;
        return;
    }
    h->version = slice_ends(first, SLICE("1.0")) ? 10 : 11;
    for (size_t i = 0; i < second.n && i < 3 && second.p[i] >= '0' && second.p[i] <= '9'; i++)
        h->status = h->status * 10 + (unsigned)(second.p[i] - '0');
    h->reason = slice_trim(rest);
}

static size_t
count_lines(struct slice s)
{
    size_t n = 0;
    while (s.n && n < LENIENT_FIELDS) {
        slice_cut(&s, '\n');
        n++;
    }
    return n;
}

static void
index_fields(struct http_head *h, struct slice rest)
{
    while (rest.n && h->n < h->cap) {
        struct slice whole, line = take_line(&rest, &whole);
        size_t colon = slice_find(line, ':');
        if (!line.n)
            return;
        if (colon == line.n)
            continue;
        struct field f = {.line = whole, .name = slice_trim(slice_first(line, colon))};
        f.value = slice_trim(slice_from(line, colon + 1));
        f.id = token_field(f.name);
        h->fields[h->n++] = f;
    }
}

bool
http1_parse_lenient(struct slice raw, bool response, struct arena *a, struct http_head *out)
{
    struct slice rest = raw;
    *out = (struct http_head){.raw = raw, .framing = FRAMING_TUNNEL, .malformed = true};
    index_start(out, take_line(&rest, &out->line), response);
    out->cap = count_lines(rest) + 1;
    out->fields = arena_alloc(a, out->cap * sizeof(*out->fields));
    if (!out->fields)
        return false;
    index_fields(out, rest);
    return true;
}
