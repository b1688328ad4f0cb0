/* Tests of api/settings: which source counts, and reloading. */
#include "api/settings.h"

#include "base/clock.h"
#include "base/log.h"
#include "lib/folder.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct args args;
static char warned[512];

static void
keep_line(enum log_level level, const char *line)
{
    (void)level;
    snprintf(warned, sizeof(warned), "%s", line);
}

static int
setup(void **state)
{
    static const char *const names[] = {"WEIR_CONFDIR", "WEIR_MODE", "WEIR_THREADS",
                                        "WEIR_DENY_TARGETS"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("WEIR_CONFDIR", folder_path(), 1);
    folder_write("config.yaml", SLICE(""), 0600);
    args_release(&args);
    log_set_sink(keep_line);
    warned[0] = '\0';
    return 0;
}

static int
teardown(void **state)
{
    args_release(&args);
    return 0;
}

static void
give(const char *word)
{
    struct err e = {0};
    char *words[] = {strdup(word)};
    static char *kept[16];
    static unsigned n;
    free(kept[n % 16]);
    kept[n++ % 16] = words[0];
    int at = 0;
    assert_int_equal(args_take(&args, words, 1, &at, &e), ARGS_TAKEN);
}

static void
file(const char *text)
{
    folder_write("config.yaml", slice_str(text), 0600);
}

static struct config *
must_load(void)
{
    struct err e = {0};
    struct config *c = settings_load(&args, &e);
    if (!c)
        fail_msg("%s", e.text);
    return c;
}

static int64_t
threads_now(void)
{
    struct config *c = must_load();
    int64_t v = c->threads;
    config_unref(c);
    return v;
}

static void
the_stronger_source_counts(void **state)
{
    assert_int_equal(threads_now(), 0);
    file("threads: 1\n");
    assert_int_equal(threads_now(), 1);
    setenv("WEIR_THREADS", "2", 1);
    assert_int_equal(threads_now(), 2);
    give("--threads=3");
    assert_int_equal(threads_now(), 3);
    give("--threads=4");
    assert_int_equal(threads_now(), 4);
}

static void
expect_mode(const char *first, const char *second)
{
    struct config *c = must_load();
    assert_string_equal(c->mode[0], first);
    if (second)
        assert_string_equal(c->mode[1], second);
    assert_null(c->mode[second ? 2 : 1]);
    config_unref(c);
}

static void
lists_are_replaced_as_a_whole(void **state)
{
    expect_mode("regular", NULL);
    file("mode: [regular@1, regular@2]\n");
    expect_mode("regular@1", "regular@2");
    setenv("WEIR_MODE", " regular@3  regular@4", 1);
    expect_mode("regular@3", "regular@4");
    give("--mode=regular@5");
    expect_mode("regular@5", NULL);
    give("--set=mode=regular@6");
    expect_mode("regular@5", "regular@6");
}

static void
the_folder_may_come_from_the_command_line(void **state)
{
    setenv("WEIR_CONFDIR", "/nonexistent", 1);
    file("threads: 7\n");
    char word[600];
    snprintf(word, sizeof(word), "--set=confdir=%s", folder_path());
    give(word);
    struct config *c = must_load();
    assert_int_equal(c->threads, 7);
    assert_string_equal(c->confdir, folder_path());
    config_unref(c);
}

static void
a_wrong_variable_is_named(void **state)
{
    struct err e = {0};
    setenv("WEIR_THREADS", "few", 1);
    assert_null(settings_load(&args, &e));
    assert_string_equal(e.text, "environment variable 'WEIR_THREADS': option 'threads': 'few' is "
                                "not a number from 0 to 1024");
}

static void
wrong_words_are_named(void **state)
{
    struct err e = {0};
    give("--threads=few");
    assert_null(settings_load(&args, &e));
    assert_string_equal(e.text, "option 'threads': 'few' is not a number from 0 to 1024");
}

static void
a_reload_reads_the_file_again_and_keeps_the_words(void **state)
{
    struct err e = {0};
    give("--flow-detail=2");
    file("head-time: 1s\n");
    struct config *old = must_load();
    file("head-time: 2s\n");
    struct config *c = settings_reload(&args, old, &e);
    assert_non_null(c);
    assert_int_equal(c->head_time, 2000000000);
    assert_int_equal(c->flow_detail, 2);
    assert_int_equal(old->head_time, 1000000000);
    assert_string_equal(warned, "");
    config_unref(old);
    config_unref(c);
}

static void
what_is_fixed_stays_and_is_warned_about(void **state)
{
    struct err e = {0};
    file("save-stream-file: /tmp/a\nhead-time: 1s\n");
    struct config *old = must_load();
    file("save-stream-file: /tmp/b\nhead-time: 2s\n");
    struct config *c = settings_reload(&args, old, &e);
    assert_non_null(c);
    config_unref(old);
    assert_string_equal(c->save_stream_file, "/tmp/a");
    assert_int_equal(c->head_time, 2000000000);
    assert_string_equal(
        warned, "option 'save-stream-file' keeps its old value until the program starts again");
    config_unref(c);
}

static void
a_wrong_file_is_refused_at_a_reload(void **state)
{
    struct err e = {0};
    struct config *old = must_load();
    file("threads: few\n");
    assert_null(settings_reload(&args, old, &e));
    assert_non_null(strstr(e.text, "config.yaml:1: option 'threads'"));
    config_unref(old);
}

static struct config *
with(const struct config *c, const char *name, const struct settings_texts *texts, struct err *e)
{
    struct option_name n;
    assert_true(option_find(slice_str(name), &n));
    return settings_with(c, n.option, texts, e);
}

static void
one_option_may_be_changed_in_a_copy(void **state)
{
    struct err e = {0};
    struct slice texts[] = {SLICE("loopback"), SLICE("10.0.0.0/8")};
    file("head-time: 1s\ndeny-targets: [private]\n");
    struct config *old = must_load();
    struct config *c =
        with(old, "deny-targets", &(struct settings_texts){.texts = texts, .n = 2}, &e);
    assert_non_null(c);
    assert_string_equal(c->deny_targets[0], "loopback");
    assert_string_equal(c->deny_targets[1], "10.0.0.0/8");
    assert_null(c->deny_targets[2]);
    assert_int_equal(c->head_time, 1000000000);
    assert_string_equal(old->deny_targets[0], "private");
    config_unref(old);
    struct config *back = with(c, "head-time", &(struct settings_texts){.how = SETTINGS_RESET}, &e);
    assert_non_null(back);
    assert_int_equal(back->head_time, 10000000000);
    struct config *empty = with(c, "deny-targets", &(struct settings_texts){.n = 0}, &e);
    assert_non_null(empty);
    assert_null(empty->deny_targets);
    config_unref(c);
    config_unref(back);
    config_unref(empty);
}

static void
what_cannot_be_changed_is_refused_with_a_reason(void **state)
{
    struct err e = {0};
    struct slice texts[] = {SLICE("1"), SLICE("2")};
    file("");
    struct config *old = must_load();
    assert_null(with(old, "threads", &(struct settings_texts){.texts = texts, .n = 1}, &e));
    assert_string_equal(e.text, "option 'threads' cannot change while the program runs");
    assert_null(with(old, "head-time", &(struct settings_texts){.texts = texts, .n = 2}, &e));
    assert_string_equal(e.text, "option 'head-time' takes one value");
    texts[0] = SLICE("soon");
    assert_null(with(old, "head-time", &(struct settings_texts){.texts = texts, .n = 1}, &e));
    assert_non_null(strstr(e.text, "'soon' is not a time"));
    config_unref(old);
}

static struct config *
change(const struct config *old, const char *name, const char *text)
{
    struct err e = {0};
    struct option_name o;
    struct slice value = slice_str(text);
    assert_true(option_find(slice_str(name), &o));
    struct config *c =
        settings_with(old, o.option, &(struct settings_texts){.texts = &value, .n = 1}, &e);
    assert_non_null(c);
    return c;
}

static void
what_was_changed_stays_over_a_reload_until_it_is_taken_back(void **state)
{
    struct err e = {0};
    struct option_name idle;
    assert_true(option_find(SLICE("idle-time"), &idle));
    struct config *old = must_load(), *now = change(old, "idle-time", "9s");
    folder_write("config.yaml", SLICE("idle-time: 33s\nhead-time: 7s\n"), 0600);
    struct config *again = settings_reload(&args, now, &e);
    assert_int_equal(again->idle_time, 9 * NS_PER_S);
    assert_int_equal(again->head_time, 7 * NS_PER_S);
    assert_true(settings_is_changed(idle.option, again));
    struct config *without = settings_without(&args, again, idle.option, &e);
    assert_int_equal(without->idle_time, 33 * NS_PER_S);
    assert_false(settings_is_changed(idle.option, without));
    struct config *all = settings_without(&args, again, NULL, &e);
    assert_int_equal(all->idle_time, 33 * NS_PER_S);
    folder_write("config.yaml", SLICE("idle-time: soon\n"), 0600);
    assert_null(settings_without(&args, again, NULL, &e));
    config_unref(old);
    config_unref(now);
    config_unref(again);
    config_unref(without);
    config_unref(all);
}

static struct config *
change_how(const struct config *old, const char *name, enum settings_how how, const char *text)
{
    struct err e = {0};
    struct option_name o;
    struct slice value = slice_str(text);
    assert_true(option_find(slice_str(name), &o));
    return settings_with(old, o.option,
                         &(struct settings_texts){.texts = &value, .n = 1, .how = how}, &e);
}

static void
entries_come_and_go_and_bools_are_turned(void **state)
{
    struct config *c[6] = {must_load()};
    c[1] = change_how(c[0], "deny-targets", SETTINGS_ADD, "private");
    c[2] = change_how(c[1], "deny-targets", SETTINGS_ADD, "loopback");
    assert_string_equal(c[2]->deny_targets[1], "loopback");
    assert_null(change_how(c[2], "deny-targets", SETTINGS_ADD, "private"));
    c[3] = change_how(c[2], "deny-targets", SETTINGS_REMOVE, "private");
    assert_string_equal(c[3]->deny_targets[0], "loopback");
    assert_null(c[3]->deny_targets[1]);
    assert_null(change_how(c[3], "deny-targets", SETTINGS_REMOVE, "private"));
    assert_null(change_how(c[3], "deny-targets", SETTINGS_ADD, "nonsense"));
    c[4] = change_how(c[3], "deny-targets", SETTINGS_REMOVE, "loopback");
    c[5] = change_how(c[4], "anticache", SETTINGS_TOGGLE, "");
    assert_true(c[5]->anticache && !c[4]->anticache);
    assert_null(change_how(c[4], "idle-time", SETTINGS_TOGGLE, ""));
    assert_null(change_how(c[4], "idle-time", SETTINGS_ADD, "9s"));
    for (size_t i = 0; i < ARRAY_LEN(c); i++)
        config_unref(c[i]);
}

static void
a_text_is_merged_whole_or_not_at_all(void **state)
{
    struct err e = {0};
    struct option_name idle;
    assert_true(option_find(SLICE("idle-time"), &idle));
    struct config *old = must_load();
    struct config *now = settings_merge(old, SLICE("idle-time: 9s\nhead-time: 10s\n"), &e);
    assert_int_equal(now->idle_time, 9 * NS_PER_S);
    assert_true(settings_is_changed(idle.option, now));
    assert_null(settings_merge(old, SLICE("idle-time: 9s\nthreads: 9\n"), &e));
    assert_string_equal(e.text, "option 'threads' cannot change while the program runs");
    assert_null(settings_merge(old, SLICE("idle-time: 9s\nx: 9\n"), &e));
    config_unref(old);
    config_unref(now);
}

static void
what_is_printed_can_be_read_again(void **state)
{
    struct err e = {0};
    AUTO(buf_release) struct buf text = {.max = 10000};
    struct config *old = must_load();
    struct config *now = change(old, "deny-targets", "private"), *next;
    next = change(now, "proxyauth", "me:secret");
    settings_print(next, &text);
    assert_non_null(strstr(buf_str(&text), "deny-targets: [\"private\"]\n"));
    assert_null(strstr(buf_str(&text), "secret"));
    assert_null(strstr(buf_str(&text), "confdir"));
    struct config *back = settings_merge(old, buf_slice(&text), &e);
    assert_string_equal(back->deny_targets[0], "private");
    config_unref(old);
    config_unref(now);
    config_unref(next);
    config_unref(back);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_stronger_source_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_replaced_as_a_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_folder_may_come_from_the_command_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_variable_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_words_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_reads_the_file_again_and_keeps_the_words, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_fixed_stays_and_is_warned_about, setup, teardown),
        cmocka_unit_test_setup_teardown(one_option_may_be_changed_in_a_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_changed_is_refused_with_a_reason, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wrong_file_is_refused_at_a_reload, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_changed_stays_over_a_reload_until_it_is_taken_back,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_is_merged_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_printed_can_be_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_come_and_go_and_bools_are_turned, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
