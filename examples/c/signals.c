/* Places where the chain of frames is not the usual one.
 *
 * Usage: signals handler|altstack|vfork|spawn [SECONDS]
 *   handler   burns inside a signal handler
 *   altstack  the same, with the handler on a stack of its own
 *   vfork     burns in a child made by vfork, which borrows its parent's stack
 *   spawn     burns in a child made by posix_spawn: this program, started anew */
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

extern char **environ;

static volatile uint64_t handler_target;
static volatile uint64_t handler_ns, outer_ns, vfork_ns;

static NAMED uint64_t handler_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    return spent;
}

/* Adds after the call, so that it is no tail call. */
static void on_signal(int number) {
    (void)number;
    handler_ns += handler_work(handler_target);
}

/* The function that is interrupted: a frame of it must stand below the handler's. */
static NAMED void interrupted_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    raise(SIGUSR1);
    outer_ns += spent;
}

static NAMED void vfork_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    vfork_ns += spent;
}

static NAMED uint64_t spawned_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    return spent;
}

static void install_handler(int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
}

static void run_handler(uint64_t ns, int on_own_stack) {
    if (on_own_stack) {
        stack_t own = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
        sigaltstack(&own, NULL);
    }
    install_handler(on_own_stack ? SA_ONSTACK : 0);
    handler_target = ns / 2;
    interrupted_work(ns / 2);
    print_report("signals", (struct entry[]){{"handler_work", handler_ns}, {"interrupted_work", outer_ns}, {0}},
                 (struct entry[]){{"handler_work", handler_ns}, {"interrupted_work", outer_ns + handler_ns}, {0}},
                 (struct entry[]){{"main", outer_ns + handler_ns}, {0}});
}

static void run_vfork(uint64_t ns) {
    pid_t pid = vfork();
    if (pid == 0) {
        vfork_work(ns);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    print_leaves("signals", (struct entry[]){{"vfork_work", vfork_ns}, {0}});
}

static int run_spawn(uint64_t ns) {
    char text[32];
    pid_t pid;
    snprintf(text, sizeof text, "%" PRIu64, ns);
    char *arguments[] = {"signals", "--spawned", text, NULL};
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
        return 1;
    waitpid(pid, NULL, 0);
    return 0;
}

int main(int count, char **arguments) {
    const char *way = count > 1 ? arguments[1] : "";
    if (strcmp(way, "--spawned") == 0 && count == 3) {
        uint64_t spent = spawned_work(strtoull(arguments[2], NULL, 10));
        print_leaves("signals", (struct entry[]){{"spawned_work", spent}, {0}});
        return 0;
    }
    uint64_t ns = seconds_to_ns(count > 2 ? arguments[2] : "1");
    if (strcmp(way, "handler") == 0 || strcmp(way, "altstack") == 0)
        run_handler(ns, strcmp(way, "altstack") == 0);
    else if (strcmp(way, "vfork") == 0)
        run_vfork(ns);
    else if (strcmp(way, "spawn") == 0)
        return run_spawn(ns);
    else {
        fprintf(stderr, "usage: signals handler|altstack|vfork|spawn [SECONDS]\n");
        return 2;
    }
    return 0;
}
