/* Lists of hosts as options give them. */
#include "proxy/hosts.h"

#include "base/buf.h"
#include "base/mem.h"
#include "flow/filter_text.h"

#define HOST_TEXT_MAX 300u

struct hosts {
    size_t n;
    struct regex *list[];
};

struct hosts *
hosts_new(const char **patterns, struct err *e)
{
    size_t n = 0, at = 0;
    while (patterns && patterns[n])
        n++;
    struct hosts *h = mem_zalloc(sizeof(*h) + n * sizeof(*h->list));
    if (!h) {
        err_memory(e);
        return NULL;
    }
    for (; h->n < n; h->n++) {
        h->list[h->n] = regex_new(slice_str(patterns[h->n]), 0, &at, e);
        if (h->list[h->n])
            continue;
        err_prefix(e, "'%.80s', byte %zu", patterns[h->n], at);
        hosts_free(h);
        return NULL;
    }
    return h;
}

void
hosts_free(struct hosts *h)
{
    for (size_t i = 0; h && i < h->n; i++)
        regex_free(h->list[i]);
    mem_free(h);
}

bool
hosts_match(const struct hosts *h, struct slice host, uint16_t port)
{
    char bytes[HOST_TEXT_MAX];
    struct buf text = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
    struct regex_room room = {0};
    bool found = false;
    if (!h->n || !host.n)
        return false;
    buf_append(&text, host);
    buf_byte(&text, ':');
    buf_u64(&text, port);
    for (size_t i = 0; i < h->n && !found && !text.failed; i++)
        found = regex_match(h->list[i], &room, buf_slice(&text));
    regex_room_release(&room);
    return found;
}
