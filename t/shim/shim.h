/*
 * Faults under a whole program, by LD_PRELOAD: its calls of the system pass here. What goes wrong
 * is on a page of words that a test maps as well (FAULTS names the file), so that it can change
 * while the program runs.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
#define KNOB(name, what) _Atomic uint64_t name;
#include "knob_list.h"
#undef KNOB
};

/* Zeroes until the file is mapped. */
extern struct page *page;

/* A function of the libraries behind this one. */
void *shim_next(const char *name);
#define NEXT(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&name) next_##name;                                                      \
        if (!next_##name)                                                                          \
            next_##name = (__typeof__(&name))shim_next(#name);                                     \
        next_##name;                                                                               \
    })

/* Looks random, is the same in every run. */
uint64_t shim_mix(uint64_t a, uint64_t b);
/* Takes one of *times; true when there was one, with errno set. */
bool shim_fails(_Atomic uint64_t *error, _Atomic uint64_t *times);
/* Counts a fault. */
void shim_fired(void);
