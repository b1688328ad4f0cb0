/* Frames of HTTP/2: out of words, and into lines. */
#include "lib/frames.h"

#include "base/scan.h"
#include "lib/heap.h"

#include <nghttp2/nghttp2.h>

#define PREFACE  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define TEXT_MAX 400

/* Out of words ---------------------------------------------------------------------------------
 */

struct writer {
    char *p; /* owned */
    size_t n;
    uint8_t type, flags;
    uint32_t stream;
    size_t pad;
};

static void
put(struct writer *w, const void *p, size_t n)
{
    w->p = heap_grow(w->p, w->n + n);
    if (n)
        memcpy(w->p + w->n, p, n);
    w->n += n;
}

static void
put_number(struct writer *w, uint64_t value, unsigned bytes)
{
    while (bytes--) {
        char c = (char)(value >> (8 * bytes));
        put(w, &c, 1);
    }
}

/* An integer of HPACK with a prefix of seven bits (RFC 7541 section 5.1). */
static void
put_length(struct writer *w, size_t n)
{
    if (n < 127) {
        put_number(w, n, 1);
        return;
    }
    put_number(w, 127, 1);
    for (n -= 127; n >= 128; n /= 128)
        put_number(w, n % 128 + 128, 1);
    put_number(w, n, 1);
}

/* "name: value", whose name may begin with a colon. */
static void
put_field(struct writer *w, struct slice field)
{
    size_t colon = 1;
    while (colon < field.n && !slice_starts(slice_from(field, colon), SLICE(": ")))
        colon++;
    struct slice name = slice_first(field, colon), value = slice_from(field, colon + 2);
    put_number(w, 0, 1);
    put_length(w, name.n);
    put(w, name.p, name.n);
    put_length(w, value.n);
    put(w, value.p, value.n);
}

static bool
take_string(struct writer *w, bool raw, const char **text)
{
    size_t n;
    const char *end = *text + 1;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    if (*end != '"')
        return false;
    end++;
    if (*end == '*')
        for (end++; *end >= '0' && *end <= '9';)
            end++;
    char *copy = strndup(*text, (size_t)(end - *text));
    char *bytes = bytes_parse(copy, &n);
    *text = end;
    free(copy);
    bool field = !raw && (w->type == NGHTTP2_HEADERS || w->type == NGHTTP2_CONTINUATION);
    if (bytes && field)
        put_field(w, slice_of(bytes, n));
    else if (bytes)
        put(w, bytes, n);
    free(bytes);
    return bytes;
}

/* DEPENDS/WEIGHT, with '!' in front for an exclusive one. */
static void
put_priority(struct writer *w, const char *word)
{
    bool exclusive = *word == '!';
    char *end;
    unsigned long stream = strtoul(word + exclusive, &end, 10);
    unsigned long weight = *end == '/' ? strtoul(end + 1, NULL, 10) : 16;
    put_number(w, stream | (exclusive ? 1ul << 31 : 0), 4);
    put_number(w, weight - 1, 1);
}

/* The words of a frame that are no number. */
static bool
take_flag(struct writer *w, const char *word)
{
    struct slice s = slice_str(word);
    if (slice_eq(s, SLICE("end")))
        w->flags |= NGHTTP2_FLAG_END_STREAM;
    else if (slice_eq(s, SLICE("ack")))
        w->flags |= NGHTTP2_FLAG_ACK;
    else if (slice_eq(s, SLICE("open")))
        w->flags &= (uint8_t)~NGHTTP2_FLAG_END_HEADERS;
    else if (slice_starts(s, SLICE("pad="))) {
        w->flags |= NGHTTP2_FLAG_PADDED;
        w->pad = strtoul(word + 4, NULL, 10);
        put_number(w, w->pad, 1);
    } else if (slice_starts(s, SLICE("priority="))) {
        w->flags |= NGHTTP2_FLAG_PRIORITY;
        put_priority(w, word + 9);
    } else
        return false;
    return true;
}

static const struct frame_row {
    const char *name;
    uint8_t type, flags;
    bool stream;    /* the first number is the stream */
    unsigned bytes; /* of each other number */
} rows[] = {
    {"headers", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, true, 0},
    {"more", NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, true, 0},
    {"data", NGHTTP2_DATA, 0, true, 0},
    {"settings", NGHTTP2_SETTINGS, 0, false, 0},
    {"rst", NGHTTP2_RST_STREAM, 0, true, 4},
    {"window", NGHTTP2_WINDOW_UPDATE, 0, true, 4},
    {"goaway", NGHTTP2_GOAWAY, 0, false, 4},
    {"priority", NGHTTP2_PRIORITY, 0, true, 0},
    {"priority-update", NGHTTP2_PRIORITY_UPDATE, 0, false, 4},
    {"ping", NGHTTP2_PING, 0, false, 0},
    {"frame", 0, 0, false, 0},
};

