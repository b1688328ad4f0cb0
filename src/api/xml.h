/*
 * XML as programs write it for their settings: elements and their texts. Attributes are read over,
 * and so are comments and instructions; a document type, and entities but the five and numbers, are
 * refused.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define XML_DEPTH_MAX 32
#define XML_TEXT_MAX  ((size_t)65536) /* of one element */

/* Where an element is: the names from the root to it. Borrowed. */
struct xml_path {
    struct slice names[XML_DEPTH_MAX];
    size_t n;
};

/* The name so many steps above the element; 0 is its own; empty above the root. */
struct slice xml_name(const struct xml_path *path, size_t above);

/* Calls for each element at its end, with the text that is directly in it behind its last child.
 * The error says the line. */
bool xml_walk(struct slice text,
              void (*on_element)(void *arg, const struct xml_path *path, struct slice text),
              void *arg, struct err *e) MUST_CHECK;
