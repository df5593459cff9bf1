/* Counts in the program, in place of printing a line at the interesting place and counting the lines.
 *
 *     #include <pyrometer/counts.h>
 *
 *     PYROMETER_COUNT("insert");                              a key
 *     PYROMETER_COUNT_WEIGHTED(size, "inserted");             a weight, whole or with a fraction, that is added up
 *     PYROMETER_COUNT_FORMATTED("insert;into %d", bucket);    what is between `;` becomes a stack
 *     PYROMETER_COUNT_WEIGHTED_FORMATTED(size, "into %d", bucket);
 *     PYROMETER_COUNT_HERE();                                 file and line; the same beside a key: ..._HERE,
 *                                                             PYROMETER_COUNT_KEY_HERE("insert")
 *
 * Nothing happens, neither key nor weight is evaluated, unless the environment variable PYROMETER_COUNTS names a folder
 * at the first event: that costs one load and one branch. Every thread has a mapped file of its own there, so that no
 * event waits for another thread, and what was counted is there after _exit, abort and a kill signal. The layout of the
 * files: docs/counts-format.md. The child of a fork has files of its own; so has every executable and shared library
 * that includes this header. What cannot be kept is counted as lost, in the file.
 *
 * C99 or C++11, GCC or Clang, 64-bit Linux and macOS; elsewhere, or with PYROMETER_COUNTS_OFF defined, the macros are
 * empty. Do not count in a signal handler. With a C library older than glibc 2.34, link with -pthread.
 *
 * Part of Pyrometer. MIT or Apache-2.0.
 */
#ifndef PYROMETER_COUNTS_H
#define PYROMETER_COUNTS_H

#if !defined(PYROMETER_COUNTS_OFF) && defined(__GNUC__) && defined(__LP64__) && \
    (defined(__linux__) || defined(__APPLE__))
#define PYROMETER_COUNTS_LIVE 1
#endif

#ifdef PYROMETER_COUNTS_LIVE

/* The key is a string literal. */
#define PYROMETER_COUNT(key) PYROMETER_COUNTS_AT_SITE(PYROMETER_COUNTS_NONE_, 0, "" key "", "", 0)
#define PYROMETER_COUNT_KEY_HERE(key) PYROMETER_COUNTS_AT_SITE(PYROMETER_COUNTS_NONE_, 0, "" key "", __FILE__, __LINE__)
#define PYROMETER_COUNT_HERE() PYROMETER_COUNT_KEY_HERE("")
#define PYROMETER_COUNT_WEIGHTED(weight, key) \
    PYROMETER_COUNTS_AT_SITE(PYROMETER_COUNTS_WEIGHT_, weight, "" key "", "", 0)
#define PYROMETER_COUNT_WEIGHTED_HERE(weight, key) \
    PYROMETER_COUNTS_AT_SITE(PYROMETER_COUNTS_WEIGHT_, weight, "" key "", __FILE__, __LINE__)

/* The key is put together as printf does. */
#define PYROMETER_COUNT_FORMATTED(...) PYROMETER_COUNTS_BY_KEY(PYROMETER_COUNTS_NONE_, 0, "", 0, __VA_ARGS__)
#define PYROMETER_COUNT_FORMATTED_HERE(...) \
    PYROMETER_COUNTS_BY_KEY(PYROMETER_COUNTS_NONE_, 0, __FILE__, __LINE__, __VA_ARGS__)
#define PYROMETER_COUNT_WEIGHTED_FORMATTED(weight, ...) \
    PYROMETER_COUNTS_BY_KEY(PYROMETER_COUNTS_WEIGHT_, weight, "", 0, __VA_ARGS__)
#define PYROMETER_COUNT_WEIGHTED_FORMATTED_HERE(weight, ...) \
    PYROMETER_COUNTS_BY_KEY(PYROMETER_COUNTS_WEIGHT_, weight, __FILE__, __LINE__, __VA_ARGS__)

/* What follows is how. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/auxv.h>
#include <sys/syscall.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One of each in every executable and shared library, whatever number of files include this. */
#define PYROMETER_COUNTS_ONE __attribute__((weak, visibility("hidden")))
#define PYROMETER_COUNTS_SLOW __attribute__((weak, visibility("hidden"), noinline))
#define PYROMETER_COUNTS_LIKELY(condition) __builtin_expect(!!(condition), 1)

/* Names of the C library that strict C does not declare, under names of ours. */
#define PYROMETER_COUNTS_TEXT_OF(text) #text
#define PYROMETER_COUNTS_TEXT(text) PYROMETER_COUNTS_TEXT_OF(text)
#define PYROMETER_COUNTS_SYMBOL(name) __asm__(PYROMETER_COUNTS_TEXT(__USER_LABEL_PREFIX__) name)
extern int pyrometer_counts_ftruncate(int file, int64_t length) PYROMETER_COUNTS_SYMBOL("ftruncate");
#ifdef __linux__
extern int pyrometer_counts_fallocate(int file, int64_t from, int64_t length) PYROMETER_COUNTS_SYMBOL("posix_fallocate");
extern long pyrometer_counts_syscall(long number, ...) PYROMETER_COUNTS_SYMBOL("syscall");
#else
extern int pyrometer_counts_threadid(void *thread, uint64_t *id) PYROMETER_COUNTS_SYMBOL("pthread_threadid_np");
#endif

