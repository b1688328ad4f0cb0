/* Whether the text of an option is one that the engine can use: its own parsers say so. Each sets
 * *e to a sentence with the text in it. */
#pragma once

#include "base/err.h"

/* MODE[:DATA][@[HOST:]PORT] */
bool check_mode(const char *text, struct err *e) MUST_CHECK;
/* An IPv4 or IPv6 literal, without brackets. */
bool check_address(const char *text, struct err *e) MUST_CHECK;
/* A host name or an address. */
bool check_host(const char *text, struct err *e) MUST_CHECK;
/* HOST:PORT:ADDRESS */
bool check_resolve(const char *text, struct err *e) MUST_CHECK;
/* private, link-local, loopback, or a network. */
bool check_target(const char *text, struct err *e) MUST_CHECK;
/* ADDRESS:PORT */
bool check_web_listen(const char *text, struct err *e) MUST_CHECK;
/* A query, flow/filter.h. */
bool check_regex(const char *text, struct err *e) MUST_CHECK;
bool check_filter(const char *text, struct err *e) MUST_CHECK;
/* USER:PASSWORD or @FILE; the sentence does not repeat the text. */
bool check_proxyauth(const char *text, struct err *e) MUST_CHECK;
