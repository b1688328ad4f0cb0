/* The config file. */
#include "api/config_file.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <yaml.h>

#define FILE_SIZE_MAX (1u << 20)

struct reader {
    yaml_parser_t yaml;
    yaml_event_t event; /* the last one; always in need of a yaml_event_delete */
    const char *path;
    struct config *config;
    bool seen[256]; /* by row of the table */
};

static bool
fail_at(struct err *e, const struct reader *r, size_t line, const char *text)
{
    return err_set(e, ERR_USAGE, "%s:%zu: %s", r->path, line + 1, text);
}

/* At the last event. */
static bool
fail_here(struct reader *r, const char *text, struct err *e)
{
    return fail_at(e, r, r->event.start_mark.line, text);
}

/* In front of a sentence about the last event. */
static bool
prefix_here(struct reader *r, struct err *e)
{
    err_prefix(e, "%s:%zu", r->path, r->event.start_mark.line + 1);
    return false;
}

static bool
next_event(struct reader *r, struct err *e)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->yaml, &r->event))
        return r->event.type != YAML_ALIAS_EVENT ||
               fail_here(r, "aliases are not for this file", e);
    const char *problem = r->yaml.problem ? r->yaml.problem : "this is not YAML";
    return fail_at(e, r, r->yaml.problem_mark.line, problem);
}

static struct slice
scalar(const struct reader *r)
{
    return slice_of(r->event.data.scalar.value, r->event.data.scalar.length);
}

static bool
is_null(const struct reader *r)
{
    struct slice s = scalar(r);
    return r->event.data.scalar.plain_implicit &&
           (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

static bool
read_entries(struct reader *r, const struct option_name *name, struct err *e)
{
    if (name->option->type != OPTION_LIST) {
        err_set(e, ERR_USAGE, "option '%s' takes one value, not a list", name->option->name);
        return prefix_here(r, e);
    }
    option_clear(name->option, r->config);
    for (;;) {
        TRY(next_event(r, e));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (r->event.type != YAML_SCALAR_EVENT)
            return fail_here(r, "a list holds plain values only", e);
        if (!option_set(name, r->config, scalar(r), e))
            return prefix_here(r, e);
    }
}

static bool
read_value(struct reader *r, const struct option_name *name, struct err *e)
{
    assert(name->option);
    TRY(next_event(r, e));
    if (r->event.type == YAML_SEQUENCE_START_EVENT)
        return read_entries(r, name, e);
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_here(r, "options have no options of their own", e);
    if (is_null(r))
        return true;
    if (name->option->type == OPTION_LIST)
        option_clear(name->option, r->config);
    return option_set(name, r->config, scalar(r), e) || prefix_here(r, e);
}

static bool
read_name(struct reader *r, struct option_name *name, struct err *e)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return fail_here(r, "the name of an option is expected here", e);
    if (!option_find(scalar(r), name)) {
        option_unknown(scalar(r), e);
        prefix_here(r, e);
        return false;
    }
    size_t row = (size_t)(name->option - options);
    const char *wrong = slice_eq(slice_str(name->option->name), SLICE("confdir"))
                            ? "'confdir' is where this file is and cannot stand in it"
                        : r->seen[row] ? "this option is there already"
                                       : NULL;
    if (wrong)
        return fail_here(r, wrong, e);
    r->seen[row] = true;
    return true;
}

static bool
read_mapping(struct reader *r, struct err *e)
{
    for (;;) {
        struct option_name name = {0};
        TRY(next_event(r, e));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return true;
        TRY(read_name(r, &name, e) && read_value(r, &name, e));
    }
}

/* A mapping, or the null of an empty document. */
static bool
read_root(struct reader *r, struct err *e)
{
    TRY(next_event(r, e));
    if (r->event.type == YAML_MAPPING_START_EVENT)
        return read_mapping(r, e);
    return (r->event.type == YAML_SCALAR_EVENT && is_null(r)) ||
           fail_here(r, "lines of 'name: value' are expected", e);
}

static bool
read_document(struct reader *r, struct err *e)
{
    TRY(next_event(r, e) && next_event(r, e));
    if (r->event.type == YAML_STREAM_END_EVENT)
        return true;
    TRY(read_root(r, e) && next_event(r, e) && next_event(r, e));
    return r->event.type == YAML_STREAM_END_EVENT || fail_here(r, "one document is expected", e);
}

bool
config_file_apply(struct slice text, const char *path, struct config *c, struct err *e)
{
    assert(options_n <= ARRAY_LEN(((struct reader *)NULL)->seen));
    struct reader r = {.path = path, .config = c};
    if (!yaml_parser_initialize(&r.yaml))
        return err_memory(e);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text.p, text.n);
    bool good = read_document(&r, e);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    return good;
}

/* That there is none is no failure: *there says so. */
static bool
read_file(const char *path, struct buf *out, bool *there, struct err *e)
{
    FILE *f = fopen(path, "re");
    *there = f != NULL;
    if (!f)
        return errno == ENOENT || errno == ENOTDIR ||
               err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
    char *p = buf_reserve(out, FILE_SIZE_MAX);
    size_t n = p ? fread(p, 1, FILE_SIZE_MAX, f) : 0;
    bool failed = ferror(f), large = n == FILE_SIZE_MAX;
    int errnum = errno;
    fclose(f);
    if (failed)
        return err_errno(e, ERR_USAGE, errnum, "cannot read '%s'", path);
    if (large)
        return err_set(e, ERR_USAGE, "'%s' is larger than %u bytes", path, FILE_SIZE_MAX);
    if (!p)
        return err_memory(e);
    buf_commit(out, n);
    return true;
}

static bool
load_name(struct config *c, const char *name, bool *there, struct err *e)
{
    struct buf path, text;
    buf_init(&path, 8192);
    buf_init(&text, FILE_SIZE_MAX);
    buf_printf(&path, "%s/%s", c->confdir, name);
    const char *z = buf_str(&path);
    bool good =
        read_file(z, &text, there, e) && (!*there || config_file_apply(buf_slice(&text), z, c, e));
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
