/* Tests of flow/peer: ids, references, TLS facts. */
#include "flow/peer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
ids_ascend(void **state)
{
    struct peer *a = peer_new(), *b = peer_new();
    assert_true(b->id > a->id);
    peer_unref(a);
    peer_unref(b);
    peer_unref(NULL);
}

static void
the_facts_are_made_once(void **state)
{
    struct peer *p = peer_new();
    assert_null(p->tls);
    struct peer_tls *tls = peer_need_tls(p);
    assert_non_null(tls);
    assert_ptr_equal(peer_need_tls(p), tls);
    peer_unref(p);
}

static void
certificates_go_with_the_last_reference(void **state)
{
    struct peer *p = peer_new();
    struct peer_tls *tls = peer_need_tls(p);
    struct block *cert = block_new(10);
    tls->certs[tls->n_certs++] = block_ref(cert);
    peer_unref(peer_ref(p));
    assert_int_equal(atomic_load(&cert->refs), 2);
    peer_unref(p);
    assert_int_equal(atomic_load(&cert->refs), 1);
    block_unref(cert);
}

static void
a_copy_has_the_facts_but_those_of_tls(void **state)
{
    struct peer *p = peer_new();
    p->port = 8080;
    assert_non_null(peer_need_tls(p));
    struct peer *copy = peer_copy(p);
    uint64_t id = p->id;
    peer_unref(p);
    assert_int_equal(copy->port, 8080);
    assert_int_equal(copy->id, id);
    assert_null(copy->tls);
    peer_unref(copy);
}

static void
the_first_end_counts(void **state)
{
    struct peer *p = peer_new();
    assert_null(atomic_load(&p->ended_by));
    peer_end(p, 5, "idle");
    peer_end(p, 6, "weir");
    assert_string_equal(atomic_load(&p->ended_by), "idle");
    assert_int_equal(p->ended, 5);
    peer_unref(p);
}

static void
it_can_be_out_of_memory(void **state)
{
    mem_fail_at(1);
    assert_null(peer_new());
    struct peer *p = peer_new();
    mem_fail_at(1);
    assert_null(peer_need_tls(p));
    mem_fail_at(1);
    assert_null(peer_copy(p));
    mem_fail_at(0);
    assert_non_null(peer_need_tls(p));
    peer_unref(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_ascend),
        cmocka_unit_test(the_facts_are_made_once),
        cmocka_unit_test(certificates_go_with_the_last_reference),
        cmocka_unit_test(a_copy_has_the_facts_but_those_of_tls),
        cmocka_unit_test(the_first_end_counts),
        cmocka_unit_test(it_can_be_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
