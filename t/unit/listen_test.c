/* Tests of io/listen.c. */
#include "io/listen.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/sock.h"
#include "lib/folder.h"
#include "lib/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *
new_loop(void)
{
    struct err e;
    struct loop *l = loop_new(&e);
    assert_non_null(l);
    return l;
}

/* Closes its listener after 'want' connections. */
struct door {
    struct listener *listener;
    unsigned want, came;
    int fd;
    char from[64];
};

static void
on_accepted(void *arg, int fd, const struct sockaddr *from)
{
    struct door *d = arg;
    sock_text(from, d->from, sizeof(d->from));
    if (d->fd)
        close(d->fd);
    d->fd = fd;
    if (++d->came == d->want)
        listen_close(d->listener);
}

static int
connect_to(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : -1;
}

static void
test_an_accepted_descriptor_is_ready_for_use(void **state)
{
    struct door d = {.want = 1};
    struct err e;
    struct loop *l = new_loop();
    int on = 0;
    socklen_t n = sizeof(on);
    d.listener = listen_open(l, "127.0.0.1", 0, on_accepted, &d, &e);
    assert_non_null(d.listener);
    int client = connect_to(listen_port(d.listener));
    loop_run(l);
    assert_true(fcntl(d.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(d.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(d.fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
    assert_int_not_equal(on, 0);
    assert_int_equal(strncmp(d.from, "127.0.0.1:", 10), 0);
    close(client);
    close(d.fd);
    loop_free(l);
}

static void
test_clients_in_the_queue_are_served_when_a_listener_closes(void **state)
{
    struct door d = {.want = 2};
    struct err e;
    struct loop *l = new_loop();
    int client[4];
    d.listener = listen_open(l, "127.0.0.1", 0, on_accepted, &d, &e);
    assert_non_null(d.listener);
    for (size_t i = 0; i < ARRAY_LEN(client); i++)
        client[i] = connect_to(listen_port(d.listener));
    loop_run(l);
    assert_int_equal(d.came, 4);
    for (size_t i = 0; i < ARRAY_LEN(client); i++)
        close(client[i]);
    close(d.fd);
    loop_free(l);
}

static void
test_the_address_says_where_it_listens(void **state)
{
    struct err e;
    char text[64], want[64];
    struct loop *l = new_loop();
    struct listener *a = listen_open(l, "127.0.0.1", 0, on_accepted, NULL, &e);
    assert_non_null(a);
    assert_int_not_equal(listen_port(a), 0);
    snprintf(want, sizeof(want), "127.0.0.1:%u", listen_port(a));
    sock_text(listen_addr(a), text, sizeof(text));
    assert_string_equal(text, want);
    listen_close(a);
    loop_free(l);
}

static void
test_two_loops_share_a_port(void **state)
{
    struct err e;
    struct loop *one = new_loop(), *two = new_loop();
    struct listener *a = listen_open(one, "127.0.0.1", 0, on_accepted, NULL, &e);
    struct listener *b = listen_open(two, "127.0.0.1", listen_port(a), on_accepted, NULL, &e);
    assert_non_null(b);
    assert_int_equal(listen_port(a), listen_port(b));
    listen_close(a);
    listen_close(b);
    loop_free(one);
    loop_free(two);
}

static void
test_ipv4_and_ipv6_have_the_port_beside_each_other(void **state)
{
    struct err e;
    if (!net_has("::1"))
        skip();
    struct loop *l = new_loop();
    struct listener *six = listen_open(l, "::", 0, on_accepted, NULL, &e);
    assert_non_null(six);
    struct listener *four = listen_open(l, "0.0.0.0", listen_port(six), on_accepted, NULL, &e);
    assert_non_null(four);
    listen_close(six);
    listen_close(four);
    loop_free(l);
}

static void
test_a_taken_port_is_named(void **state)
{
    struct err e;
    char want[96];
    uint16_t port = 0;
    int taken = net_listen("127.0.0.1", &port, 1);
    struct loop *l = new_loop();
    assert_null(listen_open(l, "127.0.0.1", port, on_accepted, NULL, &e));
    snprintf(want, sizeof(want), "cannot listen on '127.0.0.1:%u': address already in use", port);
    assert_string_equal(e.text, want);
    assert_int_equal(e.code, ERR_START);
    close(taken);
    loop_free(l);
}

static void
test_an_address_that_is_none_is_named(void **state)
{
    struct err e;
    struct loop *l = new_loop();
    assert_null(listen_open(l, "localhost", 1, on_accepted, NULL, &e));
    assert_string_equal(e.text, "cannot listen on 'localhost': it is not an address");
    assert_int_equal(e.code, ERR_START);
    loop_free(l);
}

static void
test_an_address_of_somebody_else_is_named(void **state)
{
    struct err e;
    struct loop *l = new_loop();
    /* Reserved for documentation (RFC 5737). */
    assert_null(listen_open(l, "192.0.2.1", 0, on_accepted, NULL, &e));
    assert_non_null(strstr(e.text, "cannot listen on '192.0.2.1:0': "));
    loop_free(l);
}

static void
test_listening_needs_memory(void **state)
{
    struct err e;
    struct loop *l = new_loop();
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_at(nth);
        assert_null(listen_open(l, "127.0.0.1", 0, on_accepted, NULL, &e));
        assert_int_equal(e.code, ERR_MEMORY);
    }
    mem_fail_at(0);
    loop_free(l);
}

/* Out of descriptors -------------------------------------------------------------------------- */

static unsigned warned, informed;
static int spare[64];
static unsigned n_spare;

static void
count_lines(enum log_level level, const char *line)
{
    if (level == LOG_WARN && strstr(line, "too many open files"))
        warned++;
    if (level == LOG_INFO && strstr(line, "again"))
        informed++;
}

static void
close_and_count(void *arg, int fd, const struct sockaddr *from)
{
    struct door *d = arg;
    close(fd);
    d->came++;
}

struct starving {
    struct door door;
    struct loop *loop;
    struct timer *timer;
    unsigned rounds;
};

/* Frees the descriptors after several pauses of the listener; ends when all clients were served. */
static void
look_again(void *arg)
{
    struct starving *s = arg;
    if (++s->rounds == 40)
        while (n_spare)
            close(spare[--n_spare]);
    if (s->door.came == 3 && informed) {
        listen_close(s->door.listener);
        timer_free(s->timer);
        return;
    }
    timer_set(s->timer, loop_now(s->loop) + 10 * NS_PER_MS);
}

/* Runs in a process of its own, which gives its verdict as exit status. */
static int
starve(void)
{
    struct err e;
    struct rlimit few = {64, 64};
    struct starving s = {.loop = loop_new(&e)};
    if (!s.loop)
        return 1;
    s.door.listener = listen_open(s.loop, "127.0.0.1", 0, close_and_count, &s.door, &e);
    s.timer = timer_new(s.loop, look_again, &s);
    if (!s.door.listener || !s.timer)
        return 2;
    int client[3];
    for (size_t i = 0; i < 3; i++)
        client[i] = connect_to(listen_port(s.door.listener));
    log_set_sink(count_lines);
    if (setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 3;
    while (n_spare < 64 && (spare[n_spare] = dup(client[0])) >= 0)
        n_spare++;
    timer_set(s.timer, loop_now(s.loop) + 1);
    loop_run(s.loop);
    loop_free(s.loop);
    if (s.door.came != 3)
        return 4;
    return warned == 1 && informed == 1 ? 0 : 5;
}

static void
test_without_descriptors_accepting_pauses_and_says_so_once(void **state)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(starve());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
on_neighbour(void *arg, int fd, const struct sockaddr *from)
{
    struct door *d = arg;
    assert_int_equal(from->sa_family, AF_UNIX);
    close(fd);
    d->came++;
    if (d->listener)
        listen_close(d->listener);
}

static int
unix_dial(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void
test_a_local_socket_is_for_its_owner_and_replaces_what_was_left(void **state)
{
    struct err e = {0};
    struct stat st;
    struct loop *l = new_loop();
    const char *path = folder_file("local.sock");
    for (unsigned i = 0; i < 2; i++) {
        struct door d = {0};
        d.listener = listen_open_unix(l, path, on_neighbour, &d, &e);
        assert_non_null(d.listener);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        int fd = unix_dial(path);
        loop_run(l);
        assert_int_equal(d.came, 1);
        close(fd);
    }
    loop_free(l);
}

static void
test_a_local_socket_in_use_and_a_file_are_not_replaced(void **state)
{
    struct err e = {0};
    struct door d = {0};
    struct loop *l = new_loop();
    const char *path = folder_file("used.sock");
    struct listener *used = listen_open_unix(l, path, on_neighbour, &d, &e);
    assert_non_null(used);
    assert_null(listen_open_unix(l, path, on_neighbour, &d, &e));
    assert_non_null(strstr(e.text, "used.sock"));
    listen_close(used);
    const char *file = folder_write("file.sock", SLICE("precious"), 0600);
    assert_null(listen_open_unix(l, file, on_neighbour, &d, &e));
    assert_int_equal(access(file, F_OK), 0);
    char long_one[200];
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    assert_null(listen_open_unix(l, long_one, on_neighbour, &d, &e));
    assert_non_null(strstr(e.text, "at most 107 bytes"));
    loop_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_accepted_descriptor_is_ready_for_use),
        cmocka_unit_test(test_clients_in_the_queue_are_served_when_a_listener_closes),
        cmocka_unit_test(test_the_address_says_where_it_listens),
        cmocka_unit_test(test_two_loops_share_a_port),
        cmocka_unit_test(test_ipv4_and_ipv6_have_the_port_beside_each_other),
        cmocka_unit_test(test_a_taken_port_is_named),
        cmocka_unit_test(test_an_address_that_is_none_is_named),
        cmocka_unit_test(test_an_address_of_somebody_else_is_named),
        cmocka_unit_test(test_a_local_socket_is_for_its_owner_and_replaces_what_was_left),
        cmocka_unit_test(test_a_local_socket_in_use_and_a_file_are_not_replaced),
        cmocka_unit_test(test_listening_needs_memory),
        cmocka_unit_test(test_without_descriptors_accepting_pauses_and_says_so_once),
    };
    alarm(120); /* A test that hangs fails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
