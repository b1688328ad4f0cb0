/* Runs playbooks: play [--rewrite | --seeds FOLDER] FILE...  The verdict on each goes to the end of
 * the file $RECORD, if there is one. */
#include "lib/playbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum way { WAY_RUN, WAY_REWRITE, WAY_SEED };

static bool
play(const char *path, enum way way, const char *folder)
{
    struct playbook p;
    bool good = playbook_read(&p, path);
    if (good && way == WAY_RUN)
        good = playbook_run(&p);
    else if (good && way == WAY_REWRITE)
        good = playbook_rewrite(&p);
    else if (good)
        good = playbook_seed(&p, folder);
    playbook_release(&p);
    return good;
}

static void
record(bool good, const char *path)
{
    const char *to = getenv("RECORD");
    FILE *f = to ? fopen(to, "a") : NULL;
    if (f) {
        fprintf(f, "%s %s\n", good ? "passed" : "failed", path);
        fclose(f);
    }
}

int
main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    enum way way = WAY_RUN;
    if (argc > 1 && strcmp(argv[1], "--rewrite") == 0)
        way = WAY_REWRITE;
    if (argc > 2 && strcmp(argv[1], "--seeds") == 0)
        way = WAY_SEED;
    for (int i = 1 + (int)way; i < argc; i++) {
        bool good = play(argv[i], way, argv[2]);
        if (good)
            passed++;
        else
            failed++;
        record(good, argv[i]);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
