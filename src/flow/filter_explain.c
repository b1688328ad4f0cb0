/* A query in plain words, and what has to be looked at for it. */
#include "flow/filter_tree.h"

#include "base/print.h"

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

static void
put_value(const struct filter_node *t, const struct filter_value *v, struct buf *out)
{
    struct buf text;
    buf_init(&text, 4 * (size_t)FILTER_TEXT_MAX);
    filter_print_value(t, v, &text);
    print_safe(out, buf_slice(&text), false);
    buf_release(&text);
}

static void
put_values(const struct filter_node *t, struct buf *out)
{
    for (const struct filter_value *v = t->values; v; v = v->next) {
        put(out, v == t->values ? " " : v->next ? ", " : " or ");
        put_value(t, v, out);
    }
}

/* What ':' is, by the first of what stands behind it. */
static const struct filter_op_row *
spoken_op(const struct filter_node *t)
{
    static const struct filter_op_row like = {NULL, 0, "is like", "is not like"};
    static const struct filter_op_row within = {NULL, 0, "is in", "is not in"};
    static const struct filter_op_row match = {NULL, 0, "matches", "does not match"};
    const struct filter_value *v = t->values;
    if (t->op != OP_HAS)
        return &filter_ops[t->op];
    switch (v->kind) {
    case VALUE_GLOB: return &like;
    case VALUE_REGEX: return &match;
    case VALUE_CIDR: return v->net_bits < v->net_bytes * 8 ? &within : &filter_ops[OP_EQUAL];
    case VALUE_TEXT: return &filter_ops[t->field->type == FILTER_NAME ? OP_EQUAL : OP_HAS];
    case VALUE_RANGE:
    case VALUE_WORD: break;
    }
    return &filter_ops[OP_EQUAL];
}

static void
put_words(const struct filter_node *t, bool negated, struct buf *out)
{
    put(out, negated ? "not: " : "");
    for (const struct filter_value *v = t->values; v; v = v->next) {
        put(out, v->word->help);
        put(out, v->next ? " or " : "");
    }
}

static void
put_test(const struct filter_node *t, bool negated, struct buf *out)
{
    if (t->field->words && t->op == OP_HAS) {
        put_words(t, negated, out);
        return;
    }
    const struct filter_op_row *op = spoken_op(t);
    put(out, t->field->help);
    if (t->name.n) {
        put(out, " '");
        print_safe(out, t->name, false);
        put(out, "'");
    }
    buf_byte(out, ' ');
    put(out, negated ? op->negated : op->verb);
    put_values(t, out);
}

static void put_node(const struct filter_node *n, bool negated, struct buf *out);

static void
put_members(const struct filter_node *n, struct buf *out)
{
    for (const struct filter_node *it = n->first; it; it = it->next) {
        bool group = n->kind == FILTER_AND && it->kind == FILTER_OR;
        put(out, group ? "(" : "");
        put_node(it, n->kind == FILTER_NOT, out);
        put(out, group ? ")" : "");
        if (it->next)
            put(out, n->kind == FILTER_AND ? ", and " : ", or ");
    }
}

static void
put_node(const struct filter_node *n, bool negated, struct buf *out)
{
    if (n->kind == FILTER_TEST) {
        put_test(n, negated, out);
        return;
    }
    if (n->kind == FILTER_NOT && !negated) {
        put_node(n->first, true, out);
        return;
    }
    put(out, negated ? "not (" : "");
    put_members(n, out);
    put(out, negated ? ")" : "");
}

void
filter_explain(const struct filter *f, struct buf *out)
{
    if (f->root->kind == FILTER_AND && !f->root->first) {
        put(out, "All flows.");
        return;
    }
    put(out, "Flows where ");
    put_node(f->root, false, out);
    buf_byte(out, '.');
}

static void
put_part(const struct filter_node *n, enum filter_part part, struct buf *out)
{
    if (n->kind == FILTER_TEST && n->field->part == part) {
        put(out, "  ");
        filter_print_test(n, out);
        put(out, filter_field_is_later(n->field) ? "  (no flow has it yet)\n" : "\n");
    }
    for (const struct filter_node *it = n->kind == FILTER_TEST ? NULL : n->first; it; it = it->next)
        put_part(it, part, out);
}

void
filter_plan(const struct filter *f, struct buf *out)
{
    static const char *const headings[FILTER_PARTS_N] = {
        [FILTER_PART_COLUMN] = "facts at hand",
        [FILTER_PART_HEAD] = "heads",
        [FILTER_PART_BODY] = "contents, decoded",
    };
    for (int part = 0; part < FILTER_PARTS_N; part++) {
        size_t before = buf_len(out);
        buf_printf(out, "%s:\n", headings[part]);
        size_t empty = buf_len(out);
        put_part(f->root, (enum filter_part)part, out);
        if (buf_len(out) == empty && !out->failed)
            out->w = out->r + before;
    }
    struct filter_key key = filter_key(f);
    if (key.literal.n)
        buf_printf(out, "only where the %s has \"%.*s\"\n", key.in_path ? "path" : "host",
                   SLICE_ARG(key.literal));
}
