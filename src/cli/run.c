/* The proxy from its start to its end. */
#include "cli/run.h"

#include "api/rulebook.h"
#include "api/rules_mitm.h"
#include "api/settings.h"
#include "base/log.h"
#include "base/thread.h"
#include "flow/body.h"
#include "io/sandbox.h"
#include "proxy/proxy.h"
#include "store/jsonl.h"
#include "store/writer.h"
#include "ui/dump.h"
#include "ui/library.h"
#include "ui/web/control.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* Finished flows that may wait for the writer's thread, in bytes. */
#define WAITING_MAX ((size_t)32 << 20)

#define QUERY_MAX        65536u
#define OPTION_RULES_MAX ((size_t)16 << 20)

/* The end of the workers, and work for the main thread, as a signal. All signals of this program
 * are blocked but for the thread that waits for them. */
#define SIGNAL_WAKE SIGUSR2

struct run {
    const struct run_face *face;
    const struct config *config; /* the newest; a reference */
    const struct args *args;
    struct filter *filter; /* of what is printed; NULL: everything is */
    struct budget budget;
    struct library *library;
    struct jsonl *file; /* NULL: none */
    struct dump *dump;  /* NULL: none */
    struct writer *writer;
    struct proxy *proxy;
    struct rulebook *rulebook;
    struct control *control; /* NULL: none */
    atomic_bool done;        /* what the signals are heard for */
    pthread_mutex_t lock;    /* guards 'work' */
    struct list work;        /* struct control_work, for the main thread */
    bool ended;              /* the workers have */
    unsigned stops;          /* signals to end */
    unsigned long lost;      /* flows that are missing in the file */
};

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
    if (!r->face->lines)
        return true;
    r->dump = dump_new(&(struct dump_options){
        .fd = STDOUT_FILENO,
        .color = wants_color(c),
        .json = c->json,
        .terminal = isatty(STDOUT_FILENO),
        .detail = (int)c->flow_detail,
        .filter = r->filter,
        .decode_max = (size_t)c->decode_limit,
        .decode_ratio = (unsigned)c->decode_ratio,
        .gone = run_reader_gone,
    });
    return r->dump || err_memory(e);
}

static bool
run_open_file(struct run *r, struct err *e)
{
    const char *path = r->config->save_stream_file;
    return !path || (r->file = jsonl_open(path, e));
}

static bool
run_start_writer(struct run *r, struct err *e)
{
    struct writer_sink sinks[WRITER_SINKS_MAX] = {{library_flow, library_flush, r->library}};
    struct writer_options o = {.sinks = sinks, .n_sinks = 1, .max = WAITING_MAX};
    if (r->dump)
        sinks[o.n_sinks++] = (struct writer_sink){dump_flow, dump_flush, r->dump};
    if (r->file)
        sinks[o.n_sinks++] = (struct writer_sink){jsonl_flow, jsonl_flush, r->file};
    r->writer = writer_start(&o, e);
    return r->writer;
}

/* The control API ----------------------------------------------------------------------------- */

static bool
run_adopt(struct run *r, const struct config *c, struct err *e)
{
    TRY(proxy_reload(r->proxy, c, e));
    config_unref(r->config);
    r->config = config_ref(c);
    cli_set_verbosity(c);
    if (r->control)
        control_adopt(r->control, c);
    return true;
}

/* Takes the configuration. */
static bool
run_take(struct run *r, struct config *c, struct err *e)
{
    bool good = c && run_adopt(r, c, e);
    config_unref(c);
    return good;
}

static bool
run_change(void *arg, const struct option *o, const struct settings_texts *texts, struct err *e)
{
    struct run *r = arg;
    return run_take(r, settings_with(r->config, o, texts, e), e);
}

static bool
run_merge(void *arg, struct slice text, struct err *e)
{
    struct run *r = arg;
    return run_take(r, settings_merge(r->config, text, e), e);
}

static bool
run_restore(void *arg, const struct option *o, struct err *e)
{
    struct run *r = arg;
    return run_take(r, settings_without(r->args, r->config, o, e), e);
}

