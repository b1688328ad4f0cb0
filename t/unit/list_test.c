/* Tests of base/list: order and removal. */
#include "base/list.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    struct list node;
    char name;
};

static const char *
names(struct list *head)
{
    static char text[16];
    size_t n = 0;
    list_for (it, head)
        text[n++] = container_of(it, struct item, node)->name;
    text[n] = '\0';
    return text;
}

static void
items_stay_in_the_order_they_were_put(void **state)
{
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
    list_init(&head);
    assert_true(list_empty(&head));
    list_push(&head, &b.node);
    list_push(&head, &d.node);
    list_push_front(&head, &a.node);
    list_add_after(&b.node, &c.node);
    assert_false(list_empty(&head));
    assert_string_equal(names(&head), "abcd");
}

static void
an_item_may_be_removed_twice(void **state)
{
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'};
    list_init(&head);
    list_push(&head, &a.node);
    list_push(&head, &b.node);
    list_remove(&a.node);
    list_remove(&a.node);
    assert_string_equal(names(&head), "b");
    list_remove(&b.node);
    assert_true(list_empty(&head));
}

static void
the_safe_loop_lets_its_item_go(void **state)
{
    struct list head;
    struct item items[3] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    list_init(&head);
    for (unsigned i = 0; i < 3; i++)
        list_push(&head, &items[i].node);
    list_for_safe (it, &head) {
        if (container_of(it, struct item, node)->name != 'b')
            list_remove(it);
    }
    assert_string_equal(names(&head), "b");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stay_in_the_order_they_were_put),
        cmocka_unit_test(an_item_may_be_removed_twice),
        cmocka_unit_test(the_safe_loop_lets_its_item_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
