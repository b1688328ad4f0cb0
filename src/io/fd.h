/* Descriptors, for code that knows no sockets. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The address of our end as text; "" when it cannot be told. */
void fd_local_text(int fd, char *out, size_t n);
void fd_close(int fd);
/* Has the system find out that the other machine has gone, within two minutes or so. */
void fd_keep_alive(int fd);
/* Whether the process at the other end of a local socket belongs to our user. */
bool fd_peer_is_own(int fd);
/* As many as the system lets this process have: shells give 1,024 for the sake of select(2). */
void fd_raise_limit(void);
