/* The ClientHello: records to message, message to struct. */
#include "codec/hello.h"

#include "codec/url.h"

#include <assert.h>

#define RECORD_HEADER    5
#define RECORD_MAX       16384
#define RECORD_HANDSHAKE 22
/* Every call starts over, so many small records would cost the square of their number. */
#define RECORDS_MAX          64
#define MESSAGE_HEADER       4
#define MESSAGE_CLIENT_HELLO 1
#define TLS_1_3              0x0304

/* Takes big-endian numbers and vectors off the front. A read past the end sets 'bad' and gives
 * zeros. */
struct reader {
    const unsigned char *p;
    size_t n;
    bool bad;
};

static struct reader
reader_of(struct slice s)
{
    assert(s.p || !s.n);
    return (struct reader){(const unsigned char *)s.p, s.n, false};
}

static struct slice
take_bytes(struct reader *r, size_t n)
{
    if (n > r->n) {
        r->bad = true;
        r->n = 0;
        return SLICE_NONE;
    }
    struct slice s = slice_of(r->p, n);
    r->p += n;
    r->n -= n;
    return s;
}

static unsigned
take_number(struct reader *r, unsigned bytes)
{
    return (unsigned)slice_be(take_bytes(r, bytes));
}

/* A vector with its length in front, in so many bytes. */
static struct slice
take_vector(struct reader *r, unsigned length_bytes)
{
    return take_bytes(r, take_number(r, length_bytes));
}

/* 16 bit numbers to the end of s into list[max]. false when their bytes are odd or there is none.
 */
static bool
read_list(struct slice s, uint16_t *list, unsigned *n, unsigned max, bool *cut)
{
    struct reader r = reader_of(s);
    if (!s.n || s.n % 2)
        return false;
    while (r.n && *n < max)
        list[(*n)++] = (uint16_t)take_number(&r, 2);
    if (r.n)
        *cut = true;
    return true;
}

/* The one vector that is all of the extension. */
static bool
whole_vector(struct slice s, unsigned length_bytes, struct slice *out)
{
    struct reader r = reader_of(s);
    *out = take_vector(&r, length_bytes);
    return !r.bad && !r.n;
}

/* RFC 6066 section 3: a DNS name without the dot at the end; literal addresses are not permitted.
 */
static bool
is_server_name(struct slice s)
{
    struct authority at;
    return url_parse_authority(s, &at) && at.host.n == s.n && !at.is_ip &&
           !slice_ends(s, SLICE("."));
}

static bool
read_sni(struct slice s, struct hello *h)
{
    struct slice list;
    TRY(whole_vector(s, 2, &list));
    struct reader r = reader_of(list);
    while (r.n) {
        unsigned type = take_number(&r, 1);
        struct slice name = take_vector(&r, 2);
        if (type != 0)
            continue;
        if (!name.n || h->sni.n)
            return false;
        h->sni = name;
    }
    h->has_sni = true;
    h->sni_valid = is_server_name(h->sni);
    return !r.bad && list.n;
}

static bool
read_groups(struct slice s, struct hello *h)
{
    struct slice list;
    return whole_vector(s, 2, &list) &&
           read_list(list, h->groups, &h->n_groups, HELLO_GROUPS, &h->cut);
}

static bool
read_sig_algs(struct slice s, struct hello *h)
{
    struct slice list;
    return whole_vector(s, 2, &list) &&
           read_list(list, h->sig_algs, &h->n_sig_algs, HELLO_SIG_ALGS, &h->cut);
}

static bool
read_versions(struct slice s, struct hello *h)
{
    struct slice list;
    return whole_vector(s, 1, &list) &&
           read_list(list, h->versions, &h->n_versions, HELLO_VERSIONS, &h->cut);
}

