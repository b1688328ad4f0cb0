/* Hop-by-hop fields: one pass that marks what Connection names, one that keeps the rest. */
#include "codec/hop.h"

#include "codec/token.h"

/* Fields that Connection must not take from the next hop, besides all that have a field_id; "x-"
 * means a prefix. */
static const char *const protected_names[] = {
    "Cache-Control", "Content-", "Cookie",     "Forwarded",  "If-",          "Max-Forwards",
    "Origin",        "Range",    "Sec-Fetch-", "Set-Cookie", "X-Forwarded-", "X-Real-IP",
};

struct hop {
    struct http_head *h;
    bool response, upgrade; /* the Upgrade field stays */
    bool trailers;          /* a "TE: trailers" stays */
};

static bool
is_protected(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(protected_names); i++) {
        struct slice row = slice_str(protected_names[i]);
        bool prefix = slice_ends(row, SLICE("-"));
        if (slice_eq_nocase(prefix ? slice_first(name, row.n) : name, row))
            return true;
    }
    return false;
}

/* Empties the name of the fields that an option names, by which they are known to go. Those with an
 * id are decided by that. Options can be many, so most must not cost more than the comparisons. */
static void
mark_named(struct http_head *h, struct slice name)
{
    if (!name.n)
        return;
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == FIELD_OTHER && slice_eq_nocase(h->fields[i].name, name) &&
            !is_protected(name))
            h->fields[i].name.n = 0;
}

static bool
option_stays(const struct hop *c, struct slice option)
{
    return slice_eq_nocase(option, SLICE("keep-alive")) ||
           (c->upgrade && slice_eq_nocase(option, SLICE("upgrade"))) ||
           (c->trailers && slice_eq_nocase(option, SLICE("te")));
}

/* Acts on every option of every Connection field; true when all of them may be said to the next hop
 * as well. */
static bool
apply_options(const struct hop *c)
{
    bool all = true;
    for (size_t i = 0; i < c->h->n; i++) {
        if (c->h->fields[i].id != FIELD_CONNECTION)
            continue;
        for (struct slice rest = c->h->fields[i].value; rest.n;) {
            struct slice option = slice_trim(slice_cut(&rest, ','));
            if (!option_stays(c, option))
                all = false;
            mark_named(c->h, option);
        }
    }
    return all;
}

static bool
field_stays(const struct hop *c, const struct field *f)
{
    switch ((int)f->id) { /* an int, because the other ids are all alike */
    case FIELD_OTHER: return f->name.n > 0 && !slice_eq_nocase(f->name, SLICE("HTTP2-Settings"));
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_CONNECTION: return false;
    case FIELD_PROXY_AUTHORIZATION: return c->response;
    case FIELD_TE: return c->trailers;
    case FIELD_TRANSFER_ENCODING: return c->h->framing == FRAMING_CHUNKED;
    case FIELD_UPGRADE: return c->upgrade;
    default: return true;
    }
}

static void
remove_fields(const struct hop *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->h->n; i++)
        if (field_stays(c, &c->h->fields[i]))
            c->h->fields[kept++] = c->h->fields[i];
    c->h->n = kept;
}

/* What is left to say when the Connection fields can not stay as they are; empty for nothing. */
static struct slice
own_options(const struct hop *c, bool te)
{
    if (c->upgrade)
        return te ? SLICE("Upgrade, TE") : SLICE("Upgrade");
    return te ? SLICE("TE") : SLICE_NONE;
}

bool
hop_strip(struct http_head *h, struct arena *a, bool response, bool keep_upgrade)
{
    struct hop c = {.h = h, .response = response};
    c.upgrade = keep_upgrade && head_find(h, FIELD_UPGRADE);
    c.trailers = head_has_token(h, FIELD_TE, SLICE("trailers"));
    bool te = c.trailers && head_has_token(h, FIELD_CONNECTION, SLICE("te"));
    bool as_spelt = apply_options(&c);
    remove_fields(&c);
    const struct field *coding = head_find(h, FIELD_TE);
    if (coding && !slice_eq_nocase(coding->value, SLICE("trailers")))
        TRY(head_set(h, a, FIELD_TE, SLICE("trailers")));
    if (as_spelt)
        return true;
    struct slice options = own_options(&c, te);
    if (options.n)
        return head_set(h, a, FIELD_CONNECTION, options);
    head_remove(h, FIELD_CONNECTION);
    return true;
}
