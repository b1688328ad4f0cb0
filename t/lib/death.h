/* EXPECT_DEATH(what): 'what' must end the program, by abort; here the test goes on. */
#pragma once

#include <setjmp.h>
#include <signal.h>

static sigjmp_buf death_back;

static void
on_death(int signum)
{
    siglongjmp(death_back, signum);
}

#define EXPECT_DEATH(what)                                                                         \
    do {                                                                                           \
        signal(SIGABRT, on_death);                                                                 \
        if (sigsetjmp(death_back, 1) == 0) {                                                       \
            what;                                                                                  \
            fail_msg("'%s' was survived", #what);                                                  \
        }                                                                                          \
        signal(SIGABRT, SIG_DFL);                                                                  \
    } while (0)
