/* Any bytes as a certificate: what is read lies within them, and what is read of it too. */
#include "codec/cert.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
count(void *arg, struct slice text)
{
    size_t *n = arg;
    *n += text.n;
    return false;
}

static bool
is_inside(struct slice part, struct slice whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice der = slice_of(data, size);
    struct cert c;
    size_t all = 0, common = 0;
    if (!cert_read(der, &c))
        return 0;
    assert(is_inside(c.subject, der) && is_inside(c.issuer, der) && is_inside(c.alt_names, der));
    assert(!cert_each_attribute(c.subject, false, count, &all));
    assert(!cert_each_attribute(c.subject, true, count, &common));
    assert(common <= all && all <= c.subject.n);
    assert(!cert_each_alt_name(&c, count, &all));
    return 0;
}
