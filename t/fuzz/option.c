/* Fuzzes api/option and api/args: lines of words as a command line, applied as far as they are
 * options. */
#include "api/args.h"
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>

#define WORDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Sets what was taken, and copies it to another configuration, which is then equal. */
static void
apply(const struct args *a)
{
    struct config *c = config_new(), *copy = config_new();
    if (!c || !copy)
        abort();
    option_for(o) assert(option_reset(o, c, NULL));
    for (size_t i = 0; i < a->n; i++) {
        struct err e = {0};
        if (!option_set(&a->items[i].name, c, a->items[i].value, &e))
            assert(e.code != ERR_NONE && e.text[0]);
    }
    option_for(o)
    {
        assert(option_copy(o, copy, c));
        assert(option_equal(o, copy, c));
    }
    config_unref(c);
    config_unref(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = mem_strndup((const char *)data, n), *words[WORDS_MAX];
    int count = 0, at = 0;
    if (!text)
        return 0;
    for (struct slice rest = slice_str(text); rest.n && count < WORDS_MAX;) {
        struct slice line = slice_cut(&rest, '\n');
        words[count] = text + (line.p - text);
        words[count++][line.n] = '\0';
    }
    struct args a = {0};
    while (at < count) {
        struct err e = {0};
        int before = at;
        enum args_result r = args_take(&a, words, count, &at, &e);
        assert(r == ARGS_FAILED ? e.text[0] : r == ARGS_OTHER ? at == before : at > before);
        if (r != ARGS_TAKEN)
            at = before + 1;
    }
    apply(&a);
    args_release(&a);
    mem_free(text);
    return 0;
}
