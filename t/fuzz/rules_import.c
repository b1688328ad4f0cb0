/* Fuzzes api/rules_import: any text as a file of each program. What is taken makes rules that can
 * be written; what is refused is refused with a sentence and gives nothing. */
#include "api/rules_import.h"

#include "api/rules_file.h"
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
make_rules(const struct rules_import *made)
{
    struct err e = {0};
    struct buf out = {.max = (size_t)64 << 20};
    struct rule **list = mem_zalloc((made->n + 1) * sizeof(struct rule *));
    assert(list);
    for (size_t i = 0; i < made->n; i++)
        if (!(list[i] = rule_new(&made->specs[i], 0, NULL, &e)))
            abort();
    struct rules *rs = rules_new(list, made->n, &e);
    if (!rs || !rules_file_print(rs, &out, &e))
        abort();
    for (size_t i = 0; i < made->n; i++)
        rule_unref(list[i]);
    rules_unref(rs);
    buf_release(&out);
    mem_free(list);
}

static void
try_format(struct slice text, const char *format)
{
    struct err e = {0};
    struct rules_import made;
    struct arena *a = arena_new(4096, RULES_IMPORT_ARENA);
    assert(a);
    if (rules_import_read(text, slice_str(format), &made, a, &e))
        make_rules(&made);
    else
        assert(e.text[0] && !made.n && !made.n_left);
    for (size_t i = 0; i < made.n_left; i++)
        assert(made.left[i].where.n && made.left[i].why.n);
    arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    for (const struct rules_format *f = rules_formats; f->name; f++)
        try_format(slice_of(data, n), f->name);
    return 0;
}
