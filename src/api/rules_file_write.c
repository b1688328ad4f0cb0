/* The file of rules: writing. */
#include "api/rules_file.h"
#include "base/utf8.h"
#include "pki/ca_dir.h"

#include <yaml.h>

struct writer {
    yaml_emitter_t yaml;
    struct buf *out;
    bool bad; /* an event was refused */
};

static int
on_bytes(void *arg, unsigned char *p, size_t n)
{
    struct writer *w = arg;
    buf_append(w->out, slice_of(p, n));
    return !w->out->failed;
}

/* The emitter takes the event, whatever becomes of it. */
static void
emit(struct writer *w, yaml_event_t *event, int made)
{
    if (!made || w->bad || !yaml_emitter_emit(&w->yaml, event))
        w->bad = true;
}

static bool
looks_like_null(struct slice s)
{
    return !s.n || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null"));
}

/* Lines as lines where YAML can say them so, quotes where a reader would see something else. */
static void
put_scalar(struct writer *w, struct slice s)
{
    yaml_event_t event;
    yaml_scalar_style_t style = looks_like_null(s)          ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                : slice_find(s, '\n') < s.n ? YAML_LITERAL_SCALAR_STYLE
                                                            : YAML_ANY_SCALAR_STYLE;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p, (int)s.n,
                                            1, 1, style);
    emit(w, &event, made);
}

static void
put_pair(struct writer *w, const char *key, struct slice value)
{
    put_scalar(w, slice_str(key));
    put_scalar(w, value);
}

static void
put_list(struct writer *w, const char *key, const struct rule_arg *arg)
{
    yaml_event_t event;
    put_scalar(w, slice_str(key));
    int made =
        yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit(w, &event, made);
    for (size_t i = 0; i < arg->n; i++)
        put_scalar(w, arg->values[i]);
    emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void
put_own(struct writer *w, const char *key, const char *value)
{
    if (value[0])
        put_pair(w, key, slice_str(value));
}

static void
put_rule(struct writer *w, const struct rule *r)
{
    struct rule_info info;
    yaml_event_t event;
    rule_info(r, &info);
    emit(w, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    put_own(w, "name", info.name);
    put_own(w, "folder", info.folder);
    if (!info.on)
        put_pair(w, "on", SLICE("no"));
    put_own(w, "when", info.when);
    put_own(w, "do", info.ops->name);
    for (const struct rule_param *p = info.ops->params; p && p->key; p++) {
        const struct rule_arg *arg = rule_spec_find(rule_spec(r), slice_str(p->key));
        if (arg && p->type == RULE_LIST)
            put_list(w, p->key, arg);
        else if (arg)
            put_pair(w, p->key, arg->values[0]);
    }
    emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static void
put_document(struct writer *w, const struct rules *rs)
{
    yaml_event_t event;
    emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit(w, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    for (size_t i = 0; i < rules_count(rs); i++)
        put_rule(w, rules_at(rs, i));
    emit(w, &event, yaml_sequence_end_event_initialize(&event));
    emit(w, &event, yaml_document_end_event_initialize(&event, 1));
    emit(w, &event, yaml_stream_end_event_initialize(&event));
}

/* YAML is text. */
static bool
check_text(const struct rule *r, struct err *e)
{
    const struct rule_spec *spec = rule_spec(r);
    struct rule_info info;
    rule_info(r, &info);
    for (size_t i = 0; i < spec->n; i++)
        for (size_t k = 0; k < spec->args[i].n; k++)
            if (!utf8_valid(spec->args[i].values[k]))
                return err_set(e, ERR_USAGE, "rule '%s': '%.*s' is not UTF-8, which a file needs",
                               info.name, SLICE_ARG(spec->args[i].key));
    return true;
}

bool
rules_file_print(const struct rules *rs, struct buf *out, struct err *e)
{
    struct writer w = {.out = out};
    for (size_t i = 0; i < rules_count(rs); i++)
        TRY(check_text(rules_at(rs, i), e));
    if (!yaml_emitter_initialize(&w.yaml))
        return err_memory(e);
    yaml_emitter_set_output(&w.yaml, on_bytes, &w);
    yaml_emitter_set_unicode(&w.yaml, 1);
    yaml_emitter_set_width(&w.yaml, -1);
    put_document(&w, rs);
    yaml_emitter_delete(&w.yaml);
    return !w.bad || err_set(e, ERR_FAILED,
                             "the rules cannot be written, or are more than %zu bytes", out->max);
}

bool
rules_file_save(const char *folder, const struct rules *rs, struct err *e)
{
    struct ca_dir d;
    struct buf text;
    buf_init(&text, RULES_FILE_MAX);
    bool good = rules_file_print(rs, &text, e);
    if (good && ca_dir_enter(&d, folder, e)) {
        good = ca_dir_put(&d, RULES_FILE, buf_slice(&text), 0600, e);
        ca_dir_leave(&d);
    } else {
        good = false;
    }
    buf_release(&text);
    return good;
}
