/* base: what every other folder stands on. Bytes, hex, statuses, memory, threads, time.
 *
 * Ownership in one picture:
 *
 *     struct bytes   borrowed view   { data ──► somebody else's memory, size }
 *     struct buffer  owned, growing  { data ──► heap, size, capacity }       buffer_free
 *     struct arena   owned, chunks   bump allocation, freed as a whole       arena_free
 *
 * Three kinds of failure are never mixed. An EVM outcome (revert, out of gas) is a result and lives in vm/. Invalid
 * input is an `enum status` other than STATUS_OK, with a `struct error` that says what, where and what was expected. A
 * bug is an assertion: ASSERT prints file, line and condition, and aborts. Out of memory is handled in base_alloc
 * alone: it lives on the reserve, where there is one, else it prints one line and exits; so nobody else checks for
 * NULL. */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- failures ------------------------------------------------------------------------------------------------ */

/* Every named way in which something can fail; names, kinds and texts come from status.def. STATUS_OK is 0. */
enum status {
#define STATUS(name, kind, text) name,
#include "base/status.def"
#undef STATUS
    STATUS_COUNT
};

/* Whose fault a status is, and so what can be done about it. */
enum status_kind {
    STATUS_KIND_OK,
    STATUS_KIND_ARGUMENT,    /* a mistake of the calling program or of the command line */
    STATUS_KIND_MALFORMED,   /* bytes or text that cannot be decoded */
    STATUS_KIND_TRANSACTION, /* a transaction that cannot be in this block */
    STATUS_KIND_BLOCK,       /* a block, or what comes with it, that breaks a rule */
    STATUS_KIND_STATE,       /* something needed is not in the state, or the state cannot be read */
    STATUS_KIND_NAME,        /* an unknown fork or chain */
    STATUS_KIND_HOST,        /* a file, a disk, a node that does not do its work */
    STATUS_KIND_RESOURCES,   /* the system refuses memory, threads, disk space */
    STATUS_KIND_CANCELLED,   /* somebody did not want it any more */
    STATUS_KIND_BUG,         /* weft itself is wrong */
    STATUS_KIND_COUNT
};

/* The symbolic name ("RLP_TRUNCATED"), the kind and the one-line text of a status. Static strings, any thread. */
const char *status_name(enum status s);
enum status_kind status_kind(enum status s);
const char *status_text(enum status s);

/* Why something was refused: the status, and one line that says where and what was expected. */
struct error {
    enum status status;
    char text[512];
};

/* Fills *e (when e is not NULL) and returns `s`, so that `return error_set(e, BAD_JSON, "...")` reads well. */
enum status error_set(struct error *e, enum status s, const char *format, ...) PRINTF_LIKE(3, 4);

/* A bug in weft or a broken promise of the caller: prints one line and aborts. Active in every build. */
#define ASSERT(condition) (LIKELY(condition) ? (void)0 : assert_failed(__FILE__, __LINE__, #condition))
_Noreturn void assert_failed(const char *file, int line, const char *condition);

/* ---- bytes --------------------------------------------------------------------------------------------------- */

/* Borrowed bytes: valid while their owner lives. */
struct bytes {
    const uint8_t *data;
    size_t size; /* bytes */
};

/* A 20-byte account address, and a 32-byte hash (keccak-256 unless said otherwise); both in wire order. */
struct address {
    uint8_t b[20];
};
struct hash {
    uint8_t b[32];
};