/* A word behind the name. */
static bool
take_word(struct writer *w, const struct frame_row *row, const char *word, unsigned at)
{
    bool raw = slice_eq(slice_str(row->name), SLICE("frame"));
    char *end;
    unsigned long n = strtoul(word, &end, 0);
    if (end == word)
        return take_flag(w, word);
    if (row->type == NGHTTP2_SETTINGS && *end == '=') {
        put_number(w, n, 2);
        put_number(w, strtoul(end + 1, NULL, 0), 4);
    } else if (row->type == NGHTTP2_PRIORITY && at == 1) {
        put_priority(w, word);
    } else if (raw) {
        w->type = at == 0 ? (uint8_t)n : w->type;
        w->flags = at == 1 ? (uint8_t)n : w->flags;
        w->stream = at == 2 ? (uint32_t)n : w->stream;
    } else if (row->stream && at == 0) {
        w->stream = (uint32_t)n;
    } else {
        put_number(w, n, row->bytes);
    }
    return true;
}

static bool
take_words(struct writer *w, const struct frame_row *row, const char **text)
{
    for (unsigned at = 0; **text != '}';) {
        char word[64];
        size_t n = strcspn(*text, " \n\t}");
        if (!**text)
            return false;
        if (**text == '"') {
            TRY(take_string(w, slice_eq(slice_str(row->name), SLICE("frame")), text));
            continue;
        }
        snprintf(word, sizeof(word), "%.*s", (int)n, *text);
        if (n)
            TRY(take_word(w, row, word, at++));
        *text += n ? n : 1;
    }
    ++*text;
    return true;
}

bool
frame_parse(const char **text, char **out, size_t *out_n)
{
    struct writer w = {0}, all = {.p = *out, .n = *out_n};
    size_t n = strcspn(*text, " }"), i = 0;
    struct slice name = slice_of(*text, n);
    bool preface = slice_eq(name, SLICE("preface")), good = preface;
    *text += n;
    if (preface) {
        ++*text;
        put(&w, PREFACE, strlen(PREFACE));
    }
    while (i < ARRAY_LEN(rows) && !slice_eq(name, slice_str(rows[i].name)))
        i++;
    if (i < ARRAY_LEN(rows)) {
        w.type = rows[i].type;
        w.flags = rows[i].flags;
        good = take_words(&w, &rows[i], text);
        if (w.type == NGHTTP2_PING && !w.n)
            put(&w, "12345678", 8);
        for (size_t pad = 0; pad < w.pad; pad++)
            put_number(&w, 0, 1);
        put_number(&all, w.n, 3);
        put_number(&all, w.type, 1);
        put_number(&all, w.flags, 1);
        put_number(&all, w.stream, 4);
    }
    put(&all, w.p, w.n);
    free(w.p);
    *out = all.p;
    *out_n = all.n;
    return good;
}

/* Into lines -----------------------------------------------------------------------------------
 */

static uint32_t
number(const char *p, unsigned bytes)
{
    return (uint32_t)slice_be(slice_of(p, bytes));
}

static void
say_fields(struct frames *f, const char *name, struct slice block, struct lines *did)
{
    int flags = 0;
    if (!f->inflater && nghttp2_hd_inflate_new(&f->inflater))
        abort();
    lines_add_bytes(did, name, SLICE(""));
    for (;;) {
        nghttp2_nv nv;
        union {
            const char *in;
            uint8_t *out;
        } at = {.in = block.p};
        ssize_t n = nghttp2_hd_inflate_hd(f->inflater, &nv, &flags, at.out, block.n, 1);
        if (n < 0)
            break;
        block = slice_from(block, (size_t)n);
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            lines_add_bytes(did, name, slice_of(nv.name, nv.namelen));
            lines_add_bytes(did, name, SLICE(": "));
            lines_add_bytes(did, name, slice_of(nv.value, nv.valuelen));
            lines_add_bytes(did, name, SLICE("\r\n"));
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL || (!block.n && !(flags & NGHTTP2_HD_INFLATE_EMIT)))
            break;
    }
    nghttp2_hd_inflate_end_headers(f->inflater);
}

