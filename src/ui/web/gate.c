/* Who may use the control API. */
#include "ui/web/gate.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "codec/url.h"

#include <crypt.h>

#define KEYS_MAX    64
#define SLOTS       1024
#define WINDOW      (60 * NS_PER_S)
#define HASH_PREFIX SLICE("$7$") /* scrypt, in crypt(5) */
#define COOKIE_NAME SLICE("weir-session")

struct slot {
    uint64_t since;
    unsigned failures;
};

struct gate {
    char token[GATE_KEY_HEX + 1];
    char hash[CRYPT_OUTPUT_SIZE];          /* of the password; "" when there is none */
    char keys[KEYS_MAX][GATE_KEY_HEX + 1]; /* of those who have logged in; "" for none */
    unsigned next_key;
    struct slot slots[SLOTS];
};

bool
gate_same(struct slice a, struct slice b)
{
    unsigned diff = a.n != b.n;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned char)a.p[i] ^ (unsigned char)(b.n ? b.p[i % b.n] : 0);
    return diff == 0;
}

static void
make_key(char out[GATE_KEY_HEX + 1])
{
    unsigned char key[GATE_KEY_BYTES];
    struct buf hex = {.p = out, .cap = GATE_KEY_HEX, .max = GATE_KEY_HEX};
    rand_bytes(key, sizeof(key));
    hex_encode(&hex, slice_of(key, sizeof(key)));
    out[GATE_KEY_HEX] = '\0';
}

/* Whether crypt makes 'hash' of the password: with a hash as the setting, or a setting alone. */
static bool
make_hash(const char *password, const char *setting, char out[CRYPT_OUTPUT_SIZE])
{
    struct crypt_data *data = mem_zalloc(sizeof(*data));
    const char *made = data ? crypt_r(password, setting, data) : NULL;
    bool good = made && made[0] != '*';
    if (good)
        memcpy(out, made, slice_str(made).n + 1);
    mem_free(data);
    return good;
}

static bool
keep_password(struct gate *g, const char *password, struct err *e)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (slice_starts(slice_str(password), HASH_PREFIX)) {
        if (slice_str(password).n >= sizeof(g->hash) || !make_hash("", password, g->hash))
            return err_set(e, ERR_USAGE, "option 'web-password': the hash is not one of scrypt");
        memcpy(g->hash, password, slice_str(password).n + 1);
        return true;
    }
    return (crypt_gensalt_rn(HASH_PREFIX.p, 0, NULL, 0, setting, sizeof(setting)) &&
            make_hash(password, setting, g->hash)) ||
           err_set(e, ERR_START, "the password of the control API cannot be hashed");
}

struct gate *
gate_new(const char *password, struct err *e)
{
    struct gate *g = mem_zalloc(sizeof(*g));
    if (!g) {
        err_memory(e);
        return NULL;
    }
    make_key(g->token);
    if (!password || keep_password(g, password, e))
        return g;
    gate_free(g);
    return NULL;
}

void
gate_free(struct gate *g)
{
    mem_free(g);
}

const char *
gate_token(const struct gate *g)
{
    return g->token;
}

bool
gate_is_token(const struct gate *g, struct slice text)
{
    return gate_same(text, slice_str(g->token));
}

bool
gate_has_password(const struct gate *g)
{
    return g->hash[0];
}

bool
gate_is_password(const struct gate *g, const char *text)
{
    char made[CRYPT_OUTPUT_SIZE];
    return gate_has_password(g) && make_hash(text, g->hash, made) &&
           gate_same(slice_str(made), slice_str(g->hash));
}

/* Sites ------------------------------------------------------------------------------------- */

/* Names and addresses that no page of others can have led here: see DNS rebinding. */
static bool
is_our_host(const struct gate_from *from, struct slice host)
{
    char own[URL_HOST_MAX + 1], asked[URL_HOST_MAX + 1];
    static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
    if (!url_host_normal(host, asked))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (slice_eq(slice_str(asked), slice_str(always[i])))
            return true;
    return url_host_normal(slice_str(from->host), own) &&
           slice_eq(slice_str(asked), slice_str(own));
}

/* What one field says, which must be there once at most. */
static bool
one_field(const struct http_head *h, struct slice name, struct slice *value)
{
    unsigned n = 0;
    *value = SLICE_NONE;
    for (size_t i = 0; i < h->n; i++) {
        if (!slice_eq_nocase(h->fields[i].name, name))
            continue;
        *value = h->fields[i].value;
        n++;
    }
    return n <= 1;
}

