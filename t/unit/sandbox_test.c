/* Tests of io/sandbox.c and io/sandbox_filter.c: each forbidden thing is tried, outside, where it
 * works or fails for another reason, and inside. */
#include "io/sandbox.h"

#include "io/sandbox_filter.h"
#include "lib/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define KILLED (-1)

static char inside[300], outside[300], log_file[300];

/* In a process of its own, which may be inside. 0, the errno it ended with, or KILLED. */
static int
attempt(int (*deed)(void), bool confined)
{
    pid_t child = fork();
    if (child == 0) {
        struct sandbox_file files[] = {
            {.path = inside}, {.path = log_file, .write = true}, {.path = NULL}};
        struct buf holds;
        struct err e;
        buf_init(&holds, 4096);
        if (confined && !sandbox_enter(files, ARRAY_LEN(files), &holds, &e))
            _exit(255);
        _exit(deed());
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return KILLED;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
outcome(long result)
{
    return result >= 0 ? 0 : errno;
}

static bool
has(const char *what)
{
    int ends[2];
    char text[300] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct buf holds;
        struct err e;
        buf_init(&holds, 4096);
        (void)!sandbox_enter(NULL, 0, &holds, &e);
        struct slice s = buf_slice(&holds);
        _exit(write(ends[1], s.p, s.n) < 0);
    }
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    waitpid(child, NULL, 0);
    char *lacks = strstr(text, "lacks");
    return !lacks || !strstr(lacks, what);
}

/* Files ------------------------------------------------------------------------------------- */

static int
read_outside(void)
{
    return outcome(open(outside, O_RDONLY));
}

static int
write_outside(void)
{
    return outcome(open(outside, O_WRONLY));
}

static int
read_shadow(void)
{
    return outcome(open("/etc/shadow", O_RDONLY));
}

static int
make_inside(void)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/new", inside);
    return outcome(open(path, O_WRONLY | O_CREAT, 0600));
}

static int
read_inside(void)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/file", inside);
    return outcome(open(path, O_RDONLY));
}

static int
write_inside(void)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/file", inside);
    return outcome(open(path, O_WRONLY));
}

static int
write_log(void)
{
    return outcome(open(log_file, O_WRONLY | O_TRUNC));
}

static int
read_hosts(void)
{
    return outcome(open("/etc/hosts", O_RDONLY));
}

static void
files_that_were_not_named_cannot_be_opened(void **state)
{
    if (!has("landlock"))
        skip();
    int (*const deeds[])(void) = {read_outside, write_outside, write_inside, make_inside};
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        assert_int_equal(attempt(deeds[i], false), 0);
        assert_int_equal(attempt(deeds[i], true), EACCES);
    }
    assert_int_equal(attempt(read_shadow, true), access("/etc/shadow", F_OK) ? ENOENT : EACCES);
}

static void
files_that_were_named_can_be_opened(void **state)
{
    int (*const deeds[])(void) = {read_inside, write_log, read_hosts};
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
        assert_int_equal(attempt(deeds[i], true), 0);
}

/* System calls ------------------------------------------------------------------------------ */

static int
run_program(void)
{
    char *words[] = {(char *)(uintptr_t) "/bin/true", NULL};
    execv(words[0], words);
    return errno;
}

static int
trace(void)
{
    return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
mount_something(void)
{
    syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, NULL);
    return 0;
}

static int
read_others(void)
{
    syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
    return 0;
}

static int
leave_namespace(void)
{
    syscall(SYS_unshare, CLONE_FS);
    return 0;
}

static int
load_program(void)
{
    syscall(SYS_bpf, 0, NULL, 0);
    return 0;
}

static int
load_module(void)
{
    syscall(SYS_finit_module, -1, "", 0);
    return 0;
}

static int
become_another(void)
{
    return outcome(syscall(SYS_setuid, getuid()));
}

static void
hostile_calls_end_the_process(void **state)
{
    int (*const deeds[])(void) = {run_program,     trace,        mount_something, read_others,
                                  leave_namespace, load_program, load_module,     become_another};
    if (!has("seccomp"))
        skip();
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        assert_int_equal(attempt(deeds[i], false), 0);
#if SANITIZED
        if (deeds[i] == trace)
            continue;
#endif
        assert_int_equal(attempt(deeds[i], true), KILLED);
    }
}

