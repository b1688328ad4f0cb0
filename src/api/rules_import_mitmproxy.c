/* Rules out of mitmproxy's config.yaml. */
#include "api/option.h"
#include "api/rules_import_make.h"
#include "api/rules_mitm.h"

#include <yaml.h>

/* The options that make rules, as we spell them. */
static const char *const sources[] = {
    "anticache",   "anticomp",       "block-list", "map-local",    "map-remote",
    "modify-body", "modify-headers", "stickyauth", "stickycookie",
};

struct reader {
    yaml_document_t doc;
    struct config *config;
    struct import import;
    size_t entries; /* an alias may stand for many, many times */
};

static struct slice
scalar(const yaml_node_t *n)
{
    return slice_of(n->data.scalar.value, n->data.scalar.length);
}

static bool
is_null(const yaml_node_t *n)
{
    struct slice s = scalar(n);
    return n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

static bool
is_source(const struct option *o)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (slice_eq(slice_str(o->name), slice_str(sources[i])))
            return true;
    return false;
}

static void
read_entry(struct reader *r, const struct option_name *name, const yaml_node_t *n)
{
    struct err e = {0};
    struct slice where = import_line(&r->import, n->start_mark.line + 1);
    r->import.full |= ++r->entries > RULES_MAX;
    if (r->import.full)
        return;
    if (n->type != YAML_SCALAR_NODE)
        import_leave(&r->import, where, "an entry of '%s' must be a text", name->option->name);
    else if (!is_null(n) && !option_set(name, r->config, scalar(n), &e))
        import_leave(&r->import, where, "%s", e.text);
}

static void
read_value(struct reader *r, const struct option_name *name, const yaml_node_t *n)
{
    if (n->type != YAML_SEQUENCE_NODE) {
        read_entry(r, name, n);
        return;
    }
    for (const yaml_node_item_t *it = n->data.sequence.items.start; it < n->data.sequence.items.top;
         it++)
        read_entry(r, name, yaml_document_get_node(&r->doc, *it));
}

static void
read_pair(struct reader *r, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value);
    struct slice where = import_line(&r->import, key->start_mark.line + 1);
    struct option_name name = {0};
    if (key->type != YAML_SCALAR_NODE)
        import_leave(&r->import, where, "the name of an option is expected here");
    else if (!option_find(scalar(key), &name) || name.opposite || !is_source(name.option))
        import_leave(&r->import, where, "'%.*s' makes no rules",
                     SLICE_ARG(slice_first(scalar(key), 80)));
    else
        read_value(r, &name, value);
}

/* These rules are no longer those of options. */
static void
add_made(struct import *m, const struct rules_mitm *made)
{
    for (size_t i = 0; i < made->n; i++) {
        struct import_rule r = {.where = SLICE("file"), .action = ""};
        size_t n = 0;
        for (const struct rule_arg *a = made->specs[i].args;
             a < made->specs[i].args + made->specs[i].n; a++) {
            if (slice_eq(a->key, SLICE("name")))
                r.name = slice_from(a->values[0], 2);
            else if (slice_eq(a->key, SLICE("when")))
                r.when = a->values[0];
            else if (slice_eq(a->key, SLICE("do")))
                r.action = a->values[0].p;
            else if (!slice_eq(a->key, SLICE("folder")))
                r.pairs[n++] = (struct import_pair){a->key.p, a->values[0]};
        }
        import_add(m, &r);
    }
}

static bool
read_document(struct reader *r, struct err *e)
{
    struct rules_mitm made;
    const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    if (root && root->type == YAML_SCALAR_NODE && is_null(root))
        return true;
    if (root && root->type != YAML_MAPPING_NODE)
        return err_set(e, ERR_USAGE, "line %zu: lines of 'name: value' are expected",
                       root->start_mark.line + 1);
    if (root)
        for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
             p < root->data.mapping.pairs.top; p++)
            read_pair(r, p);
    if (!rules_mitm_make(r->config, r->import.arena, &made, e))
        return false;
    add_made(&r->import, &made);
    return import_end(&r->import, e);
}

static bool
load(struct reader *r, struct slice text, struct err *e)
{
    yaml_parser_t yaml;
    if (!yaml_parser_initialize(&yaml))
        return err_memory(e);
    yaml_parser_set_input_string(&yaml, (const unsigned char *)(text.n ? text.p : ""), text.n);
    bool good = yaml_parser_load(&yaml, &r->doc);
    if (!good)
        err_set(e, ERR_USAGE, "line %zu: %s", yaml.problem_mark.line + 1,
                yaml.problem ? yaml.problem : "this is not YAML");
    yaml_parser_delete(&yaml);
    return good;
}

static bool
reset(struct config *c, struct err *e)
{
    option_for(o) if (!option_reset(o, c, e)) return false;
    return true;
}

bool
import_mitmproxy(struct slice text, struct rules_import *out, struct arena *a, struct err *e)
{
    struct reader r = {.config = config_new()};
    import_begin(&r.import, out, a, "mitmproxy");
    if (!r.config)
        return err_memory(e);
    bool good = reset(r.config, e) && load(&r, text, e);
    if (good) {
        good = read_document(&r, e);
        yaml_document_delete(&r.doc);
    }
    config_unref(r.config);
    return good;
}
