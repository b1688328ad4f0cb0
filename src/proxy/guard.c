/* Addresses that may use the proxy, and addresses that it may reach. */
#include "proxy/guard.h"

#include "io/sock.h"
#include "proxy/worker.h"

#include <string.h>

bool
guard_client(const struct config *c, const struct sockaddr *from, struct failure *why)
{
    char text[64];
    if (sock_is_loopback(from))
        return true;
    const char *rule = NULL;
    if (c->block_global && sock_is_global(from))
        rule = "block-global";
    else if (c->block_private && !sock_is_global(from))
        rule = "block-private";
    if (!rule)
        return true;
    sock_text(from, text, sizeof(text));
    failure_set(why, REASON_BLOCKED_CLIENT, "'%s' is refused by '%s'", text, rule);
    return false;
}

static bool
guard_matches(const char *rule, const struct sockaddr *to)
{
    bool in = false;
    if (strcmp(rule, "loopback") == 0)
        return sock_is_loopback(to);
    if (strcmp(rule, "link-local") == 0)
        return sock_is_link_local(to);
    if (strcmp(rule, "private") == 0)
        return sock_is_private(to);
    return sock_in_cidr(to, rule, &in) && in;
}

bool
guard_target(const struct worker *w, const struct config *c, const struct sockaddr *to,
             struct failure *why)
{
    char text[64];
    sock_text(to, text, sizeof(text));
    if (worker_is_own(w, to)) {
        failure_set(why, REASON_OWN_LISTENER, "'%s'", text);
        return false;
    }
    for (const char **rule = c->deny_targets; rule && *rule; rule++) {
        if (!guard_matches(*rule, to))
            continue;
        failure_set(why, REASON_DENIED_TARGET, "'%s' is refused by 'deny-targets %s'", text, *rule);
        return false;
    }
    return true;
}