static int
other_process(void)
{
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    return outcome(child);
}

static int
local_socket(void)
{
    return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
run_memory(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int
make_runnable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int
signal_another(void)
{
    return outcome(kill(getppid(), 0));
}

static int
change_mode(void)
{
    return outcome(chmod(outside, 0600));
}

static int
raise_limit(void)
{
    struct rlimit core = {0, 0};
    return outcome(setrlimit(RLIMIT_CORE, &core));
}

static void
calls_that_nobody_needs_fail(void **state)
{
#if SANITIZED
    skip();
#endif
    int (*const deeds[])(void) = {other_process,  local_socket, run_memory, make_runnable,
                                  signal_another, change_mode,  raise_limit};
    if (!has("seccomp"))
        skip();
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        assert_int_equal(attempt(deeds[i], false), 0);
        assert_int_equal(attempt(deeds[i], true), ENOSYS);
    }
}

static void *
tell_errno(void *arg)
{
    *(int *)arg = outcome(socket(AF_UNIX, SOCK_STREAM, 0)) ? 1 : 0;
    *(int *)arg |= outcome(open(outside, O_RDONLY)) ? 2 : 0;
    return NULL;
}

/* What the program does: threads, connections, memory, signals to itself. */
static int
serve(void)
{
    pthread_t thread;
    int got = 0;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno != EAFNOSUPPORT)
        return 100;
    if (socket(AF_INET, SOCK_DGRAM, 0) < 0 || socket(AF_NETLINK, SOCK_RAW, 0) < 0)
        return 101;
    if (pthread_create(&thread, NULL, tell_errno, &got) != 0 || pthread_join(thread, NULL) != 0)
        return 102;
    signal(SIGUSR1, SIG_IGN);
    if (kill(getpid(), SIGUSR1) != 0 || raise(SIGUSR1) != 0)
        return 103;
    void *p = malloc((size_t)8 << 20);
    free(p);
    return p ? got : 104;
}

static void
what_serving_needs_works_and_threads_are_confined_too(void **state)
{
    int want = 0;
#if !SANITIZED
    want |= has("seccomp") ? 1 : 0;
#endif
    want |= has("landlock") ? 2 : 0;
    assert_int_equal(attempt(serve, false), 0);
    assert_int_equal(attempt(serve, true), want);
}

/* Privileges -------------------------------------------------------------------------------- */

static bool
status_line(const char *name, const char *want)
{
    char line[200];
    FILE *f = fopen("/proc/self/status", "r");
    bool same = false;
    while (f && fgets(line, sizeof(line), f))
        same |= strncmp(line, name, strlen(name)) == 0 && strstr(line, want);
    if (f)
        fclose(f);
    return same;
}

static void
privileges_are_gone(void **state)
{
    pid_t child = fork();
    if (child == 0) {
        struct sandbox_file all = {.path = "/proc"};
        struct buf holds;
        struct err e;
        buf_init(&holds, 4096);
        bool good = sandbox_enter(&all, 1, &holds, &e);
        good =
            good && status_line("NoNewPrivs:", "1") && status_line("CapEff:", "\t0000000000000000");
        good = good && status_line("CapPrm:", "\t0000000000000000");
        _exit(!good);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void
a_hidden_process_leaves_no_core_and_cannot_be_looked_at(void **state)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit core;
        sandbox_hide();
        bool good = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;
#if !SANITIZED
        good = good && prctl(PR_GET_DUMPABLE) == 0;
#endif
        _exit(!good);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

int
main(void)
{
    snprintf(inside, sizeof(inside), "%s", folder_file("inside"));
    snprintf(log_file, sizeof(log_file), "%s", folder_file("log"));
    snprintf(outside, sizeof(outside), "%s", folder_write("outside", SLICE("x"), 0600));
    mkdir(inside, 0700);
    folder_write("inside/file", SLICE("x"), 0600);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_were_not_named_cannot_be_opened),
        cmocka_unit_test(files_that_were_named_can_be_opened),
        cmocka_unit_test(hostile_calls_end_the_process),
        cmocka_unit_test(calls_that_nobody_needs_fail),
        cmocka_unit_test(what_serving_needs_works_and_threads_are_confined_too),
        cmocka_unit_test(privileges_are_gone),
        cmocka_unit_test(a_hidden_process_leaves_no_core_and_cannot_be_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
