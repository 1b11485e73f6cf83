/* SPDX-License-Identifier: Apache-2.0 */

/* timeit RUNS COMMAND [ARG...] [-- COMMAND [ARG...]]...
 * Runs whole processes in turn, RUNS times each, so that a busy machine slows all alike. Prints a
 * line for each command: median wall time and CPU time in microseconds, peak memory in KiB. Their
 * output goes to /dev/null; a command that fails ends the run. */

#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMANDS_MAX = 16, RUNS_MAX = 10000 };

extern char **environ;

struct command {
    char **argv;
    int64_t *wall;
    int64_t *cpu;
    long peak;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static int run_once(struct command *c, size_t i)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int64_t start = now_us();
    if (posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ) == 0 &&
        wait4(pid, &status, 0, &usage) == pid) {
        c->wall[i] = now_us() - start;
        c->cpu[i] = us(usage.ru_utime) + us(usage.ru_stime);
        c->peak = usage.ru_maxrss > c->peak ? usage.ru_maxrss : c->peak;
    }
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        fprintf(stderr, "timeit: %s %s: failed (wait status %d)\n", c->argv[0],
                c->argv[1] != NULL ? c->argv[1] : "", status);
    }
    return status;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static long long median(int64_t *times, size_t n)
{
    qsort(times, n, sizeof times[0], by_size);
    return (long long)((times[(n - 1) / 2] + times[n / 2]) / 2);
}

/* Cuts argv at each "--"; returns the number of commands, 0 if there are too many. */
static size_t split(char **argv, struct command *commands)
{
    size_t n = 1;
    commands[0].argv = argv;
    for (; *argv != NULL; argv++) {
        if (strcmp(*argv, "--") == 0) {
            *argv = NULL;
            if (n == COMMANDS_MAX) {
                return 0;
            }
            commands[n++].argv = argv + 1;
        }
    }
    return n;
}

static int measure(struct command *commands, size_t n, size_t runs)
{
    for (size_t i = 0; i < runs; i++) {
        for (size_t k = 0; k < n; k++) {
            if (run_once(&commands[k], i) != 0) {
                return 1;
            }
        }
    }
    for (size_t k = 0; k < n; k++) {
        printf("%lld %lld %ld\n", median(commands[k].wall, runs), median(commands[k].cpu, runs),
               commands[k].peak);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct command commands[COMMANDS_MAX];
    size_t runs = argc > 2 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
    size_t n = argc > 2 ? split(argv + 2, commands) : 0;
    if (runs < 1 || runs > RUNS_MAX || n == 0) {
        fputs("usage: timeit RUNS COMMAND [ARG...] [-- COMMAND [ARG...]]...\n", stderr);
        return 2;
    }
    int64_t *times = calloc(2 * n * runs, sizeof *times);
    if (times == NULL) {
        fputs("timeit: out of memory\n", stderr);
        return 1;
    }
    for (size_t k = 0; k < n; k++) {
        commands[k].wall = times + 2 * k * runs;
        commands[k].cpu = commands[k].wall + runs;
    }
    int status = measure(commands, n, runs);
    free(times);
    return status;
}
