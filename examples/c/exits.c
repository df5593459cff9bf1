/* Ends in a chosen way, so that a profiler can be seen to pass it on.
 *
 * Usage: exits code N | signal N | crash | echo | hang
 *   code N    burns a moment and exits with status N
 *   signal N  sends itself signal N
 *   crash     writes to address 0
 *   echo      copies standard input to standard output, then says "done" on standard error
 *   hang      says "ready" and burns until a signal comes; SIGINT and SIGTERM end it with status 42 */
#include <signal.h>
#include <unistd.h>

#include "burn.h"

static volatile sig_atomic_t stopped;

static void stop(int number) {
    (void)number;
    stopped = 1;
}

static NAMED uint64_t moment(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    return spent;
}

static int echo(void) {
    char block[65536];
    ssize_t length;
    while ((length = read(STDIN_FILENO, block, sizeof block)) > 0)
        if (write(STDOUT_FILENO, block, (size_t)length) != length)
            return 1;
    fprintf(stderr, "done\n");
    return length < 0;
}

static int hang(void) {
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    printf("ready\n");
    fflush(stdout);
    while (!stopped)
        moment(10000000);
    return 42;
}

int main(int count, char **arguments) {
    const char *way = count > 1 ? arguments[1] : "";
    int number = count > 2 ? atoi(arguments[2]) : 0;
    if (strcmp(way, "echo") == 0)
        return echo();
    if (strcmp(way, "hang") == 0)
        return hang();
    moment(50000000);
    if (strcmp(way, "code") == 0)
        return number;
    if (strcmp(way, "signal") == 0)
        return raise(number);
    if (strcmp(way, "crash") == 0)
        *(volatile int *)0 = 1;
    fprintf(stderr, "usage: exits code N | signal N | crash | echo | hang\n");
    return 2;
}
