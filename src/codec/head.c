/* Looking up and changing the fields of an HTTP head. */
#include "codec/head.h"

#include "codec/token.h"

struct field *
head_find(const struct http_head *h, enum field_id id)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == id)
            return &h->fields[i];
    return NULL;
}

struct field *
head_find_name(const struct http_head *h, struct slice name)
{
    for (size_t i = 0; i < h->n; i++)
        if (slice_eq_nocase(h->fields[i].name, name))
            return &h->fields[i];
    return NULL;
}

struct slice
head_value(const struct http_head *h, enum field_id id)
{
    const struct field *f = head_find(h, id);
    return f ? f->value : SLICE_NONE;
}

static bool
list_has(struct slice list, struct slice token)
{
    while (list.n)
        if (slice_eq_nocase(slice_trim(slice_cut(&list, ',')), token))
            return true;
    return false;
}

bool
head_has_token(const struct http_head *h, enum field_id id, struct slice token)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->fields[i].id == id && list_has(h->fields[i].value, token))
            return true;
    return false;
}

/* Takes the fields with the id out from index 'from' on. */
static void
remove_from(struct http_head *h, enum field_id id, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < h->n; i++)
        if (h->fields[i].id != id)
            h->fields[kept++] = h->fields[i];
    h->n = kept;
}

void
head_remove(struct http_head *h, enum field_id id)
{
    if (h->n)
        remove_from(h, id, 0);
}

static bool
make_room(struct http_head *h, struct arena *a)
{
    if (h->n < h->cap)
        return true;
    size_t cap = h->cap ? h->cap * 2 : 8;
    struct field *fields = arena_alloc(a, cap * sizeof(*fields));
    if (!fields)
        return false;
    if (h->n)
        memcpy(fields, h->fields, h->n * sizeof(*fields));
    h->fields = fields;
    h->cap = cap;
    return true;
}

bool
head_add(struct http_head *h, struct arena *a, struct slice name, struct slice value)
{
    TRY(make_room(h, a));
    struct field f = {.name = arena_dup(a, name), .value = arena_dup(a, value)};
    if (!f.name.p || !f.value.p)
        return false;
    f.id = token_field(name);
    h->fields[h->n++] = f;
    return true;
}

bool
head_set(struct http_head *h, struct arena *a, enum field_id id, struct slice value)
{
    struct field *f = head_find(h, id);
    if (!f)
        return head_add(h, a, token_field_name(id), value);
    struct slice copy = arena_dup(a, value);
    if (!copy.p)
        return false;
    f->value = copy;
    f->line = SLICE_NONE;
    remove_from(h, id, (size_t)(f - h->fields) + 1);
    return true;
}

bool
head_copy(struct http_head *to, const struct http_head *from, struct arena *a)
{
    size_t cap = from->n + 4;
    struct field *fields = arena_alloc(a, cap * sizeof(*fields));
    if (!fields)
        return false;
    if (from->n)
        memcpy(fields, from->fields, from->n * sizeof(*fields));
    *to = *from;
    to->fields = fields;
    to->cap = cap;
    return true;
}