static bool
is_our_origin(const struct gate_from *from, struct slice origin, struct slice host)
{
    struct slice scheme = from->tls ? SLICE("https://") : SLICE("http://");
    return slice_starts(origin, scheme) && slice_eq_nocase(slice_from(origin, scheme.n), host);
}

enum gate_result
gate_site(const struct gate_from *from, const struct http_head *head)
{
    struct authority at;
    struct slice origin, host = head_value(head, FIELD_HOST);
    if (from->local)
        return GATE_OPEN;
    if (!url_parse_authority(host, &at) || !is_our_host(from, at.host))
        return GATE_HOST;
    if (!one_field(head, SLICE("origin"), &origin) ||
        (origin.p && !is_our_origin(from, origin, host)))
        return GATE_ORIGIN;
    return GATE_OPEN;
}

/* Browsers send cookies along with what pages of other ports ask for: it must be said that it was
 * one of ours. */
static bool
cookie_may_count(const struct http_head *head)
{
    struct slice site, origin;
    bool reads = slice_eq(head->method, SLICE("GET")) || slice_eq(head->method, SLICE("HEAD"));
    if (!one_field(head, SLICE("sec-fetch-site"), &site) ||
        !one_field(head, SLICE("origin"), &origin))
        return false;
    bool same = !site.p || slice_eq(site, SLICE("same-origin")) || slice_eq(site, SLICE("none"));
    return same && (reads || origin.p);
}

/* Keys -------------------------------------------------------------------------------------- */

static struct slice
cookie_of(const struct http_head *head)
{
    struct slice rest;
    if (!one_field(head, SLICE("cookie"), &rest))
        return SLICE_NONE;
    while (rest.n) {
        struct slice value = slice_trim(slice_cut(&rest, ';'));
        if (slice_eq(slice_cut(&value, '='), COOKIE_NAME))
            return value;
    }
    return SLICE_NONE;
}

/* The place of the cookie's key, or NULL. All are looked at. */
static char *
find_key(struct gate *g, const struct http_head *head)
{
    struct slice key = cookie_of(head);
    char *found = NULL;
    for (size_t i = 0; i < KEYS_MAX && key.n == GATE_KEY_HEX; i++)
        if (gate_same(key, slice_str(g->keys[i])))
            found = g->keys[i];
    return found;
}

void
gate_login(struct gate *g, char key[GATE_KEY_HEX + 1])
{
    make_key(key);
    memcpy(g->keys[g->next_key++ % KEYS_MAX], key, GATE_KEY_HEX + 1);
}

void
gate_logout(struct gate *g, const struct http_head *head)
{
    char *key = find_key(g, head);
    if (key)
        key[0] = '\0';
}

void
gate_cookie(const struct gate_from *from, const char *key, struct buf *out)
{
    buf_append(out, COOKIE_NAME);
    buf_printf(out, "=%s; HttpOnly; SameSite=Strict; Path=/%s%s", key, key[0] ? "" : "; Max-Age=0",
               from->tls ? "; Secure" : "");
}

static bool
shows_token(const struct gate *g, const struct http_head *head)
{
    struct slice rest;
    return one_field(head, SLICE("authorization"), &rest) &&
           slice_eq_nocase(slice_cut(&rest, ' '), SLICE("Bearer")) &&
           gate_is_token(g, slice_trim(rest));
}

/* Guesses ----------------------------------------------------------------------------------- */

bool
gate_is_limited(const struct gate *g, const struct gate_from *from, uint64_t now)
{
    const struct slot *s = &g->slots[from->slot % SLOTS];
    return s->failures >= GATE_FAILURES_MAX && now - s->since < WINDOW;
}

void
gate_count(struct gate *g, const struct gate_from *from, uint64_t now)
{
    struct slot *s = &g->slots[from->slot % SLOTS];
    if (!s->failures || now - s->since >= WINDOW)
        *s = (struct slot){.since = now};
    s->failures++;
}

enum gate_result
gate_check(struct gate *g, const struct gate_from *from, const struct http_head *head, uint64_t now)
{
    enum gate_result site = gate_site(from, head);
    if (site != GATE_OPEN || from->local)
        return site;
    if (shows_token(g, head))
        return GATE_OPEN;
    if (find_key(g, head))
        return cookie_may_count(head) ? GATE_OPEN : GATE_ORIGIN;
    if (gate_is_limited(g, from, now))
        return GATE_LIMITED;
    gate_count(g, from, now);
    return GATE_UNKNOWN;
}
