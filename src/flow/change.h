/* A change of a message as a person or a program asks for it: any of its parts at once. */
#pragma once

#include "flow/edit.h"

struct change_field {
    struct slice name, value;
};

/* Empty slices and zeroes are: as it was. Everything is borrowed. */
struct change {
    struct slice method, url, path; /* requests */
    bool keep_host;                 /* another URL leaves Host alone */
    unsigned status;                /* responses */
    struct slice reason;
    const struct change_field *fields; /* all of them, but for those of the framing */
    size_t n_fields;
    bool all_fields; /* 'fields' counts, even when it is empty */
    const struct change_field *set;
    size_t n_set;
    const struct slice *remove;
    size_t n_remove;
    struct slice head; /* the head as text, in place of all of the above */
    struct slice content;
    bool has_content;
    bool encode; /* it gets the codings that the head then names, in place of having none */
    bool exact;  /* head and content byte for byte */
};

/* The content of a version of which the head is done. */
bool change_content(struct hook *h, struct version *v, const struct change *c,
                    struct err *e) MUST_CHECK;
/* Makes one version of it, or none: then *e says which part was refused and why. */
bool change_apply(struct hook *h, struct http_msg *m, const struct change *c,
                  struct err *e) MUST_CHECK;
