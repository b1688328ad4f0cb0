/*
 * Protocols that begin in clear and change to TLS on the same connection (RFC 3207, 2595, 4511,
 * 6120, and those of PostgreSQL and MySQL): where the change is.
 *
 * A watcher is shown the bytes of both sides and says how many of them pass in clear. It keeps no
 * bytes but the beginning of a line; what it does not take is shown again, with what came behind
 * it. What a client sends between its request and the answer of the server is not taken: if the
 * answer is good it is TLS, or an injection that then fails (CVE-2011-0411, CVE-2021-23222).
 */
#pragma once

#include "base/base.h"
#include "base/slice.h"

#include <stdint.h>

enum starttls_side { STARTTLS_CLIENT, STARTTLS_SERVER };

enum starttls_state {
    STARTTLS_WATCH,  /* nobody has asked for it yet */
    STARTTLS_ASKED,  /* the client has, and the server's answer has yet to come */
    STARTTLS_CHANGE, /* behind what was taken TLS begins, on both sides */
    STARTTLS_OVER,   /* it does not come any more */
};

/* The longest beginning of a line that decides anything. */
#define STARTTLS_UNIT 64
/* A binary message is waited for up to here. */
#define STARTTLS_MESSAGE 4096

struct starttls;

/* One row of starttls_list.h. */
struct starttls_ops {
    const char *name;
    enum starttls_side first; /* who speaks first */
    /* Whether the first bytes of that side are of this protocol: 0 no, 1 yes, -1 more are needed.
     */
    int (*detect)(struct slice first);
    /* Text: what ends a line or tag, and what one of each side says. */
    char end;
    void (*unit[2])(struct starttls *s, struct slice unit);
    /* Binary, where 'end' is 0: how many bytes of a side are taken. */
    size_t (*take[2])(struct starttls *s, struct slice in);
};

struct starttls {
    const struct starttls_ops *ops;
    enum starttls_state state;
    unsigned pending; /* commands without an answer */
    bool greeted;     /* the server's first answer, which is to none, has come */
    uint64_t skip[2]; /* bytes left of a message that says nothing */
    char unit[2][STARTTLS_UNIT];
    size_t unit_n[2];
    char tag[STARTTLS_UNIT]; /* of the request */
    size_t tag_n;
};

/* The protocol that these first bytes of a side are of, or NULL; *unsure when more may tell. */
const struct starttls_ops *starttls_detect(enum starttls_side side, struct slice first,
                                           bool *unsure);
void starttls_init(struct starttls *s, const struct starttls_ops *ops);
/* Looks at bytes of a side: how many of them pass. Changes s->state. Once it is STARTTLS_OVER all
 * pass, at STARTTLS_CHANGE none. */
size_t starttls_take(struct starttls *s, enum starttls_side side, struct slice in);

/* For the rows. */

/* Skips the rest of a message, in pieces. */
size_t starttls_skip(struct starttls *s, enum starttls_side side, struct slice in, uint64_t size);
/* Without the end of line and blanks behind it. */
struct slice starttls_line(struct slice unit);
/* Whether a list of words, each ended by a blank, has the word; upper and lower case are one. */
bool starttls_listed(const char *words, struct slice word);

/* Where each command has one answer: a line of the client, which may be the request or say that it
 * comes no more ('late', words as above); and an answer, which is good for the request or not. */
void starttls_count_command(struct starttls *s, struct slice unit, struct slice request,
                            const char *late);
void starttls_count_answer(struct starttls *s, bool good);
