/*
 * The feed: a WebSocket for each user interface, which tells what changes in one window of one list
 * of flows. Text messages, JSON.
 *
 * The client says what it looks at, and says it again when that changes:
 *
 *     {"watch": {"list": QUERY, "from": ROW, "count": N, "order": "oldest" or "newest",
 *                "have": {"list": NUMBER, "seq": NUMBER}}}
 *
 * or of which moments it wants to hear: see ui/web/hearing.h.
 *
 * All but "list" may be missing. "have" is the last "count" message of a lost connection: rows that
 * are the same since are not sent again. It is told:
 *
 *     {"type": "rows", "from": ROW, "rows": [...]}   these rows are new or have changed
 *     {"type": "count", "list": NUMBER, "seq": NUMBER, "first": ROW, "end": ROW}
 *     {"type": "skipped", "times": N}                it was too slow: what follows is the newest
 * state
 *     {"type": "held", "count": N}                   so many messages are held; others than before,
 *                                                    though it may be as many
 *     {"type": "error", "code": WORD, "text": SENTENCE}
 *
 * "count" comes behind the rows that belong to it. Rows are numbered as in ui/library.h. At most
 * ten times a second, and not while the connection is full: what is not sent is never kept, since
 * the next state says it all.
 */
#pragma once

struct control;

/* Hears of changes of the library from now on, until feed_stop. */
void feed_start(struct control *c);
void feed_stop(struct control *c);
