/* Burns CPU in the small code between a program and its libraries.
 *
 * Usage: calls plt|vdso [SECONDS]
 *   plt    calls a tiny function of the C library over and over, so that the stub in the procedure linkage table counts
 *   vdso   reads the clock over and over, which runs in the vdso that the kernel maps into every process */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "burn.h"

static volatile long sink;

__attribute__((noinline)) static uint64_t plt_work(uint64_t ns) {
    uint64_t start = thread_cpu_ns(), spent = 0;
    do {
        for (int i = 0; i < 100000; i++)
            sink = labs(sink - i);
        spent = thread_cpu_ns() - start;
    } while (spent < ns);
    return spent;
}

__attribute__((noinline)) static uint64_t vdso_work(uint64_t ns) {
    uint64_t start = thread_cpu_ns(), spent = 0;
    struct timespec now;
    do {
        for (int i = 0; i < 10000; i++) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            sink = now.tv_nsec;
        }
        spent = thread_cpu_ns() - start;
    } while (spent < ns);
    return spent;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: calls plt|vdso [SECONDS]\n");
        return 2;
    }
    uint64_t ns = (uint64_t)((count > 2 ? atof(arguments[2]) : 1.0) * 1e9);
    int plt = strcmp(arguments[1], "plt") == 0;
    uint64_t spent = plt ? plt_work(ns) : vdso_work(ns);
    printf("{\"program\":\"calls\",\"self_ns\":{\"%s\":%llu}}\n", plt ? "plt_work" : "vdso_work", (unsigned long long)spent);
    return 0;
}
