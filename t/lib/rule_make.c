/* Rules for tests. */
#include "lib/rule_make.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARGS_MAX   80
#define VALUES_MAX 80

struct rule *
rule_try(const char *lines, struct err *e)
{
    struct rule_arg args[ARGS_MAX] = {0};
    struct slice values[ARGS_MAX][VALUES_MAX];
    struct rule_spec spec = {args, 0};
    for (struct slice rest = slice_str(lines); rest.n;) {
        struct slice value = slice_cut(&rest, '\n'), key = slice_cut(&value, ':');
        struct rule_arg *last = spec.n ? &args[spec.n - 1] : NULL;
        if (!last || !slice_eq(last->key, key)) {
            last = &args[spec.n];
            *last = (struct rule_arg){key, values[spec.n], 0};
            spec.n++;
        }
        last->values[last->n++] = slice_trim(value);
    }
    return rule_new(&spec, 0, NULL, e);
}

struct rule *
rule_make(const char *lines)
{
    struct err e = {0};
    struct rule *r = rule_try(lines, &e);
    if (!r)
        fail_msg("%s", e.text);
    return r;
}

unsigned
rule_run_all(const struct rules *rs, enum stage s, struct flow *f, struct decision *d)
{
    struct hook h = {.stage = s, .flow = f, .now = 1700000000000000000, .decision = d};
    struct rules_walk w = {0};
    unsigned n = 0;
    while (d->end == END_GO && rules_step(rs, &w, &h))
        n++;
    assert_false(d->failed);
    return n;
}

const char *
rule_head_text(const struct http_msg *m)
{
    static char text[8192];
    const struct http_head *h = edit_head(m);
    size_t n = 0;
    if (h->method.n)
        n += (size_t)snprintf(text, sizeof text, "%.*s %.*s\n", SLICE_ARG(h->method),
                              SLICE_ARG(h->target));
    else
        n += (size_t)snprintf(text, sizeof text, "%u %.*s\n", h->status, SLICE_ARG(h->reason));
    for (size_t i = 0; i < h->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s: %.*s\n",
                              SLICE_ARG(h->fields[i].name), SLICE_ARG(h->fields[i].value));
    return text;
}