enum {
    PYROMETER_COUNTS_VERSION = 1,
    PYROMETER_COUNTS_FIRST = 64 << 10,
    PYROMETER_COUNTS_LARGEST = 16 << 20,
    PYROMETER_COUNTS_SHORT = 256,
    PYROMETER_COUNTS_MOST_SITES = 1 << 20
};

/* Kinds of records; FILLER is none, SATURATED stands beside a kind. */
enum {
    PYROMETER_COUNTS_PLAIN = 0,
    PYROMETER_COUNTS_WHOLE = 1,
    PYROMETER_COUNTS_FRACTION = 2,
    PYROMETER_COUNTS_FILLER = 3,
    PYROMETER_COUNTS_SATURATED = 1 << 8
};

/* What a file begins with. */
typedef struct {
    char magic[8];
    uint32_t version;
    uint32_t size;
    uint32_t pid;
    uint32_t tid;
    uint64_t start;
    uint64_t lost;
    char program[16];
    char thread[16];
} pyrometer_counts_header;

/* A key with its place, and what was counted; the texts follow. */
typedef struct {
    uint32_t size;
    uint32_t kind;
    uint64_t count;
    uint64_t sum;
    uint32_t line;
    uint32_t column;
    uint32_t key_length;
    uint32_t file_length;
} pyrometer_counts_record;

/* What an event adds: nothing, a whole number, or one with a fraction, by its kind. */
typedef struct {
    uint32_t kind;
    uint32_t beyond;
    int64_t whole;
    double fraction;
} pyrometer_counts_amount;

typedef struct {
    const char *key;
    size_t key_length;
    const char *file;
    uint32_t line;
    uint32_t kind;
} pyrometer_counts_wanted;

typedef struct {
    uint64_t hash;
    pyrometer_counts_record *record;
    const char *file;
} pyrometer_counts_slot;

/* Bytes of the file that are mapped. */
typedef struct {
    char *at;
    size_t length;
} pyrometer_counts_segment;

/* The record of a key that never changes, by the number of its site. */
typedef pyrometer_counts_record *pyrometer_counts_reached;

/* All that a thread has, once it has counted. */
typedef struct {
    pyrometer_counts_reached *sites;
    uint32_t site_count;
    uint32_t pid;
    pyrometer_counts_slot *slots;
    size_t slot_count;
    size_t used;
    pyrometer_counts_segment *segments;
    size_t segment_count;
    /* Where the next record goes, and the bytes from there to the end of the last segment. */
    char *at;
    size_t room;
    /* Bytes of the file, and whether it cannot grow any more. */
    uint64_t end;
    int is_full;
    char path[4096];
} pyrometer_counts_writer;

enum { PYROMETER_COUNTS_UNKNOWN = 0, PYROMETER_COUNTS_NOBODY = 1, PYROMETER_COUNTS_SOMEBODY = 2 };
enum { PYROMETER_COUNTS_FREE = 0, PYROMETER_COUNTS_BUSY = 1, PYROMETER_COUNTS_FAILED = 2 };

/* Whether somebody listens, and the folder. */
PYROMETER_COUNTS_ONE int pyrometer_counts_state = PYROMETER_COUNTS_UNKNOWN;
PYROMETER_COUNTS_ONE char pyrometer_counts_folder[4000] = "";
PYROMETER_COUNTS_ONE pthread_once_t pyrometer_counts_once = PTHREAD_ONCE_INIT;
/* Numbers of sites begin at 1; 0 is a site that was not reached. */
PYROMETER_COUNTS_ONE uint32_t pyrometer_counts_numbers = 1;
/* Tells the end of a thread. */
PYROMETER_COUNTS_ONE pthread_key_t pyrometer_counts_end_key = 0;
PYROMETER_COUNTS_ONE int pyrometer_counts_has_end_key = 0;
PYROMETER_COUNTS_ONE int pyrometer_counts_said = 0;

/* Null before a thread's first event, after its end, and while something is done with it: what is called meanwhile and
 * counts finds none, and nothing is used twice at once. */
PYROMETER_COUNTS_ONE __thread pyrometer_counts_writer *pyrometer_counts_own = NULL;
PYROMETER_COUNTS_ONE __thread int pyrometer_counts_own_state = PYROMETER_COUNTS_FREE;
PYROMETER_COUNTS_ONE __thread uint64_t pyrometer_counts_own_lost = 0;

/* One thread writes; readers of the file see whole words. */
#define PYROMETER_COUNTS_LOAD(place) __atomic_load_n((place), __ATOMIC_RELAXED)
#define PYROMETER_COUNTS_STORE(place, value) __atomic_store_n((place), (value), __ATOMIC_RELAXED)
#define PYROMETER_COUNTS_PUBLISH(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)

