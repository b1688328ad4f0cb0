/* What happens to a rig: as text, as bytes, in fact. */
#include "lib/deed.h"

#include "base/clock.h"
#include "base/scan.h"
#include "lib/heap.h"

#define INPUT_MAX 4096 /* of one deed as bytes: seeds are small */

/* Text ------------------------------------------------------------------------------------------
 */

static bool
take_bytes(struct deed *d, const char *text)
{
    d->bytes = bytes_parse(text, &d->n);
    return d->bytes;
}

char *
deed_text(struct slice s, struct slice *word)
{
    size_t n;
    *word = slice_cut(&s, ' ');
    char *bytes = bytes_parse(s.p ? s.p : "", &n);
    if (!bytes)
        return NULL;
    bytes = heap_grow(bytes, n + 1);
    bytes[n] = '\0';
    return bytes;
}

bool
deed_reason(struct slice word, enum reason *out)
{
    static const struct {
        const char *word;
        enum reason reason;
    } rows[] = {
#define REASON(id, name, status, text) {name, REASON_##id},
#include "layer/reason_list.h"
#undef REASON
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!slice_eq(word, slice_str(rows[i].word)))
            continue;
        *out = rows[i].reason;
        return true;
    }
    return false;
}

static bool
take_nothing(struct deed *d, const char *text)
{
    return !*text;
}

static bool
take_words(struct deed *d, const char *text)
{
    d->bytes = strdup(text);
    d->n = d->bytes ? strlen(text) : 0;
    return d->n;
}

static bool
take_page(struct deed *d, const char *text)
{
    struct slice status;
    uint64_t n = 0;
    d->bytes = deed_text(slice_str(text), &status);
    TRY(d->bytes && scan_u64(status, 999, &n));
    d->status = (unsigned)n;
    return true;
}

static bool
take_failure(struct deed *d, const char *text)
{
    struct slice word;
    d->bytes = deed_text(slice_str(text), &word);
    return d->bytes && deed_reason(word, &d->why);
}

/* To which side, and what. */
static bool
take_inject(struct deed *d, const char *text)
{
    struct slice to = slice_str(text), side = slice_cut(&to, ' ');
    d->conn = slice_eq(side, SLICE("server"));
    return (d->conn || slice_eq(side, SLICE("client"))) && take_bytes(d, to.p ? to.p : "");
}

static bool
take_time(struct deed *d, const char *text)
{
    return scan_duration(slice_str(text), &d->ns);
}

struct deed_row {
    const char *words;
    enum deed_type type;
    bool (*take)(struct deed *d, const char *text); /* what stands behind the words */
};

static const struct deed_row conn_rows[] = {
    {"\"", DEED_INPUT, take_bytes},
    {"{", DEED_INPUT, take_bytes},
    {"drained", DEED_DRAINED, take_nothing},
    {"eof unclean", DEED_EOF_UNCLEAN, take_nothing},
    {"eof", DEED_EOF, take_nothing},
    {"lost", DEED_LOST, take_nothing},
    {"opened reused", DEED_REUSED, take_nothing},
    {"opened", DEED_OPENED, take_nothing},
    {"reset", DEED_RESET, take_nothing},
    {"slow", DEED_SLOW, take_nothing},
};

static const struct deed_row host_rows[] = {
    {"after ", DEED_AFTER, take_time},        {"answer forward", DEED_FORWARD, take_nothing},
    {"answer next", DEED_NEXT, take_nothing}, {"answer page ", DEED_PAGE, take_page},
    {"hook ", DEED_HOOK, take_words},         {"open fails ", DEED_OPEN_FAILS, take_failure},
    {"inject ", DEED_INJECT, take_inject},
};

static bool
parse_row(const struct deed_row *rows, size_t n, const char *text, struct deed *d)
{
    for (size_t i = 0; i < n; i++) {
        struct slice words = slice_str(rows[i].words);
        if (!slice_starts(slice_str(text), words))
            continue;
        d->type = rows[i].type;
        /* Bytes begin with the quote. */
        return rows[i].take(d, d->type == DEED_INPUT ? text : text + words.n);
    }
    return false;
}

/* The connection at the front of the text; returns what stands behind it, or NULL. */
static const char *
parse_conn(const char *text, struct deed *d)
{
    if (slice_starts(slice_str(text), SLICE("client ")))
        return text + 7;
    if (!slice_starts(slice_str(text), SLICE("server ")))
        return NULL;
    char *end;
    d->conn = strtoul(text + 7, &end, 10);
    if (!d->conn)
        d->conn = 1;
    return *end == ' ' ? end + 1 : end;
}

