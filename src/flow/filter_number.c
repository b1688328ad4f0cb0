/* Numbers, sizes, durations and times as they are written in a query. */
#include "flow/filter_make.h"

#include "base/clock.h"
#include "base/scan.h"

#include <time.h>

#define YEAR_3000 32503680000ll /* nanoseconds of years near it would not fit any more */
#define LATEST    ((uint64_t)(UINT64_MAX / NS_PER_S))

struct unit {
    const char *name;
    uint64_t n;
};

static const struct unit size_units[] = {
    {"G", (uint64_t)1 << 30},
    {"M", (uint64_t)1 << 20},
    {"k", (uint64_t)1 << 10},
    {NULL, 1},
};
static const struct unit duration_units[] = {
    {"d", 86400 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {"m", 60 * NS_PER_S},
    {"s", NS_PER_S},         {"ms", NS_PER_MS},      {NULL, 1},
};

/* "2026-01-31", or with a time, in UTC unless a zone is said; RFC 3339, RFC 9110. Each form says
 * how many seconds it may mean. */
static const struct {
    const char *format;
    unsigned seconds;
} time_forms[] = {
    {"%Y-%m-%d", 86400},      {"%Y-%m-%dT%H:%M", 60},           {"%Y-%m-%dT%H:%MZ", 60},
    {"%Y-%m-%dT%H:%M:%S", 1}, {"%Y-%m-%dT%H:%M:%SZ", 1},        {"%Y-%m-%dT%H:%M:%S%z", 1},
    {"%Y-%m-%d %H:%M:%S", 1}, {"%a, %d %b %Y %H:%M:%S GMT", 1},
};

static bool
read_time(struct slice s, uint64_t *lo, uint64_t *hi)
{
    char text[48] = {0};
    if (s.n == 0 || s.n >= sizeof(text) || slice_find(s, '\0') < s.n)
        return false;
    memcpy(text, s.p, s.n);
    for (size_t i = 0; i < ARRAY_LEN(time_forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, time_forms[i].format, &tm);
        if (!end || *end)
            continue;
        long offset = tm.tm_gmtoff; /* timegm clears it */
        long long t = (long long)timegm(&tm) - offset;
        if (t < 0 || (uint64_t)t + 86400 > LATEST || t > YEAR_3000)
            return false;
        *lo = (uint64_t)t * NS_PER_S;
        *hi = *lo + time_forms[i].seconds * NS_PER_S - 1;
        return true;
    }
    return false;
}

/* "4xx". */
static bool
read_class(struct slice s, uint64_t *lo, uint64_t *hi)
{
    if (s.n != 3 || s.p[0] < '1' || s.p[0] > '9' || !slice_eq_nocase(slice_from(s, 1), SLICE("xx")))
        return false;
    *lo = (uint64_t)(s.p[0] - '0') * 100;
    *hi = *lo + 99;
    return true;
}

static bool
read_one(enum filter_type type, struct slice s, uint64_t *lo, uint64_t *hi)
{
    if (type == FILTER_TIME)
        return read_time(s, lo, hi);
    if (type == FILTER_NUMBER && read_class(s, lo, hi))
        return true;
    if (type == FILTER_SIZE)
        TRY(scan_size(s, lo));
    else if (type == FILTER_DURATION)
        TRY(scan_duration(s, lo));
    else
        TRY(scan_u64(s, UINT64_MAX, lo));
    *hi = *lo;
    return true;
}

bool
filter_number_read(enum filter_type type, struct slice s, uint64_t *lo, uint64_t *hi)
{
    uint64_t ignored;
    for (size_t i = 0; i + 2 < s.n; i++)
        if (s.p[i] == '.' && s.p[i + 1] == '.')
            return read_one(type, slice_first(s, i), lo, &ignored) &&
                   read_one(type, slice_from(s, i + 2), &ignored, hi) && *lo <= *hi;
    return read_one(type, s, lo, hi);
}

static void
print_unit(const struct unit *u, uint64_t n, struct buf *out)
{
    while (u->name && (n == 0 || n % u->n))
        u++;
    buf_u64(out, n / u->n);
    buf_append(out, slice_str(u->name));
}

static void
print_instant(uint64_t ns, unsigned seconds, struct buf *out)
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm = {0};
    char text[48];
    gmtime_r(&t, &tm);
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_append(out, slice_first(slice_of(text, n), seconds == 86400 ? 10
                                                   : seconds == 60  ? 16
                                                                    : 19));
}

static void
print_time(uint64_t lo, uint64_t hi, struct buf *out)
{
    static const unsigned lengths[] = {86400, 60, 1};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        if (hi - lo == lengths[i] * NS_PER_S - 1 && lo / NS_PER_S % lengths[i] == 0) {
            print_instant(lo, lengths[i], out);
            return;
        }
    print_instant(lo, 1, out);
    buf_append(out, SLICE(".."));
    print_instant(hi, 1, out);
}

void
filter_number_print(enum filter_type type, uint64_t lo, uint64_t hi, struct buf *out)
{
    const struct unit *units = type == FILTER_SIZE       ? size_units
                               : type == FILTER_DURATION ? duration_units
                                                         : &size_units[3];
    if (type == FILTER_TIME) {
        print_time(lo, hi, out);
        return;
    }
    if (type == FILTER_NUMBER && lo >= 100 && lo < 1000 && lo % 100 == 0 && hi == lo + 99) {
        buf_printf(out, "%cxx", (char)('0' + lo / 100));
        return;
    }
    print_unit(units, lo, out);
    if (lo == hi)
        return;
    buf_append(out, SLICE(".."));
    print_unit(units, hi, out);
}
