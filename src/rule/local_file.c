/* Opening files below a folder, and nothing else. */
#include "rule/local_file.h"

#include "codec/url.h"

#include <linux/openat2.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_MAX_N ((size_t)4096)
/* A pipe must not make the proxy wait. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static const struct {
    struct slice end;
    const char *type;
} types[] = {
#define TYPE(end, type) {{(end), sizeof(end) - 1}, (type)},
#include "rule/type_list.h"
#undef TYPE
};

const char *
local_file_type(struct slice name)
{
    size_t dot = slice_find_last(name, '.');
    struct slice end = slice_from(name, dot + 1);
    for (size_t i = 0; dot < name.n && i < ARRAY_LEN(types); i++)
        if (slice_eq_nocase(types[i].end, end))
            return types[i].type;
    return "application/octet-stream";
}

/* Takes the byte at the front, decoded; false for one that no name of a file has. */
static bool
take_byte(struct slice *rest, char *byte)
{
    bool spelt = rest->p[0] != '%';
    TRY(url_take_byte(rest, false, byte));
    unsigned char c = (unsigned char)*byte;
    return c >= 0x20 && c != 0x7f && c != '\\' && (spelt || c != '/');
}

static bool
append_part(struct slice part, struct buf *out)
{
    size_t before = buf_len(out);
    if (before)
        buf_byte(out, '/');
    size_t begin = buf_len(out);
    while (part.n) {
        char byte;
        TRY(take_byte(&part, &byte));
        buf_byte(out, byte);
    }
    struct slice made = slice_from(buf_slice(out), begin);
    return !out->failed && !slice_eq(made, SLICE(".")) && !slice_eq(made, SLICE(".."));
}

bool
local_file_name(struct slice path, struct buf *out)
{
    while (path.n) {
        struct slice part = slice_cut(&path, '/');
        if (part.n && !append_part(part, out))
            return false;
    }
    return !out->failed && buf_len(out) <= NAME_MAX_N;
}

/* Where the kernel cannot keep us below the folder: one part after the other, no link is followed.
 */
static int
open_by_parts(int root, struct slice name)
{
    int at = root;
    while (name.n && at >= 0) {
        char part[256];
        struct slice s = slice_cut(&name, '/');
        int flags = OPEN_FLAGS | O_NOFOLLOW | (name.n ? O_DIRECTORY : 0);
        bool fits = s.n < sizeof part;
        snprintf(part, sizeof part, "%.*s", SLICE_ARG(s));
        int next = fits ? openat(at, part, flags) : -1;
        if (at != root)
            close(at);
        at = next;
    }
    return at;
}

/* 'name' is relative, without "." and "..". */
static int
open_below(int root, struct slice name)
{
    char z[NAME_MAX_N + 16];
    struct open_how how = {.flags = OPEN_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    if (name.n >= sizeof z)
        return -1;
    snprintf(z, sizeof z, "%.*s", SLICE_ARG(name));
    int fd = (int)syscall(SYS_openat2, root, z, &how, sizeof how);
    return fd >= 0 || errno != ENOSYS ? fd : open_by_parts(root, name);
}

static bool
look(int fd, struct slice name, struct local_file *out)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *out = (struct local_file){
        .fd = fd,
        .size = (uint64_t)st.st_size,
        .mtime = st.st_mtim.tv_sec,
        .mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec,
        .type = local_file_type(name),
    };
    return true;
}

static bool
is_folder(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
close_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static bool
open_index(int root, struct slice name, struct local_file *out)
{
    struct buf index;
    buf_init(&index, NAME_MAX_N + 16);
    buf_append(&index, name);
    buf_append(&index, name.n ? SLICE("/index.html") : SLICE("index.html"));
    int fd = index.failed ? -1 : open_below(root, buf_slice(&index));
    bool good = look(fd, buf_slice(&index), out);
    if (!good)
        close_open(fd);
    buf_release(&index);
    return good;
}

static bool
open_name(int root, struct slice name, struct local_file *out)
{
    int fd = name.n ? open_below(root, name) : -1;
    if (look(fd, name, out))
        return true;
    bool folder = !name.n || is_folder(fd);
    close_open(fd);
    return folder && open_index(root, name, out);
}

bool
local_file_open(const char *root, struct slice name, struct local_file *out)
{
    int fd = open(root, OPEN_FLAGS);
    if (look(fd, slice_str(root), out))
        return true;
    bool good = is_folder(fd) && open_name(fd, name, out);
    close_open(fd);
    return good;
}