static inline bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Big-endian integers in wire order; no alignment needed. */
static inline uint64_t load_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}
static inline void store_be64(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

/* Owned bytes that grow. Zero-initialise; free with buffer_free. Not for sharing between threads. */
struct buffer {
    uint8_t *data;
    size_t size, capacity; /* bytes */
};
/* Makes room for `more` bytes behind the end and returns where they go; size is not changed. */
uint8_t *buffer_reserve(struct buffer *b, size_t more);
void buffer_append(struct buffer *b, const void *data, size_t size);
void buffer_append_text(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_free(struct buffer *b);
static inline struct bytes buffer_bytes(const struct buffer *b)
{
    return (struct bytes){b->data, b->size};
}

/* ---- hex ----------------------------------------------------------------------------------------------------- */

/* Writes 2·size lower-case digits and a terminating 0 to `out`; no prefix. */
void hex_encode(char *out, const uint8_t *data, size_t size);
/* Reads `digits` hex digits (even, no prefix) into digits/2 bytes. False on a non-digit; out is then undefined. */
bool hex_decode(uint8_t *out, const char *text, size_t digits);
/* Value of one hex digit, or -1. */
int hex_digit(char c);
/* Reads an unsigned number, decimal or behind 0x; *end is what stands behind it. False when there is none, or it does
 * not fit; *out is then untouched. */
bool text_number(const char *text, const char **end, uint64_t *out);

/* ---- memory -------------------------------------------------------------------------------------------------- */

/* Like malloc, realloc, calloc, but never return NULL: when memory is out, and the reserve too, they print one line and
 * exit with 2. */
void *base_alloc(size_t size);
void *base_realloc(void *old, size_t size);
void *base_calloc(size_t count, size_t size);
/* The same end, for who asks the system for memory elsewhere and is refused. */
_Noreturn void base_out_of_memory(size_t size);
/* Calls hook(context, size) before that end, on the thread that was refused; it may say so in its own way, or end the
 * process itself. NULL: nobody is called. Not while other threads ask for memory. */
void base_on_out_of_memory(void (*hook)(void *context, size_t size), void *context);
/* Address space that is kept for the moment when the system refuses memory, so that what is under way then can come to
 * an orderly end: for a library, which must not end the process of its host. base_alloc gives the reserve up and goes
 * on. Who works in portions looks at base_reserve_spent between two of them, and ends early with NO_MEMORY. */
#define BASE_RESERVE_SIZE ((size_t)64 << 20) /* nothing is behind it, so it costs no memory */
/* Sees to it that the reserve is there; false when the system refuses it. Without a call there is none. Any thread. */
bool base_reserve_hold(void);
/* Whether the reserve had to be given up since it was last held. Any thread. */
bool base_reserve_spent(void);
/* For types with an _Alignas beyond 16: `align` is _Alignof(type). Not zeroed; free with free. */
void *base_alloc_aligned(size_t align, size_t size);
/* Tells the system that all of a big piece from the heap is going to be used: it may give big pages for it, which saves
 * most of the work of giving them. */
void base_use_all(void *p, size_t size);
char *base_strdup(const char *text);

/* Bump allocation in chunks: many small objects of one owner, freed together. Zero-initialise. One thread at a time. */
struct arena_chunk;
struct arena {
    uint8_t *at, *end;         /* free part of the current chunk */
    struct arena_chunk *chunk; /* current; older ones behind it */
    struct arena_chunk *spare; /* chunks kept after a rewind, used again before the heap is asked */
    size_t reserved;           /* bytes of all chunks */
};
/* A place to come back to: everything allocated after it is given up by arena_rewind. */
struct arena_mark {
    uint8_t *at;
    struct arena_chunk *chunk;
};
void *arena_grow(struct arena *a, size_t size, size_t align); /* slow path of arena_alloc */
/* `align` is a power of two of at most 64. Memory is not zeroed. */
static inline void *arena_alloc(struct arena *a, size_t size, size_t align)
{
    uintptr_t p = ((uintptr_t)a->at + (align - 1)) & ~(uintptr_t)(align - 1);
    if (LIKELY(a->at != NULL && p + size <= (uintptr_t)a->end)) {
        a->at = (uint8_t *)(p + size);
        return (void *)p;
    }
    return arena_grow(a, size, align);
}
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count), _Alignof(type)))
void *arena_copy(struct arena *a, const void *data, size_t size);
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);
void arena_reset(struct arena *a); /* rewinds to empty, keeps the chunks */
void arena_free(struct arena *a);  /* gives everything back */

/* Mixes two words into one: the halves of their product, folded. A brick for digests; tables take base/hash.h. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Deterministic random numbers (splitmix64), for tests, benches and simulators; never for secrets. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* Opens a file that a user names as input: a file, a pipe, a terminal, /dev/null, /dev/stdin (also a socket). Folders,
 * block devices and other character devices are refused; a named pipe without a writer is refused after some seconds.
 * *size (may be NULL): of a regular file, 0 of all else. FILE_UNREADABLE with *e set. */
enum status file_open(int *fd, const char *path, uint64_t *size, struct error *e);
/* Reads a whole file; the caller frees the buffer. FILE_UNREADABLE or FILE_TOO_BIG (over `limit` bytes), with *e set.
 * At least one zero byte stands behind the end (not counted in size). Opened by file_open; a file that grows meanwhile is
 * FILE_UNREADABLE. */
enum status file_read(struct buffer *out, const char *path, size_t limit, struct error *e);
/* Writes a whole file: a regular one through a temporary one that is renamed, a device, pipe or link as it is.
 * FILE_UNWRITABLE with *e set. */
enum status file_write(const char *path, struct bytes content, struct error *e);

/* ---- time and processors ------------------------------------------------------------------------------------- */

