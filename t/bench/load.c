/* The load generator of the bench: options, and the result as one line of JSON. */
#include "bench/lib/load.h"

#include "base/clock.h"
#include "base/scan.h"

#include <getopt.h>
#include <unistd.h>

static const char usage[] =
    "load --to ADDRESS:PORT [options]\n"
    "  --to A:P         where to connect: a proxy, a bridge, or the origin itself\n"
    "  --connect H:P    CONNECT to this first (a proxy)\n"
    "  --absolute H:P   requests in absolute form, http://H:P/PATH (a proxy, plain)\n"
    "  --ca FILE        TLS; this authority is trusted, chain and name are verified\n"
    "  --name NAME      SNI and Host; % becomes a number that grows with each connection\n"
    "  --names-from N   the first of those numbers\n"
    "  --again          make a first request that failed once more, under the same name\n"
    "  --resume         use TLS sessions again (without it every handshake is a full one)\n"
    "  --get SIZE       GET /SIZE, an answer of that many bytes is expected (1k)\n"
    "  --post SIZE      POST this many bytes; the answer says how many came\n"
    "  --ws SIZE        a WebSocket on each connection; a request is a message, its answer the "
    "echo\n"
    "  --h2             HTTP/2, one request on each connection (with --hold)\n"
    "  -c N             connections at the same time (1)\n"
    "  --per-conn N     requests on each connection, then a new one is made (0: no end)\n"
    "  --requests N, --time TIME   how much is measured\n"
    "  --warm N         requests before that, which are not counted\n"
    "  --rate N         one request at a time, this many a second\n"
    "  --hold           each connection stays open after its only request; -c are opened at a "
    "time\n"
    "  --wait           prints 'warm' behind the warm-up and waits for a line on standard input;\n"
    "                   with --hold, also before the connections are closed\n"
    "Prints one line of JSON: requests, seconds, errors, error, retries, handshakes, resumed, "
    "connections,\n"
    "bytes_in, bytes_out, p50_ms, p99_ms, held. Every answer is checked for status and length; "
    "the\n"
    "exit status is 1 when there was an error.\n"
    "\n"
    "1 KB, keep-alive, 64 connections through a proxy, then a new connection for each request:\n"
    "  origin --cert leaf.pem --mint ca.pem --https 127.0.0.1:8443 &\n"
    "  weir dump -p 8080 --upstream-ca ca.pem --threads 1 > /dev/null &\n"
    "  load --to 127.0.0.1:8080 --connect 127.0.0.1:8443 --ca ~/.weir/weir-ca-cert.pem \\\n"
    "       --name hot.bench.test --get 1k -c 64 --warm 1000 --time 5s\n"
    "  load ... -c 16 --per-conn 1 --time 5s\n";

enum option_id {
    TO = 256,
    CONNECT,
    ABSOLUTE,
    CA,
    NAME,
    NAMES_FROM,
    RESUME,
    AGAIN,
    GET,
    POST,
    WS,
    H2,
    PER_CONN,
    REQUESTS,
    TIME,
    WARM,
    RATE,
    HOLD,
    WAIT,
    HELP
};

static const struct option options[] = {{"to", 1, NULL, TO},
                                        {"connect", 1, NULL, CONNECT},
                                        {"absolute", 1, NULL, ABSOLUTE},
                                        {"ca", 1, NULL, CA},
                                        {"name", 1, NULL, NAME},
                                        {"names-from", 1, NULL, NAMES_FROM},
                                        {"resume", 0, NULL, RESUME},
                                        {"again", 0, NULL, AGAIN},
                                        {"get", 1, NULL, GET},
                                        {"post", 1, NULL, POST},
                                        {"ws", 1, NULL, WS},
                                        {"h2", 0, NULL, H2},
                                        {"per-conn", 1, NULL, PER_CONN},
                                        {"requests", 1, NULL, REQUESTS},
                                        {"time", 1, NULL, TIME},
                                        {"warm", 1, NULL, WARM},
                                        {"rate", 1, NULL, RATE},
                                        {"hold", 0, NULL, HOLD},
                                        {"wait", 0, NULL, WAIT},
                                        {"help", 0, NULL, HELP},
                                        {NULL, 0, NULL, 0}};

