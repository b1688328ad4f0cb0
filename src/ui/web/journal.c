/* A bounded list of lines with a time. */
#include "ui/web/journal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>

#define WHO_MAX 64

struct line {
    uint64_t id, at;
    const char *kind;
    char who[WHO_MAX];
    char *text; /* owned */
};

struct journal {
    pthread_mutex_t lock; /* guards the rest */
    uint64_t last;        /* id; line 'id' is at id % max */
    uint64_t cleared;     /* those up to this id are forgotten */
    unsigned max;
    struct line lines[];
};

struct journal *
journal_new(unsigned max)
{
    struct journal *j = mem_zalloc(sizeof(*j) + max * sizeof(struct line));
    if (!j)
        return NULL;
    j->max = max;
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

void
journal_free(struct journal *j)
{
    if (!j)
        return;
    for (unsigned i = 0; i < j->max; i++)
        mem_free(j->lines[i].text);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}

void
journal_add(struct journal *j, const char *kind, const char *who, struct slice text)
{
    struct line fresh = {.at = clock_wall(), .kind = kind};
    text = slice_first(text, JOURNAL_TEXT_MAX);
    fresh.text = mem_strndup(text.p ? text.p : "", text.n);
    if (!fresh.text)
        return;
    snprintf(fresh.who, sizeof(fresh.who), "%s", who);
    pthread_mutex_lock(&j->lock);
    fresh.id = ++j->last;
    struct line *at = &j->lines[fresh.id % j->max];
    char *old = at->text;
    *at = fresh;
    pthread_mutex_unlock(&j->lock);
    mem_free(old);
}

void
journal_clear(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    j->cleared = j->last;
    pthread_mutex_unlock(&j->lock);
}

static void
line_json(const struct line *l, struct json *out)
{
    json_begin_object(out, NULL);
    json_u64(out, "id", l->id);
    json_time(out, "at", l->at);
    json_str(out, "kind", l->kind);
    json_str(out, "who", l->who);
    json_str(out, "text", l->text);
    json_end_object(out);
}

void
journal_json(struct journal *j, struct json *out, const char *key, uint64_t after)
{
    json_begin_array(out, key);
    pthread_mutex_lock(&j->lock);
    uint64_t gone = MAX(j->last > j->max ? j->last - j->max : 0, j->cleared);
    for (uint64_t id = MAX(after, gone); id < j->last; id++)
        line_json(&j->lines[(id + 1) % j->max], out);
    pthread_mutex_unlock(&j->lock);
    json_end_array(out);
}
