/* Runs a fuzz target on the files of a folder, without a fuzzer: replay FOLDER */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
main(int argc, char **argv)
{
    static uint8_t data[4 << 20];
    unsigned passed = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    assert(folder);
    for (const struct dirent *e; (e = readdir(folder));) {
        if (e->d_type != DT_REG)
            continue;
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
        FILE *f = fopen(path, "rb");
        assert(f);
        LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), f));
        fclose(f);
        passed++;
    }
    closedir(folder);
    printf("%u passed, 0 failed\n", passed);
    return !passed;
}
