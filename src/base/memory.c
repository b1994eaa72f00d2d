/* memory: the heap that never says no, and the arena. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- heap ---- */

/* The one place where out of memory is handled. */
void base_out_of_memory(size_t size)
{
    (void)fprintf(stderr, "weft: out of memory (asked for %zu bytes)\n", size);
    _exit(2);
}

void *base_alloc(size_t size)
{
    void *p = malloc(size != 0 ? size : 1);
    if (UNLIKELY(p == NULL)) base_out_of_memory(size);
    return p;
}

void *base_realloc(void *old, size_t size)
{
    void *p = realloc(old, size != 0 ? size : 1);
    if (UNLIKELY(p == NULL)) base_out_of_memory(size);
    return p;
}

void *base_calloc(size_t count, size_t size)
{
    void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);
    if (UNLIKELY(p == NULL)) base_out_of_memory(size);
    return p;
}

void *base_alloc_aligned(size_t align, size_t size)
{
    size_t whole = (size + align - 1) & ~(align - 1); /* as aligned_alloc wants it */
    void *p = aligned_alloc(align, whole != 0 ? whole : align);
    if (UNLIKELY(p == NULL)) base_out_of_memory(size);
    return p;
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
