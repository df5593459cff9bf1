/* Burns CPU in machine code that the program writes itself, and tells profilers about it as JIT compilers do.
 *
 * Usage: jit map|dump [SECONDS]
 *   map   writes /tmp/perf-PID.map (linux: tools/perf/Documentation/jit-interface.txt)
 *   dump  writes ./jit-PID.dump (linux: tools/perf/Documentation/jitdump-specification.txt) and maps it executable,
 *         by which profilers find it
 * x86-64 only. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "burn.h"

/* uint64_t jitted_loop(uint64_t steps, uint64_t state): the loop of SPIN, with a frame pointer.
 *   push rbp; mov rbp,rsp; mov rax,rsi
 *   again: rcx=rax<<13; rax^=rcx; rcx=rax>>7; rax^=rcx; rcx=rax<<17; rax^=rcx; dec rdi; jnz again
 *   pop rbp; ret */
static const unsigned char machine_code[] = {
    0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf0,                                     /* prologue */
    0x48, 0x89, 0xc1, 0x48, 0xc1, 0xe1, 0x0d, 0x48, 0x31, 0xc8,                   /* again: shift left by 13 */
    0x48, 0x89, 0xc1, 0x48, 0xc1, 0xe9, 0x07, 0x48, 0x31, 0xc8,                   /* shift right by 7 */
    0x48, 0x89, 0xc1, 0x48, 0xc1, 0xe1, 0x11, 0x48, 0x31, 0xc8,                   /* shift left by 17 */
    0x48, 0xff, 0xcf, 0x75, 0xdd,                                                 /* loop */
    0x5d, 0xc3,                                                                   /* epilogue */
};

typedef uint64_t (*jitted)(uint64_t steps, uint64_t state);

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *write_code(void) {
    void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        return NULL;
    memcpy(code, machine_code, sizeof machine_code);
    return mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0 ? code : NULL;
}

static int write_map(const void *code) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
    FILE *map = fopen(path, "w");
    if (!map)
        return -1;
    fprintf(map, "%" PRIxPTR " %zx jitted_loop\n", (uintptr_t)code, sizeof machine_code);
    return fclose(map);
}

struct dump_header {
    uint32_t magic, version, total_size, elf_machine, padding, pid;
    uint64_t timestamp, flags;
};

struct dump_load {
    uint32_t id, total_size;
    uint64_t timestamp;
    uint32_t pid, tid;
    uint64_t vma, code_address, code_size, code_index;
};

static int write_dump(const void *code) {
    static const char name[] = "jitted_loop";
    struct dump_header header = {0x4A695444, 1, sizeof header, 62, 0, (uint32_t)getpid(), now_ns(), 0};
    struct dump_load load = {.id = 0,
                             .total_size = sizeof load + sizeof name + sizeof machine_code,
                             .timestamp = now_ns(),
                             .pid = (uint32_t)getpid(),
                             .tid = (uint32_t)syscall(SYS_gettid),
                             .vma = (uintptr_t)code,
                             .code_address = (uintptr_t)code,
                             .code_size = sizeof machine_code,
                             .code_index = 1};
    char path[64];
    snprintf(path, sizeof path, "jit-%d.dump", getpid());
    FILE *dump = fopen(path, "w+");
    if (!dump)
        return -1;
    fwrite(&header, sizeof header, 1, dump);
    fflush(dump);
    /* The mark by which a profiler learns of the file: an executable mapping of it. */
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump), 0) == MAP_FAILED)
        return -1;
    fwrite(&load, sizeof load, 1, dump);
    fwrite(name, sizeof name, 1, dump);
    fwrite(machine_code, sizeof machine_code, 1, dump);
    return fclose(dump);
}

/* Calls the generated code until `ns` are spent. */
static NAMED uint64_t call_jitted(jitted loop, uint64_t ns) {
    uint64_t start = thread_cpu_ns(), state = start | 1, spent = 0;
    while (spent < ns) {
        state = loop(CHUNK, state);
        spent = thread_cpu_ns() - start;
    }
    return spent;
}

int main(int count, char **arguments) {
    int dump = count > 1 && strcmp(arguments[1], "dump") == 0;
    if (count < 2 || (!dump && strcmp(arguments[1], "map") != 0)) {
        fprintf(stderr, "usage: jit map|dump [SECONDS]\n");
        return 2;
    }
    void *code = write_code();
    if (!code || (dump ? write_dump(code) : write_map(code)) != 0)
        return 1;
    uint64_t spent = call_jitted((jitted)code, seconds_to_ns(count > 2 ? arguments[2] : "1"));
    print_report("jit", (struct entry[]){{"jitted_loop", spent}, {0}},
                 (struct entry[]){{"jitted_loop", spent}, {"call_jitted", spent}, {0}},
                 (struct entry[]){{"main", spent}, {0}});
    return 0;
}
