/* Handlers: many flows at once, as a table of fields or as one archive. */
#include "api/export.h"
#include "flow/filter_column.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"

#define COLUMNS_MAX 50
#define CELL_MAX    ((size_t)16 << 20)

struct table {
    struct lookup *lookup;
    struct slice names[COLUMNS_MAX];
    struct filter *columns[COLUMNS_MAX]; /* references */
    size_t n;
    bool csv;
};

/* One cell: what a column says of a flow, with commas between. */
struct cell {
    struct buf text;
    bool any;
};

static void
cell_add(void *arg, struct slice value)
{
    struct cell *c = arg;
    if (c->any)
        buf_append(&c->text, SLICE(", "));
    buf_append(&c->text, value);
    c->any = true;
}

static void
cell_fill(struct cell *c, const struct filter *column, const struct flow *f)
{
    buf_reset(&c->text);
    c->any = false;
    filter_column_values(column, f, cell_add, c);
}

/* RFC 4180: in quotes where it must be. */
static void
put_csv(struct buf *out, struct slice s)
{
    bool quotes = slice_find(s, ',') < s.n || slice_find(s, '"') < s.n ||
                  slice_find(s, '\n') < s.n || slice_find(s, '\r') < s.n;
    if (quotes)
        buf_byte(out, '"');
    while (s.n) {
        bool inner = slice_find(s, '"') < s.n;
        buf_append(out, slice_cut(&s, '"'));
        if (inner)
            buf_append(out, SLICE("\"\""));
    }
    if (quotes)
        buf_byte(out, '"');
}

static void
put_csv_row(struct table *t, const struct flow *f, struct cell *cell)
{
    struct buf *out = &t->lookup->call->out;
    for (size_t i = 0; i < t->n; i++) {
        if (f)
            cell_fill(cell, t->columns[i], f);
        if (i)
            buf_byte(out, ',');
        put_csv(out, f ? buf_slice(&cell->text) : t->names[i]);
    }
    buf_append(out, SLICE("\r\n"));
}

static void
put_json_row(struct table *t, const struct flow *f, struct cell *cell)
{
    struct json *j = &t->lookup->call->json;
    json_begin_array(j, NULL);
    for (size_t i = 0; i < t->n; i++) {
        cell_fill(cell, t->columns[i], f);
        if (!cell->any)
            json_put_null(j, NULL);
        else if (filter_column_is_number(t->columns[i]))
            json_raw(j, NULL, buf_slice(&cell->text));
        else
            json_text(j, NULL, buf_slice(&cell->text));
    }
    json_end_array(j);
}

static void
put_json_head(const struct table *t)
{
    struct json *j = &t->lookup->call->json;
    json_begin_object(j, NULL);
    json_begin_array(j, "fields");
    for (size_t i = 0; i < t->n; i++)
        json_text(j, NULL, t->names[i]);
    json_end_array(j);
    json_begin_array(j, "rows");
}

static void
table_put(struct table *t)
{
    struct lookup *k = t->lookup;
    struct cell cell = {.text = {.max = CELL_MAX}};
    if (t->csv)
        put_csv_row(t, NULL, &cell);
    else
        put_json_head(t);
    for (size_t i = 0; i < k->n && !k->call->out.failed; i++)
        (t->csv ? put_csv_row : put_json_row)(t, k->flows[i], &cell);
    if (!t->csv) {
        json_end_array(&k->call->json);
        json_end_object(&k->call->json);
    }
    buf_release(&cell.text);
}

static void
table_release(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        filter_unref(t->columns[i]);
}

/* On a pool thread. */
static void
work_table(void *arg)
{
    struct lookup *k = arg;
    table_put(k->table);
}

static bool
read_columns(struct call *c, struct table *t)
{
    struct err e = {0};
    struct slice rest = call_query(c, "fields");
    while (rest.n) {
        struct slice name = slice_trim(slice_cut(&rest, ','));
        if (t->n == COLUMNS_MAX)
            err_set(&e, ERR_USAGE, "more than %d fields", COLUMNS_MAX);
        else
            t->columns[t->n] = filter_column(name, &e);
        if (e.code) {
            call_fail(c, 400, "bad-parameter", "%s", e.text);
            return false;
        }
        t->names[t->n++] = name;
    }
    if (!t->n)
        call_fail(c, 400, "bad-parameter", "'fields' must name fields of the query language");
    return t->n;
}

static bool
read_format(struct call *c, struct table *t)
{
    struct slice format = call_query(c, "format");
    t->csv = slice_eq(format, SLICE("csv"));
    if (t->csv)
        c->type = "text/csv; charset=utf-8";
    if (t->csv || !format.p || slice_eq(format, SLICE("json")))
        return true;
    call_fail(c, 400, "bad-parameter", "'format' must be 'json' or 'csv'");
    return false;
}

static void
table_end(struct lookup *k)
{
    table_release(k->table);
}

enum call_state
api_flows_cut(struct call *c)
{
    struct lookup *k = lookup_new(c);
    struct table *t = k ? arena_alloc(c->arena, sizeof(*t)) : NULL;
    if (!k)
        return CALL_DONE;
    if (!t)
        return call_fail(c, 503, "memory", "out of memory");
    t->lookup = k;
    k->table = t;
    k->release = table_end;
    if (read_columns(c, t) && read_format(c, t) && lookup_query(k))
        return lookup_many(k, work_table);
    table_release(t);
    return CALL_DONE;
}

/* Archives ---------------------------------------------------------------------------------- */

static void
work_har(void *arg)
{
    struct lookup *k = arg;
    k->failed = !export_har_flows(k->flows, k->n, &k->call->out, &k->e);
}

enum call_state
api_flows_har(struct call *c)
{
    struct lookup *k = lookup_new(c);
    if (!k || !lookup_query(k))
        return CALL_DONE;
    return lookup_many(k, work_har);
}

enum call_state
api_exports(struct call *c)
{
    struct json *j = &c->json;
    json_begin_object(j, NULL);
    json_begin_array(j, "formats");
    for (size_t i = 0; export_at(i); i++) {
        json_begin_object(j, NULL);
        json_str(j, "name", export_at(i)->name);
        json_str(j, "type", export_at(i)->type);
        json_str(j, "suffix", export_at(i)->suffix);
        json_str(j, "help", export_at(i)->help);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    return CALL_DONE;
}
