/*
 * The first message of a TLS client (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2), read from
 * its records before any TLS library sees them: what it offers, and its JA3 and JA4 fingerprints.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

#include <stdint.h>

enum hello_result {
    HELLO_MORE,
    HELLO_OK,
    HELLO_NOT_TLS,
    HELLO_BAD,        /* cannot be read, or is larger than we read */
    HELLO_ILLEGAL,    /* says what must not be said */
    HELLO_OVERFLOW,   /* a record that is longer than records may be */
    HELLO_UNEXPECTED, /* another message, or another record within */
};

/* The handshake message may be so large, in up to 64 records; what is larger is HELLO_BAD. */
#define HELLO_MAX ((size_t)64 * 1024)

#define HELLO_VERSIONS   16
#define HELLO_CIPHERS    256
#define HELLO_EXTENSIONS 64
#define HELLO_GROUPS     64
#define HELLO_FORMATS    8
#define HELLO_SIG_ALGS   64
#define HELLO_ALPN       16

/* Lists are in the order of the wire, with GREASE values (RFC 8701) in them. */
struct hello {
    uint16_t record_version; /* of the first record */
    uint16_t legacy_version;
    uint16_t versions[HELLO_VERSIONS]; /* supported_versions; none when the extension is absent */
    uint16_t ciphers[HELLO_CIPHERS];
    uint16_t extensions[HELLO_EXTENSIONS];
    uint16_t groups[HELLO_GROUPS];
    uint16_t sig_algs[HELLO_SIG_ALGS];
    uint8_t formats[HELLO_FORMATS]; /* ec_point_formats */
    struct slice alpn[HELLO_ALPN];
    unsigned n_versions, n_ciphers, n_extensions, n_groups, n_sig_algs, n_formats, n_alpn;
    struct slice sni; /* host_name as spelt; empty when there is none */
    bool sni_valid;   /* a host name as in RFC 6066: no IP literal, no dot at the end, ASCII */
    bool has_sni;     /* the extension is there, valid or not */
    bool session_id;  /* not empty */
    bool psk, early_data, ech;
    bool ticket; /* brings a session ticket (TLS 1.2) */
    bool cut;    /* a list is longer than its array; more than HELLO_EXTENSIONS are HELLO_BAD */
    uint16_t version;        /* the best that is offered: 0x0304 and so on */
    bool accepts_ecdsa_p256; /* a P-256 ECDSA certificate will do, in whatever version it offers */
    bool accepts_rsa;        /* so will an RSA certificate */
    size_t size;             /* bytes of 'in' that the message takes, with record headers */
};

/*
 * 'in' is all that arrived so far, from the first byte. Slices of 'out' point into 'in', or into
 * 'scratch' when the message came in several records: both must outlive 'out'. 'scratch' is an
 * empty buf of the caller with a max of HELLO_MAX or more. HELLO_NOT_TLS as soon as the first bytes
 * cannot be a TLS handshake record; what follows it in the enum when it is one, but wrong;
 * HELLO_BAD when there is no memory. Sets 'out' with HELLO_OK only.
 */
enum hello_result hello_parse(struct slice in, struct buf *scratch, struct hello *out) MUST_CHECK;

/* Sets accepts_ecdsa_p256 and accepts_rsa from the lists; hello_parse has done so. */
void hello_decide_keys(struct hello *h);

/* Reserved values of RFC 8701. */
static inline bool
hello_is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* JA3 before its MD5: "771,4865-4866,0-23,29-23,0". */
void hello_ja3_text(const struct hello *h, struct buf *out);
/* The first part of JA4 over TCP: "t13d1516h2". */
void hello_ja4_a(const struct hello *h, struct buf *out);
/* The second and third part before SHA-256 (12 hex digits of it go into the fingerprint). When the
 * text is empty the part is "000000000000" instead of a hash. */
void hello_ja4_b_text(const struct hello *h, struct buf *out);
void hello_ja4_c_text(const struct hello *h, struct buf *out);
