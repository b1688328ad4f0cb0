/* Rows of queries. */
#include "lib/filter_rows.h"

#include "flow/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct slice
find_preset(void *arg, struct slice name)
{
    static const char *const presets[][2] = {
        {"api", "/api or /v1"},
        {"loop", "-@loop"},
        {"bad", "stats:1"},
        {"blank", "  "},
    };
    for (size_t i = 0; i < ARRAY_LEN(presets); i++)
        if (slice_eq(slice_str(presets[i][0]), name))
            return slice_str(presets[i][1]);
    return SLICE_NONE;
}

static const struct filter_presets presets = {.find = find_preset};

void
filter_expect_print(const char *query, const char *want)
{
    struct err e = {0};
    struct buf out;
    buf_init(&out, 65536);
    for (int i = 0; i < 2; i++) {
        const char *text = i ? want : query;
        struct filter *f = filter_parse(slice_str(text), &presets, NULL, &e);
        if (!f)
            fail_msg("%s: %s", text, e.text);
        buf_reset(&out);
        filter_print(f, &out);
        if (!slice_eq(buf_slice(&out), slice_str(want)))
            fail_msg("%s: is printed as '%s', not '%s'", text, buf_str(&out), want);
        filter_unref(f);
    }
    buf_release(&out);
}

void
filter_expect_wrong(const char *query, unsigned at, const char *says)
{
    struct err e = {0};
    size_t where = 999;
    struct filter *f = filter_parse(slice_str(query), &presets, &where, &e);
    if (f)
        fail_msg("%s: is taken", query);
    if (where != at || !strstr(e.text, says))
        fail_msg("%s: byte %zu, '%s'", query, where, e.text);
}
