/* Fuzzes api/config_file: any bytes as a config file. What is taken must be a configuration within
 * its own limits. */
#include "api/config_file.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct config *c = config_new();
    if (!c)
        return 0;
    option_for(o) assert(option_reset(o, c, &e));
    if (config_file_apply(slice_of(data, n), "f", c, &e)) {
        assert(c->flow_detail >= 0 && c->flow_detail <= 4);
        assert(c->listen_port >= -1 && c->listen_port <= 65535);
        assert(c->head_max >= 1024 && c->confdir[0]);
    } else {
        assert(e.code != ERR_NONE && slice_starts(slice_str(e.text), SLICE("f:")));
    }
    config_unref(c);
    return 0;
}
