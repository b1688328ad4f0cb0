/* weir dump: the proxy, with a line on standard output for each exchange. */
#include "ui/dump.h"
#include "api/settings.h"
#include "base/log.h"
#include "base/thread.h"
#include "cli/cli.h"
#include "flow/body.h"
#include "io/sandbox.h"
#include "proxy/proxy.h"
#include "store/jsonl.h"
#include "store/store.h"
#include "store/writer.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* Finished flows that may wait for the writer's thread, in bytes. */
#define WAITING_MAX ((size_t)32 << 20)

/* The end of the workers, as a signal. All signals of this program are blocked but for the thread
 * that waits for them. */
#define SIGNAL_ENDED SIGUSR2

struct run {
    const struct config *config; /* the newest; a reference */
    const struct args *args;
    struct budget budget;
    void *store;
    struct jsonl *file; /* NULL: none */
    struct dump *dump;
    struct writer *writer;
    struct proxy *proxy;
    atomic_bool done;   /* what the signals are heard for */
    bool ended;         /* the workers have */
    unsigned stops;     /* signals to end */
    unsigned long lost; /* flows that are missing in the file */
};

static void
run_store_flow(void *arg, struct flow *f)
{
    struct run *r = arg;
    struct err e = {0};
    if (!store_memory.put(r->store, f, &e))
        log_line(LOG_WARN, "a flow is not kept: %s", e.text);
}

/* Whoever reads the lines has gone away: there is nobody left to work for. */
static void
run_reader_gone(void *arg)
{
    (void)arg;
    kill(getpid(), SIGTERM);
}

static bool
wants_color(const struct config *c)
{
    const char *no_color = getenv("NO_COLOR");
    if (slice_eq(slice_str(c->color), SLICE("auto")))
        return isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
    return slice_eq(slice_str(c->color), SLICE("always"));
}

static bool
run_open_dump(struct run *r, struct err *e)
{
    const struct config *c = r->config;
    r->dump = dump_new(&(struct dump_options){
        .fd = STDOUT_FILENO,
        .color = wants_color(c),
        .json = c->json,
        .terminal = isatty(STDOUT_FILENO),
        .detail = (int)c->flow_detail,
        .decode_max = (size_t)c->decode_limit,
        .decode_ratio = (unsigned)c->decode_ratio,
        .gone = run_reader_gone,
    });
    return r->dump || err_memory(e);
}

static bool
run_start_writer(struct run *r, struct err *e)
{
    struct writer_sink sinks[WRITER_SINKS_MAX] = {
        {run_store_flow, NULL, r},
        {dump_flow, dump_flush, r->dump},
        {jsonl_flow, jsonl_flush, r->file},
    };
    struct writer_options o = {.sinks = sinks, .n_sinks = r->file ? 3 : 2, .max = WAITING_MAX};
    r->writer = writer_start(&o, e);
    return r->writer;
}

/* The store may have three quarters of the memory; the rest is for what is under way. */
static bool
run_open(struct run *r, struct err *e)
{
    const struct config *c = r->config;
    size_t memory = (size_t)c->memory_limit;
    r->budget.max = memory;
    r->store = store_memory.open(&(struct store_options){.max = memory - memory / 4}, e);
    TRY(r->store && run_open_dump(r, e));
    if (c->save_stream_file)
        TRY(r->file = jsonl_open(c->save_stream_file, e));
    TRY(r->proxy = proxy_new(c, &r->budget, e));
    return proxy_confine(r->proxy, e) && run_start_writer(r, e) &&
           proxy_start(r->proxy, r->writer, e);
}

/* In this order: who hands over flows, who takes them, where they go. */
static void
run_close(struct run *r)
{
    if (r->proxy)
        proxy_free(r->proxy);
    writer_stop(r->writer);
    r->lost = jsonl_close(r->file);
    dump_free(r->dump);
    store_memory.close(r->store);
    config_unref(r->config);
}

/* What was opened, when not all of it could be. */
static void
run_abandon(struct run *r)
{
    if (r->proxy) {
        proxy_stop(r->proxy);
        proxy_wait(r->proxy);
    }
    run_close(r);
}

static void
run_reload(struct run *r)
{
    struct err e = {0};
    struct config *c = settings_reload(r->args, r->config, &e);
    if (!c || !proxy_reload(r->proxy, c, &e)) {
        log_line(LOG_ERROR, "the configuration stays as it was: %s", e.text);
        config_unref(c);
        return;
    }
    config_unref(r->config);
    r->config = c;
    cli_set_verbosity(c);
    log_line(LOG_INFO, "the configuration was read again");
}

static void
run_wait(void *arg)
{
    struct run *r = arg;
    proxy_wait(r->proxy);
    atomic_store(&r->done, true);
    kill(getpid(), SIGNAL_ENDED);
}

static void
run_flush(void *arg)
{
    struct run *r = arg;
    run_close(r);
    atomic_store(&r->done, true);
    kill(getpid(), SIGNAL_ENDED);
}

/* The first lets finish what is running, the second ends that, and what still waits then is a
 * reader of ours that reads nothing. */
static void
run_stop(struct run *r)
{
    if (++r->stops > 2) {
        log_line(LOG_ERROR, "ended before all flows were written");
        _exit(CLI_FAILED);
    }
    if (!r->ended)
        proxy_stop(r->proxy);
}

/* Until another thread is done. Once told to stop, the workers do not change their configuration
 * any more. */
static void
run_signals(struct run *r, const sigset_t *set)
{
    int number = 0;
    while (!atomic_load(&r->done)) {
        if (sigwait(set, &number) != 0 || number == SIGNAL_ENDED)
            continue;
        if (number != SIGHUP)
            run_stop(r);
        else if (!r->stops && !r->ended)
            run_reload(r);
    }
}

/* The workers, then what they have left behind: both may take their time, and signals are heard
 * meanwhile. */
static bool
run_to_end(struct run *r, const sigset_t *set, struct err *e)
{
    struct thread waiter, flusher;
    if (!thread_start(&waiter, "waiter", run_wait, r, e)) {
        run_abandon(r);
        return false;
    }
    run_signals(r, set);
    thread_join(&waiter);
    r->ended = true;
    atomic_store(&r->done, false);
    if (!thread_start(&flusher, "flusher", run_flush, r, e)) {
        run_close(r);
        return true;
    }
    run_signals(r, set);
    thread_join(&flusher);
    return true;
}

static int
run_dump(struct cli *cli)
{
    struct err e = {0};
    sigset_t set;
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    /* Before there are threads, so that all of them have these blocked. */
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGNAL_ENDED);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct run r = {.config = config_ref(cli->config), .args = cli->args};
    if (cli->config->sandbox)
        sandbox_hide();
    if (!run_open(&r, &e)) {
        run_abandon(&r);
        if (e.code != ERR_USAGE)
            e.code = ERR_START;
        return cli_fail(&e);
    }
    if (!run_to_end(&r, &set, &e))
        return cli_fail(&e);
    return r.lost ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_dump = {
    .name = "dump",
    .args = "[options]",
    .help = "the proxy, with one line per exchange on standard output",
    .more = "Set 127.0.0.1:8080 as the HTTP and HTTPS proxy of a program, and open\n"
            "http://weir.it/ through it for the certificate that it must trust.\n",
    .proxy = true,
    .run = run_dump,
};
