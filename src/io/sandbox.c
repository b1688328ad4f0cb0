/* What the process gives up once it serves: files, privileges, system calls. */
#include "io/sandbox.h"

#include "io/sandbox_filter.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is younger than the headers of Debian 12. */
#define ACCESS_TRUNCATE  (1ull << 14) /* since version 3 */
#define ACCESS_IOCTL     (1ull << 15) /* since version 5 */
#define SCOPE_ALL        3ull         /* since version 6: abstract sockets, signals */
#define ACCESS_FIRST     ((1ull << 13) - 1)
#define ACCESS_OF_FOLDER LANDLOCK_ACCESS_FS_READ_DIR

struct ruleset {
    uint64_t files, net, scoped;
};

/* What names are looked up with (the numbers of questions are random), and where systems have their
 * roots. */
static const char *const system_files[] = {
    "/dev/urandom",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/var/lib/ca-certificates",
};

/* A file that is replaced is another one. So that hosts and resolv.conf can be, whoever may not
 * read the secrets below /etc may read all of it. */
static bool
may_read_etc(void)
{
    return geteuid() != 0;
}

void
sandbox_hide(void)
{
#if !SANITIZED /* the leak sanitizer traces its own process */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static uint64_t
landlock_access(long version)
{
    return ACCESS_FIRST | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
           (version >= 3 ? ACCESS_TRUNCATE : 0) | (version >= 5 ? ACCESS_IOCTL : 0);
}

/* A file that is to be written to must be there to be named. */
static int
open_path(const struct sandbox_file *f)
{
    int fd = open(f->path, O_PATH | O_CLOEXEC);
    if (fd >= 0 || !f->write || f->make)
        return fd;
    close(open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    return open(f->path, O_PATH | O_CLOEXEC);
}

static bool
landlock_allow(int rules, const struct sandbox_file *f, uint64_t handled)
{
    struct stat st;
    int fd = f->path ? open_path(f) : -1;
    if (fd < 0)
        return true;
    uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE;
    if (f->write)
        access |= LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;
    if (f->make)
        access |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        access |= ACCESS_OF_FOLDER;
    struct landlock_path_beneath_attr a = {.allowed_access = access & handled, .parent_fd = fd};
    bool good = syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) == 0;
    close(fd);
    return good;
}

static bool
landlock_fill(int rules, const struct sandbox_file *files, size_t n, uint64_t handled)
{
    for (size_t i = 0; i < ARRAY_LEN(system_files); i++)
        TRY(landlock_allow(rules, &(struct sandbox_file){.path = system_files[i]}, handled));
    if (may_read_etc())
        TRY(landlock_allow(rules, &(struct sandbox_file){.path = "/etc"}, handled));
#if SANITIZED
    TRY(landlock_allow(rules, &(struct sandbox_file){.path = "/proc"}, handled));
#endif
    for (size_t i = 0; i < n; i++)
        TRY(landlock_allow(rules, &files[i], handled));
    return true;
}

/* *version is 0 where the kernel has none. */
static bool
landlock_enter(const struct sandbox_file *files, size_t n, long *version, struct err *e)
{
    *version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (*version <= 0) {
        *version = 0;
        return true;
    }
    struct ruleset r = {.files = landlock_access(*version),
                        .scoped = *version >= 6 ? SCOPE_ALL : 0};
    long rules = syscall(__NR_landlock_create_ruleset, &r, sizeof(r), 0);
    bool good = rules >= 0 && landlock_fill((int)rules, files, n, r.files) &&
                syscall(__NR_landlock_restrict_self, rules, 0) == 0;
    int errnum = errno;
    if (rules >= 0)
        close((int)rules);
    return good || err_errno(e, ERR_START, errnum,
                             "the sandbox cannot forbid files (--no-sandbox goes without)");
}

/* Also those that a program which is started later could get: none is, but who knows. */
static bool
drop_privileges(struct err *e)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long i = 0; i < 64 && prctl(PR_CAPBSET_DROP, i) == 0; i++)
        ;
    return syscall(__NR_capset, &head, none) == 0 ||
           err_errno(e, ERR_START, errno, "the sandbox cannot drop privileges");
}

bool
sandbox_enter(const struct sandbox_file *files, size_t n, struct buf *holds, struct err *e)
{
    long version;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_errno(e, ERR_START, errno, "the sandbox cannot be entered");
    TRY(landlock_enter(files, n, &version, e) && drop_privileges(e));
    bool filter = sandbox_filter();
    if (version)
        buf_printf(holds, "files (landlock %ld), ", version);
    if (filter)
        buf_printf(holds, "system calls (seccomp), ");
    buf_printf(holds, "privileges");
    if (!version || !filter)
        buf_printf(holds, "; the kernel lacks%s%s", version ? "" : " landlock",
                   filter ? "" : " seccomp");
    return true;
}

#else

void
sandbox_hide(void)
{
}

bool
sandbox_enter(const struct sandbox_file *files, size_t n, struct buf *holds, struct err *e)
{
    (void)files, (void)n, (void)e;
    buf_printf(holds, "nothing: this system is not Linux");
    return true;
}

#endif