bool
deed_parse(const char *text, struct deed *d)
{
    *d = (struct deed){0};
    const char *rest = parse_conn(text, d);
    if (rest)
        return parse_row(conn_rows, ARRAY_LEN(conn_rows), rest, d);
    return parse_row(host_rows, ARRAY_LEN(host_rows), text, d);
}

void
deed_release(struct deed *d)
{
    free(d->bytes);
    *d = (struct deed){0};
}

/* In fact ---------------------------------------------------------------------------------------
 */

static void
lose(const struct deed *d, struct rig *r)
{
    enum reason server = d->type == DEED_RESET ? REASON_SERVER_RESET : REASON_SERVER_CLOSED;
    rig_lose(r, d->conn, d->conn ? server : REASON_CLIENT_CLOSED);
}

bool
deed_do(const struct deed *d, struct rig *r)
{
    switch (d->type) {
    case DEED_INPUT: rig_input(r, d->conn, slice_of(d->bytes, d->n)); break;
    case DEED_EOF:
    case DEED_EOF_UNCLEAN: rig_eof(r, d->conn, d->type == DEED_EOF); break;
    case DEED_LOST:
    case DEED_RESET: lose(d, r); break;
    case DEED_SLOW:
    case DEED_DRAINED: rig_slow(r, d->conn, d->type == DEED_SLOW); break;
    case DEED_AFTER: rig_pass(r, d->ns); break;
    case DEED_FORWARD: return rig_answer_request(r, 0, "");
    case DEED_PAGE: return rig_answer_request(r, d->status, d->bytes);
    case DEED_OPENED:
    case DEED_REUSED: return rig_answer_open(r, d->type == DEED_REUSED, REASON_NONE, "");
    case DEED_OPEN_FAILS: return rig_answer_open(r, false, d->why, d->bytes);
    case DEED_NEXT: return rig_answer_next(r);
    case DEED_HOOK: return rig_answer_hook(r, slice_of(d->bytes, d->n));
    case DEED_INJECT: return rig_inject(r, d->conn, slice_of(d->bytes, d->n));
    }
    return true;
}

/* Bytes -----------------------------------------------------------------------------------------
 */

static void
write_input(const struct deed *d, FILE *out)
{
    size_t n = MIN(d->n, INPUT_MAX);
    fputc((int)(d->conn << 4 | DEED_INPUT), out);
    fputc((int)(n & 255), out);
    fputc((int)(n >> 8), out);
    fwrite(d->bytes, 1, n, out);
}

void
deed_write(const struct deed *d, FILE *out)
{
    if (d->type == DEED_INPUT) {
        write_input(d, out);
        return;
    }
    fputc((int)(d->conn << 4 | d->type), out);
    if (d->type == DEED_AFTER)
        fputc((int)MIN(d->ns / NS_PER_S, 255), out);
}

static unsigned
take_byte(struct slice *in)
{
    unsigned char c = in->n ? (unsigned char)in->p[0] : 0;
    *in = slice_from(*in, 1);
    return c;
}

static void
read_input(struct slice *in, struct deed *d)
{
    size_t low = take_byte(in), n = low | (size_t)take_byte(in) << 8;
    struct slice bytes = slice_first(*in, n);
    *in = slice_from(*in, n);
    d->n = bytes.n;
    d->bytes = heap_grow(NULL, bytes.n);
    if (bytes.n)
        memcpy(d->bytes, bytes.p, bytes.n);
}

/* What a seed may say at a stage. */
static const char *const hook_words[] = {"go", "replace other text", "drop", "close", "reset"};

bool
deed_read(struct slice *in, struct deed *d)
{
    if (!in->n)
        return false;
    unsigned first = take_byte(in);
    *d = (struct deed){.type = first % 16 % (DEED_INJECT + 1), .conn = first >> 4};
    if (d->type == DEED_INPUT)
        read_input(in, d);
    else
        d->bytes =
            strdup(d->type == DEED_HOOK ? hook_words[d->conn % ARRAY_LEN(hook_words)] : "text");
    if (d->type == DEED_HOOK || d->type == DEED_INJECT)
        d->n = strlen(d->bytes);
    d->ns = d->type == DEED_AFTER ? take_byte(in) * NS_PER_S : 0;
    d->status = 200;
    d->why = REASON_CONNECT;
    return true;
}
