/* Fuzzes api/rules_import and api/xml: any text as what Burp or Charles export. What is taken can
 * be written. */
#include "api/rules_file.h"
#include "api/rules_import.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
try_import(struct rules *(*import)(struct slice, struct buf *, struct err *), struct slice text)
{
    struct err e = {0};
    struct buf said, out;
    buf_init(&said, 1 << 20);
    buf_init(&out, RULES_FILE_MAX);
    struct rules *rs = import(text, &said, &e);
    assert(rs || e.text[0]);
    assert(!rs || rules_file_print(rs, &out, &e) || e.text[0]);
    rules_unref(rs);
    buf_release(&said);
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    try_import(rules_import_burp, slice_of(data, n));
    try_import(rules_import_charles, slice_of(data, n));
    return 0;
}
