/* The filter of system calls: the program that the kernel runs in front of each, out of the table.
 */
#include "io/sandbox_filter.h"

#ifdef __linux__
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#endif

#ifdef ARCH

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define CLONE_SPACES                                                                               \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)
#define X32_BIT 0x40000000u

enum kind { KIND_ALLOW, KIND_IF, KIND_OWN, KIND_HOSTILE };

struct call {
    uint32_t number;
    enum kind kind;
    uint32_t argument, mask, value;
};

static const struct call calls[] = {
#define CALL(name) {.number = __NR_##name, .kind = KIND_ALLOW},
#define CALL_IF(name, argument_, mask_, value_)                                                    \
    {.number = __NR_##name,                                                                        \
     .kind = KIND_IF,                                                                              \
     .argument = (argument_),                                                                      \
     .mask = (uint32_t)(mask_),                                                                    \
     .value = (uint32_t)(value_)},
#define CALL_OWN(name) {.number = __NR_##name, .kind = KIND_OWN, .mask = ~0u},
#define HOSTILE(name)  {.number = __NR_##name, .kind = KIND_HOSTILE},
#include "io/sandbox_calls.h"
#undef CALL
#undef CALL_IF
#undef CALL_OWN
#undef HOSTILE
};

struct program {
    struct sock_filter code[ARRAY_LEN(calls) * 6 + 8];
    unsigned short n;
};

static void
emit(struct program *p, struct sock_filter instruction)
{
    p->code[p->n++] = instruction;
}

static void
emit_load(struct program *p, size_t offset)
{
    emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Goes on behind the next 'skip' instructions when the accumulator is another value. */
static void
emit_unless(struct program *p, uint32_t value, uint8_t skip)
{
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

static void
emit_return(struct program *p, uint32_t action)
{
    emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The number of the call is in the accumulator before and after. Of an argument the low half is
 * looked at, which is all that the kernel takes of those in the table, or where their bits are. */
static void
emit_call(struct program *p, const struct call *c)
{
    bool conditional = c->kind == KIND_IF || c->kind == KIND_OWN;
    emit_unless(p, c->number, conditional ? 5 : 1);
    if (conditional) {
        emit_load(p, offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
        emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, c->mask));
        emit_unless(p, c->kind == KIND_OWN ? (uint32_t)getpid() : c->value, 1);
    }
    emit_return(p, c->kind == KIND_HOSTILE ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW);
    if (conditional)
        emit_load(p, offsetof(struct seccomp_data, nr));
}

static void
program_fill(struct program *p, uint32_t others)
{
    emit_load(p, offsetof(struct seccomp_data, arch));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    emit_return(p, SECCOMP_RET_KILL_PROCESS);
    emit_load(p, offsetof(struct seccomp_data, nr));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    emit_return(p, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        emit_call(p, &calls[i]);
    emit_return(p, others);
}

bool
sandbox_filter(void)
{
#if SANITIZED
    uint32_t others = SECCOMP_RET_ALLOW; /* sanitizers need what nobody else does */
#else
    uint32_t others = SECCOMP_RET_ERRNO | ENOSYS;
#endif
    struct program p = {.n = 0};
    program_fill(&p, others);
    struct sock_fprog f = {.len = p.n, .filter = p.code};
    /* All threads; and since nobody else's code runs in this process, none of the brakes against
     * speculation that older kernels put on behind a filter. */
    unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f) == 0;
}

#else

bool
sandbox_filter(void)
{
    return false;
}

#endif
