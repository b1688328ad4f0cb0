/* Certificates, as far as one looks for them (RFC 5280, X.690). */
#include "codec/cert.h"

#include "base/scan.h"

#include <arpa/inet.h>
#include <time.h>

enum tag {
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_UTC_TIME = 0x17,
    TAG_TIME = 0x18,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_VERSION = 0xa0,
    TAG_EXTENSIONS = 0xa3,
    TAG_MAIL = 0x81,
    TAG_DNS = 0x82,
    TAG_URI = 0x86,
    TAG_IP = 0x87,
};

static const struct slice oid_common_name = {"\x55\x04\x03", 3};
static const struct slice oid_alt_names = {"\x55\x1d\x11", 3};

/* Takes the next element off the front: its tag and what is in it. */
static bool
take(struct slice *s, unsigned *tag, struct slice *inside)
{
    if (s->n < 2)
        return false;
    const unsigned char *p = (const unsigned char *)s->p;
    size_t len = p[1], head = 2;
    if (len & 0x80) {
        size_t bytes = len & 0x7f;
        if (bytes == 0 || bytes > 4 || s->n < 2 + bytes)
            return false;
        for (len = 0; head < 2 + bytes; head++)
            len = len << 8 | p[head];
    }
    if (len > s->n - head)
        return false;
    *tag = p[0];
    *inside = slice_of(s->p + head, len);
    *s = slice_from(*s, head + len);
    return true;
}

static bool
take_tag(struct slice *s, unsigned wanted, struct slice *inside)
{
    unsigned tag;
    struct slice rest = *s;
    if (!take(&rest, &tag, inside) || tag != wanted)
        return false;
    *s = rest;
    return true;
}

static bool
read_number(struct slice *s, size_t digits, int *out)
{
    uint64_t n;
    if (s->n < digits || !scan_u64(slice_first(*s, digits), 9999, &n))
        return false;
    *out = (int)n;
    *s = slice_from(*s, digits);
    return true;
}

/* "YYMMDDHHMMSSZ", or with four digits of the year (section 4.1.2.5). */
static bool
take_time(struct slice *s, uint64_t *out)
{
    unsigned tag;
    struct slice t;
    struct tm tm = {0};
    if (!take(s, &tag, &t) || (tag != TAG_UTC_TIME && tag != TAG_TIME))
        return false;
    bool whole = tag == TAG_TIME;
    if (!read_number(&t, whole ? 4 : 2, &tm.tm_year) || !read_number(&t, 2, &tm.tm_mon) ||
        !read_number(&t, 2, &tm.tm_mday) || !read_number(&t, 2, &tm.tm_hour) ||
        !read_number(&t, 2, &tm.tm_min) || !read_number(&t, 2, &tm.tm_sec))
        return false;
    tm.tm_year += whole ? -1900 : tm.tm_year < 50 ? 100 : 0;
    tm.tm_mon--;
    time_t at = timegm(&tm);
    *out = at > 0 ? (uint64_t)at : 0;
    return slice_eq(t, SLICE("Z"));
}

static void
find_alt_names(struct slice extensions, struct slice *out)
{
    struct slice all, one, oid, value;
    if (!take_tag(&extensions, TAG_SEQUENCE, &all))
        return;
    while (take_tag(&all, TAG_SEQUENCE, &one)) {
        unsigned tag = 0;
        if (!take_tag(&one, TAG_OID, &oid) || !slice_eq(oid, oid_alt_names))
            continue;
        while (take(&one, &tag, &value))
            if (tag == TAG_OCTETS && !take_tag(&value, TAG_SEQUENCE, out))
                return;
    }
}

/* From the serial number to the subject (section 4.1). */
static bool
take_fields(struct slice *body, struct cert *c)
{
    struct slice serial, algorithm, validity;
    unsigned tag;
    return take(body, &tag, &serial) && take_tag(body, TAG_SEQUENCE, &algorithm) &&
           take_tag(body, TAG_SEQUENCE, &c->issuer) && take_tag(body, TAG_SEQUENCE, &validity) &&
           take_time(&validity, &c->not_before) && take_time(&validity, &c->not_after) &&
           take_tag(body, TAG_SEQUENCE, &c->subject);
}

bool
cert_read(struct slice der, struct cert *out)
{
    struct slice cert, body, version, rest;
    struct cert c = {0};
    unsigned tag;
    if (!take_tag(&der, TAG_SEQUENCE, &cert) || !take_tag(&cert, TAG_SEQUENCE, &body))
        return false;
    take_tag(&body, TAG_VERSION, &version); /* version 1 does not say it */
    if (!take_fields(&body, &c))
        return false;
    while (take(&body, &tag, &rest))
        if (tag == TAG_EXTENSIONS)
            find_alt_names(rest, &c.alt_names);
    *out = c;
    return true;
}

bool
cert_each_attribute(struct slice name, bool common, cert_each_fn *fn, void *arg)
{
    struct slice set, pair, oid, value;
    unsigned tag;
    while (take_tag(&name, TAG_SET, &set))
        while (take_tag(&set, TAG_SEQUENCE, &pair)) {
            bool wanted = take_tag(&pair, TAG_OID, &oid) && take(&pair, &tag, &value) &&
                          (!common || slice_eq(oid, oid_common_name));
            if (wanted && fn(arg, value))
                return true;
        }
    return false;
}

static bool
say_ip(struct slice ip, cert_each_fn *fn, void *arg)
{
    char text[INET6_ADDRSTRLEN];
    if (ip.n != 4 && ip.n != 16)
        return false;
    return inet_ntop(ip.n == 4 ? AF_INET : AF_INET6, ip.p, text, sizeof(text)) &&
           fn(arg, slice_str(text));
}

bool
cert_each_alt_name(const struct cert *c, cert_each_fn *fn, void *arg)
{
    struct slice rest = c->alt_names, value;
    unsigned tag;
    while (take(&rest, &tag, &value)) {
        bool text = tag == TAG_DNS || tag == TAG_MAIL || tag == TAG_URI;
        if (text ? fn(arg, value) : tag == TAG_IP && say_ip(value, fn, arg))
            return true;
    }
    return false;
}
