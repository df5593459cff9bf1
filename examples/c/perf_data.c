/* Two functions with known shares, threads and children: what recordings of perf are made of.
 *
 * Usage: perf_data ROUNDS [THREADS [CHILDREN]]
 *
 * In every round `alpha` does three times the work of `beta`, at the end of a recursion; both inline `mix`. Memory
 * is touched for the first time in each round, so that there are page faults. No two rounds near each other are
 * equally long: samples that are taken at a steady rate would meet the same part of each. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEAST 10000
#define VARIED 20000
#define STEP 7919
#define DEPTH 10
#define TOUCHED (256 << 10)
#define MOST 16

static volatile uint64_t sink;

static inline __attribute__((always_inline)) uint64_t mix(uint64_t x)
{
    for (int i = 0; i < 16; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

__attribute__((noinline)) uint64_t alpha(uint64_t seed, int unit)
{
    for (int i = 0; i < 3 * unit; i++)
        seed = mix(seed + i);
    return seed;
}

__attribute__((noinline)) uint64_t beta(uint64_t seed, int unit)
{
    for (int i = 0; i < unit; i++)
        seed = mix(seed + i);
    return seed + 1;
}

/* The stores behind the calls keep them from becoming jumps. */
__attribute__((noinline)) uint64_t recurse(int depth, uint64_t seed, int unit)
{
    uint64_t result = depth == 0 ? alpha(seed, unit) : recurse(depth - 1, seed, unit);
    sink += result;
    return result;
}

__attribute__((noinline)) void touch(void)
{
    char *memory = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    memset(memory, 1, TOUCHED);
    sink += memory[100];
    munmap(memory, TOUCHED);
}

static void *work(void *rounds)
{
    for (intptr_t round = 0; round < (intptr_t)rounds; round++) {
        int unit = LEAST + round * STEP % VARIED;
        sink += recurse(DEPTH, round, unit);
        sink += beta(round, unit);
        touch();
    }
    return NULL;
}

static int number(int count, char **words, int at)
{
    int value = count > at ? atoi(words[at]) : 0;
    return value > MOST && at > 1 ? MOST : value;
}

int main(int count, char **words)
{
    void *rounds = (void *)(intptr_t)number(count, words, 1);
    int threads = number(count, words, 2);
    pthread_t started[MOST];
    for (int child = number(count, words, 3); child > 0; child--)
        if (fork() == 0) {
            work(rounds);
            _exit(0);
        }
    for (int i = 0; i < threads; i++)
        pthread_create(&started[i], NULL, work, rounds);
    work(rounds);
    for (int i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
    while (wait(NULL) > 0)
        ;
    return 0;
}
