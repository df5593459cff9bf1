/* Runs a program and writes down how long it took, by itself: `stopwatch OUTPUT PROGRAM [ARGUMENTS]`.
 *
 * A recorder is given this to start, so that the program's own time is measured, without what the recorder does before
 * and after. OUTPUT is one line of JSON; times are CLOCK_MONOTONIC nanoseconds. Ends with the program's status. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t to_ns(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000; }

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: stopwatch OUTPUT PROGRAM [ARGUMENTS]\n");
        return 2;
    }
    pid_t pid;
    int status = 0;
    struct rusage usage;
    int64_t start = now_ns();
    if (posix_spawnp(&pid, arguments[2], NULL, NULL, arguments + 2, environ) != 0) {
        perror(arguments[2]);
        return 127;
    }
    wait4(pid, &status, 0, &usage);
    int64_t end = now_ns();
    FILE *output = fopen(arguments[1], "w");
    if (!output) {
        perror(arguments[1]);
        return 1;
    }
    fprintf(output, "{\"start\":%" PRId64 ",\"end\":%" PRId64 ",\"cpu\":%" PRId64 ",\"status\":%d}\n", start, end,
            to_ns(usage.ru_utime) + to_ns(usage.ru_stime), status);
    fclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
