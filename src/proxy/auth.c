/* Who may use the proxy. */
#include "proxy/auth.h"

#include "base/base64.h"
#include "base/map.h"
#include "base/mem.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#define AUTH_FILE_MAX        (1u << 20)
#define AUTH_KNOWN_MAX       4096
#define AUTH_CREDENTIALS_MAX 1024

struct auth {
    char *user, *password; /* NULL: a file was given */
    struct map *hashes;    /* user to bcrypt hash, owned */
    pthread_mutex_t lock;  /* guards 'known' */
    struct map *known;     /* credentials that were right: keyed hash to itself */
};

/* Equal, in a time that depends on the lengths alone. */
static bool
auth_same(struct slice a, const char *z)
{
    struct slice b = slice_str(z);
    unsigned diff = a.n != b.n;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned char)a.p[i] ^ (unsigned char)(b.n ? b.p[i % b.n] : 0);
    return diff == 0;
}

static bool
auth_line(struct auth *a, struct slice line, unsigned number, const char *path, struct err *e)
{
    struct slice hash = line;
    struct slice user = slice_cut(&hash, ':');
    if (!slice_trim(line).n || line.p[0] == '#')
        return true;
    if (!user.n || !slice_starts(hash, SLICE("$2")))
        return err_set(
            e, ERR_USAGE,
            "line %u of '%s' is not 'user:hash' with a bcrypt hash (htpasswd -B makes them)",
            number, path);
    void *old = NULL;
    char *copy = mem_strndup(hash.p, hash.n);
    if (!copy || !map_put(a->hashes, user, copy, &old)) {
        mem_free(copy);
        return err_memory(e);
    }
    mem_free(old);
    return true;
}

static bool
auth_read(struct auth *a, const char *path, struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_USAGE, errno, "cannot read the password file '%s'", path);
    char line[1024];
    unsigned number = 0;
    bool good = true;
    while (good && fgets(line, sizeof(line), f)) {
        struct slice s = slice_str(line);
        while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
            s.n--;
        good = auth_line(a, s, ++number, path, e);
    }
    fclose(f);
    if (good && !map_len(a->hashes))
        return err_set(e, ERR_USAGE, "the password file '%s' has no user in it", path);
    return good;
}

static bool
auth_fill(struct auth *a, const char *spec, struct err *e)
{
    a->hashes = map_new();
    a->known = map_new();
    if (!a->hashes || !a->known)
        return err_memory(e);
    if (spec[0] == '@')
        return auth_read(a, spec + 1, e);
    struct slice password = slice_str(spec);
    struct slice user = slice_cut(&password, ':');
    if (!user.n || user.n == slice_str(spec).n)
        return err_set(e, ERR_USAGE, "'proxyauth' is neither 'user:password' nor '@FILE'");
    a->user = mem_strndup(user.p, user.n);
    a->password = mem_strndup(password.p, password.n);
    return (a->user && a->password) || err_memory(e);
}

struct auth *
auth_new(const char *spec, struct err *e)
{
    struct auth *a = mem_zalloc(sizeof(*a));
    if (!a) {
        err_memory(e);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    if (auth_fill(a, spec, e))
        return a;
    auth_free(a);
    return NULL;
}

static void
auth_free_hash(void *arg UNUSED, struct slice key UNUSED, void *value)
{
    mem_free(value);
}

void
auth_free(struct auth *a)
{
    if (!a)
        return;
    if (a->hashes)
        map_each(a->hashes, auth_free_hash, NULL);
    map_free(a->hashes);
    map_free(a->known);
    pthread_mutex_destroy(&a->lock);
    mem_free(a->user);
    mem_free(a->password);
    mem_free(a);
}

/* Splits "Basic dXNlcjpwYXNz" into the two, which live in *out. */
static bool
auth_decode(struct slice credentials, struct buf *out, struct slice *user, struct slice *password)
{
    struct slice rest = credentials;
    if (!slice_eq_nocase(slice_cut(&rest, ' '), SLICE("Basic")) || rest.n > AUTH_CREDENTIALS_MAX ||
        !base64_decode(out, slice_trim(rest)))
        return false;
    *password = buf_slice(out);
    *user = slice_cut(password, ':');
    return user->n < buf_len(out);
}

/* Not the credentials themselves are kept, but a hash with the key of this process. */
static struct slice
auth_key(struct slice credentials, unsigned long *hash)
{
    *hash = hash_bytes(credentials);
    return slice_of(hash, sizeof(*hash));
}

static bool
auth_known(struct auth *a, struct slice credentials)
{
    unsigned long hash;
    struct slice key = auth_key(credentials, &hash);
    pthread_mutex_lock(&a->lock);
    bool known = map_get(a->known, key) != NULL;
    pthread_mutex_unlock(&a->lock);
    return known;
}

static void
auth_remember(struct auth *a, struct slice credentials)
{
    unsigned long hash;
    struct slice key = auth_key(credentials, &hash);
    void *old;
    pthread_mutex_lock(&a->lock);
    if (map_len(a->known) < AUTH_KNOWN_MAX && !map_put(a->known, key, a, &old))
        old = NULL; /* without memory it will be asked again */
    pthread_mutex_unlock(&a->lock);
}

enum auth_result
auth_check(struct auth *a, struct slice credentials)
{
    struct buf plain;
    struct slice user, password;
    buf_init(&plain, AUTH_CREDENTIALS_MAX);
    enum auth_result r = AUTH_NO;
    bool decoded = auth_decode(credentials, &plain, &user, &password);
    if (decoded && a->user) {
        bool user_good = auth_same(user, a->user);
        bool password_good = auth_same(password, a->password);
        r = user_good && password_good ? AUTH_YES : AUTH_NO;
    } else if (decoded && map_get(a->hashes, user)) {
        r = auth_known(a, credentials) ? AUTH_YES : AUTH_SLOW;
    }
    buf_release(&plain);
    return r;
}

bool
auth_check_slow(struct auth *a, struct slice credentials)
{
    struct buf plain;
    struct slice user, password;
    struct crypt_data *data = mem_zalloc(sizeof(*data));
    buf_init(&plain, AUTH_CREDENTIALS_MAX);
    bool good = false;
    if (data && auth_decode(credentials, &plain, &user, &password)) {
        const char *hash = map_get(a->hashes, user);
        char *phrase = mem_strndup(password.p, password.n);
        const char *made = hash && phrase ? crypt_r(phrase, hash, data) : NULL;
        good = made && auth_same(slice_str(made), hash);
        mem_free(phrase);
    }
    if (good)
        auth_remember(a, credentials);
    buf_release(&plain);
    mem_free(data);
    return good;
}
