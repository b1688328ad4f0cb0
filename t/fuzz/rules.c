/* Fuzzes api/rules_file and the actions: any text as rules.yaml. What is taken is written, read
 * back and written the same, and tried on flows. */
#include "api/rules_file.h"
#include "lib/flow_make.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct rule_origin nowhere = {.folder = "/nowhere"};

/* A rule that names files is not for a fuzzer. */
static void
note_file(void *arg, const char *path)
{
    (void)path;
    *(bool *)arg = true;
}

static void
try_on(const struct rules *rs, struct flow *f)
{
    struct decision d = {0};
    struct hook h = {.flow = f, .now = 1, .decision = &d};
    for (; h.stage < STAGES_N; h.stage++) {
        struct rules_walk w = {0};
        (void)!rules_want(rs, h.stage < STAGE_RESPONSE_HEAD ? STAGE_REQUEST : STAGE_RESPONSE, &h);
        while (!d.failed && rules_step(rs, &w, &h))
            ;
    }
    flow_unref(f);
}

static void
round_trip(const struct rules *rs)
{
    struct err e = {0};
    struct buf once, twice;
    buf_init(&once, RULES_FILE_MAX);
    buf_init(&twice, RULES_FILE_MAX);
    if (!rules_file_print(rs, &once, &e))
        abort();
    struct rules *back = rules_file_parse(buf_slice(&once), "f", &nowhere, &e);
    assert(back && rules_count(back) == rules_count(rs));
    if (!rules_file_print(back, &twice, &e))
        abort();
    assert(slice_eq(buf_slice(&once), buf_slice(&twice)));
    rules_unref(back);
    buf_release(&once);
    buf_release(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    bool files = false;
    struct slice text = slice_of(data, n);
    /* It makes its file. */
    for (size_t i = 0; i + 4 <= n; i++)
        if (slice_eq(slice_first(slice_from(text, i), 4), SLICE("file")))
            return 0;
    struct rules *rs = rules_file_parse(text, "f", &nowhere, &e);
    if (!rs) {
        assert(e.code == ERR_MEMORY || e.text[0]);
        return 0;
    }
    round_trip(rs);
    for (size_t i = 0; i < rules_count(rs); i++)
        rule_files(rules_at(rs, i), note_file, &files);
    if (!files) {
        try_on(rs, flow_make_get("www.example.com", "/a/b?q=1", "hello hello", NULL));
        try_on(rs, flow_make(FLOW_HTTP, "POST /x HTTP/1.1\r\nHost: a.test\r\nCookie: a=b\r\n\r\n"));
    }
    rules_unref(rs);
    return 0;
}