static uint64_t
number(const char *text)
{
    uint64_t n;
    if (!scan_size(slice_str(text), &n))
        wire_die("not a number", text);
    return n;
}

static uint64_t
duration(const char *text)
{
    uint64_t ns;
    if (!scan_duration(slice_str(text), &ns))
        wire_die("not a time", text);
    return ns;
}

static void
plan_upload(struct load_plan *p, const char *text)
{
    char digits[24];
    p->path = "";
    p->upload = number(text);
    p->expect = (uint64_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)p->upload);
}

static void
plan_option(struct load_plan *p, int option)
{
    switch (option) {
    case TO: p->to = optarg; break;
    case CONNECT: p->connect = optarg; break;
    case ABSOLUTE: p->absolute = optarg; break;
    case CA: p->ca = optarg; break;
    case NAME: p->name = optarg; break;
    case NAMES_FROM: p->names_from = number(optarg); break;
    case RESUME: p->resume = true; break;
    case AGAIN: p->again = true; break;
    case GET: p->expect = number(p->path = optarg); break;
    case POST: plan_upload(p, optarg); break;
    case WS:
        p->expect = number(p->path = optarg);
        p->protocol = LOAD_WEBSOCKET;
        break;
    case H2: p->protocol = LOAD_HTTP2; break;
    case PER_CONN: p->per_conn = number(optarg); break;
    case REQUESTS: p->requests = number(optarg); break;
    case TIME: p->time = duration(optarg); break;
    case WARM: p->warm = number(optarg); break;
    case RATE: p->rate = number(optarg); break;
    case HOLD: p->hold = true; break;
    case WAIT: p->wait = true; break;
    case 'c': p->conns = (unsigned)number(optarg); break;
    case HELP: fputs(usage, stdout); exit(0);
    default: fputs(usage, stderr); exit(2);
    }
}

static int
by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double
percentile(const struct load_result *r, double share)
{
    if (!r->n_latency)
        return 0;
    return (double)r->latency[(size_t)((double)(r->n_latency - 1) * share)] / 1e6;
}

static void
print_result(struct load_result *r, unsigned held)
{
    if (r->n_latency)
        qsort(r->latency, r->n_latency, sizeof(*r->latency), by_size);
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"errors\": %llu, \"error\": \"%s\", ",
           (unsigned long long)r->requests, (double)r->ns / 1e9, (unsigned long long)r->errors,
           r->error);
    printf("\"retries\": %llu, \"handshakes\": %llu, \"resumed\": %llu, \"connections\": %llu, ",
           (unsigned long long)r->retries, (unsigned long long)r->handshakes,
           (unsigned long long)r->resumed, (unsigned long long)r->connections);
    printf("\"bytes_in\": %llu, \"bytes_out\": %llu, \"p50_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"held\": %u}\n",
           (unsigned long long)r->bytes_in, (unsigned long long)r->bytes_out, percentile(r, 0.5),
           percentile(r, 0.99), held);
    fflush(stdout);
}

static void
wait_for_line(void)
{
    int c;
    while ((c = getchar()) != EOF && c != '\n')
        ;
}

int
main(int argc, char **argv)
{
    struct load_plan plan = {.name = "hot.bench.test", .path = "1k", .expect = 1024, .conns = 1};
    for (int o; (o = getopt_long(argc, argv, "c:", options, NULL)) != -1;)
        plan_option(&plan, o);
    if (!plan.to || optind < argc || !plan.conns || (!plan.requests && !plan.time))
        wire_die("missing: --to, or --requests or --time; see --help; got",
                 argv[optind] ? argv[optind] : "");
    wire_setup();
    struct load_result warm = {0}, r = {0};
    struct load *l = load_new(&plan);
    if (plan.warm)
        load_run(l, plan.warm, 0, &warm);
    if (plan.wait) {
        puts("warm");
        fflush(stdout);
        wait_for_line();
    }
    load_run(l, plan.requests, plan.time, &r);
    if (warm.errors && !r.errors) {
        r.errors = warm.errors;
        memcpy(r.error, warm.error, sizeof(r.error));
    }
    print_result(&r, plan.hold ? load_held(l) : 0);
    if (plan.wait && plan.hold)
        wait_for_line();
    load_free(l);
    free(warm.latency);
    free(r.latency);
    return r.errors > 0;
}
