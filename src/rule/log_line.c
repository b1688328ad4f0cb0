/* log: a line in a file. */
#include "base/print.h"
#include "rule/act.h"
#include "rule/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_N ((size_t)4096)

struct log_rule {
    enum rule_side side;
    const char *file;
    struct slice line;
    uint64_t max;
    /* What workers share. */
    int fd; /* + 1; appending a line with one write is whole in any thread */
    atomic_ullong *written;
    atomic_ullong bytes;
};

static const struct rule_param params[] = {
    PARAM(log_rule, side, "side", SIDE, .def = "response",
          .help = "when: at the head of which message"),
    PARAM(log_rule, file, "file", FILE, .required = true,
          .help = "the file, made with mode 0600 when it is not there"),
    PARAM(log_rule, line, "line", TEXT, .def = "{{time}} {{method}} {{url}} {{status}}",
          .help = "what is written, with places as in 'answer' and {{status}}; control characters "
                  "are escaped, and what is over 4096 bytes is left out"),
    PARAM(log_rule, max, "max", SIZE, .def = "100m",
          .help = "once the file is so large, nothing more is written"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct log_rule *a = action;
    struct stat st;
    TRY(template_check(a->line, e));
    int fd = open(a->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_errno(e, ERR_USAGE, errno, "'file': cannot write '%s'", a->file);
    a->fd = fd + 1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "'file': '%s' is no file", a->file);
    atomic_init(&a->bytes, (unsigned long long)st.st_size);
    a->written = &a->bytes;
    return true;
}

static void
release(void *action)
{
    struct log_rule *a = action;
    if (a->fd)
        close(a->fd - 1);
}

static bool
write_line(const struct log_rule *a, struct slice line)
{
    if (atomic_fetch_add(a->written, line.n) + line.n > a->max) {
        atomic_fetch_sub(a->written, line.n);
        return false;
    }
    return write(a->fd - 1, line.p, line.n) == (ssize_t)line.n;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct log_rule *a = action;
    struct buf text, line;
    buf_init(&text, ACT_URL_MAX);
    buf_init(&line, ACT_URL_MAX * 4);
    template_fill(a->line, h, &text);
    print_safe(&line, slice_first(buf_slice(&text), LINE_MAX_N), false);
    buf_byte(&line, '\n');
    bool good = !text.failed && !line.failed && write_line(a, buf_slice(&line));
    buf_release(&text);
    buf_release(&line);
    return good ? "logged" : NULL;
}

const struct rule_ops rule_log = {
    .name = "log",
    .help = "Appends a line to a file.",
    .size = sizeof(struct log_rule),
    .params = params,
    .stages = ACT_ANY,
    .outside = true,
    .stage = act_side_head,
    .prepare = prepare,
    .release = release,
    .apply = apply,
};
