/* Field names by a perfect hash, status texts, byte classes. */
#include "codec/token.h"

#include "base/base.h"

/* FIELD(id, name, first letter in lower case) */
#define FIELD_ROWS                                                                                 \
    FIELD(ACCEPT_ENCODING, "Accept-Encoding", 'a')                                                 \
    FIELD(AUTHORIZATION, "Authorization", 'a')                                                     \
    FIELD(CONNECTION, "Connection", 'c')                                                           \
    FIELD(CONTENT_ENCODING, "Content-Encoding", 'c')                                               \
    FIELD(CONTENT_LENGTH, "Content-Length", 'c')                                                   \
    FIELD(CONTENT_TYPE, "Content-Type", 'c')                                                       \
    FIELD(DATE, "Date", 'd')                                                                       \
    FIELD(EXPECT, "Expect", 'e')                                                                   \
    FIELD(HOST, "Host", 'h')                                                                       \
    FIELD(KEEP_ALIVE, "Keep-Alive", 'k')                                                           \
    FIELD(LOCATION, "Location", 'l')                                                               \
    FIELD(PROXY_AUTHENTICATE, "Proxy-Authenticate", 'p')                                           \
    FIELD(PROXY_AUTHORIZATION, "Proxy-Authorization", 'p')                                         \
    FIELD(PROXY_CONNECTION, "Proxy-Connection", 'p')                                               \
    FIELD(TE, "TE", 't')                                                                           \
    FIELD(TRAILER, "Trailer", 't')                                                                 \
    FIELD(TRANSFER_ENCODING, "Transfer-Encoding", 't')                                             \
    FIELD(UPGRADE, "Upgrade", 'u')                                                                 \
    FIELD(VIA, "Via", 'v')                                                                         \
    FIELD(WWW_AUTHENTICATE, "WWW-Authenticate", 'w')

static const struct slice field_names[] = {
#define FIELD(id, name, first) [FIELD_##id] = {(name), sizeof(name) - 1},
    FIELD_ROWS
#undef FIELD
};

/* Length and first letter tell the names apart. Two names in one slot are a compile error
 * (overridden initializer), and then the factor must be another. */
#define SLOT(length, first) (((length) + (size_t)(first)*55) & 63)

static const unsigned char field_slots[64] = {
#define FIELD(id, name, first) [SLOT(sizeof(name) - 1, first)] = FIELD_##id,
    FIELD_ROWS
#undef FIELD
};

enum field_id
token_field(struct slice name)
{
    if (name.n == 0)
        return FIELD_OTHER;
    enum field_id id = field_slots[SLOT(name.n, (unsigned char)name.p[0] | 0x20u)];
    return slice_eq_nocase(field_names[id], name) ? id : FIELD_OTHER;
}

struct slice
token_field_name(enum field_id id)
{
    return (size_t)id < ARRAY_LEN(field_names) ? field_names[id] : SLICE_NONE;
}

struct reason_row {
    unsigned status;
    const char *text;
};

static const struct reason_row reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

struct slice
token_reason(unsigned status)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return slice_str(reasons[i].text);
    return SLICE_NONE;
}

/* One row per 16 bytes, so that the table can be read against an ASCII chart; the formatter would
 * not keep that. */
/* clang-format off */
const unsigned char token_class[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  4,  0,  0,  0,  0,  0,  0, /* 00 */
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, /* 10 */
     4,  7,  6,  5,  7,  7,  7,  7,  6,  6,  7,  7,  6, 15, 15,  6, /* 20 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  6,  6,  6,  6,  6, /* 30 */
     6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* 40 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  6,  6,  7, 15, /* 50 */
     7, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* 60 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  7,  6,  7,  0, /* 70 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* 80 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* 90 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* a0 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* b0 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* c0 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* d0 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* e0 */
     4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4, /* f0 */
};
/* clang-format on */

size_t
token_span(struct slice s, enum token_bits bit)
{
    size_t i = 0;
    while (i < s.n && (token_class[(unsigned char)s.p[i]] & bit))
        i++;
    return i;
}

bool
token_valid(struct slice s)
{
    return s.n > 0 && token_span(s, TOKEN_TCHAR) == s.n;
}