/* Lets go of what the parent of a fork counts in. Nothing is freed: the files are the parent's. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_forget(void) {
    pyrometer_counts_own = NULL;
    pyrometer_counts_own_state = PYROMETER_COUNTS_FREE;
    pyrometer_counts_own_lost = 0;
}

/* The end of a thread: its file is cut to what was used. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_end(void *ended) {
    pyrometer_counts_writer *writer = (pyrometer_counts_writer *)ended;
    int file;
    size_t at;
    if (writer != pyrometer_counts_own)
        return; /* The parent's, in the child of a fork. */
    pyrometer_counts_own = NULL;
    for (at = 0; at < writer->segment_count; at++)
        munmap(writer->segments[at].at, writer->segments[at].length);
    file = open(writer->path, O_RDWR);
    if (file >= 0) {
        /* If it fails the file is longer than need be, and says where it ends as it did before. */
        if (pyrometer_counts_ftruncate(file, (int64_t)(writer->end - writer->room)) != 0)
            errno = 0;
        close(file);
    }
    free(writer->segments);
    free(writer->slots);
    free(writer->sites);
    free(writer);
}

/* No thread may call what is unloaded. */
__attribute__((weak, visibility("hidden"), destructor)) void pyrometer_counts_unload(void) {
    if (pyrometer_counts_has_end_key) {
        pyrometer_counts_has_end_key = 0;
        pthread_key_delete(pyrometer_counts_end_key);
    }
}

/* Whether the program has more rights than who started it, so that the environment is not to be trusted. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_is_privileged(void) {
#ifdef __linux__
    return getauxval(AT_SECURE) != 0;
#else
    return getuid() != geteuid() || getgid() != getegid();
#endif
}

/* Copies the name of the folder, absolute, for the program may change its own; 0 if there is none that fits. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_copy_folder(const char *name) {
    char *to = pyrometer_counts_folder;
    size_t room = sizeof pyrometer_counts_folder, length = 0;
    if (name[0] != '/' && getcwd(to, room - 1) != NULL) {
        length = strlen(to);
        to[length++] = '/';
    }
    if (strlen(name) >= room - length) {
        fprintf(stderr, "pyrometer: events are lost: the name of the folder is too long: %s\n", name);
        return 0;
    }
    memcpy(to + length, name, strlen(name) + 1);
    return 1;
}

/* Looks whether somebody listens. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_look(void) {
    const char *name = getenv("PYROMETER_COUNTS");
    int found = name != NULL && name[0] != '\0' && !pyrometer_counts_is_privileged();
    found = found && pyrometer_counts_copy_folder(name);
    if (found) {
        pthread_atfork(NULL, NULL, pyrometer_counts_forget);
        pyrometer_counts_has_end_key = pthread_key_create(&pyrometer_counts_end_key, pyrometer_counts_end) == 0;
    }
    PYROMETER_COUNTS_STORE(&pyrometer_counts_state, found ? PYROMETER_COUNTS_SOMEBODY : PYROMETER_COUNTS_NOBODY);
}

PYROMETER_COUNTS_SLOW uint32_t pyrometer_counts_thread_id(void) {
#ifdef __linux__
    return (uint32_t)pyrometer_counts_syscall(SYS_gettid);
#else
    uint64_t id = 0;
    pyrometer_counts_threadid(NULL, &id);
    return (uint32_t)id;
#endif
}

/* The name in a file of /proc, of at most 16 bytes; none where there is none. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_name(const char *path, char *to) {
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, to, 16);
    char *end = length > 0 ? (char *)memchr(to, '\n', (size_t)length) : NULL;
    if (end != NULL)
        *end = '\0';
    if (file >= 0)
        close(file);
}

/* Makes the file larger, with space on the disk, for writing into a mapping without is a fault; 0 if it cannot be. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_reserve(int file, uint64_t from, uint64_t length) {
#ifdef __linux__
    int error = pyrometer_counts_fallocate(file, (int64_t)from, (int64_t)length);
    if (error != EOPNOTSUPP && error != EINVAL && error != ENOSYS) {
        errno = error;
        return error == 0;
    }
#endif
    return pyrometer_counts_ftruncate(file, (int64_t)(from + length)) == 0;
}

/* Maps so many bytes more; 0 if they are not to be had. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_add_segment(pyrometer_counts_writer *writer, int file, size_t length) {
    size_t count = writer->segment_count + 1;
    pyrometer_counts_segment *segments;
    void *at;
    segments = (pyrometer_counts_segment *)realloc(writer->segments, count * sizeof *segments);
    if (segments == NULL)
        return 0;
    writer->segments = segments;
    if (!pyrometer_counts_reserve(file, writer->end, length))
        return 0;
    at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)writer->end);
    if (at == MAP_FAILED)
        return 0;
    segments[count - 1].at = (char *)at;
    segments[count - 1].length = length;
    writer->segment_count = count;
    writer->at = (char *)at;
    writer->room = length;
    writer->end += length;
    return 1;
}

/* A file that was not there: another library, or the program executed before, may have had the same ids. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_create(pyrometer_counts_writer *writer, uint32_t tid) {
    int file = -1, number;
    for (number = 0; file < 0 && number >= 0; number++) {
        snprintf(writer->path, sizeof writer->path, "%s/%u.%u.%d.counts", pyrometer_counts_folder,
                 (unsigned)writer->pid, (unsigned)tid, number);
        file = open(writer->path, O_RDWR | O_CREAT | O_EXCL, 0666);
        if (file < 0 && errno != EEXIST)
            return -1;
    }
    return file;
}

/* Begins a file with its header, in one write, so that it is empty or has all of it; 0 if there can be none. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_open_first(pyrometer_counts_writer *writer) {
    pyrometer_counts_header header;
    struct timeval now;
    int file, done;
    memset(&header, 0, sizeof header);
    memcpy(header.magic, "PYRCOUNT", sizeof header.magic);
    header.version = PYROMETER_COUNTS_VERSION;
    header.size = (uint32_t)sizeof header;
    header.pid = writer->pid;
    header.tid = pyrometer_counts_thread_id();
    gettimeofday(&now, NULL);
    header.start = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_usec * 1000u;
    pyrometer_counts_name("/proc/self/comm", header.program);
    pyrometer_counts_name("/proc/thread-self/comm", header.thread);
    file = pyrometer_counts_create(writer, header.tid);
    if (file < 0)
        return 0;
    done = write(file, &header, sizeof header) == (ssize_t)sizeof header &&
           pyrometer_counts_add_segment(writer, file, PYROMETER_COUNTS_FIRST);
    close(file);
    writer->at += done ? sizeof header : 0;
    writer->room -= done ? sizeof header : 0;
    return done;
}

/* A writer for this thread; NULL, and once a sentence, if there can be none. */
PYROMETER_COUNTS_SLOW pyrometer_counts_writer *pyrometer_counts_begin(void) {
    pyrometer_counts_writer *writer = (pyrometer_counts_writer *)calloc(1, sizeof *writer);
    if (writer != NULL) {
        writer->pid = (uint32_t)getpid();
        if (pyrometer_counts_open_first(writer)) {
            if (pyrometer_counts_has_end_key)
                pthread_setspecific(pyrometer_counts_end_key, writer);
            return writer;
        }
        free(writer->segments);
        free(writer);
    }
    if (!__atomic_exchange_n(&pyrometer_counts_said, 1, __ATOMIC_RELAXED))
        fprintf(stderr, "pyrometer: events are lost: there can be no file in %s: %s\n", pyrometer_counts_folder,
                strerror(errno));
    return NULL;
}

