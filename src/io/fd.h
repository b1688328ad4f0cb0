/* Descriptors, for code that knows no sockets. */
#pragma once

#include <stddef.h>

/* The address of our end as text; "" when it cannot be told. */
void fd_local_text(int fd, char *out, size_t n);
void fd_close(int fd);
/* As many as the system lets this process have: shells give 1,024 for the sake of select(2). */
void fd_raise_limit(void);
