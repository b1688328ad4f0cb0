/* The sandbox by configuration. */
#include "proxy/confine.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/sandbox.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>

/* The file of '@FILE', or NULL. */
static const char *
password_file(const struct config *c)
{
    return c->proxyauth && c->proxyauth[0] == '@' ? c->proxyauth + 1 : NULL;
}

#define RULE_FILES_MAX 1000

/* What may be opened from now on. */
struct opened {
    char rules[4096];
    struct sandbox_file files[RULE_FILES_MAX];
    size_t n;
};

static void
open_for_rule(void *arg, const char *path)
{
    struct opened *o = arg;
    if (o->n < RULE_FILES_MAX)
        o->files[o->n++] = (struct sandbox_file){.path = path};
}

static void
open_for_rules(struct opened *o, const struct rules *rules)
{
    for (size_t i = 0; rules && i < rules_count(rules); i++)
        rule_files(rules_at(rules, i), open_for_rule, o);
}

static void
open_for_options(struct opened *o, const struct config *c)
{
    snprintf(o->rules, sizeof(o->rules), "%s/" RULES_FOLDER, c->confdir);
    const struct sandbox_file files[] = {
        {.path = o->rules, .write = true, .make = true},
        {.path = c->confdir},
        {.path = c->upstream_ca},
        {.path = c->upstream_crl},
        {.path = c->client_certs},
        {.path = password_file(c)},
        {.path = getenv("SSL_CERT_FILE")},
        {.path = getenv("SSL_CERT_DIR")},
        {.path = c->port_file, .write = true},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        o->files[o->n++] = files[i];
}

bool
confine(const struct config *c, const struct rules *rules, struct err *e)
{
    if (!c->sandbox)
        return true;
    struct opened *o = mem_zalloc(sizeof *o);
    if (!o)
        return err_memory(e);
    open_for_options(o, c);
    open_for_rules(o, rules);
    struct buf holds;
    buf_init(&holds, 4096);
    bool good = sandbox_enter(o->files, o->n, &holds, e);
    mem_free(o);
    if (good) {
        err_explain_denied(" (unless it is the sandbox, which lets only be opened what was named "
                           "at the start: start again, or with --no-sandbox)");
        log_line(LOG_DEBUG, "the sandbox holds: %s", buf_str(&holds));
    }
    buf_release(&holds);
    return good;
}
