/* The C twin of known_shares.rs: the same functions, shares, threads and child.
 *
 * Usage: known_shares [SECONDS]: seconds of CPU time in all (default 4). */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

enum { LEVELS = 20, ROUNDS = 4 };

static uint64_t alpha_ns, beta_ns, one_ns, two_ns, recurse_ns, left_ns, right_ns, child_ns;

static NAMED void alpha(uint64_t ns) { SPIN(ns, alpha_ns); }

static NAMED void beta(uint64_t ns) { SPIN(ns, beta_ns); }

static inline __attribute__((always_inline)) void inlined_kernel(uint64_t ns, uint64_t *spent) { SPIN(ns, *spent); }

static NAMED void caller_one(uint64_t ns) { inlined_kernel(ns, &one_ns); }

static NAMED void caller_two(uint64_t ns) { inlined_kernel(ns, &two_ns); }

/* Burns before and after the deeper call, so that it is no tail call. */
static NAMED void recurse(int level, uint64_t ns) {
    SPIN(ns / 2, recurse_ns);
    if (level > 1)
        recurse(level - 1, ns);
    SPIN(ns / 2, recurse_ns);
}

static NAMED void left_work(uint64_t ns) { SPIN(ns, left_ns); }

static NAMED void right_work(uint64_t ns) { SPIN(ns, right_ns); }

static NAMED void child_work(uint64_t ns) { SPIN(ns, child_ns); }

static void *left(void *ns) {
    pthread_setname_np(pthread_self(), "left");
    left_work(*(uint64_t *)ns);
    return NULL;
}

static void *right(void *ns) {
    pthread_setname_np(pthread_self(), "right");
    right_work(*(uint64_t *)ns);
    return NULL;
}

/* The main thread's part: 45 % of the whole. */
static void main_part(uint64_t whole) {
    uint64_t percent = whole / 100 / ROUNDS;
    for (int round = 0; round < ROUNDS; round++) {
        alpha(15 * percent);
        beta(8 * percent);
        caller_one(5 * percent);
        caller_two(9 * percent);
        recurse(LEVELS, 8 * percent / LEVELS);
    }
}

/* The threads' part: 20 % and 15 % of the whole, at the same time. */
static void threads_part(uint64_t whole) {
    pthread_t threads[2];
    uint64_t parts[2] = {20 * whole / 100, 15 * whole / 100};
    pthread_create(&threads[0], NULL, left, &parts[0]);
    pthread_create(&threads[1], NULL, right, &parts[1]);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

/* The child's part: 20 % of the whole, in this program started anew; its report goes to `text`. */
static int child_part(uint64_t whole, char *text, size_t size) {
    char command[4096], self[3072] = {0};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return -1;
    snprintf(command, sizeof command, "exec '%s' --child %" PRIu64, self, 20 * whole / 100);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(text, (int)size, pipe))
        return -1;
    text[strcspn(text, "\n")] = 0;
    return pclose(pipe);
}

static void print_parent(const char *child) {
    uint64_t inlined_ns = one_ns + two_ns;
    struct entry self[] = {{"alpha", alpha_ns},     {"beta", beta_ns},       {"inlined_kernel", inlined_ns},
                           {"recurse", recurse_ns}, {"left_work", left_ns},  {"right_work", right_ns}, {0}};
    struct entry total[] = {{"alpha", alpha_ns},      {"beta", beta_ns},       {"inlined_kernel", inlined_ns},
                            {"caller_one", one_ns},   {"caller_two", two_ns},  {"recurse", recurse_ns},
                            {"left_work", left_ns},   {"right_work", right_ns}, {0}};
    struct entry threads[] = {
        {"main", alpha_ns + beta_ns + inlined_ns + recurse_ns}, {"left", left_ns}, {"right", right_ns}, {0}};
    printf("{\"program\":\"known_shares\"");
    print_entries("self_ns", self);
    print_entries("total_ns", total);
    print_entries("thread_ns", threads);
    printf(",\"child\":%s}\n", child);
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--child") == 0) {
        child_work(strtoull(arguments[2], NULL, 10));
        print_leaves("known_shares", (struct entry[]){{"child_work", child_ns}, {0}});
        return 0;
    }
    uint64_t whole = seconds_to_ns(count > 1 ? arguments[1] : "4");
    char child[4096];
    main_part(whole);
    threads_part(whole);
    if (child_part(whole, child, sizeof child) != 0)
        return 1;
    print_parent(child);
    return 0;
}
