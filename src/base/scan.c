/* Checked readers of numbers and words. */
#include "base/scan.h"

#include "base/clock.h"

static bool
digit_at(struct slice s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* The decimal number at the front of *s, which is moved behind it. */
static bool
take_number(struct slice *s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; digit_at(*s, i); i++) {
        unsigned digit = (unsigned)(s->p[i] - '0');
        if (v > max / 10 || digit > max - v * 10)
            return false;
        v = v * 10 + digit;
    }
    if (i == 0)
        return false;
    *s = slice_from(*s, i);
    *out = v;
    return true;
}

bool
scan_u64(struct slice s, uint64_t max, uint64_t *out)
{
    uint64_t v;
    TRY(take_number(&s, max, &v));
    if (s.n)
        return false;
    *out = v;
    return true;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
scan_hex(struct slice s, uint64_t *out)
{
    if (s.n == 0 || s.n > 16)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        int digit = hex_value(s.p[i]);
        if (digit < 0)
            return false;
        v = v << 4 | (uint64_t)digit;
    }
    *out = v;
    return true;
}

bool
scan_size(struct slice s, uint64_t *out)
{
    static const char units[] = "kmgt";
    uint64_t v;
    TRY(take_number(&s, UINT64_MAX, &v));
    unsigned shift = 0;
    for (unsigned i = 0; s.n && units[i]; i++)
        if ((s.p[0] | 0x20) == units[i])
            shift = 10 * (i + 1);
    if (shift)
        s = slice_from(s, 1);
    if (s.n == 1 && (s.p[0] | 0x20) == 'b')
        s = slice_from(s, 1);
    if (s.n || v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

bool
scan_duration(struct slice s, uint64_t *out_ns)
{
    static const struct {
        struct slice unit;
        uint64_t ns;
    } units[] = {
        {{"", 0}, NS_PER_S},       {{"ms", 2}, NS_PER_MS},      {{"s", 1}, NS_PER_S},
        {{"m", 1}, 60 * NS_PER_S}, {{"h", 1}, 3600 * NS_PER_S}, {{"d", 1}, 86400 * NS_PER_S},
    };
    uint64_t v;
    TRY(take_number(&s, UINT64_MAX, &v));
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!slice_eq(s, units[i].unit) || v > UINT64_MAX / units[i].ns)
            continue;
        *out_ns = v * units[i].ns;
        return true;
    }
    return false;
}

bool
scan_bool(struct slice s, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!slice_eq(s, slice_str(words[i])))
            continue;
        *out = i % 2;
        return true;
    }
    return false;
}

bool
scan_glob(struct slice pattern, struct slice s)
{
    size_t p = 0, i = 0, star = pattern.n, from = 0;
    while (i < s.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = i;
        } else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
            p++;
            i++;
        } else if (star < pattern.n) {
            /* Only the last star needs to take more: an earlier one could gain nothing. */
            p = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

#define LONGEST_WORD 64

/* Turns the distances of the word before 'letter' to every beginning of b into those with it. */
static void
distance_step(unsigned *row, struct slice b, char letter)
{
    unsigned diagonal = row[0]++;
    for (size_t j = 1; j <= b.n; j++) {
        unsigned replaced = diagonal + (letter != b.p[j - 1]);
        unsigned changed = MIN(row[j], row[j - 1]) + 1;
        diagonal = row[j];
        row[j] = MIN(changed, replaced);
    }
}

unsigned
scan_distance(struct slice a, struct slice b, unsigned cap)
{
    if (a.n > LONGEST_WORD || b.n > LONGEST_WORD)
        return cap;
    unsigned row[LONGEST_WORD + 1];
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++)
        distance_step(row, b, a.p[i]);
    return MIN(row[b.n], cap);
}
