/* What is a secret, by its name. */
#include "ui/mcp/redact.h"

#include "api/json_in.h"
#include "base/base.h"
#include "base/buf.h"

#include <jansson.h>

#define SHOWN     "[redacted]"
#define TEXT_MAX  ((size_t)16 << 20)
#define DEPTH_MAX 64

/* Parts of names, in lower case without '-' and '_'. */
static const struct slice secrets[] = {
    {"authorization", 13},
    {"cookie", 6},
    {"password", 8},
    {"passwd", 6},
    {"secret", 6},
    {"token", 5},
    {"apikey", 6},
    {"accesskey", 9},
    {"privatekey", 10},
    {"credential", 10},
    {"session", 7},
    {"signature", 9},
    {"csrf", 4},
    {"xsrf", 4},
    {"refresh", 7},
    {"jwt", 3},
    {"otp", 3},
    {"passphrase", 10},
    {"authkey", 7},
    {"clientkey", 9},
};

bool
redact_is_secret(struct slice name)
{
    char plain[128];
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < sizeof(plain); i++) {
        char c = name.p[i];
        if (c != '-' && c != '_')
            plain[n++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        if (n && memmem(plain, n, secrets[i].p, secrets[i].n))
            return true;
    return false;
}

/* "name=value" in a query, a form or a cookie. */
static void
redact_pair(struct buf *out, struct slice pair)
{
    struct slice rest = pair, name = slice_cut(&rest, '=');
    if (name.n == pair.n || !redact_is_secret(name)) {
        buf_append(out, pair);
        return;
    }
    buf_append(out, name);
    buf_append(out, SLICE("=" SHOWN));
}

static void
redact_pairs(struct buf *out, struct slice pairs)
{
    while (pairs.n) {
        bool more = slice_find(pairs, '&') < pairs.n;
        redact_pair(out, slice_cut(&pairs, '&'));
        if (more)
            buf_byte(out, '&');
    }
}

/* A URL keeps all but the values of its query; credentials in front of its host go. */
static void
redact_text(struct buf *out, struct slice text)
{
    size_t query = slice_find(text, '?');
    bool form = query == text.n && slice_find(text, ' ') == text.n;
    if (form) {
        redact_pairs(out, text);
        return;
    }
    buf_append(out, slice_first(text, query));
    if (query == text.n)
        return;
    buf_byte(out, '?');
    redact_pairs(out, slice_from(text, query + 1));
}

/* "Name: value", as rules have it. */
static bool
redact_line(json_t *value, struct slice text)
{
    struct slice rest = text, name = slice_cut(&rest, ':');
    if (name.n == text.n || slice_find(name, ' ') < name.n || !redact_is_secret(name))
        return false;
    json_string_set(value, SHOWN);
    return true;
}

static void
redact_string(json_t *value)
{
    struct buf out;
    struct slice text = json_in_text(value);
    if (redact_line(value, text))
        return;
    if (slice_find(text, '=') == text.n)
        return;
    buf_init(&out, TEXT_MAX);
    redact_text(&out, text);
    if (out.failed)
        json_string_set(value, SHOWN);
    else
        json_string_setn_nocheck(value, out.p + out.r, buf_len(&out));
    buf_release(&out);
}

static void redact_value(json_t *value, unsigned depth);

/* What stands so deep that nobody looks at it goes as a whole. */
static bool
redact_too_deep(const json_t *value, unsigned depth)
{
    return depth >= DEPTH_MAX && (json_is_object(value) || json_is_array(value));
}

/* [name, value]: how fields and parameters are listed. */
static bool
redact_listed(json_t *list)
{
    const json_t *name = json_array_get(list, 0);
    if (json_array_size(list) != 2 || !json_is_string(name) ||
        !json_is_string(json_array_get(list, 1)))
        return false;
    struct slice s = json_in_text(name);
    if (!redact_is_secret(s))
        return false;
    json_string_set(json_array_get(list, 1), SHOWN);
    return true;
}

static void
redact_list(json_t *list, unsigned depth)
{
    if (redact_listed(list))
        return;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (redact_too_deep(json_array_get(list, i), depth))
            json_array_set_new(list, i, json_string(SHOWN));
        else
            redact_value(json_array_get(list, i), depth);
}

/* base64 of what is shown as text elsewhere, or not at all. */
static bool
redact_is_bytes(struct slice name)
{
    static const struct slice names[] = {{"raw", 3}, {"sent", 4}, {"base64", 6}, {"content", 7}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq(name, names[i]))
            return true;
    return false;
}

/* Below the name of a secret: numbers too, and what is in lists; what objects hold has names of its
 * own. */
static bool
redact_by_name(const json_t *value)
{
    return json_is_string(value) || json_is_array(value) || json_is_number(value);
}

/* {"name": NAME, "value": VALUE}, {"field": NAME, "value": VALUE}. */
static bool
redact_is_named(const json_t *object, struct slice key)
{
    static const char *const keys[] = {"name", "field"};
    for (size_t i = 0; i < ARRAY_LEN(keys) && slice_eq(key, SLICE("value")); i++) {
        const json_t *name = json_object_get(object, keys[i]);
        if (redact_is_secret(json_in_text(name)))
            return true;
    }
    return false;
}

static void
redact_members(json_t *object, unsigned depth)
{
    void *it = json_object_iter(object);
    for (; it; it = json_object_iter_next(object, it)) {
        struct slice key = slice_str(json_object_iter_key(it));
        json_t *value = json_object_iter_value(it);
        bool bytes = json_is_string(value) && redact_is_bytes(key);
        bool named = redact_is_secret(key) || redact_is_named(object, key);
        if (bytes || (named && redact_by_name(value)) || redact_too_deep(value, depth))
            json_object_iter_set_new(object, it, json_string(SHOWN));
        else
            redact_value(value, depth);
    }
}

static void
redact_value(json_t *value, unsigned depth)
{
    if (json_is_object(value))
        redact_members(value, depth + 1);
    else if (json_is_array(value))
        redact_list(value, depth + 1);
    else if (json_is_string(value))
        redact_string(value);
}

void
redact_json(json_t *value)
{
    redact_value(value, 0);
}
