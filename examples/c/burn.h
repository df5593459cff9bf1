/* What the C programs share: the thread's CPU clock, burning CPU in a function's own body, and the report.
 *
 * The burning loop must belong to the function that the report names, so it is a macro. The clock is read once in about
 * 200 us: it is a system call for this clock, and would otherwise be a share of its own. */
#ifndef BURN_H
#define BURN_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A function that keeps its name: never inlined, cloned, or merged with a twin. */
#define NAMED __attribute__((noinline, noclone, noipa))

#define CHUNK 100000

static uint64_t thread_cpu_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Burns `target_ns` of this thread's CPU time here, and adds what it really took to `spent_ns`. */
#define SPIN(target_ns, spent_ns)                                   \
    do {                                                            \
        uint64_t start_ = thread_cpu_ns(), state_ = start_ | __LINE__; \
        uint64_t target_ = (target_ns), took_ = 0;                  \
        while (took_ < target_) {                                   \
            for (int step_ = 0; step_ < CHUNK; step_++) {           \
                state_ ^= state_ << 13;                             \
                state_ ^= state_ >> 7;                              \
                state_ ^= state_ << 17;                             \
            }                                                       \
            __asm__ volatile("" : "+r"(state_));                    \
            took_ = thread_cpu_ns() - start_;                       \
        }                                                           \
        (spent_ns) += took_;                                        \
    } while (0)

/* One name and its CPU time. */
struct entry {
    const char *name;
    uint64_t ns;
};

/* Prints `,"key":{"name":ns,...}`; entries end with a null name. */
static inline void print_entries(const char *key, const struct entry *entries) {
    printf(",\"%s\":{", key);
    for (const struct entry *e = entries; e->name; e++)
        printf("%s\"%s\":%" PRIu64, e == entries ? "" : ",", e->name, e->ns);
    printf("}");
}

/* Prints the whole report of a program without children: one line of JSON. */
static inline void print_report(const char *program, const struct entry *self, const struct entry *total,
                                const struct entry *threads) {
    printf("{\"program\":\"%s\"", program);
    print_entries("self_ns", self);
    print_entries("total_ns", total);
    print_entries("thread_ns", threads);
    printf("}\n");
    fflush(stdout);
}

/* The report of a program whose main thread does all in functions that call nothing. */
static inline void print_leaves(const char *program, const struct entry *leaves) {
    struct entry main_thread[] = {{"main", 0}, {0}};
    for (const struct entry *e = leaves; e->name; e++)
        main_thread[0].ns += e->ns;
    print_report(program, leaves, leaves, main_thread);
}

static inline uint64_t seconds_to_ns(const char *text) { return (uint64_t)(atof(text) * 1e9); }

#endif
