/* The text of a playbook: lines, options, steps. */
#include "lib/playbook.h"

#include "base/scan.h"
#include "lib/heap.h"

#include <stdio.h>

/* Options ---------------------------------------------------------------------------------------
 */

static bool
option_wait(struct playbook *p, struct slice v)
{
    struct rig_options *o = &p->options;
    if (slice_eq(v, SLICE("request")))
        return o->wait_request = true;
    if (slice_eq(v, SLICE("open")))
        return o->wait_open = true;
    if (slice_eq(v, SLICE("next")))
        return o->wait_next = true;
    return false;
}

static bool
option_respond(struct playbook *p, struct slice v)
{
    struct slice status;
    uint64_t n;
    p->options.text = p->text = deed_text(v, &status);
    TRY(p->text && scan_u64(status, 999, &n));
    p->options.respond = (unsigned)n;
    return true;
}

static bool
option_open_fails(struct playbook *p, struct slice v)
{
    struct slice word;
    p->options.text = p->text = deed_text(v, &word);
    return p->text && deed_reason(word, &p->options.open_fails);
}

/* STAGE WORDS, up to six of them. */
static bool
option_hook(struct playbook *p, struct slice v)
{
    struct rig_options *o = &p->options;
    enum stage stage;
    if (o->n_hooks == ARRAY_LEN(o->hooks) || !stage_find(slice_cut(&v, ' '), &stage))
        return false;
    struct rig_hook *hook = &o->hooks[o->n_hooks++];
    hook->stage = stage;
    snprintf(hook->words, sizeof(hook->words), "%.*s", SLICE_ARG(v));
    return true;
}

static bool
option_target(struct playbook *p, struct slice v)
{
    struct rig_options *o = &p->options;
    uint64_t port;
    struct slice host = slice_cut(&v, ':');
    TRY(scan_u64(v, 65535, &port));
    snprintf(o->target, sizeof(o->target), "%.*s", SLICE_ARG(host));
    o->port = (uint16_t)port;
    return true;
}

static bool
option_flag(struct playbook *p, struct slice v)
{
    struct rig_options *o = &p->options;
    bool *flags[] = {&o->limits.allow_malformed, &o->limits.forward_chunk_ext, &o->refuse_tunnel,
                     &o->server_h2};
    static const char *const names[] = {"malformed", "chunk-ext", "refuse-tunnel", "server-h2"};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (slice_eq(v, slice_str(names[i])))
            return *flags[i] = true;
    return false;
}

static bool
option_size(struct playbook *p, struct slice v)
{
    struct layer_limits *l = &p->options.limits;
    size_t *sizes[] = {&l->head_max, &l->line_max, &l->fields_max, &l->trailer_max};
    uint64_t *amounts[] = {&l->body_limit, &l->body_rate};
    uint32_t *counts[] = {&l->h2_streams, &l->h2_resets, &l->h2_frames};
    static const char *const count_names[] = {"h2-streams", "h2-resets", "h2-frames"};
    static const char *const names[] = {"head", "line", "fields", "trailers"};
    static const char *const amount_names[] = {"body", "rate"};
    struct slice name = slice_cut(&v, ' ');
    uint64_t n;
    TRY(scan_size(v, &n));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        if (!slice_eq(name, slice_str(count_names[i])))
            continue;
        *counts[i] = (uint32_t)n;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
        if (!slice_eq(name, slice_str(amount_names[i])))
            continue;
        *amounts[i] = n;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (!slice_eq(name, slice_str(names[i])))
            continue;
        *sizes[i] = (size_t)n;
        return true;
    }
    return false;
}

static bool
option_whole(struct playbook *p, struct slice v)
{
    p->split = false;
    return true;
}

static bool
option_loose(struct playbook *p, struct slice v)
{
    p->loose = true;
    return true;
}

static bool
option_tell(struct playbook *p, struct slice v)
{
    p->options.tell = true;
    return true;
}

