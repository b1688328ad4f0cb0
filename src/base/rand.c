/* Random bytes from the kernel. */
#include "base/rand.h"

#include <unistd.h>

void
rand_bytes(void *p, size_t n)
{
    if (getentropy(p, n) != 0) {
        fputs("weir: the kernel gives no random bytes\n", stderr);
        abort();
    }
}
