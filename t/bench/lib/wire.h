/*
 * A non-blocking connection of the bench, with TLS or without. Not the program's own code for this
 * (io/stream, layer/tls), so that what measures does not share the costs of what is measured.
 */
#pragma once

#include "base/base.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <sys/types.h>

struct wire {
    int fd; /* -1: closed */
    SSL *ssl;
};

enum { WIRE_AGAIN = 0, WIRE_END = -1 };

/* Bytes moved, WIRE_AGAIN, or WIRE_END when it was closed or broke. */
ssize_t wire_read(struct wire *w, char *to, size_t n);
ssize_t wire_write(struct wire *w, const char *from, size_t n);
/* 1 when done, WIRE_AGAIN, or WIRE_END. */
int wire_handshake(struct wire *w);
void wire_close(struct wire *w);

/* A context as both sides of the bench use it: OpenSSL's defaults, but for what saves the bench
 * work. Ends the program on failure. */
SSL_CTX *wire_ctx(const SSL_METHOD *method);

/* IPv4 on loopback or where the text 'a.b.c.d:port' says; -1 on failure. Both do not block. */
int wire_connect(const char *address);
int wire_listen(const char *address);
void wire_nodelay(int fd);
/* First of all: as many open files as the system allows, and no signal from a broken connection. */
void wire_setup(void);
/* The port that a listening socket got. */
unsigned wire_port(int fd);

/* Registers for every edge, with 'who' as its data. */
bool wire_watch(int epoll, int fd, void *who) MUST_CHECK;

/* Prints the message, with OpenSSL's reason when there is one, and ends the program. */
_Noreturn void wire_die(const char *what, const char *about);