/* Any thread. */
static void
run_post(void *arg, struct control_work *w)
{
    struct run *r = arg;
    pthread_mutex_lock(&r->lock);
    list_push(&r->work, &w->node);
    pthread_mutex_unlock(&r->lock);
    kill(getpid(), SIGNAL_WAKE);
}

static struct control_work *
run_next_work(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    struct list *first = list_empty(&r->work) ? NULL : r->work.next;
    if (first)
        list_remove(first);
    pthread_mutex_unlock(&r->lock);
    return first ? container_of(first, struct control_work, node) : NULL;
}

/* Once told to stop, the workers hear of nothing new. */
static void
run_do_work(struct run *r)
{
    struct control_work *w;
    while ((w = run_next_work(r))) {
        w->refused = r->stops || r->ended;
        if (!w->refused)
            w->run(w->arg);
        control_answer(r->control, w);
    }
}

static bool
run_open_control(struct run *r, struct err *e)
{
    if (!r->face->control && !r->config->api)
        return true;
    r->control = control_new(&(struct control_options){.config = r->config,
                                                       .args = r->args,
                                                       .proxy = r->proxy,
                                                       .rulebook = r->rulebook,
                                                       .library = r->library,
                                                       .post = run_post,
                                                       .change = run_change,
                                                       .merge = run_merge,
                                                       .restore = run_restore,
                                                       .host = r},
                             e);
    return r->control;
}

static bool
run_start_control(struct run *r, struct err *e)
{
    if (!r->control)
        return true;
    TRY(control_start(r->control, r->writer, e));
    struct buf url;
    buf_init(&url, 1024);
    control_url(r->control, &url);
    FILE *out = r->config->json && r->face->lines ? stderr : stdout;
    fprintf(out, "control %s\n", buf_str(&url));
    fflush(out);
    buf_release(&url);
    return true;
}

/* Nothing new is asked of anybody after this. */
static void
run_stop_control(struct run *r)
{
    control_stop(r->control);
    run_do_work(r);
}

/* Start and end ------------------------------------------------------------------------------- */

static void
run_rules(void *arg, struct rules *rules)
{
    proxy_set_rules(arg, rules);
}

/* The rules of the options; owned, NULL when they cannot be made. */
static struct arena *
run_option_rules(const struct config *c, struct rules_mitm *out, struct err *e)
{
    struct arena *a = arena_new(4096, OPTION_RULES_MAX);
    if (!a || rules_mitm_make(c, a, out, e))
        return a ? a : (err_memory(e), NULL);
    arena_free(a);
    return NULL;
}

static bool
run_open_rules(struct run *r, struct err *e)
{
    struct rules_mitm fixed;
    struct arena *a = run_option_rules(r->config, &fixed, e);
    if (!a)
        return false;
    struct rulebook_options o = {.folder = r->config->confdir,
                                 .fixed = fixed.specs,
                                 .n_fixed = fixed.n,
                                 .confined = r->config->sandbox};
    r->rulebook = rulebook_open(&o, e);
    arena_free(a);
    if (r->rulebook)
        rulebook_watch(r->rulebook, run_rules, r->proxy);
    return r->rulebook;
}

static bool
run_reload_rules(struct run *r, const struct config *c, struct err *e)
{
    struct rules_mitm fixed;
    struct arena *a = run_option_rules(c, &fixed, e);
    bool good = a && rulebook_reload(r->rulebook, fixed.specs, fixed.n, e);
    arena_free(a);
    return good;
}

/* The store may have three quarters of the memory; the rest is for what is under way. */
static bool
run_open(struct run *r, struct err *e)
{
    const struct config *c = r->config;
    size_t memory = (size_t)c->memory_limit;
    r->budget.max = memory;
    r->library = library_new(&store_memory, memory - memory / 4, e);
    TRY(r->library && run_open_dump(r, e) && run_open_file(r, e));
    TRY(r->proxy = proxy_new(c, &r->budget, e));
    TRY(run_open_rules(r, e) && run_open_control(r, e));
    return proxy_confine(r->proxy, e) && run_start_writer(r, e) &&
           proxy_start(r->proxy, r->writer, e) && run_start_control(r, e);
}