/* Another segment, of at least so many bytes; what is left of the last one is marked as nothing. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_grow(pyrometer_counts_writer *writer, size_t least) {
    size_t length = 2 * writer->segments[writer->segment_count - 1].length, room = writer->room;
    uint32_t *left = (uint32_t *)(void *)writer->at;
    int file;
    if (writer->is_full)
        return 0;
    if (length > PYROMETER_COUNTS_LARGEST)
        length = PYROMETER_COUNTS_LARGEST;
    if (length < least)
        length = (least + PYROMETER_COUNTS_FIRST - 1) / PYROMETER_COUNTS_FIRST * PYROMETER_COUNTS_FIRST;
    file = open(writer->path, O_RDWR);
    writer->is_full = file < 0 || !pyrometer_counts_add_segment(writer, file, length);
    if (file >= 0)
        close(file);
    if (!writer->is_full && room > 0) {
        PYROMETER_COUNTS_STORE(left + 1, (uint32_t)PYROMETER_COUNTS_FILLER);
        PYROMETER_COUNTS_PUBLISH(left, (uint32_t)room);
    }
    return !writer->is_full;
}

/* Adds a record; NULL if there is no room. Its size is written last: a zero is the end of what there is. */
PYROMETER_COUNTS_SLOW pyrometer_counts_record *pyrometer_counts_append(pyrometer_counts_writer *writer,
                                                                       const pyrometer_counts_wanted *wanted) {
    size_t file_length = strlen(wanted->file);
    size_t size = (sizeof(pyrometer_counts_record) + wanted->key_length + file_length + 7) / 8 * 8;
    pyrometer_counts_record *record;
    if (size > UINT32_MAX / 2 || (writer->room < size && !pyrometer_counts_grow(writer, size)))
        return NULL;
    record = (pyrometer_counts_record *)(void *)writer->at;
    writer->at += size;
    writer->room -= size;
    record->kind = wanted->kind;
    record->line = wanted->line;
    record->key_length = (uint32_t)wanted->key_length;
    record->file_length = (uint32_t)file_length;
    memcpy((char *)(record + 1), wanted->key, wanted->key_length);
    memcpy((char *)(record + 1) + wanted->key_length, wanted->file, file_length);
    PYROMETER_COUNTS_PUBLISH(&record->size, (uint32_t)size);
    return record;
}

