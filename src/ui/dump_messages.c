/* The messages of a flow for people: a line for each, and what they say. */
#include "base/print.h"
#include "flow/message_json.h"
#include "ui/dump_text.h"

#define UP   "  > "
#define DOWN "  < "

static void
put_flags(struct buf *line, const struct message *m)
{
    static const char *const words[] = {"compressed", "fragmented", NULL,      "unfinished",
                                        "held",       "edited",     "dropped", "injected"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i] && m->flags & 1u << i)
            buf_printf(line, ", %s", words[i]);
    if (m->by.n)
        buf_printf(line, " by %.*s", SLICE_ARG(m->by));
    if (m->flags & MESSAGE_INVALID)
        buf_printf(line, ", invalid: %s", m->why);
}

/* "[text, 5 bytes, compressed]" */
static void
put_line(struct dump_text *t, const struct message *m)
{
    char room[12];
    struct buf line;
    buf_init(&line, 2048);
    buf_printf(&line, "[%s",
               m->kind == MESSAGE_WS ? message_op(m, room) : message_kind_name(m->kind));
    if (m->name.n)
        buf_printf(&line, " %.*s", SLICE_ARG(m->name));
    buf_append(&line, SLICE(", "));
    print_size(&line, message_body(m)->size);
    put_flags(&line, m);
    buf_byte(&line, ']');
    buf_append(&t->out, slice_str(m->up ? UP : DOWN));
    dump_safe(t, m->why ? PAINT_BAD : PAINT_DIM, buf_slice(&line));
    buf_byte(&t->out, '\n');
    buf_release(&line);
}

void
dump_messages(struct dump_text *t, const struct flow *f, const struct dump_options *o)
{
    static const struct http_head none;
    for (const struct message *m = messages_from(f->messages, 0); m;
         m = messages_next(f->messages, m)) {
        put_line(t, m);
        if (o->detail < 3)
            continue;
        if (message_body(m)->size)
            dump_content(t, &none, message_body(m), m->up ? UP : DOWN, o);
        if (!(m->flags & MESSAGE_EDITED))
            continue;
        buf_append(&t->out, slice_str(m->up ? UP : DOWN));
        dump_safe(t, PAINT_DIM, SLICE("[sent on as]"));
        buf_byte(&t->out, '\n');
        dump_content(t, &none, &m->sent, m->up ? UP : DOWN, o);
    }
    if (messages_lost(f->messages))
        buf_printf(&t->out, "    [%llu messages are not kept]\n",
                   (unsigned long long)messages_lost(f->messages));
}
