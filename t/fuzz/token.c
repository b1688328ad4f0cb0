/* Words of HTTP: lists of tokens against a plain reader, names of fields, and dates. */
#include "codec/token.h"
#include "codec/date.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Whether a member of the list, without the blanks around it, is the word. */
static bool
plainly_has(struct slice list, struct slice word)
{
    size_t begin = 0;
    for (size_t i = 0; i <= list.n; i++) {
        if (i < list.n && list.p[i] != ',')
            continue;
        size_t from = begin, to = i;
        while (from < to && (list.p[from] == ' ' || list.p[from] == '\t'))
            from++;
        while (to > from && (list.p[to - 1] == ' ' || list.p[to - 1] == '\t'))
            to--;
        if (to - from == word.n && strncasecmp(list.p + from, word.p, word.n) == 0)
            return true;
        begin = i + 1;
    }
    return false;
}

/* The first line is the word, each other one a field. */
static void
try_lists(struct slice in)
{
    struct field fields[8];
    struct http_head h = {.fields = fields};
    struct slice rest = in, word = slice_cut(&rest, '\n');
    bool has = false;
    if (!token_valid(word))
        return;
    while (rest.n && h.n < ARRAY_LEN(fields)) {
        struct slice value = slice_cut(&rest, '\n');
        enum field_id id = h.n % 3 == 2 ? FIELD_VIA : FIELD_CONNECTION;
        has = has || (id == FIELD_CONNECTION && plainly_has(value, word));
        fields[h.n++] = (struct field){.name = token_field_name(id), .value = value, .id = id};
    }
    assert(head_has_token(&h, FIELD_CONNECTION, word) == has);
}

static void
try_name(struct slice name)
{
    enum field_id id = token_field(name);
    assert(id == FIELD_OTHER || slice_eq_nocase(token_field_name(id), name));
    assert(token_valid(name) == (name.n && token_span(name, TOKEN_TCHAR) == name.n));
}

static void
try_date(struct slice in)
{
    uint64_t seconds = 0;
    struct tm tm = {0};
    struct buf out;
    for (size_t i = 0; i < 5 && i < in.n; i++)
        seconds = seconds << 8 | (unsigned char)in.p[i];
    seconds %= 253402300800; /* 10000-01-01 */
    buf_init(&out, 64);
    date_print(&out, seconds);
    const char *end = strptime(buf_str(&out), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    assert(end && !*end && buf_len(&out) == 29 && (uint64_t)timegm(&tm) == seconds);
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice in = slice_of(data, n);
    try_lists(in);
    try_name(slice_first(in, 64));
    try_date(in);
    assert(token_reason((unsigned)n).n < 64);
    return 0;
}
