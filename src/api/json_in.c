/* Texts and bytes out of JSON that was parsed. */
#include "api/json_in.h"

#include "base/base64.h"
#include "base/buf.h"

#include <stdio.h>

struct slice
json_in_text(const json_t *v)
{
    return json_is_string(v) ? slice_of(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

struct slice
json_in_key(const json_t *object, const char *key)
{
    return json_in_text(json_object_get(object, key));
}

bool
json_in_bytes(const json_t *object, const char *key, struct arena *a, size_t max, struct slice *out)
{
    char coded[64];
    struct buf bytes;
    snprintf(coded, sizeof(coded), "%s_base64", key);
    struct slice text = json_in_key(object, coded);
    *out = json_in_key(object, key);
    if (!text.p)
        return true;
    buf_init(&bytes, max);
    bool good = base64_decode(&bytes, text) && !bytes.failed;
    *out = good ? arena_dup(a, buf_slice(&bytes)) : SLICE_NONE;
    buf_release(&bytes);
    return out->p;
}
