/* weir verify-chain: judges a certificate chain by the code that judges servers. */
#include "base/buf.h"
#include "base/scan.h"
#include "base/slice.h"
#include "cli/cli.h"
#include "pki/pem.h"
#include "pki/trust.h"

#include <time.h>

struct query {
    struct trust_options roots;
    const char *name, *at_text, *staple_file, *chain_file;
    time_t at;
    struct pem chain;
    struct buf staple;
};

/* Seconds since 1970, or ISO 8601: a day, or a day and a time, with or without a zone (UTC then).
 */
static bool
parse_time(const char *text, time_t *out, struct err *e)
{
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"};
    uint64_t seconds;
    if (scan_u64(slice_str(text), INT64_MAX / 1000, &seconds)) {
        /* For trust_verify 0 is now. */
        *out = (time_t)MAX(seconds, 1u);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, formats[i], &tm);
        if (end && *end == '\0') {
            long offset = tm.tm_gmtoff; /* timegm clears it */
            *out = timegm(&tm) - offset;
            return true;
        }
    }
    return err_set(e, ERR_USAGE, "'%s' is no time: seconds since 1970 or 2026-01-31T12:00:00Z",
                   text);
}

static bool
read_words(struct cli *cli, struct query *q, struct err *e)
{
    q->roots.ca = cli_flag(cli, "ca");
    q->roots.crl = cli_flag(cli, "crl");
    q->name = cli_flag(cli, "name");
    q->at_text = cli_flag(cli, "at");
    q->staple_file = cli_flag(cli, "staple");
    if (!q->name)
        return err_set(e, ERR_USAGE, "verify-chain needs the host with --name");
    if (q->at_text)
        TRY(parse_time(q->at_text, &q->at, e));
    q->chain_file = cli_word(cli);
    return q->chain_file || err_set(e, ERR_USAGE, "verify-chain needs a file with the chain");
}

/* What cannot be read is wrong usage here: status 1 is kept for a chain that is refused. */
static bool
read_files(struct query *q, struct err *e)
{
    bool ok = pem_load(&q->chain, q->chain_file, PEM_CERTS, NULL, e) &&
              (!q->staple_file || pem_read_file(q->staple_file, &q->staple, e));
    if (ok && sk_X509_num(q->chain.certs) == 0)
        ok = err_set(e, ERR_USAGE, "there is no certificate in '%s'", q->chain_file);
    if (!ok)
        e->code = ERR_USAGE;
    return ok;
}

static int
judge(const struct query *q)
{
    struct err err = {0};
    struct verdict v;
    struct trust *trust = trust_new(&q->roots, &err);
    if (!trust) {
        err.code = ERR_USAGE;
        return cli_fail(&err);
    }
    struct trust_query query = {
        .chain = q->chain.certs,
        .host = slice_str(q->name),
        .at = q->at,
        .staple = buf_slice(&q->staple),
    };
    bool ok = trust_verify(trust, &query, &v);
    printf("verdict: %s\n%s\n", verdict_word(v.reason),
           v.text[0] ? v.text : verdict_help(v.reason));
    trust_unref(trust);
    return ok ? CLI_OK : CLI_FAILED;
}

static int
run_verify_chain(struct cli *cli)
{
    struct err err = {0};
    struct query q = {0};
    if (!read_words(cli, &q, &err))
        return cli_fail(&err);
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    buf_init(&q.staple, PEM_MAX_FILE);
    int status = read_files(&q, &err) ? judge(&q) : cli_fail(&err);
    buf_release(&q.staple);
    pem_release(&q.chain);
    return status;
}

static const struct cli_flag verify_chain_flags[] = {
    {"ca", "FILE|DIR", "trusted roots (the system's)"},
    {"name", "HOST", "name or address that the server was asked for"},
    {"at", "TIME", "when: seconds since 1970 or ISO 8601 (now)"},
    {"staple", "FILE", "OCSP response that came with it, DER"},
    {"crl", "FILE", "revocation lists, PEM"},
    {NULL, NULL, NULL},
};

const struct cli_command cli_verify_chain = {
    .name = "verify-chain",
    .args = "--name HOST [--ca FILE|DIR] [--at TIME] [--staple FILE] [--crl FILE] CHAIN.pem",
    .help = "judges a certificate chain as the proxy judges a server's",
    .more = "The file has the server's certificate first. Status 0: good, 1: refused, 2: wrong "
            "usage.\n",
    .flags = verify_chain_flags,
    .run = run_verify_chain,
};
