/* The table of the fields of the query language. */
#include "flow/filter_get.h"

#define BOTH           (FILTER_REQUEST | FILTER_RESPONSE)
#define WHOLE_RESPONSE (FILTER_NEEDS_RESPONSE | FILTER_NEEDS_RESPONSE_BODY)

const struct filter_field filter_fields[] = {
#define GROUP(heading)             {.group = (heading)},
#define FIELD(called, spoken, ...) {.name = (called), .help = (spoken), __VA_ARGS__},
#include "flow/filter_list.h"
#undef FIELD
#undef GROUP
};
const size_t filter_fields_n = ARRAY_LEN(filter_fields);

const struct filter_field *
filter_field_find(struct slice name)
{
    for (size_t i = 0; i < filter_fields_n; i++)
        if (filter_fields[i].name && slice_eq(slice_str(filter_fields[i].name), name))
            return &filter_fields[i];
    return NULL;
}

bool
filter_field_is_later(const struct filter_field *f)
{
    return !f->text && !f->number && !f->words;
}
