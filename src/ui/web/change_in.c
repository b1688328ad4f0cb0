/* A change of a held message out of JSON. */
#include "ui/web/change_in.h"

#include "api/json_in.h"
#include "ui/web/call.h"

#include <jansson.h>

static const char encode_alone[] = "encode, beside exact or without content,";

/* [[name, value], ...] */
static bool
read_fields(const json_t *list, struct change_field *out, size_t *n)
{
    *n = json_array_size(list);
    if (!json_is_array(list) || *n > CHANGE_IN_MAX)
        return false;
    for (size_t i = 0; i < *n; i++) {
        const json_t *pair = json_array_get(list, i);
        out[i].name = json_in_text(json_array_get(pair, 0));
        out[i].value = json_in_text(json_array_get(pair, 1));
        if (!out[i].name.p || !out[i].value.p)
            return false;
    }
    return true;
}

static bool
read_names(const json_t *list, struct slice *out, size_t *n)
{
    *n = json_array_size(list);
    if (!json_is_array(list) || *n > CHANGE_IN_MAX)
        return false;
    for (size_t i = 0; i < *n; i++)
        if (!(out[i] = json_in_text(json_array_get(list, i))).p)
            return false;
    return true;
}

/* "content" is text, "content_base64" is bytes. */
static bool
read_content(struct change *c, const json_t *o, struct arena *arena)
{
    c->has_content = json_object_get(o, "content") || json_object_get(o, "content_base64");
    return json_in_bytes(o, "content", arena, CALL_CONTENT_MAX, &c->content) &&
           (c->content.p || !c->has_content);
}

const char *
change_in_read(struct change_in *v, const json_t *o, struct arena *arena)
{
    struct change *c = &v->change;
    const json_t *fields = json_object_get(o, "fields"), *set = json_object_get(o, "set");
    const json_t *remove = json_object_get(o, "remove");
    c->method = json_in_key(o, "method");
    c->url = json_in_key(o, "url");
    c->path = json_in_key(o, "path");
    c->reason = json_in_key(o, "reason");
    c->head = json_in_key(o, "head");
    c->status = (unsigned)json_integer_value(json_object_get(o, "status"));
    c->keep_host = json_is_true(json_object_get(o, "keep_host"));
    c->encode = json_is_true(json_object_get(o, "encode"));
    c->exact = json_is_true(json_object_get(o, "exact"));
    c->fields = c->set = v->fields;
    c->remove = v->names;
    c->all_fields = fields;
    if (fields && set)
        return "set, beside fields,";
    if (fields && !read_fields(fields, v->fields, &c->n_fields))
        return "fields";
    if (set && !read_fields(set, v->fields, &c->n_set))
        return "set";
    if (remove && !read_names(remove, v->names, &c->n_remove))
        return "remove";
    if (!read_content(c, o, arena))
        return "content";
    return c->encode && (c->exact || !c->has_content) ? encode_alone : NULL;
}
