/* The coding that is none: content as it is, under the limits of the others. */
#include "codec/encoding.h"

static char nothing;

static void *
identity_new(void)
{
    return &nothing;
}

static void
identity_free(void *stream UNUSED)
{
}

static size_t
identity_run(void *stream UNUSED, struct slice *in, char *p, size_t n, enum encoding_state *state)
{
    size_t taken = MIN(n, in->n);
    if (taken)
        memcpy(p, in->p, taken);
    *in = slice_from(*in, taken);
    *state = ENCODING_END;
    return taken;
}

const struct encoding_ops encoding_identity = {
    .name = "identity",
    .new_stream = identity_new,
    .free_stream = identity_free,
    .run = identity_run,
};
