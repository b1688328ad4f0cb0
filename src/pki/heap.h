/* OpenSSL's heap, with an eye on what it holds and on what it did not get.
 * What OpenSSL frees while it reads or writes a private key is overwritten first: it leaves the
 * decoded text behind, and a heap keeps that for a long time. And where it gets no memory it does
 * not always fail: certificates lose their keys or extensions, contexts some of their settings. */
#pragma once

/* Until heap_wipe_end, for this thread. They nest. */
void heap_wipe_begin(void);
void heap_wipe_end(void);
/* How often OpenSSL was refused memory on this thread: what it made while this number changed is
 * not to be trusted. */
unsigned long heap_refusals(void);
