/* The config file. */
#include "api/config_file.h"

#include "api/yaml_in.h"
#include "base/mem.h"

#include <assert.h>

#define FILE_SIZE_MAX (1u << 20)

struct reader {
    struct yaml_in in;
    struct config *config;
    bool seen[CONFIG_OPTIONS_MAX]; /* by row of the table */
};

static bool
read_entries(struct reader *r, const struct option_name *name, struct err *e)
{
    if (name->option->type != OPTION_LIST) {
        err_set(e, ERR_USAGE, "option '%s' takes one value, not a list", name->option->name);
        return yaml_in_prefix(&r->in, e);
    }
    option_clear(name->option, r->config);
    for (;;) {
        TRY(yaml_in_next(&r->in, e));
        if (r->in.event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (r->in.event.type != YAML_SCALAR_EVENT)
            return yaml_in_fail(&r->in, "a list holds plain values only", e);
        if (!option_set(name, r->config, yaml_in_scalar(&r->in), e))
            return yaml_in_prefix(&r->in, e);
    }
}

static bool
read_value(struct reader *r, const struct option_name *name, struct err *e)
{
    assert(name->option);
    TRY(yaml_in_next(&r->in, e));
    if (r->in.event.type == YAML_SEQUENCE_START_EVENT)
        return read_entries(r, name, e);
    if (r->in.event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(&r->in, "options have no options of their own", e);
    if (yaml_in_null(&r->in))
        return true;
    if (name->option->type == OPTION_LIST)
        option_clear(name->option, r->config);
    return option_set(name, r->config, yaml_in_scalar(&r->in), e) || yaml_in_prefix(&r->in, e);
}

static bool
read_name(struct reader *r, struct option_name *name, struct err *e)
{
    if (r->in.event.type != YAML_SCALAR_EVENT)
        return yaml_in_fail(&r->in, "the name of an option is expected here", e);
    if (!option_find(yaml_in_scalar(&r->in), name)) {
        option_unknown(yaml_in_scalar(&r->in), e);
        yaml_in_prefix(&r->in, e);
        return false;
    }
    size_t row = (size_t)(name->option - options);
    const char *wrong = slice_eq(slice_str(name->option->name), SLICE("confdir"))
                            ? "'confdir' is where this file is and cannot stand in it"
                        : r->seen[row] ? "this option is there already"
                                       : NULL;
    if (wrong)
        return yaml_in_fail(&r->in, wrong, e);
    r->seen[row] = true;
    return true;
}

static bool
read_mapping(struct reader *r, struct err *e)
{
    for (;;) {
        struct option_name name = {0};
        TRY(yaml_in_next(&r->in, e));
        if (r->in.event.type == YAML_MAPPING_END_EVENT)
            return true;
        TRY(read_name(r, &name, e) && read_value(r, &name, e));
    }
}

/* A mapping, or the null of an empty document. */
static bool
read_root(struct yaml_in *in, struct err *e)
{
    struct reader *r = container_of(in, struct reader, in);
    if (r->in.event.type == YAML_MAPPING_START_EVENT)
        return read_mapping(r, e);
    return (r->in.event.type == YAML_SCALAR_EVENT && yaml_in_null(&r->in)) ||
           yaml_in_fail(&r->in, "lines of 'name: value' are expected", e);
}

bool
config_file_apply(struct slice text, const char *path, struct config *c, struct err *e)
{
    assert(options_n <= ARRAY_LEN(((struct reader *)NULL)->seen));
    struct reader r = {.in = {.path = path}, .config = c};
    return yaml_in_read(&r.in, text, read_root, e);
}

static bool
load_name(struct config *c, const char *name, bool *there, struct err *e)
{
    struct buf path, text;
    buf_init(&path, 8192);
    buf_init(&text, FILE_SIZE_MAX);
    buf_printf(&path, "%s/%s", c->confdir, name);
    const char *z = buf_str(&path);
    bool good = yaml_in_load(z, &text, there, e) &&
                (!*there || config_file_apply(buf_slice(&text), z, c, e));
    buf_release(&path);
    buf_release(&text);
    return good;
}

bool
config_file_load(struct config *c, struct err *e)
{
    bool there;
    return load_name(c, "config.yaml", &there, e) &&
           (there || load_name(c, "config.yml", &there, e));
}

const char *
config_file_library(void)
{
    return yaml_get_version_string();
}
