/* What OpenSSL frees while it reads or writes a private key is overwritten first: it leaves the
 * decoded text behind, and a heap keeps that for a long time. */
#pragma once

/* Until wipe_end, for this thread. They nest. */
void wipe_begin(void);
void wipe_end(void);
