/* Fields of the query language as columns. */
#include "flow/filter_column.h"

#include "base/clock.h"
#include "base/print.h"
#include "flow/filter_view.h"

#define NAME_MAX_N 1000u

struct filter *
filter_column(struct slice name, struct err *e)
{
    struct filter *f = NULL;
    struct buf text;
    buf_init(&text, NAME_MAX_N + 2);
    buf_append(&text, name);
    buf_byte(&text, '?');
    if (!text.failed)
        f = filter_parse(buf_slice(&text), NULL, NULL, e);
    else
        err_set(e, ERR_USAGE, "the name of a field has more than %u bytes", NAME_MAX_N);
    buf_release(&text);
    if (!f || (f->root->kind == FILTER_TEST && f->root->op == OP_PRESENT))
        return f;
    filter_unref(f);
    err_set(e, ERR_USAGE, "there is no field '%.*s'", SLICE_ARG(slice_first(name, 60)));
    return NULL;
}

bool
filter_column_is_number(const struct filter *column)
{
    const struct filter_field *field = column->root->field;
    return field->number && field->type != FILTER_TIME;
}

static void
say_number(const struct filter_field *field, uint64_t n, void (*say)(void *arg, struct slice value),
           void *arg)
{
    struct buf text;
    buf_init(&text, 64);
    if (field->type == FILTER_TIME)
        print_time(&text, n);
    else
        buf_u64(&text, field->type == FILTER_DURATION ? n / 1000 : n);
    say(arg, buf_slice(&text));
    buf_release(&text);
}

void
filter_column_values(const struct filter *column, const struct flow *f,
                     void (*say)(void *arg, struct slice value), void *arg)
{
    const struct filter_field *field = column->root->field;
    struct filter_view v = {.flow = f, .test = column->root, .say = say, .arg = arg};
    uint64_t n;
    if (field->words) {
        for (const struct filter_word *w = field->words; w->name; w++)
            if (w->has && w->has(f))
                say(arg, slice_str(w->name));
    } else if (field->text) {
        (void)field->text(&v, field->side);
    } else if (field->number && field->number(f, field->side, &n)) {
        say_number(field, n, say, arg);
    }
    view_release(&v);
}
