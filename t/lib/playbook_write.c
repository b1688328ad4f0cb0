/* Playbooks, written: with what the stack really does, or as seeds of the fuzzer. */
#include "lib/playbook.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct rewriting {
    const struct playbook *book;
    struct rig *rig;
    FILE *out;
    size_t step;
    bool owed;     /* what the stack does in answer to the last step is to be written */
    bool skipping; /* what it did according to the old text */
};

static void
write_did(struct rewriting *w)
{
    if (!w->owed)
        return;
    w->owed = false;
    lines_release(&w->rig->did);
    if (!deed_do(&w->book->steps[w->step].deed, w->rig))
        fprintf(stderr, "%s:%u: this cannot happen here\n", w->book->path,
                w->book->steps[w->step].at);
    w->step++;
    lines_print(w->out, &w->rig->did, "< ");
}

static void
write_line(struct rewriting *w, const char *line)
{
    bool continued = *line == ' ' || *line == '\t';
    if (!continued) {
        write_did(w);
        w->skipping = slice_starts(slice_str(line), SLICE("< "));
        w->owed = slice_starts(slice_str(line), SLICE("> "));
    }
    if (!w->skipping)
        fputs(line, w->out);
}

bool
playbook_rewrite(const struct playbook *p)
{
    char *text = NULL, *line = NULL;
    size_t size = 0, cap = 0;
    FILE *in = fopen(p->path, "r");
    if (!in)
        return false;
    struct rewriting w = {
        .book = p, .rig = rig_new(&p->options), .out = open_memstream(&text, &size)};
    while (getline(&line, &cap, in) > 0)
        write_line(&w, line);
    write_did(&w);
    fclose(in);
    fclose(w.out);
    rig_free(w.rig);
    free(line);
    FILE *out = fopen(p->path, "w");
    bool good = out && fwrite(text, 1, size, out) == size;
    if (out)
        fclose(out);
    free(text);
    return good;
}

bool
playbook_seed(const struct playbook *p, const char *folder)
{
    char path[PATH_MAX];
    struct slice name = slice_str(p->path), parent = slice_first(name, slice_find_last(name, '/'));
    name = slice_from(name, parent.n + 1);
    parent = slice_from(parent, slice_find_last(parent, '/') + 1);
    name.n -= slice_ends(name, SLICE(".play")) ? 5 : 0;
    snprintf(path, sizeof(path), "%s/%.*s-%.*s", folder, SLICE_ARG(parent), SLICE_ARG(name));
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    rig_options_write(&p->options, out);
    for (size_t i = 0; i < p->n; i++)
        deed_write(&p->steps[i].deed, out);
    return fclose(out) == 0;
}
