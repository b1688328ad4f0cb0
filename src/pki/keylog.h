/*
 * Secrets of TLS sessions in the NSS key log format (SSLKEYLOGFILE), so that a packet capture can
 * be read: whole lines, appended to a file with mode 0600, from any thread. One per process.
 */
#pragma once

#include "base/err.h"

struct ssl_ctx_st;

/* Opens the file for all contexts; NULL or "" closes it. */
bool keylog_open(const char *path, struct err *e) MUST_CHECK;
void keylog_close(void);
/* Secrets of this context's connections are written from now on, if a file is open now; ctx_*_new
 * calls it, so open the file before. */
void keylog_attach(struct ssl_ctx_st *ctx);
