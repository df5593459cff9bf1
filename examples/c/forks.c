/* Processes and threads that come and go.
 *
 * Usage: forks fork [SECONDS]       a child by fork alone and its parent burn in different functions
 *        forks exec [SECONDS]       a forked child executes this program anew
 *        forks many [CHILDREN]      short-lived children, each with a short-lived thread, one after the other
 * The report has the parent's own functions; a child's are in "children_ns", summed over all children. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

/* What the children have spent, written by them: memory shared over fork. */
struct shared {
    uint64_t forked_ns, executed_ns, brief_process_ns, brief_thread_ns;
};

static struct shared *shared;
static uint64_t parent_ns;

static NAMED void parent_work(uint64_t ns) { SPIN(ns, parent_ns); }

static NAMED void forked_work(uint64_t ns) { SPIN(ns, shared->forked_ns); }

static NAMED void brief_process_work(uint64_t ns) { SPIN(ns, shared->brief_process_ns); }

static NAMED void brief_thread_work(uint64_t ns) { SPIN(ns, shared->brief_thread_ns); }

static NAMED uint64_t executed_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    return spent;
}

static void *brief_thread(void *ns) {
    brief_thread_work(*(uint64_t *)ns);
    return NULL;
}

static void brief_child(void) {
    uint64_t ns = 3000000;
    pthread_t thread;
    brief_process_work(ns);
    pthread_create(&thread, NULL, brief_thread, &ns);
    pthread_join(thread, NULL);
}

/* Runs `child` in a forked process; it may return, and ends then with status 0. */
static pid_t fork_child(void (*child)(uint64_t), uint64_t ns) {
    pid_t pid = fork();
    if (pid == 0) {
        child(ns);
        _exit(0);
    }
    return pid;
}

static void run_brief(uint64_t unused) {
    (void)unused;
    brief_child();
}

/* Executes this program anew; the time that it spends comes back through a pipe, as text. */
static void run_exec(uint64_t ns) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, ns);
    execl("/proc/self/exe", "forks", "--executed", text, (char *)NULL);
    _exit(127);
}

static uint64_t exec_child(uint64_t ns) {
    int ends[2];
    char text[32] = {0};
    if (pipe(ends) != 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        run_exec(ns);
    }
    close(ends[1]);
    parent_work(ns);
    if (read(ends[0], text, sizeof text - 1) <= 0)
        return 0;
    waitpid(pid, NULL, 0);
    return strtoull(text, NULL, 10);
}

static void print_forks(void) {
    struct entry own[] = {{"parent_work", parent_ns}, {0}};
    struct entry children[] = {{"forked_work", shared->forked_ns},
                               {"executed_work", shared->executed_ns},
                               {"brief_process_work", shared->brief_process_ns},
                               {"brief_thread_work", shared->brief_thread_ns},
                               {0}};
    printf("{\"program\":\"forks\"");
    print_entries("self_ns", own);
    print_entries("total_ns", own);
    print_entries("children_ns", children);
    printf("}\n");
}

static int run(const char *way, const char *amount) {
    if (strcmp(way, "fork") == 0) {
        uint64_t ns = seconds_to_ns(amount ? amount : "0.5");
        pid_t pid = fork_child(forked_work, ns);
        parent_work(ns);
        waitpid(pid, NULL, 0);
    } else if (strcmp(way, "exec") == 0) {
        shared->executed_ns = exec_child(seconds_to_ns(amount ? amount : "0.5"));
    } else if (strcmp(way, "many") == 0) {
        for (int child = atoi(amount ? amount : "100"); child > 0; child--)
            waitpid(fork_child(run_brief, 0), NULL, 0);
    } else {
        fprintf(stderr, "usage: forks fork [SECONDS] | exec [SECONDS] | many [CHILDREN]\n");
        return 2;
    }
    print_forks();
    return 0;
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--executed") == 0) {
        printf("%" PRIu64 "\n", executed_work(strtoull(arguments[2], NULL, 10)));
        return 0;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return run(count > 1 ? arguments[1] : "", count > 2 ? arguments[2] : NULL);
}
