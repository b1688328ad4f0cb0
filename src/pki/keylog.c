/* Secrets of TLS sessions in the NSS key log format. */
#include "pki/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <unistd.h>

/* Guards 'log_fd', so that it is not closed while a line is written. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

/* One call for the whole line: with O_APPEND other processes may write to the same file. */
static void
on_line(const SSL *ssl, const char *line)
{
    (void)ssl;
    char text[512];
    int n = snprintf(text, sizeof text, "%s\n", line);
    if (n <= 0 || (size_t)n >= sizeof text)
        return;
    pthread_mutex_lock(&lock);
    if (log_fd >= 0)
        (void)!write(log_fd, text, (size_t)n);
    pthread_mutex_unlock(&lock);
}

static void
set_fd(int fd)
{
    pthread_mutex_lock(&lock);
    int old = log_fd;
    log_fd = fd;
    pthread_mutex_unlock(&lock);
    if (old >= 0)
        close(old);
}

bool
keylog_open(const char *path, struct err *e)
{
    if (!path || !*path) {
        keylog_close();
        return true;
    }
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_errno(e, ERR_START, errno, "cannot open key log '%s'", path);
    set_fd(fd);
    return true;
}

void
keylog_close(void)
{
    set_fd(-1);
}

void
keylog_attach(SSL_CTX *ctx)
{
    pthread_mutex_lock(&lock);
    bool open = log_fd >= 0;
    pthread_mutex_unlock(&lock);
    /* OpenSSL spells the secrets out for every handshake when there is a callback. */
    if (open)
        SSL_CTX_set_keylog_callback(ctx, on_line);
}
