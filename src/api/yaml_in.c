/* A cursor over a YAML file of ours. */
#include "api/yaml_in.h"

#include <errno.h>
#include <stdio.h>

static bool
fail_at(const struct yaml_in *in, size_t line, const char *text, struct err *e)
{
    return err_set(e, ERR_USAGE, "%s:%zu: %s", in->path, line + 1, text);
}

bool
yaml_in_fail(const struct yaml_in *in, const char *text, struct err *e)
{
    return fail_at(in, in->event.start_mark.line, text, e);
}

bool
yaml_in_prefix(const struct yaml_in *in, struct err *e)
{
    err_prefix(e, "%s:%zu", in->path, in->event.start_mark.line + 1);
    return false;
}

bool
yaml_in_next(struct yaml_in *in, struct err *e)
{
    yaml_event_delete(&in->event);
    if (yaml_parser_parse(&in->yaml, &in->event))
        return in->event.type != YAML_ALIAS_EVENT ||
               yaml_in_fail(in, "aliases are not for this file", e);
    const char *problem = in->yaml.problem ? in->yaml.problem : "this is not YAML";
    return fail_at(in, in->yaml.problem_mark.line, problem, e);
}

struct slice
yaml_in_scalar(const struct yaml_in *in)
{
    return slice_of(in->event.data.scalar.value, in->event.data.scalar.length);
}

bool
yaml_in_null(const struct yaml_in *in)
{
    struct slice s = yaml_in_scalar(in);
    return in->event.data.scalar.plain_implicit &&
           (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

static bool
read_document(struct yaml_in *in, bool (*root)(struct yaml_in *in, struct err *e), struct err *e)
{
    TRY(yaml_in_next(in, e) && yaml_in_next(in, e));
    if (in->event.type == YAML_STREAM_END_EVENT)
        return true;
    TRY(yaml_in_next(in, e) && root(in, e) && yaml_in_next(in, e) && yaml_in_next(in, e));
    return in->event.type == YAML_STREAM_END_EVENT ||
           yaml_in_fail(in, "one document is expected", e);
}

bool
yaml_in_read(struct yaml_in *in, struct slice text, bool (*root)(struct yaml_in *in, struct err *e),
             struct err *e)
{
    if (!yaml_parser_initialize(&in->yaml))
        return err_memory(e);
    yaml_parser_set_input_string(&in->yaml, (const unsigned char *)(text.n ? text.p : ""), text.n);
    bool good = read_document(in, root, e);
    yaml_event_delete(&in->event);
    yaml_parser_delete(&in->yaml);
    return good;
}

static bool
read_all(FILE *f, const char *path, struct buf *out, struct err *e)
{
    char part[4096];
    size_t n = 0;
    while (!out->failed && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_append(out, slice_of(part, n));
    if (out->failed)
        return buf_len(out) + n > out->max
                   ? err_set(e, ERR_USAGE, "'%s' is larger than %zu bytes", path, out->max)
                   : err_memory(e);
    return !ferror(f) || err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
}

bool
yaml_in_load(const char *path, struct buf *out, bool *there, struct err *e)
{
    FILE *f = fopen(path, "re");
    *there = f != NULL;
    if (!f)
        return errno == ENOENT || errno == ENOTDIR ||
               err_errno(e, ERR_USAGE, errno, "cannot read '%s'", path);
    bool good = read_all(f, path, out, e);
    fclose(f);
    return good;
}
