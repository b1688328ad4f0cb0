/* Any pattern on any text, cut anywhere: what comes out is what is made of the whole. */
#include "rule/replacer.h"

#include "lib/replace_cut.h"
#include "rule/walk.h"

#include <assert.h>

#define TEXT_MAX    2048u
#define PATTERN_MAX 200u
#define OUT_MAX     ((size_t)1 << 20)
#define TIME_SURE   ((uint64_t)200 * 1000000) /* below which no limit of time was met */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
holds(struct slice s, struct slice what)
{
    while (s.n && !slice_starts(s, what))
        s = slice_from(s, 1);
    return s.n;
}

static void
compare(const struct pattern *p, struct slice with, struct slice text, struct cuts cuts)
{
    struct buf whole = {.max = OUT_MAX}, cut = {.max = OUT_MAX};
    char said[200];
    uint64_t begun = walk_time();
    size_t n = pattern_replace(p, text, with, &whole);
    bool sure = walk_time() - begun < TIME_SURE;
    bool good = replace_cut(p, text, with, cuts, &cut, said);
    struct slice want = n ? buf_slice(&whole) : text;
    if (good && sure && !holds(slice_str(said), SLICE("steps")))
        assert(slice_eq(buf_slice(&cut), want));
    buf_release(&whole);
    buf_release(&cut);
}

/* Two bytes say how; then the pattern, what takes its place, and the text, with a NUL between. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct slice rest = slice_of(data + 2, size - 2);
    struct slice pattern = slice_cut(&rest, '\0'), with = slice_cut(&rest, '\0');
    struct pattern_spec spec = {pattern, data[0] & 1, data[0] & 2};
    struct pattern *p = pattern.n <= PATTERN_MAX ? pattern_new(&spec, NULL) : NULL;
    /* \K may move a match to before what is sent. */
    if (p && replacer_can(p) && pattern_check(p, with, NULL) && !holds(pattern, SLICE("\\K")))
        compare(p, with, slice_first(rest, TEXT_MAX), (struct cuts){data[1], 1u + (data[0] >> 2)});
    pattern_free(p);
    return 0;
}
