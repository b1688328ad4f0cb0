/* What the control API reads of a request: paths, queries, cookies. What is decoded has no zero
 * byte and is no longer than what came; what is encoded comes back. */
#include "ui/web/errand.h"
#include "ui/web/gate.h"
#include "ui/web/route.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(struct arena *a, struct slice path)
{
    const struct route *r = NULL;
    struct slice params[CALL_PARAMS_MAX] = {0}, decoded;
    if (route_find(SLICE("GET"), path, &r, params) != ROUTE_MISSING)
        assert(r && path.n && path.p[0] == '/');
    for (size_t i = 0; i < CALL_PARAMS_MAX && params[i].p; i++)
        assert(params[i].p >= path.p && params[i].p + params[i].n <= path.p + path.n);
    if (call_decode(a, path, true, &decoded))
        assert(decoded.n <= path.n && slice_find(decoded, '\0') == decoded.n);
}

/* All bytes but zero, each as its number, are themselves again. */
static void
check_again(struct arena *a, struct slice text)
{
    AUTO(buf_release) struct buf spelt = {.max = 1 << 20};
    struct slice decoded;
    for (size_t i = 0; i < text.n; i++)
        buf_printf(&spelt, "%%%02x", (unsigned char)text.p[i]);
    bool has_zero = slice_find(text, '\0') < text.n;
    assert(call_decode(a, buf_slice(&spelt), false, &decoded) == !has_zero);
    assert(has_zero || slice_eq(decoded, text));
}

static void
check_query(struct arena *a, struct slice query)
{
    struct call c = {.arena = a, .query = query};
    struct slice value = call_query(&c, "after");
    assert(value.n <= query.n);
}

static void
check_gate(struct slice text)
{
    static struct gate *gate;
    struct err e;
    if (!gate)
        gate = gate_new(NULL, &e);
    struct gate_from from = {.host = "127.0.0.1"};
    struct field fields[] = {
        {.name = SLICE("Host"), .value = SLICE("localhost"), .id = FIELD_HOST},
        {.name = SLICE("Cookie"), .value = text},
        {.name = SLICE("Authorization"), .value = text, .id = FIELD_AUTHORIZATION}};
    struct http_head head = {.method = SLICE("GET"), .fields = fields, .n = ARRAY_LEN(fields)};
    assert(gate_check(gate, &from, &head, 1) != GATE_OPEN);
    fields[0].value = text;
    assert(gate_check(gate, &from, &head, 1) != GATE_OPEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, MIN(size, 4096));
    struct arena *a = arena_new(256, 1 << 20);
    assert(a);
    check_path(a, in);
    check_again(a, in);
    check_query(a, in);
    check_gate(in);
    arena_free(a);
    return 0;
}
