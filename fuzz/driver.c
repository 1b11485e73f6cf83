/* SPDX-License-Identifier: Apache-2.0 */

/* Replays inputs through a fuzz target without libFuzzer: each file named on the command line. So a
 * corpus is an ordinary test in every build, and a finding runs under any debugger. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes in a block of exactly their size, so that a sanitizer sees the first one beyond. */
static uint8_t *read_file(FILE *f, size_t *size)
{
    if (fseek(f, 0, SEEK_END) != 0) {
        return NULL;
    }
    long end = ftell(f);
    if (end < 0 || fseek(f, 0, SEEK_SET) != 0) {
        return NULL;
    }
    *size = (size_t)end;
    uint8_t *data = malloc(*size > 0 ? *size : 1);
    if (data != NULL && fread(data, 1, *size, f) != *size) {
        free(data);
        data = NULL;
    }
    return data;
}

static int replay(const char *path)
{
    size_t size = 0;
    uint8_t *data = NULL;
    FILE *f = fopen(path, "rb");
    if (f != NULL) {
        data = read_file(f, &size);
        (void)fclose(f);
    }
    if (data == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    fprintf(stderr, "%s (%zu bytes)\n", path, size);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) != 0) {
            return 1;
        }
    }
    if (argc < 2) {
        fputs("no inputs\n", stderr);
        return 1;
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