uint64_t clock_wall_ns(void);   /* monotonic */
uint64_t clock_cpu_ns(void);    /* CPU time of the whole process, all threads */
uint64_t clock_thread_ns(void); /* CPU time of the calling thread */
/* Processors that this process may use, by its affinity and the quotas of its control groups; at least 1. */
unsigned cpu_count(void);

/* Starts a thread that leaves the signals that come from outside to the program's own threads; those of its own faults
 * (SIGSEGV and so on) it gets. `name` has at most 15 characters. False when the system gives no thread. */
bool base_thread_start(pthread_t *thread, size_t stack_size, const char *name, void *(*entry)(void *), void *argument);

/* ---- the worker pool ------------------------------------------------------------------------------------------ */

/* Threads made once and used for every block. Between jobs they sleep on a futex. Worker 0 is the calling thread.
 * Each thread has a stack of POOL_STACK_SIZE bytes, enough for 1,024 nested EVM calls in every build; the caller's own
 * stack is what it is (see run_on_big_stack). */
#define POOL_STACK_SIZE ((size_t)64 << 20) /* virtual; only what is touched becomes memory */
struct pool;
/* `workers` counts the caller: 1 makes no thread. Where the system gives fewer threads the pool is smaller. */
struct pool *pool_new(unsigned workers);
unsigned pool_workers(const struct pool *p);
/* How many threads the system did not give, over all pools of this process. Any thread. */
unsigned pool_threads_refused(void);
/* Runs job(context, worker) on the first `workers` workers (0 = all), the caller among them, and returns when all that
 * started have returned. Workers that have not woken up when the caller's own part returns are left out: the job must
 * be such that worker 0 returns only when all is done or taken. Not reentrant; one caller at a time. */
void pool_run(struct pool *p, unsigned workers, void (*job)(void *context, unsigned worker), void *context);
/* Calls body(context, i) for 0 <= i < count, spread over the pool in runs of `grain`; returns when all are done. p may
 * be NULL (inline). */
void pool_for(struct pool *p, size_t count, size_t grain, void (*body)(void *context, size_t i), void *context);
void pool_free(struct pool *p);
/* Says that a job will come within `ns` nanoseconds: who sleeps wakes up now and waits for it awake. Returns at once. A
 * processor that sleeps takes microseconds to come back, one of a virtual machine 0.1 milliseconds and sometimes ten.
 * Nothing happens where the workers outnumber the processors. By the caller of pool_run. */
void pool_rouse(struct pool *p, uint64_t ns);
/* Whether no worker sleeps. */
bool pool_is_awake(const struct pool *p);
/* A clock of what jobs take: CPU time of the calling thread and of all workers in the jobs of this pool. By the caller of
 * pool_run, between jobs; the difference of two readings counts. */
uint64_t pool_cpu_ns(const struct pool *p);

/* A pool without threads of its own: threads that have nothing better to do lend themselves to a job that is under way
 * with pool_help. So several stages of work share one set of threads, and a stage may still use them all (pool_run and
 * pool_for are called as ever, by one thread at a time). `bell` is raised and woken (futex) whenever there is a job to
 * help with. */
struct pool *pool_new_guests(unsigned workers, _Atomic uint32_t *bell);
/* Takes part in the job that the pool runs now, if it still has a place; returns when that part is done. False: there
 * is none. Any thread but the one that called pool_run. */
bool pool_help(struct pool *p);

/* Runs job(context) on a thread with a stack of POOL_STACK_SIZE and waits for it: for callers whose own stack is
 * small. */
void run_on_big_stack(void (*job)(void *context), void *context);

/* A word that threads sleep on. futex_wait returns at once when *word != expected; wake-ups may be spurious. */
void futex_wait(_Atomic uint32_t *word, uint32_t expected);
/* The same until clock_wall_ns reaches `deadline_ns`. */
void futex_wait_until(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
void futex_wake(_Atomic uint32_t *word, unsigned how_many);
/* One polite spin of a busy-wait loop. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* A lock that is held for moments. A waiter spins a little and then lets others run, as the holder may have been put
 * to sleep; without that, spinning workers can keep it asleep for the whole of their time slices. */
void flag_lock_slow(atomic_flag *f);
static inline void flag_lock(atomic_flag *f)
{
    if (UNLIKELY(atomic_flag_test_and_set_explicit(f, memory_order_acquire))) flag_lock_slow(f);
}
static inline void flag_unlock(atomic_flag *f)
{
    atomic_flag_clear_explicit(f, memory_order_release);
}

/* ---- log ----------------------------------------------------------------------------------------------------- */

/* One line on stderr, "weft: ...". For the command; the library never prints. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