static void
say_settings(const char *name, struct slice payload, struct lines *did)
{
    char text[TEXT_MAX];
    int at = snprintf(text, sizeof(text), "%s settings", name);
    for (size_t i = 0; i + 6 <= payload.n; i += 6)
        at += snprintf(text + at, sizeof(text) - (size_t)at, " %u=%u", number(payload.p + i, 2),
                       number(payload.p + i + 2, 4));
    lines_add(did, "%s", text);
}

static void
say_priority(const char *name, const char *p, uint32_t stream, struct lines *did)
{
    uint32_t on = number(p, 4);
    lines_add(did, "%s priority %u %s%u/%u", name, stream, on >> 31 ? "!" : "", on & 0x7fffffff,
              number(p + 4, 1) + 1);
}

static void
say_frame(struct frames *f, const char *name, const char *head, struct slice payload,
          struct lines *did)
{
    char text[TEXT_MAX];
    uint8_t type = (uint8_t)head[3], flags = (uint8_t)head[4];
    uint32_t stream = number(head + 5, 4);
    bool end = flags & NGHTTP2_FLAG_END_STREAM;
    switch (type) {
    case NGHTTP2_DATA:
        snprintf(text, sizeof(text), "%s data %u", name, stream);
        if (payload.n)
            lines_add_bytes(did, text, payload);
        if (end)
            lines_add(did, "%s end %u", name, stream);
        break;
    case NGHTTP2_HEADERS:
        if (flags & NGHTTP2_FLAG_PRIORITY) {
            say_priority(name, payload.p, stream, did);
            payload = slice_from(payload, 5);
        }
        snprintf(text, sizeof(text), "%s headers %u%s", name, stream, end ? " end" : "");
        say_fields(f, text, payload, did);
        break;
    case NGHTTP2_SETTINGS:
        if (flags & NGHTTP2_FLAG_ACK)
            lines_add(did, "%s settings ack", name);
        else
            say_settings(name, payload, did);
        break;
    case NGHTTP2_PRIORITY: say_priority(name, payload.p, stream, did); break;
    case NGHTTP2_RST_STREAM:
        lines_add(did, "%s rst %u %u", name, stream, number(payload.p, 4));
        break;
    case NGHTTP2_WINDOW_UPDATE:
        lines_add(did, "%s window %u %u", name, stream, number(payload.p, 4));
        break;
    case NGHTTP2_GOAWAY:
        lines_add(did, "%s goaway %u %u", name, number(payload.p, 4), number(payload.p + 4, 4));
        break;
    case NGHTTP2_PING:
        lines_add(did, "%s ping%s", name, flags & NGHTTP2_FLAG_ACK ? " ack" : "");
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        lines_add(did, "%s priority-update %u %.*s", name, number(payload.p, 4),
                  SLICE_ARG(slice_from(payload, 4)));
        break;
    default: lines_add(did, "%s frame %u", name, type); break;
    }
}

/* How long the head of HTTP/1 is; 0: it is not all there. */
static size_t
frames_head(const struct frames *f)
{
    const char *end = f->n ? memmem(f->held, f->n, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - f->held) + 4 : 0;
}

void
frames_read(struct frames *f, const char *name, struct slice bytes, bool preface, struct lines *did)
{
    size_t at = 0, size = strlen(PREFACE);
    f->held = heap_grow(f->held, f->n + bytes.n);
    if (bytes.n)
        memcpy(f->held + f->n, bytes.p, bytes.n);
    f->n += bytes.n;
    if (f->upgraded && !f->begun && (size = frames_head(f))) {
        lines_add_bytes(did, name, slice_of(f->held, size));
        f->begun = true;
        at = size;
    }
    if (preface && !f->begun && f->n >= size) {
        lines_add(did, "%s preface", name);
        f->begun = true;
        at = size;
    }
    while ((f->begun || (!preface && !f->upgraded)) && f->n - at >= 9) {
        size_t n = number(f->held + at, 3);
        if (f->n - at < 9 + n)
            break;
        say_frame(f, name, f->held + at, slice_of(f->held + at + 9, n), did);
        at += 9 + n;
    }
    memmove(f->held, f->held + at, f->n - at);
    f->n -= at;
}

void
frames_release(struct frames *f)
{
    if (f->inflater)
        nghttp2_hd_inflate_del(f->inflater);
    free(f->held);
    *f = (struct frames){0};
}