/* Mixes bytes, eight at a time, by folded multiplication: keys are few and nobody's attack. */
static inline uint64_t pyrometer_counts_fold(uint64_t state, uint64_t word) {
    __extension__ unsigned __int128 product = (unsigned __int128)(state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t pyrometer_counts_word(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The last bytes, at most eight, as a word that is another for every other end of keys of this length. */
static inline uint64_t pyrometer_counts_last_word(const char *bytes, size_t length) {
    uint64_t word = 0;
    if (length >= sizeof word)
        return pyrometer_counts_word(bytes + length - sizeof word);
    while (length > 0)
        word = word << 8 | (unsigned char)bytes[--length];
    return word;
}

/* Whether two keys of one length are one: most are shorter than the call of a function takes. */
static inline int pyrometer_counts_is_same(const char *one, const char *other, size_t length) {
    size_t at;
    for (at = 0; at + 8 <= length; at += 8) {
        if (pyrometer_counts_word(one + at) != pyrometer_counts_word(other + at))
            return 0;
    }
    return pyrometer_counts_last_word(one, length) == pyrometer_counts_last_word(other, length);
}

static inline uint64_t pyrometer_counts_hash(const pyrometer_counts_wanted *wanted) {
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) ^ ((uint64_t)wanted->key_length << 32);
    size_t at;
    state ^= ((uint64_t)wanted->kind << 56) ^ ((uint64_t)wanted->line << 8) ^ (uint64_t)(uintptr_t)wanted->file;
    for (at = 0; at + 8 <= wanted->key_length; at += 8)
        state = pyrometer_counts_fold(state, pyrometer_counts_word(wanted->key + at));
    state = pyrometer_counts_fold(state, pyrometer_counts_last_word(wanted->key, wanted->key_length));
    return pyrometer_counts_fold(state, UINT64_C(0x9e3779b97f4a7c15));
}

/* Whether a record is the wanted one. Files are compared by address: two records of one place are added up by readers. */
static inline int pyrometer_counts_is_wanted(const pyrometer_counts_slot *slot, uint64_t hash,
                                             const pyrometer_counts_wanted *wanted) {
    const pyrometer_counts_record *record = slot->record;
    return slot->hash == hash && slot->file == wanted->file && record->line == wanted->line &&
           (record->kind & 0xff) == wanted->kind && record->key_length == wanted->key_length &&
           pyrometer_counts_is_same((const char *)(record + 1), wanted->key, wanted->key_length);
}

/* The slot of a key, or the free one where it belongs. At most half of them are used. */
static inline pyrometer_counts_slot *pyrometer_counts_find(const pyrometer_counts_writer *writer, uint64_t hash,
                                                           const pyrometer_counts_wanted *wanted) {
    size_t mask = writer->slot_count - 1, at = (size_t)hash & mask;
    while (writer->slots[at].record != NULL && !pyrometer_counts_is_wanted(&writer->slots[at], hash, wanted))
        at = (at + 1) & mask;
    return &writer->slots[at];
}

/* Makes room for one more; 0 if there is no memory. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_make_room(pyrometer_counts_writer *writer) {
    size_t count = writer->slot_count == 0 ? 64 : 2 * writer->slot_count, at, to;
    pyrometer_counts_slot *larger;
    if (2 * writer->used < writer->slot_count)
        return 1;
    larger = (pyrometer_counts_slot *)calloc(count, sizeof *larger);
    if (larger == NULL)
        return 0;
    for (at = 0; at < writer->slot_count; at++) {
        if (writer->slots[at].record == NULL)
            continue;
        to = (size_t)writer->slots[at].hash & (count - 1);
        while (larger[to].record != NULL)
            to = (to + 1) & (count - 1);
        larger[to] = writer->slots[at];
    }
    free(writer->slots);
    writer->slots = larger;
    writer->slot_count = count;
    return 1;
}

/* The record of a key, a new one if it has none; NULL if there is no room. */
PYROMETER_COUNTS_SLOW pyrometer_counts_record *pyrometer_counts_record_of(pyrometer_counts_writer *writer,
                                                                          const pyrometer_counts_wanted *wanted) {
    uint64_t hash = pyrometer_counts_hash(wanted);
    pyrometer_counts_slot *slot;
    if (!pyrometer_counts_make_room(writer))
        return NULL;
    slot = pyrometer_counts_find(writer, hash, wanted);
    if (slot->record == NULL) {
        slot->record = pyrometer_counts_append(writer, wanted);
        slot->hash = hash;
        slot->file = wanted->file;
        writer->used += slot->record != NULL;
    }
    return slot->record;
}

/* The number of a site, the same for all threads. */
PYROMETER_COUNTS_SLOW uint32_t pyrometer_counts_number(uint32_t *site) {
    uint32_t number = PYROMETER_COUNTS_LOAD(site), fresh;
    if (number != 0)
        return number;
    fresh = __atomic_fetch_add(&pyrometer_counts_numbers, 1u, __ATOMIC_RELAXED);
    if (__atomic_compare_exchange_n(site, &number, fresh, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return fresh;
    return number;
}

/* Remembers the record of a site. Without memory, or of too many, it is looked up each time. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_remember(pyrometer_counts_writer *writer, uint32_t number,
                                                     pyrometer_counts_record *record) {
    uint32_t count = (number + 16) / 16 * 16;
    pyrometer_counts_reached *sites;
    if (number >= PYROMETER_COUNTS_MOST_SITES)
        return;
    if (number >= writer->site_count) {
        sites = (pyrometer_counts_reached *)realloc(writer->sites, count * sizeof *sites);
        if (sites == NULL)
            return;
        memset(sites + writer->site_count, 0, (count - writer->site_count) * sizeof *sites);
        writer->sites = sites;
        writer->site_count = count;
    }
    writer->sites[number] = record;
}

static inline void pyrometer_counts_add_whole(pyrometer_counts_record *record, pyrometer_counts_amount amount) {
    int64_t sum = (int64_t)PYROMETER_COUNTS_LOAD(&record->sum);
    int is_beyond = amount.beyond || __builtin_add_overflow(sum, amount.whole, &sum);
    if (is_beyond) {
        sum = !amount.beyond && amount.whole < 0 ? INT64_MIN : INT64_MAX;
        PYROMETER_COUNTS_STORE(&record->kind, (uint32_t)(PYROMETER_COUNTS_WHOLE | PYROMETER_COUNTS_SATURATED));
    }
    PYROMETER_COUNTS_STORE(&record->sum, (uint64_t)sum);
}

/* Counts an event. */
static inline void pyrometer_counts_add(pyrometer_counts_record *record, pyrometer_counts_amount amount) {
    PYROMETER_COUNTS_STORE(&record->count, PYROMETER_COUNTS_LOAD(&record->count) + 1);
    if (amount.kind == PYROMETER_COUNTS_WHOLE) {
        pyrometer_counts_add_whole(record, amount);
    } else if (amount.kind == PYROMETER_COUNTS_FRACTION) {
        uint64_t bits = PYROMETER_COUNTS_LOAD(&record->sum);
        double sum;
        memcpy(&sum, &bits, sizeof sum);
        sum += amount.fraction;
        memcpy(&bits, &sum, sizeof bits);
        PYROMETER_COUNTS_STORE(&record->sum, bits);
    }
}

/* The writer of this thread, or a new one. That of another process, which a fork that the C library knows nothing of
 * has left, is let go of. */
PYROMETER_COUNTS_SLOW pyrometer_counts_writer *pyrometer_counts_own_or_new(void) {
    pyrometer_counts_writer *writer = pyrometer_counts_own;
    pyrometer_counts_own = NULL;
    return writer != NULL && writer->pid == (uint32_t)getpid() ? writer : pyrometer_counts_begin();
}

/* Counts an event of a key that is not known yet; `site` may be NULL. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_first(uint32_t *site, const pyrometer_counts_wanted *wanted,
                                                  pyrometer_counts_amount amount) {
    pyrometer_counts_writer *writer;
    pyrometer_counts_record *record = NULL;
    int before = errno;
    pthread_once(&pyrometer_counts_once, pyrometer_counts_look);
    if (PYROMETER_COUNTS_LOAD(&pyrometer_counts_state) == PYROMETER_COUNTS_NOBODY)
        return;
    if (pyrometer_counts_own_state != PYROMETER_COUNTS_FREE) {
        pyrometer_counts_own_lost++;
        return;
    }
    pyrometer_counts_own_state = PYROMETER_COUNTS_BUSY;
    writer = pyrometer_counts_own_or_new();
    if (writer != NULL)
        record = pyrometer_counts_record_of(writer, wanted);
    if (record != NULL) {
        pyrometer_counts_add(record, amount);
        if (site != NULL)
            pyrometer_counts_remember(writer, pyrometer_counts_number(site), record);
    } else {
        pyrometer_counts_own_lost++;
    }
    if (writer != NULL) {
        pyrometer_counts_header *header = (pyrometer_counts_header *)(void *)writer->segments[0].at;
        PYROMETER_COUNTS_STORE(&header->lost, header->lost + pyrometer_counts_own_lost);
        pyrometer_counts_own_lost = 0;
    }
    pyrometer_counts_own_state = writer != NULL ? PYROMETER_COUNTS_FREE : PYROMETER_COUNTS_FAILED;
    pyrometer_counts_own = writer;
    errno = before;
}

/* Counts an event of a site whose key is always this. */
static inline void pyrometer_counts_at_site(uint32_t *site, pyrometer_counts_amount amount, const char *key,
                                            size_t key_length, const char *file, uint32_t line) {
    pyrometer_counts_writer *writer = pyrometer_counts_own;
    uint32_t number = PYROMETER_COUNTS_LOAD(site);
    pyrometer_counts_wanted wanted;
    if (PYROMETER_COUNTS_LIKELY(writer != NULL && number < writer->site_count)) {
        pyrometer_counts_record *record = writer->sites[number];
        /* In a template one site counts weights of several types. */
        if (PYROMETER_COUNTS_LIKELY(record != NULL && (record->kind & 0xff) == amount.kind)) {
            pyrometer_counts_add(record, amount);
            return;
        }
    }
    wanted.key = key;
    wanted.key_length = key_length;
    wanted.file = file;
    wanted.line = line;
    wanted.kind = amount.kind;
    pyrometer_counts_first(site, &wanted, amount);
}

/* Counts an event by its key. */
PYROMETER_COUNTS_SLOW void pyrometer_counts_by_key(pyrometer_counts_amount amount, const char *key, size_t key_length,
                                                   const char *file, uint32_t line) {
    pyrometer_counts_writer *writer = pyrometer_counts_own;
    pyrometer_counts_wanted wanted;
    pyrometer_counts_record *record = NULL;
    wanted.key = key;
    wanted.key_length = key_length;
    wanted.file = file;
    wanted.line = line;
    wanted.kind = amount.kind;
    if (writer != NULL && writer->slot_count > 0)
        record = pyrometer_counts_find(writer, pyrometer_counts_hash(&wanted), &wanted)->record;
    if (record != NULL)
        pyrometer_counts_add(record, amount);
    else
        pyrometer_counts_first(NULL, &wanted, amount);
}

/* Appends a text; NULL if there is no room. */
static inline char *pyrometer_counts_put_text(char *at, const char *end, const char *text, size_t length) {
    if ((size_t)(end - at) < length)
        return NULL;
    while (length-- > 0)
        *at++ = *text++;
    return at;
}

/* Appends a number in decimal; NULL if there is no room. */
static inline char *pyrometer_counts_put_number(char *at, const char *end, uint64_t size, int is_negative) {
    char digits[21];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + size % 10);
        size /= 10;
    } while (size != 0);
    if (is_negative)
        digits[--first] = '-';
    return pyrometer_counts_put_text(at, end, digits + first, sizeof digits - first);
}

static inline char *pyrometer_counts_put_signed(char *at, const char *end, int64_t number) {
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    return pyrometer_counts_put_number(at, end, size, number < 0);
}

/* Puts a short key together as printf does, if it has nothing but %s, %c, %% and %d, %i, %u, also with l, ll or z: its
 * length, or -1. Printf takes several times as long. */
PYROMETER_COUNTS_SLOW int pyrometer_counts_put(char *text, const char *format, va_list arguments) {
    char *at = text;
    const char *end = text + PYROMETER_COUNTS_SHORT, *word;
    while (at != NULL) {
        int longs = 0, is_size = 0;
        char letter;
        while (*format != '%' && *format != '\0' && at != end)
            *at++ = *format++;
        if (*format == '\0')
            return (int)(at - text);
        if (*format != '%')
            return -1;
        for (format++; *format == 'l' && longs < 2; format++)
            longs++;
        if (*format == 'z' && longs == 0) {
            is_size = 1;
            format++;
        }
        if (*format == 'd' || *format == 'i') {
            at = pyrometer_counts_put_signed(at, end,
                                             is_size      ? (int64_t)va_arg(arguments, ssize_t)
                                             : longs == 2 ? (int64_t)va_arg(arguments, long long)
                                             : longs == 1 ? (int64_t)va_arg(arguments, long)
                                                          : (int64_t)va_arg(arguments, int));
        } else if (*format == 'u') {
            at = pyrometer_counts_put_number(at, end,
                                             is_size      ? (uint64_t)va_arg(arguments, size_t)
                                             : longs == 2 ? (uint64_t)va_arg(arguments, unsigned long long)
                                             : longs == 1 ? (uint64_t)va_arg(arguments, unsigned long)
                                                          : (uint64_t)va_arg(arguments, unsigned int),
                                             0);
        } else if (longs != 0 || is_size) {
            return -1;
        } else if (*format == 's') {
            word = va_arg(arguments, const char *);
            if (word == NULL)
                return -1;
            at = pyrometer_counts_put_text(at, end, word, strlen(word));
        } else if (*format == 'c') {
            letter = (char)va_arg(arguments, int);
            at = pyrometer_counts_put_text(at, end, &letter, 1);
        } else if (*format == '%') {
            at = pyrometer_counts_put_text(at, end, format, 1);
        } else {
            return -1;
        }
        format++;
    }
    return -1;
}

/* Counts an event by a key that is put together as printf does. */
__attribute__((format(printf, 4, 5))) PYROMETER_COUNTS_SLOW void
pyrometer_counts_formatted(pyrometer_counts_amount amount, const char *file, uint32_t line, const char *format, ...) {
    char text[PYROMETER_COUNTS_SHORT];
    char *key = text;
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = pyrometer_counts_put(text, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        pyrometer_counts_by_key(amount, text, (size_t)length, file, line);
        return;
    }
    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof text && (key = (char *)malloc((size_t)length + 1)) != NULL) {
        va_start(arguments, format);
        length = vsnprintf(key, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    if (length < 0 || key == NULL) /* What cannot be put together is lost. */
        pyrometer_counts_own_lost++;
    else
        pyrometer_counts_by_key(amount, key, (size_t)length, file, line);
    if (key != text)
        free(key);
}

/* Whether events may be counted: always, until the first has looked at the environment. */
static inline int pyrometer_counts_is_on(void) {
    return PYROMETER_COUNTS_LOAD(&pyrometer_counts_state) != PYROMETER_COUNTS_NOBODY;
}

static inline pyrometer_counts_amount pyrometer_counts_amount_of(uint32_t kind, int64_t whole, uint32_t beyond,
                                                                 double fraction) {
    pyrometer_counts_amount amount;
    amount.kind = kind;
    amount.beyond = beyond;
    amount.whole = whole;
    amount.fraction = fraction;
    return amount;
}

#ifdef __cplusplus
}
#endif

/* What an event adds. */
#define PYROMETER_COUNTS_NONE_(weight) pyrometer_counts_amount_of(PYROMETER_COUNTS_PLAIN, 0, 0, 0)
#define PYROMETER_COUNTS_WEIGHT_(weight)                                                                        \
    (PYROMETER_COUNTS_IS_FRACTION(weight)                                                                       \
         ? pyrometer_counts_amount_of(PYROMETER_COUNTS_FRACTION, 0, 0, (double)pyrometer_counts_weight)         \
         : pyrometer_counts_amount_of(PYROMETER_COUNTS_WHOLE, (int64_t)pyrometer_counts_weight,                 \
                                      pyrometer_counts_weight > 0 && (int64_t)pyrometer_counts_weight < 0, 0))
/* The type of a weight without its qualifiers; and whether it has fractions. */
#define PYROMETER_COUNTS_TYPE(weight) __typeof__((weight) + 0)
#define PYROMETER_COUNTS_IS_FRACTION(weight) \
    ((PYROMETER_COUNTS_TYPE(weight))1.5 - (PYROMETER_COUNTS_TYPE(weight))1 != 0)

#define PYROMETER_COUNTS_AT_SITE(amount, weight, key, file, line)                                                  \
    do {                                                                                                           \
        if (pyrometer_counts_is_on()) {                                                                            \
            static uint32_t pyrometer_counts_site = 0;                                                             \
            PYROMETER_COUNTS_TYPE(weight) pyrometer_counts_weight = (weight);                                      \
            (void)pyrometer_counts_weight;                                                                         \
            pyrometer_counts_at_site(&pyrometer_counts_site, amount(weight), key, sizeof(key) - 1, file, line);    \
        }                                                                                                          \
    } while (0)

#define PYROMETER_COUNTS_BY_KEY(amount, weight, file, line, ...)                     \
    do {                                                                             \
        if (pyrometer_counts_is_on()) {                                              \
            PYROMETER_COUNTS_TYPE(weight) pyrometer_counts_weight = (weight);        \
            (void)pyrometer_counts_weight;                                           \
            pyrometer_counts_formatted(amount(weight), file, line, __VA_ARGS__);     \
        }                                                                            \
    } while (0)

#else /* Nothing is counted, nor evaluated; what is used here only is no unused variable for that. */

#ifdef __cplusplus
extern "C"
#else
extern
#endif
int pyrometer_counts_unused(const char *format, ...);

#define PYROMETER_COUNTS_UNUSED(weight, ...) \
    ((void)sizeof((weight) + 0), (void)sizeof(pyrometer_counts_unused(__VA_ARGS__)))

#define PYROMETER_COUNT(key) ((void)0)
#define PYROMETER_COUNT_KEY_HERE(key) ((void)0)
#define PYROMETER_COUNT_HERE() ((void)0)
#define PYROMETER_COUNT_WEIGHTED(weight, key) PYROMETER_COUNTS_UNUSED(weight, key)
#define PYROMETER_COUNT_WEIGHTED_HERE(weight, key) PYROMETER_COUNTS_UNUSED(weight, key)
#define PYROMETER_COUNT_FORMATTED(...) PYROMETER_COUNTS_UNUSED(0, __VA_ARGS__)
#define PYROMETER_COUNT_FORMATTED_HERE(...) PYROMETER_COUNTS_UNUSED(0, __VA_ARGS__)
#define PYROMETER_COUNT_WEIGHTED_FORMATTED(weight, ...) PYROMETER_COUNTS_UNUSED(weight, __VA_ARGS__)
#define PYROMETER_COUNT_WEIGHTED_FORMATTED_HERE(weight, ...) PYROMETER_COUNTS_UNUSED(weight, __VA_ARGS__)

#endif
#endif
