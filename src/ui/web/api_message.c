/* Handlers: the messages of a flow. */
#include "ui/web/api_message.h"
#include "base/scan.h"
#include "flow/message_json.h"
#include "ui/web/lookup.h"
#include "ui/web/route.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define SHOWN        4096 /* bytes of each content, when nothing else is asked for */
#define SHOWN_MAX    ((uint64_t)1 << 20)
#define ANSWER_MAX   ((size_t)16 << 20) /* then the page ends, with one message at least */

static bool
page_read(struct call *c, struct message_page *p)
{
    return call_number(c, "after", 0, UINT64_MAX - 1, &p->after) &&
           call_number(c, "limit", PAGE_DEFAULT, PAGE_MAX, &p->limit) &&
           call_number(c, "content", SHOWN, SHOWN_MAX, &p->shown);
}

void
message_page_put(struct json *j, const struct messages *ms, const struct message_page *p, bool live)
{
    const struct message *m = messages_from(ms, p->after + 1);
    uint64_t last = 0;
    json_begin_object(j, NULL);
    json_u64(j, "total", ms ? ms->total : 0);
    json_u64(j, "lost", messages_lost(ms));
    json_bool(j, "live", live);
    json_begin_array(j, "messages");
    for (uint64_t n = 0; m && n < p->limit && buf_len(j->out) < ANSWER_MAX; n++) {
        message_json(j, m, (size_t)p->shown, false);
        last = m->number;
        m = messages_next(ms, m);
    }
    json_end_array(j);
    if (m)
        json_u64(j, "next", last);
    else
        json_put_null(j, "next");
    json_end_object(j);
}

/* A flow that is not recorded (yet) is looked for among those under way. */
static void
answer_page(struct lookup *k)
{
    struct message_page p;
    if (!page_read(k->call, &p))
        return;
    if (k->flow)
        message_page_put(&k->call->json, k->flow->messages, &p, false);
    else if (message_page_live(k->call, k->id, &p))
        k->later = true;
    else
        call_missing(k->call, "flow");
}

static void
run_page(struct lookup *k)
{
    k->flow = library_get(k->library, k->id);
}

enum call_state
api_messages(struct call *c)
{
    struct message_page p;
    struct lookup *k = page_read(c, &p) ? lookup_new(c) : NULL;
    return k && lookup_id(k) ? lookup_start(k, run_page, answer_page) : CALL_DONE;
}

static void
answer_one(struct lookup *k)
{
    uint64_t number;
    const struct message *m = scan_u64(k->call->params[1], UINT64_MAX, &number)
                                  ? messages_from(k->flow->messages, number)
                                  : NULL;
    if (m && m->number == number)
        message_json(&k->call->json, m, SIZE_MAX, true);
    else
        call_missing(k->call, "message with that number, or it is not kept");
}

enum call_state
api_message(struct call *c)
{
    return lookup_flow(c, answer_one);
}
