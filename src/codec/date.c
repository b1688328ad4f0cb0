/* Dates as HTTP writes them, without the C library's calendar and its locale. */
#include "codec/date.h"

#define SECONDS_PER_DAY 86400u
#define LAST_SECOND     253402300799u /* 9999-12-31 23:59:59 */

struct day {
    unsigned year, month, day; /* month 0 is January */
};

/*
 * The proleptic Gregorian calendar, counted in years that begin in March, so that the leap day is
 * the last day of a year and month lengths follow a formula.
 */
static struct day
day_of(unsigned days_since_1970)
{
    unsigned days = days_since_1970 + 719468; /* since 0000-03-01 */
    unsigned era = days / 146097, of_era = days % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned from_march = (5 * of_year + 2) / 153;
    struct day d = {.day = of_year - (153 * from_march + 2) / 5 + 1};
    d.month = (from_march + 2) % 12;
    d.year = era * 400 + year + (d.month < 2 ? 1 : 0);
    return d;
}

void
date_print(struct buf *out, uint64_t unix_seconds)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    uint64_t s = MIN(unix_seconds, LAST_SECOND);
    unsigned days_since_1970 = (unsigned)(s / SECONDS_PER_DAY);
    unsigned of_day = (unsigned)(s % SECONDS_PER_DAY);
    struct day d = day_of(days_since_1970);
    buf_printf(out, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[days_since_1970 % 7], d.day,
               months[d.month], d.year, of_day / 3600, of_day / 60 % 60, of_day % 60);
}