static bool
read_formats(struct slice s, struct hello *h)
{
    struct slice list;
    TRY(whole_vector(s, 1, &list));
    h->n_formats = (unsigned)MIN(list.n, (size_t)HELLO_FORMATS);
    h->cut = h->cut || list.n > HELLO_FORMATS;
    if (h->n_formats)
        memcpy(h->formats, list.p, h->n_formats);
    return list.n > 0;
}

static bool
read_alpn(struct slice s, struct hello *h)
{
    struct slice list;
    TRY(whole_vector(s, 2, &list));
    struct reader r = reader_of(list);
    while (r.n) {
        struct slice name = take_vector(&r, 1);
        if (!name.n)
            return false;
        if (h->n_alpn == HELLO_ALPN)
            h->cut = true;
        else
            h->alpn[h->n_alpn++] = name;
    }
    return !r.bad && list.n;
}

static bool
read_ticket(struct slice s, struct hello *h)
{
    h->ticket = s.n > 0;
    return true;
}

static bool
read_psk(struct slice s, struct hello *h)
{
    h->psk = s.n > 0;
    return true;
}

static bool
read_early_data(struct slice s, struct hello *h)
{
    h->early_data = true;
    return s.n == 0;
}

static bool
read_ech(struct slice s, struct hello *h)
{
    h->ech = s.n > 0;
    return true;
}

struct extension_row {
    uint16_t type;
    bool (*read)(struct slice s, struct hello *h);
};

static const struct extension_row extension_rows[] = {
    {0, read_sni},       {10, read_groups},  {11, read_formats}, {13, read_sig_algs},
    {16, read_alpn},     {35, read_ticket},  {41, read_psk},     {42, read_early_data},
    {43, read_versions}, {0xfe0d, read_ech},
};

static bool
has_number(const uint16_t *list, unsigned n, uint16_t value)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* A type that comes twice is refused: two SNI extensions would let two readers see two names. */
static enum hello_result
read_extensions(struct slice s, struct hello *h)
{
    struct reader r = reader_of(s);
    while (r.n) {
        uint16_t type = (uint16_t)take_number(&r, 2);
        struct slice body = take_vector(&r, 2);
        if (r.bad || h->n_extensions == HELLO_EXTENSIONS)
            return HELLO_BAD;
        if (has_number(h->extensions, h->n_extensions, type))
            return HELLO_ILLEGAL;
        h->extensions[h->n_extensions++] = type;
        for (size_t i = 0; i < ARRAY_LEN(extension_rows); i++)
            if (extension_rows[i].type == type && !extension_rows[i].read(body, h))
                return HELLO_BAD;
    }
    return HELLO_OK;
}

/* The methods must have null among them; who offers TLS 1.3 offers nothing else (RFC 8446 section
 * 4.1.2). */
static bool
is_uncompressed(struct slice methods, const struct hello *h)
{
    return slice_find(methods, '\0') < methods.n &&
           (methods.n == 1 || !has_number(h->versions, h->n_versions, TLS_1_3));
}

static uint16_t
best_version(const struct hello *h)
{
    uint16_t best = h->n_versions ? 0 : h->legacy_version;
    for (unsigned i = 0; i < h->n_versions; i++)
        if (h->versions[i] >> 8 == 3)
            best = MAX(best, h->versions[i]);
    return best;
}

/* The body of the message, without its header. */
static enum hello_result
read_message(struct slice s, struct hello *h)
{
    enum hello_result result = HELLO_OK;
    struct reader r = reader_of(s);
    h->legacy_version = (uint16_t)take_number(&r, 2);
    take_bytes(&r, 32); /* random */
    struct slice session = take_vector(&r, 1);
    struct slice ciphers = take_vector(&r, 2);
    struct slice compression = take_vector(&r, 1);
    struct slice extensions = r.n ? take_vector(&r, 2) : SLICE_NONE;
    if (r.bad || r.n || session.n > 32 || !compression.n)
        return HELLO_BAD;
    h->session_id = session.n > 0;
    if (!read_list(ciphers, h->ciphers, &h->n_ciphers, HELLO_CIPHERS, &h->cut))
        return HELLO_BAD;
    if (extensions.n)
        result = read_extensions(extensions, h);
    if (result == HELLO_OK && !is_uncompressed(compression, h))
        result = HELLO_ILLEGAL;
    h->version = best_version(h);
    hello_decide_keys(h);
    return result;
}

