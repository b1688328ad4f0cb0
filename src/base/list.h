/* Intrusive doubly linked list; the head is a node of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

static inline void
list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void
list_add_after(struct list *at, struct list *node)
{
    node->prev = at;
    node->next = at->next;
    at->next->prev = node;
    at->next = node;
}

static inline void
list_push(struct list *head, struct list *node)
{
    list_add_after(head->prev, node);
}

static inline void
list_push_front(struct list *head, struct list *node)
{
    list_add_after(head, node);
}

/* The node may be removed again or be freed after this. */
static inline void
list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* All nodes of 'from', which is empty then. */
static inline void
list_take(struct list *to, struct list *from)
{
    list_add_after(from, to);
    list_remove(from);
}

#define list_for(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The current node may be removed in the body. */
#define list_for_safe(it, head)                                                                    \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)