/* In this order: who asks of the others, who hands over flows, who takes them, where they go. */
static void
run_close(struct run *r)
{
    /* A change that is under way is made in the file alone. */
    if (r->rulebook)
        rulebook_watch(r->rulebook, NULL, NULL);
    if (r->proxy)
        proxy_free(r->proxy);
    /* What is under way in the engine and with the writer answers to it to the last. */
    if (r->writer)
        writer_settle(r->writer);
    control_free(r->control);
    rulebook_free(r->rulebook);
    writer_stop(r->writer);
    r->lost = jsonl_close(r->file);
    dump_free(r->dump);
    filter_unref(r->filter);
    library_free(r->library);
    config_unref(r->config);
    pthread_mutex_destroy(&r->lock);
}

/* What was opened, when not all of it could be. */
static void
run_abandon(struct run *r)
{
    if (r->proxy) {
        proxy_stop(r->proxy);
        proxy_wait(r->proxy);
    }
    r->ended = true;
    run_stop_control(r);
    run_close(r);
}

static void
run_reload(struct run *r)
{
    struct err e = {0};
    struct config *c = settings_reload(r->args, r->config, &e);
    if (c && run_reload_rules(r, c, &e) && run_adopt(r, c, &e))
        log_line(LOG_INFO, "the configuration was read again");
    else
        log_line(LOG_ERROR, "the configuration stays as it was: %s", e.text);
    config_unref(c);
}

static void
run_wait(void *arg)
{
    struct run *r = arg;
    proxy_wait(r->proxy);
    atomic_store(&r->done, true);
    kill(getpid(), SIGNAL_WAKE);
}

static void
run_flush(void *arg)
{
    struct run *r = arg;
    run_close(r);
    atomic_store(&r->done, true);
    kill(getpid(), SIGNAL_WAKE);
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
        if (sigwait(set, &number) != 0)
            continue;
        if (number == SIGNAL_WAKE)
            run_do_work(r);
        else if (number != SIGHUP)
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
    run_stop_control(r);
    atomic_store(&r->done, false);
    if (!thread_start(&flusher, "flusher", run_flush, r, e)) {
        run_close(r);
        return true;
    }
    run_signals(r, set);
    thread_join(&flusher);
    return true;
}

/* The words of the command line as one query, or else that of the options. */
static bool
read_filter(struct cli *cli, struct filter **out, struct err *e)
{
    struct buf text;
    size_t at = 0;
    const char *option = cli->config->filter;
    buf_init(&text, QUERY_MAX);
    for (const char *word = cli_word(cli); word; word = cli_word(cli)) {
        buf_append(&text, buf_len(&text) ? SLICE(" ") : SLICE_NONE);
        buf_append(&text, slice_str(word));
    }
    if (buf_len(&text) == 0 && option)
        buf_append(&text, slice_str(option));
    bool ok = !text.failed || err_set(e, ERR_USAGE, "the query is too long");
    if (ok && buf_len(&text)) {
        *out = cli_query_parse(cli, buf_slice(&text), &at, e);
        ok = *out;
        if (!ok)
            err_prefix(e, "at byte %zu of the query '%.80s'", at, buf_str(&text));
    }
    buf_release(&text);
    return ok;
}

int
run_proxy(struct cli *cli, const struct run_face *face)
{
    struct err e = {0};
    sigset_t set;
    struct filter *filter = NULL;
    if (face->lines && !read_filter(cli, &filter, &e))
        return cli_fail(&e);
    if (cli_finish(cli) != CLI_OK)
        return CLI_USAGE;
    /* Before there are threads, so that all of them have these blocked. */
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGNAL_WAKE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct run r = {
        .face = face, .filter = filter, .config = config_ref(cli->config), .args = cli->args};
    pthread_mutex_init(&r.lock, NULL);
    list_init(&r.work);
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
