/* Root, intermediate and leaf with one fault, and the judgement over them. */
#include "lib/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const char scene_host[] = "www.example.com";

struct scene
scene_new(void)
{
    return (struct scene){
        .root_spec = made_root("Test Root"),
        .mid_spec = made_intermediate("Test Intermediate"),
        .leaf_spec = made_leaf(scene_host),
        .query = {.host = slice_str(scene_host)},
    };
}

void
scene_make(struct scene *s)
{
    s->root = made_cert(&s->root_spec, NULL);
    s->mid = made_cert(&s->mid_spec, &s->root);
    s->leaf = made_cert(&s->leaf_spec, &s->mid);
}

static struct trust *
trust_of(X509 *root, const char *crl)
{
    struct err err = {0};
    struct trust_options o = {
        .ca = made_pem("roots.pem", NULL, made_chain(root, NULL, NULL, NULL), 0600),
        .crl = crl,
    };
    struct trust *t = trust_new(&o, &err);
    if (!t)
        fail_msg("%s", err.text);
    return t;
}

enum verdict_reason
scene_verify(struct scene *s, struct trust *t)
{
    bool ok = trust_verify(t, &s->query, &s->verdict);
    const char *word = verdict_word(s->verdict.reason);
    assert_int_equal(ok, s->verdict.reason == VERDICT_OK);
    if (!ok)
        assert_memory_equal(s->verdict.text, word, strlen(word));
    return s->verdict.reason;
}

const char *
scene_judged(struct scene *s)
{
    if (!s->leaf.cert)
        scene_make(s);
    if (!s->query.chain)
        s->query.chain = made_chain(s->leaf.cert, s->mid.cert, NULL, NULL);
    struct trust *t = trust_of(s->trusted_leaf ? s->leaf.cert : s->root.cert, s->crl);
    scene_verify(s, t);
    trust_unref(t);
    return verdict_word(s->verdict.reason);
}
