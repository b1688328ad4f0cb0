/* Moments as JSON. */
#include "ui/web/moment_json.h"

#include "flow/edit.h"
#include "flow/flow_json.h"

static void
put_flow(struct json *j, const struct flow *f)
{
    json_begin_object(j, "flow");
    json_u64(j, "id", f->id);
    json_str(j, "kind", flow_kind_name(f->kind));
    json_text(j, "method", edit_head(&f->req)->method);
    flow_json_url(j, f);
    json_u64(j, "status", edit_head(&f->resp)->status);
    json_u64(j, "request_size", edit_body(&f->req)->size);
    json_u64(j, "response_size", edit_body(&f->resp)->size);
    json_end_object(j);
}

static void
put_connection(struct json *j, const char *key, const struct peer *told, const struct peer *flows)
{
    if (told) {
        flow_json_peer(j, key, told, false);
    } else if (flows) {
        json_begin_object(j, key);
        json_u64(j, "id", flows->id);
        json_end_object(j);
    }
}

static void
put_words(struct json *j, const struct moment *m)
{
    if (m->word)
        json_str(j, "word", m->word);
    if (m->text.n)
        json_text(j, "text", m->text);
}

static void
put_data(struct json *j, const struct moment *m, size_t content)
{
    if (m->data.n || m->size)
        json_u64(j, "size", m->data.n ? m->data.n : m->size);
    if (!m->data.n || !content)
        return;
    json_base64(j, "content_base64", slice_first(m->data, content));
    json_bool(j, "cut", m->data.n > content);
}

void
moment_json(struct json *j, const struct moment *m, size_t content)
{
    json_begin_object(j, NULL);
    json_str(j, "type", "hook");
    json_str(j, "hook", hook_rows[m->id].name);
    json_u64(j, "at_us", m->at / 1000);
    if (m->flow)
        put_flow(j, m->flow);
    put_connection(j, "client", m->client, m->flow ? m->flow->client : NULL);
    put_connection(j, "server", m->server, m->flow ? m->flow->server : NULL);
    put_words(j, m);
    put_data(j, m, content);
    if (m->head && m->head->status)
        json_u64(j, "status", m->head->status);
    if (m->head)
        flow_json_fields(j, m->head);
    json_end_object(j);
}