static bool
option_set(struct playbook *p, struct slice v)
{
    static const struct {
        const char *name;
        bool (*set)(struct playbook *p, struct slice v);
    } rows[] = {
        {"allow", option_flag},
        {"hook", option_hook},
        {"limit", option_size},
        {"loose", option_loose},
        {"open-fails", option_open_fails},
        {"respond", option_respond},
        {"target", option_target},
        {"tell", option_tell},
        {"wait", option_wait},
        {"whole", option_whole},
    };
    struct slice name = slice_cut(&v, ' ');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (slice_eq(name, slice_str(rows[i].name)))
            return rows[i].set(p, v);
    return false;
}

static bool
stack_set(struct playbook *p, struct slice v)
{
    static const char *const names[] = {
        [RIG_PROXY] = "proxy", [RIG_PEEK] = "peek", [RIG_TUNNEL] = "tunnel", [RIG_H2] = "h2"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!slice_eq(v, slice_str(names[i])))
            continue;
        p->options.stack = (enum rig_stack)i;
        return true;
    }
    return false;
}

/* The file --------------------------------------------------------------------------------------
 */

static bool
read_want(struct step *s, const char *text)
{
    const char *quote = strchr(text, '"');
    if (!quote || quote == text || quote[-1] != ' ') {
        lines_add(&s->want, "%s", text);
        return true;
    }
    size_t n;
    char *bytes = bytes_parse(quote, &n);
    char *name = strndup(text, (size_t)(quote - text) - 1);
    if (bytes)
        lines_add_bytes(&s->want, name, slice_of(bytes, n));
    free(name);
    free(bytes);
    return bytes;
}

static bool
add_step(struct playbook *p, const char *text, unsigned at)
{
    p->steps = heap_grow(p->steps, (p->n + 1) * sizeof(*p->steps));
    struct step *s = &p->steps[p->n++];
    *s = (struct step){.at = at, .text = strdup(text)};
    return deed_parse(text, &s->deed);
}

static bool
read_line(struct playbook *p, const char *line, unsigned at)
{
    struct slice s = slice_str(line);
    if (!s.n || line[0] == '#')
        return true;
    if (slice_starts(s, SLICE("stack ")))
        return stack_set(p, slice_from(s, 6));
    if (slice_starts(s, SLICE("option ")))
        return option_set(p, slice_from(s, 7));
    if (slice_starts(s, SLICE("> ")))
        return add_step(p, line + 2, at);
    return slice_starts(s, SLICE("< ")) && p->n && read_want(&p->steps[p->n - 1], line + 2);
}

/* The next line, with what is continued on indented ones. Owned; NULL at the end. */
static char *
next_line(FILE *f, unsigned *at, unsigned *lines)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = getline(&line, &cap, f);
    *at = *lines + 1;
    if (n < 0) {
        free(line);
        return NULL;
    }
    for (int c; ++*lines, c = fgetc(f), c == ' ' || c == '\t';) {
        char *more = NULL;
        size_t more_cap = 0;
        ssize_t m = getline(&more, &more_cap, f);
        if (m > 0) {
            line = heap_grow(line, (size_t)(n + m) + 1);
            memcpy(line + n, more, (size_t)m + 1);
            n += m;
        }
        free(more);
    }
    if (!feof(f))
        fseek(f, -1, SEEK_CUR);
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
        line[--n] = '\0';
    return line;
}

bool
playbook_read(struct playbook *p, const char *path)
{
    *p = (struct playbook){.path = path, .split = true};
    rig_options_init(&p->options);
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    bool good = true;
    unsigned at, lines = 0;
    for (char *line; good && (line = next_line(f, &at, &lines)); free(line)) {
        good = read_line(p, line, at);
        if (!good)
            fprintf(stderr, "%s:%u: not understood: %s\n", path, at, line);
    }
    fclose(f);
    return good;
}

void
playbook_release(struct playbook *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->steps[i].text);
        deed_release(&p->steps[i].deed);
        lines_release(&p->steps[i].want);
    }
    free(p->steps);
    free(p->text);
    *p = (struct playbook){0};
}
