/* What the actions of rules have in common. */
#pragma once

#include "flow/edit.h"
#include "rule/rule.h"

#define ACT_REQUEST  (1u << STAGE_REQUEST_HEAD | 1u << STAGE_REQUEST)
#define ACT_RESPONSE (1u << STAGE_RESPONSE_HEAD | 1u << STAGE_RESPONSE)
#define ACT_CONTENT  (1u << STAGE_REQUEST | 1u << STAGE_RESPONSE)
#define ACT_ANY      (ACT_REQUEST | ACT_RESPONSE)
#define ACT_HELLO    (1u << STAGE_CLIENT_HELLO)
#define ACT_MESSAGE  (1u << STAGE_MESSAGE)

#define ACT_URL_MAX     ((size_t)65536)
#define ACT_CONTENT_MAX ((size_t)64 << 20) /* what an action makes at most */

/* A row of a table of params: PARAM(struct, field, "key", TYPE, more by name). */
#define PARAM(of, field, spelt, kind, ...)                                                         \
    {                                                                                              \
        .key = (spelt), .type = RULE_##kind, .offset = offsetof(struct of, field), __VA_ARGS__     \
    }
#define PARAM_END                                                                                  \
    {                                                                                              \
        .key = NULL                                                                                \
    }
/* How the pattern of a struct replacement is read: two rows. */
#define PARAM_READING(of, by)                                                                      \
    PARAM(of, by.literal, "literal", BOOL, .def = "no",                                            \
          .help = "the pattern is plain text, and so is what takes its place"),                    \
        PARAM(of, by.ignore_case, "ignore-case", BOOL, .def = "no",                                \
              .help = "capital and small letters are the same")
/* For actions that can act on a ClientHello, too. */
#define PARAM_AT(of)                                                                               \
    PARAM(of, at, "at", CHOICE, .def = "exchange", .choices = "exchange|client-hello",             \
          .help = "on an exchange, or on what a client says first in TLS, before any answer")

/* For actions whose struct begins with the slice of PARAM_AT: STAGES_N for an exchange. */
enum stage act_at(const void *action);
/* For actions whose struct begins with an enum rule_side: the stages of its head, and of its
 * content. */
enum stage act_side_head(const void *action);
enum stage act_side_content(const void *action);

/* The message that the stage is about. */
struct http_msg *act_msg(const struct hook *h);
/* The URL as it stands, after what other rules did. */
void act_url(const struct hook *h, struct buf *out);
/* Sends the request to a URL; false when it is none. */
bool act_go(struct hook *h, struct slice url, bool keep_host) MUST_CHECK;
/* What is said of the flow now, to be changed; the texts are borrowed. */
struct marks act_marks(const struct hook *h);
/* Ends a change: takes the version back when it did not work. */
bool act_end(struct hook *h, struct version *v, bool good) MUST_CHECK;
/* A sentence for the trace, in the arena of the flow. Never NULL. */
const char *act_say(const struct hook *h, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Nanoseconds from 0 up to 'most'. */
uint64_t act_random(uint64_t most);

/* A name of a field that a rule may set: a token, and none that tells the length of the content. */
bool act_check_field(struct slice name, struct err *e) MUST_CHECK;
/* Trims the value, and refuses one with a byte that cannot be in a field. */
bool act_check_value(struct slice *value, struct err *e) MUST_CHECK;
/* Another value for a field of a version, where it stands. false without memory, or for one that
 * cannot be a value. */
bool act_put_value(struct hook *h, struct field *f, struct slice value) MUST_CHECK;
/* "Name: value" into its parts. */
bool act_split_field(struct slice line, struct slice *name, struct slice *value,
                     struct err *e) MUST_CHECK;
/* A whole regular file of at most out->max bytes. */
bool act_read_file(const char *path, struct buf *out, struct err *e) MUST_CHECK;
/* n bytes from where the file stands; false when they are not there or do not fit. */
bool act_read_fd(int fd, uint64_t n, struct buf *out) MUST_CHECK;
