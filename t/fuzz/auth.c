/*
 * Proxy-Authorization: the first line is what a client sends, the others are a file of passwords;
 * then one of them is the one password. Nobody comes in but with a user and a password that are
 * there.
 */
#include "proxy/auth.h"
#include "base/base64.h"
#include "lib/memory_file.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Whether all hashes are of the least cost: those of others take for ever, which is what they are
 * for. */
static bool
is_cheap(struct slice file)
{
    for (struct slice s = file; s.n; s = slice_from(s, 1))
        if (slice_starts(s, SLICE("$2")) && !slice_starts(slice_from(s, 3), SLICE("$04$")))
            return false;
    return true;
}

static void
try_file(struct slice sent, struct slice file)
{
    char spec[80];
    struct err e = {0};
    snprintf(spec, sizeof(spec), "@%s", memory_file(file));
    struct auth *a = auth_new(spec, &e);
    if (!a) {
        assert(e.text[0]);
        return;
    }
    enum auth_result first = auth_check(a, sent);
    assert(first != AUTH_YES);
    if (first == AUTH_SLOW && is_cheap(file)) {
        bool good = auth_check_slow(a, sent);
        assert(auth_check(a, sent) == (good ? AUTH_YES : AUTH_SLOW));
    }
    auth_free(a);
}

/* "Basic " and the base64 of the text. */
static void
credentials_of(struct slice text, struct buf *out)
{
    buf_append(out, SLICE("Basic "));
    base64_encode(out, text);
}

static void
try_password(struct slice sent, struct slice text)
{
    char spec[600];
    struct err e = {0};
    if (text.n >= sizeof(spec) || slice_find(text, 0) < text.n || slice_starts(text, SLICE("@")))
        return;
    snprintf(spec, sizeof(spec), "%.*s", SLICE_ARG(text));
    struct auth *a = auth_new(spec, &e);
    if (!a)
        return;
    AUTO(buf_release) struct buf right = {.max = 4096};
    credentials_of(text, &right);
    assert(auth_check(a, buf_slice(&right)) == AUTH_YES);
    assert(auth_check(a, slice_first(buf_slice(&right), buf_len(&right) - 1)) == AUTH_NO);
    if (auth_check(a, sent) == AUTH_YES) {
        struct slice rest = sent;
        slice_cut(&rest, ' ');
        AUTO(buf_release) struct buf plain = {.max = 4096};
        assert(base64_decode(&plain, slice_trim(rest)) && slice_eq(buf_slice(&plain), text));
    }
    auth_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice rest = slice_of(data, n), sent = slice_cut(&rest, '\n');
    try_file(sent, rest);
    try_password(sent, slice_cut(&rest, '\n'));
    return 0;
}
