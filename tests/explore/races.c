/* Races: plain accesses of two workers to one byte, one of them a store, with no order between them. The compiler
 * tells of each plain access (-fsanitize=thread, clang; this file is its runtime), memory.c of what is ordered: so an
 * acquire or a release that is missing is found in whichever order the run happened to take.
 *
 * As ThreadSanitizer does it: for each eight bytes the last few accesses are kept, by fiber, time and bytes. Accesses
 * of a worker to its own stack are left out, and those listed in races.ignore. */
#include "explore.h"

#ifdef EXPLORE_RACES

enum { WORDS = 1 << 16, CELLS = 4 };

struct cell {
    uint32_t time; /* of its fiber; 0: free */
    uint8_t fiber, bytes;
    bool writes, is_atomic;
    const void *code; /* where the access is, for addr2line; NULL: an atomic one */
};

static struct word {
    uintptr_t at; /* divided by 8 */
    uint64_t run;
    uint32_t next; /* cell to be replaced */
    struct cell cells[CELLS];
} words[WORDS];
static uint64_t run;
static uint32_t used;

void races_begin(void)
{
    run++;
    used = 0;
}

static struct word *word_of(uintptr_t at)
{
    for (size_t i = hash_mix(at, 0x9e3779b97f4a7c15u);; i++) {
        struct word *w = &words[i % WORDS];
        if (w->run == run && w->at == at) return w;
        if (w->run == run) continue;
        if (used == WORDS / 2) return NULL; /* a long run: its end is not watched */
        used++;
        *w = (struct word){.at = at, .run = run};
        return w;
    }
}

static void note(uintptr_t at, uint8_t bytes, bool writes, const void *code)
{
    const struct clock *known = memory_known(fiber_running);
    struct word *w = word_of(at / 8);
    if (w == NULL) return;
    struct cell new = {known->at[fiber_running], (uint8_t)fiber_running, bytes, writes, code == NULL, code};
    bool is_atomic = code == NULL;
    struct cell *place = NULL;
    for (int i = 0; i < CELLS; i++) {
        struct cell *c = &w->cells[i];
        if (c->time == 0 ||
            (c->fiber == new.fiber && c->bytes == bytes && c->writes <= writes && c->is_atomic >= is_atomic)) {
            if (place == NULL) place = c;
            if (c->time == 0) break;
            continue;
        }
        if (c->fiber == new.fiber || (c->bytes & bytes) == 0 || !(c->writes || writes) || (c->is_atomic && is_atomic))
            continue;
        if (c->time > known->at[c->fiber])
            world_fail("a race: worker %d %s %d bytes at %p, worker %u %s them at %p (addr2line; nil: atomically), and "
                       "nothing orders the two",
                       fiber_running, writes ? "writes" : "reads", __builtin_popcount(bytes), code, c->fiber,
                       c->writes ? "writes" : "reads", c->code);
    }
    if (place == NULL) place = &w->cells[w->next++ % CELLS];
    *place = new;
}

static void access(const volatile void *address, size_t size, bool writes, const void *code)
{
    if (fiber_running < 0 || steps_held != 0 || memory_model != MODEL_WEAK || world_is_own_stack(address)) return;
    uintptr_t at = (uintptr_t)address;
    while (size > 0) {
        size_t offset = at % 8, here = size < 8 - offset ? size : 8 - offset;
        note(at, (uint8_t)(((1u << here) - 1) << offset), writes, code);
        at += here;
        size -= here;
    }
}

void races_atomic(const volatile void *at, size_t size, bool writes)
{
    access(at, size, writes, NULL);
}

void races_plain(const void *at, size_t size, bool writes)
{
    access(at, size, writes, at);
}

/* ---- what the compiler calls ----------------------------------------------------------------------------------- */

#define ON_ACCESS(NAME, SIZE, WRITES)                                                                                  \
    void NAME(void *at);                                                                                               \
    void NAME(void *at)                                                                                                \
    {                                                                                                                  \
        access(at, SIZE, WRITES, __builtin_return_address(0));                                                         \
    }
ON_ACCESS(__tsan_read1, 1, false)
ON_ACCESS(__tsan_read2, 2, false)
ON_ACCESS(__tsan_read4, 4, false)
ON_ACCESS(__tsan_read8, 8, false)
ON_ACCESS(__tsan_read16, 16, false)
ON_ACCESS(__tsan_unaligned_read2, 2, false)
ON_ACCESS(__tsan_unaligned_read4, 4, false)
ON_ACCESS(__tsan_unaligned_read8, 8, false)
ON_ACCESS(__tsan_unaligned_read16, 16, false)
ON_ACCESS(__tsan_write1, 1, true)
ON_ACCESS(__tsan_write2, 2, true)
ON_ACCESS(__tsan_write4, 4, true)
ON_ACCESS(__tsan_write8, 8, true)
ON_ACCESS(__tsan_write16, 16, true)
ON_ACCESS(__tsan_unaligned_write2, 2, true)
ON_ACCESS(__tsan_unaligned_write4, 4, true)
ON_ACCESS(__tsan_unaligned_write8, 8, true)
ON_ACCESS(__tsan_unaligned_write16, 16, true)

void __tsan_init(void);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int byte, size_t size);

void __tsan_init(void)
{
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    access(from, size, false, __builtin_return_address(0));
    access(to, size, true, __builtin_return_address(0));
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    access(from, size, false, __builtin_return_address(0));
    access(to, size, true, __builtin_return_address(0));
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size)
{
    access(to, size, true, __builtin_return_address(0));
    return memset(to, byte, size);
}

#else

void races_begin(void)
{
}

void races_atomic(const volatile void *at, size_t size, bool writes)
{
    (void)at, (void)size, (void)writes;
}

void races_plain(const void *at, size_t size, bool writes)
{
    (void)at, (void)size, (void)writes;
}

#endif
