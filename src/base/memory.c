/* memory: the heap that never says no, and the arena. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- reserve ---- */

static pthread_mutex_t reserve_lock = PTHREAD_MUTEX_INITIALIZER;
static void *reserve; /* NULL: there is none, or it is spent */
static _Atomic bool reserve_is_spent, reserve_is_held;

bool base_reserve_hold(void)
{
    if (LIKELY(atomic_load_explicit(&reserve_is_held, memory_order_relaxed))) return true;
    ASSERT(pthread_mutex_lock(&reserve_lock) == 0);
    if (reserve == NULL) {
        void *p = mmap(NULL, BASE_RESERVE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p != MAP_FAILED) {
            reserve = p;
            /* Relaxed, here and below: who sees it late ends late. */
            atomic_store_explicit(&reserve_is_spent, false, memory_order_relaxed);
            atomic_store_explicit(&reserve_is_held, true, memory_order_relaxed);
        }
    }
    bool held = reserve != NULL;
    ASSERT(pthread_mutex_unlock(&reserve_lock) == 0);
    return held;
}

bool base_reserve_spent(void)
{
    return atomic_load_explicit(&reserve_is_spent, memory_order_relaxed);
}

/* The system has refused memory: gives the reserve up. The lock is held until the caller has what it wants, so that a
 * second thread does not find both gone. */
static void spend_reserve(void)
{
    if (reserve == NULL) return;
    (void)munmap(reserve, BASE_RESERVE_SIZE);
    reserve = NULL;
    atomic_store_explicit(&reserve_is_held, false, memory_order_relaxed);
    atomic_store_explicit(&reserve_is_spent, true, memory_order_relaxed);
}

/* ---- heap ---- */

static void (*last_hook)(void *context, size_t size);
static void *last_hook_context;

void base_on_out_of_memory(void (*hook)(void *context, size_t size), void *context)
{
    last_hook = hook;
    last_hook_context = context;
}

/* The one place where out of memory is handled. */
void base_out_of_memory(size_t size)
{
    if (last_hook != NULL) last_hook(last_hook_context, size);
    (void)fprintf(stderr, "weft: out of memory (asked for %zu bytes)\n", size);
    _exit(2);
}

enum heap_call { HEAP_ALLOC, HEAP_REALLOC, HEAP_CALLOC, HEAP_ALIGNED };

static void *ask(enum heap_call call, void *old, size_t count, size_t size)
{
    switch (call) {
    case HEAP_ALLOC: return malloc(size);
    case HEAP_REALLOC: return realloc(old, size);
    case HEAP_CALLOC: return calloc(count, size);
    default: return aligned_alloc(count, size);
    }
}

/* Asks once more, with the reserve given up. */
static NOINLINE void *ask_again(enum heap_call call, void *old, size_t count, size_t size)
{
    ASSERT(pthread_mutex_lock(&reserve_lock) == 0);
    spend_reserve();
    void *p = ask(call, old, count, size);
    ASSERT(pthread_mutex_unlock(&reserve_lock) == 0);
    if (p == NULL) base_out_of_memory(call == HEAP_CALLOC ? count * size : size);
    return p;
}

void *base_alloc(size_t size)
{
    if (size == 0) size = 1;
    void *p = malloc(size);
    return LIKELY(p != NULL) ? p : ask_again(HEAP_ALLOC, NULL, 1, size);
}

void *base_realloc(void *old, size_t size)
{
    if (size == 0) size = 1;
    void *p = realloc(old, size);
    return LIKELY(p != NULL) ? p : ask_again(HEAP_REALLOC, old, 1, size);
}

void *base_calloc(size_t count, size_t size)
{
    if (count == 0) count = 1;
    if (size == 0) size = 1;
    void *p = calloc(count, size);
    return LIKELY(p != NULL) ? p : ask_again(HEAP_CALLOC, NULL, count, size);
}

void *base_alloc_aligned(size_t align, size_t size)
{
    size_t whole = (size + align - 1) & ~(align - 1); /* as aligned_alloc wants it */
    if (whole == 0) whole = align;
    void *p = aligned_alloc(align, whole);
    return LIKELY(p != NULL) ? p : ask_again(HEAP_ALIGNED, NULL, align, whole);
}

void base_use_all(void *p, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)p + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)p + size) & ~(page - 1);
    if (start < end) (void)madvise((uint8_t *)p + (start - (uintptr_t)p), end - start, MADV_HUGEPAGE);
}

char *base_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(base_alloc(size), text, size);
}

/* ---- arena ---- */

/* One chunk on the heap: this header, then the bytes, up to `end`. Chunks in use hang on arena.chunk, newest first. */
struct arena_chunk {
    struct arena_chunk *older;
    uint8_t *end;
};

/* The first chunk, doubled with each further one up to the largest, so that a small arena stays small and a big one
 * asks the heap seldom. */
#define ARENA_CHUNK_MIN ((size_t)16 << 10)
#define ARENA_CHUNK_MAX ((size_t)4 << 20)
#define ARENA_ALIGN_MAX ((size_t)64)

static uint8_t *align_up(uint8_t *p, size_t align)
{
    return p + (-(uintptr_t)p & (align - 1));
}

static uint8_t *chunk_start(struct arena_chunk *c)
{
    return (uint8_t *)(c + 1);
}

/* Takes the first kept chunk that holds `size` bytes; NULL when none does. */
static struct arena_chunk *spare_take(struct arena *a, size_t size)
{
    for (struct arena_chunk **link = &a->spare; *link != NULL; link = &(*link)->older) {
        struct arena_chunk *c = *link;
        if ((size_t)(c->end - chunk_start(c)) >= size) {
            *link = c->older;
            return c;
        }
    }
    return NULL;
}

void *arena_grow(struct arena *a, size_t size, size_t align)
{
    ASSERT(align != 0 && align <= ARENA_ALIGN_MAX && (align & (align - 1)) == 0 && size <= SIZE_MAX / 4);
    size_t need = size + align - 1;
    struct arena_chunk *c = spare_take(a, need);
    if (c == NULL) {
        size_t total = a->reserved < ARENA_CHUNK_MIN ? ARENA_CHUNK_MIN : a->reserved;
        if (total > ARENA_CHUNK_MAX) total = ARENA_CHUNK_MAX;
        if (total < need + sizeof *c) total = need + sizeof *c;
        c = base_alloc(total);
        if (total >= ARENA_CHUNK_MAX) base_use_all(c, total);
        c->end = (uint8_t *)c + total;
        a->reserved += total;
    }
    c->older = a->chunk;
    a->chunk = c;
    a->end = c->end;
    uint8_t *p = align_up(chunk_start(c), align);
    a->at = p + size;
    ASSERT(a->at <= a->end);
    return p;
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size, sizeof(uint64_t));
    if (size != 0) memcpy(p, data, size);
    return p;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->at, a->chunk};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->chunk != mark.chunk) {
        struct arena_chunk *c = a->chunk;
        ASSERT(c != NULL); /* the mark is of this arena and not yet rewound behind */
        a->chunk = c->older;
        c->older = a->spare;
        a->spare = c;
    }
    a->at = mark.at;
    a->end = a->chunk != NULL ? a->chunk->end : NULL;
}

void arena_reset(struct arena *a)
{
    arena_rewind(a, (struct arena_mark){NULL, NULL});
}

void arena_free(struct arena *a)
{
    arena_reset(a);
    while (a->spare != NULL) {
        struct arena_chunk *c = a->spare;
        a->spare = c->older;
        free(c);
    }
    *a = (struct arena){0};
}