/* As far as these bytes say. */
static bool
can_be_record(struct slice in)
{
    return (in.n < 1 || in.p[0] == RECORD_HANDSHAKE) && (in.n < 2 || in.p[1] == 3) &&
           (in.n < 3 || (unsigned char)in.p[2] <= 4);
}

/* One record at the front of 'in'; *body is its content, as far as it is there. */
static enum hello_result
next_record(struct slice in, struct slice *body)
{
    struct reader r = reader_of(in);
    if (!can_be_record(in))
        return HELLO_NOT_TLS;
    take_bytes(&r, 3);
    size_t n = take_number(&r, 2);
    if (r.bad)
        return HELLO_MORE;
    if (!n)
        return HELLO_UNEXPECTED;
    if (n > RECORD_MAX)
        return HELLO_OVERFLOW;
    *body = take_bytes(&r, MIN(n, r.n));
    return body->n < n ? HELLO_MORE : HELLO_OK;
}

/* Whether these bytes are a ClientHello, as far as they are there. Nothing may follow it in its
 * record: the keys change behind it (RFC 8446 section 5.1). */
static enum hello_result
judge_message(struct slice s)
{
    struct reader r = reader_of(s);
    if (s.n && take_number(&r, 1) != MESSAGE_CLIENT_HELLO)
        return HELLO_UNEXPECTED;
    size_t size = MESSAGE_HEADER + take_number(&r, 3);
    if (r.bad)
        return HELLO_MORE;
    if (size > HELLO_MAX)
        return HELLO_BAD;
    if (s.n > size)
        return HELLO_UNEXPECTED;
    return s.n < size ? HELLO_MORE : HELLO_OK;
}

/* Adds the content of record number i. A message in one record is not copied. */
static bool
add_record(struct slice record, unsigned i, struct buf *scratch, struct slice *message)
{
    if (i == 0) {
        *message = record;
        return true;
    }
    if (i == 1)
        buf_append(scratch, *message);
    buf_append(scratch, record);
    *message = buf_slice(scratch);
    return !scratch->failed;
}

/*
 * Takes records off 'in' until the message is complete. What a record holds is looked at even
 * before it is all there, so that bytes which cannot become a ClientHello are refused at once.
 */
static enum hello_result
join_records(struct slice in, struct buf *scratch, struct slice *message, size_t *used)
{
    *used = 0;
    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        struct slice record = SLICE_NONE;
        enum hello_result r = next_record(slice_from(in, *used), &record);
        if (r > HELLO_OK)
            return i && r == HELLO_NOT_TLS ? HELLO_UNEXPECTED : r;
        if (!add_record(record, i, scratch, message))
            return HELLO_BAD;
        enum hello_result m = judge_message(*message);
        if (m > HELLO_OK)
            return m;
        if (r == HELLO_MORE)
            return r;
        *used += RECORD_HEADER + record.n;
        if (m == HELLO_OK)
            return HELLO_OK;
    }
    return HELLO_BAD;
}

enum hello_result
hello_parse(struct slice in, struct buf *scratch, struct hello *out)
{
    struct hello h = {0};
    struct slice message = SLICE_NONE;
    buf_reset(scratch);
    enum hello_result r = join_records(in, scratch, &message, &h.size);
    if (r != HELLO_OK)
        return r;
    h.record_version = (uint16_t)((unsigned char)in.p[1] << 8 | (unsigned char)in.p[2]);
    r = read_message(slice_from(message, MESSAGE_HEADER), &h);
    if (r == HELLO_OK)
        *out = h;
    return r;
}
