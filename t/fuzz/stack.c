/*
 * The whole stack between a client and its servers: the options of a rig, then what happens
 * (lib/deed.h). Whatever happens, all must come to an end.
 */
#include "base/mem.h"
#include "lib/deed.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
run(struct rig *r, struct slice in)
{
    struct deed d;
    while (deed_read(&in, &d)) {
        deed_do(&d, r);
        deed_release(&d);
    }
    /* Else the plug is pulled. */
    if (!r->options.finish)
        return;
    const char *open = rig_finish(r);
    if (open) {
        fprintf(stderr, "%s\n", open);
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct rig_options o;
    if (size < RIG_OPTIONS_BYTES)
        return 0;
    rig_options_read(&o, data);
    o.quiet = true;
    mem_fail_at((unsigned long)(data[4] | data[5] << 8));
    struct rig *r = rig_new(&o);
    if (r) {
        run(r, slice_of(data + RIG_OPTIONS_BYTES, size - RIG_OPTIONS_BYTES));
        rig_free(r);
    }
    mem_fail_at(0);
    return 0;
}
