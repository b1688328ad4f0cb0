/* Small XML documents as a tree: elements and their texts. Attributes, comments and instructions
 * are left out; a document with a DTD is refused, and with it entities of its own. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define XML_DEPTH_MAX 64

struct xml {
    struct slice name;
    struct slice text; /* of an element without others in it, as it stands */
    size_t line;       /* from 1 */
    struct xml *first, *next, *parent;
    struct xml *last;
};

/* The element that holds all others, in the arena. NULL with a sentence that says the line. */
struct xml *xml_parse(struct slice text, struct arena *a, struct err *e) MUST_CHECK;
/* The first element in it with the name, or NULL. 'x' may be NULL. */
const struct xml *xml_child(const struct xml *x, const char *name);
/* The text of that element; empty when it is not there. */
struct slice xml_text(const struct xml *x, const char *name);
