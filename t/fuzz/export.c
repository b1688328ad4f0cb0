/* Exports: whatever a request says, each form is made of it or refused; an archive is JSON, and of
 * a command for a shell nothing of it stands outside of quotes. */
#include "api/export.h"
#include "codec/http1.h"

#include <assert.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct flow *
make(struct slice head, struct slice content)
{
    struct http1_why why;
    struct peer *client = peer_new();
    struct flow *f = flow_new(FLOW_HTTP, client, NULL);
    peer_unref(client);
    f->scheme = "http";
    f->host = SLICE("a.test");
    f->port = 80;
    struct slice raw = arena_dup(f->arena, head);
    if (http1_parse_request(raw, &HTTP1_LIMITS_DEFAULT, f->arena, &f->req.head, &why) != HTTP1_OK &&
        !http1_parse_lenient(raw, false, f->arena, &f->req.head))
        abort();
    body_append(&f->req.body, content, UINT64_MAX, content.n);
    return f;
}

/* What a shell sees outside of single quotes is ours: words, options, line ends. */
static void
check_shell(struct slice text)
{
    static const struct slice ours = {
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.@|\\'\n ", 70};
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!quoted && c == '\\') {
            assert(i + 1 < text.n && (text.p[i + 1] == '\'' || text.p[i + 1] == '\n'));
            i++;
        } else if (c == '\'') {
            quoted = !quoted;
        } else {
            assert(c && (quoted || slice_find(ours, c) < ours.n));
        }
    }
    assert(!quoted);
}

static void
check_archive(struct slice text)
{
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert(root);
    json_decref(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    size_t scanned = 0, head = http1_head_end(in, &scanned);
    struct flow *f = make(slice_first(in, head ? head : in.n), slice_from(in, head ? head : in.n));
    for (size_t i = 0; export_at(i); i++) {
        struct buf out = {.max = 16 << 20};
        struct err e = {0};
        bool made = export_at(i)->print(f, &out, &e);
        assert(made || e.text[0]);
        if (made && export_at(i) == &export_curl)
            check_shell(buf_slice(&out));
        if (made && export_at(i) == &export_har)
            check_archive(buf_slice(&out));
        buf_release(&out);
    }
    flow_unref(f);
    return 0;
}
