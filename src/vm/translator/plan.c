/* Preparing code: where jumps may land, and where its translations are kept. */
#include "vm/translator/plan.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

/* How much is translated at most: so many times the size of the code, and something for small ones. */
enum { BUDGET_TIMES = 8, BUDGET_LEAST = 4096 };

/* What translating as much as one EVM instruction costs in gas: some 100 processor instructions, so that even if all gas
 * went into it there would be some ten for each gas. So many bytes of memory count as much. */
enum { GAS_OF_WORK = 10, BYTES_OF_WORK = 16 };

/* ---- where jumps may land ------------------------------------------------------------------------------------------ */

static void find_one_by_one(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    memset(bitmap, 0, ((size_t)size + 63) / 64 * sizeof *bitmap);
    for (size_t at = 0; at < size; at++) {
        if (code[at] == OP_JUMPDEST) bitmap[at / 64] |= UINT64_C(1) << (at % 64);
        if (code[at] >= OP_PUSH1 && code[at] <= OP_PUSH32) at += code[at] - OP_PUSH1 + 1u;
    }
}

#if defined(__x86_64__)

/* Sixteen bytes at a time, in the same time whatever they are: code may be nothing but PUSH. A place is a number below
 * 16, or BEYOND and how far it lies behind the sixteen. */
#define SIXTEEN __attribute__((target("ssse3")))
enum { BEYOND = 0x80 };

/* For each place in `at` the one that `next` has there; places beyond stay, as a shuffle gives 0 for them. */
SIXTEEN static __m128i follow(__m128i next, __m128i at)
{
    return _mm_max_epu8(_mm_shuffle_epi8(next, at), at);
}

/* The same where `stays` is 0; places stay where it is BEYOND. */
SIXTEEN static __m128i follow_some(__m128i next, __m128i at, __m128i stays)
{
    return _mm_max_epu8(_mm_shuffle_epi8(next, _mm_or_si128(at, stays)), at);
}

/* For each place, where the instruction behind the one there begins. */
SIXTEEN static __m128i places_behind(__m128i bytes)
{
    const __m128i one = _mm_setr_epi8(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    const __m128i before = _mm_set1_epi8(OP_PUSH1 - 1);
    /* As signed numbers PUSH1 to PUSH32 are the greatest there are. */
    __m128i data = _mm_and_si128(_mm_cmpgt_epi8(bytes, before), _mm_sub_epi8(bytes, before));
    __m128i place = _mm_add_epi8(one, data);
    return _mm_add_epi8(place, _mm_and_si128(_mm_cmpgt_epi8(place, _mm_set1_epi8(15)), _mm_set1_epi8(BEYOND - 16)));
}

/* Bit i: place i is in the vector, which has none twice. */
SIXTEEN static uint64_t bits_of(__m128i places)
{
    const __m128i low = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i high = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128);
    __m128i sums = _mm_sad_epu8(_mm_shuffle_epi8(low, places), _mm_setzero_si128());
    __m128i sums_high = _mm_sad_epu8(_mm_shuffle_epi8(high, places), _mm_setzero_si128());
    sums = _mm_or_si128(sums, _mm_slli_epi64(sums_high, 8));
    return (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(sums, _mm_srli_si128(sums, 8)));
}

/* The JUMPDESTs among sixteen bytes. *start: where the first instruction begins; then the same for what follows. */
SIXTEEN static uint64_t find_in_sixteen(const uint8_t *code, unsigned *start)
{
    const char b = (char)BEYOND;
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)code);
    __m128i one = places_behind(bytes), two = follow(one, one), four = follow(two, two), eight = follow(four, four);
    uint8_t sixteen[16];
    _mm_storeu_si128((__m128i *)(void *)sixteen, follow(eight, eight));
    if (*start >= 16) {
        *start -= 16;
        return 0;
    }
    /* Lane i goes i instructions on: by one, two, four and eight as its number says. */
    __m128i at = _mm_set1_epi8((char)*start);
    at = follow_some(one, at, _mm_setr_epi8(b, 0, b, 0, b, 0, b, 0, b, 0, b, 0, b, 0, b, 0));
    at = follow_some(two, at, _mm_setr_epi8(b, b, 0, 0, b, b, 0, 0, b, b, 0, 0, b, b, 0, 0));
    at = follow_some(four, at, _mm_setr_epi8(b, b, b, b, 0, 0, 0, 0, b, b, b, b, 0, 0, 0, 0));
    at = follow_some(eight, at, _mm_setr_epi8(b, b, b, b, b, b, b, b, 0, 0, 0, 0, 0, 0, 0, 0));
    *start = sixteen[*start] - (unsigned)BEYOND;
    return bits_of(at) & (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(OP_JUMPDEST)));
}

SIXTEEN static void find_by_sixteen(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    unsigned start = 0;
    for (size_t at = 0; at < size; at += 64) {
        uint8_t tail[64] = {0};
        const uint8_t *bytes = code + at;
        if (size - at < 64) bytes = memcpy(tail, bytes, size - at);
        uint64_t bits = 0;
        for (unsigned i = 0; i < 64; i += 16) bits |= find_in_sixteen(bytes + i, &start) << i;
        bitmap[at / 64] = bits;
    }
}

void vm_find_jumpdests(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    if (LIKELY(__builtin_cpu_supports("ssse3")))
        find_by_sixteen(bitmap, code, size);
    else
        find_one_by_one(bitmap, code, size);
}

#else

void vm_find_jumpdests(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    find_one_by_one(bitmap, code, size);
}

#endif

/* ---- plans and translations ---------------------------------------------------------------------------------------- */

static struct plan *plan_new(const struct code *code)
{
    size_t words = ((size_t)code->size + 63) / 64;
    struct plan *plan = base_alloc(sizeof *plan + words * (sizeof(uint64_t) + sizeof(uint32_t)));
    uint64_t *jumpdests = (uint64_t *)(plan + 1);
    uint32_t *before = (uint32_t *)(jumpdests + words);
    vm_find_jumpdests(jumpdests, code->bytes, code->size);
    uint32_t count = 0;
    for (size_t i = 0; i < words; i++) {
        before[i] = count;
        count += (uint32_t)__builtin_popcountll(jumpdests[i]);
    }
    *plan = (struct plan){.jumpdest_count = count, .jumpdests = jumpdests, .before = before};
    return plan;
}

struct plan *vm_plan_of(const struct code *code)
{
    /* Codes are constant but for this field, which only ever goes from NULL to a plan. Acquire pairs with the release
     * below: whoever sees the pointer sees what it points at. */
    struct code *c = (struct code *)(uintptr_t)code;
    struct plan *plan = atomic_load_explicit(&c->plan, memory_order_acquire);
    if (LIKELY(plan != NULL)) return plan;
    plan = plan_new(code);
    void *other = NULL;
    if (atomic_compare_exchange_strong_explicit(&c->plan, &other, plan, memory_order_acq_rel, memory_order_acquire))
        return plan;
    vm_plan_free(plan);
    return other;
}

void vm_prepare_code(const struct code *code)
{
    (void)vm_plan_of(code);
}

static struct translation *find_translation(struct translation *first, const struct fork *fork)
{
    while (first != NULL && first->fork != fork) first = first->next;
    return first;
}

static void translation_free(struct translation *t)
{
    arena_free(&t->runs);
    free(t);
}

bool vm_may_prepare(struct vm *vm)
{
    if (vm->prepared < vm->burned) vm->prepared = vm->burned; /* gas is not saved up */
    return vm->prepared - vm->burned < vm->prepare_free;
}

void vm_note_prepared(struct frame *f, uint64_t work, size_t bytes)
{
    f->vm->prepared += (int64_t)((work + bytes / BYTES_OF_WORK) * GAS_OF_WORK);
    if (f->state != NULL) code_cache_grown(state_table_codes(f->state->table), bytes);
}

struct translation *vm_translation_of(struct frame *f)
{
    const struct code *code = f->cached;
    const struct fork *fork = f->fork;
    struct plan *plan = vm_plan_of(code);
    struct translation *first = atomic_load_explicit(&plan->translations, memory_order_acquire);
    struct translation *found = find_translation(first, fork);
    if (LIKELY(found != NULL)) return found;
    if (!vm_may_prepare(f->vm)) return NULL;
    size_t size = sizeof(struct translation) + plan->jumpdest_count * sizeof(struct cell);
    struct translation *t = base_calloc(1, size);
    *t = (struct translation){.fork = fork, .plan = plan, .code = code, .cells = (struct cell *)(t + 1)};
    atomic_flag_clear(&t->lock);
    t->budget = (uint64_t)code->size * BUDGET_TIMES + BUDGET_LEAST;
    for (;;) {
        t->next = first;
        if (atomic_compare_exchange_weak_explicit(&plan->translations, &first, t, memory_order_acq_rel,
                                                  memory_order_acquire)) {
            vm_note_prepared(f, 0, size);
            return t;
        }
        found = find_translation(first, fork);
        if (found != NULL) {
            translation_free(t);
            return found;
        }
    }
}

void vm_plan_free(void *plan)
{
    struct plan *p = plan;
    struct translation *t = atomic_load_explicit(&p->translations, memory_order_acquire);
    while (t != NULL) {
        struct translation *next = t->next;
        translation_free(t);
        t = next;
    }
    free(p);
}

size_t vm_plan_bytes(const struct code *code)
{
    const struct plan *plan = atomic_load_explicit(&code->plan, memory_order_acquire);
    if (plan == NULL) return 0;
    size_t bytes = sizeof *plan + ((size_t)code->size / 64 + 1) * (sizeof(uint64_t) + sizeof(uint32_t));
    const struct translation *t = atomic_load_explicit(&plan->translations, memory_order_acquire);
    for (; t != NULL; t = t->next) bytes += sizeof *t + plan->jumpdest_count * sizeof(struct cell) + t->runs.reserved;
    return bytes;
}

const uint64_t *vm_jumpdests(struct frame *f)
{
    if (f->cached != NULL) {
        f->jumpdests = vm_plan_of(f->cached)->jumpdests;
    } else {
        uint64_t *bitmap = ARENA_ARRAY(&f->vm->initcode, uint64_t, ((size_t)f->code_size + 63) / 64);
        vm_find_jumpdests(bitmap, f->code, f->code_size);
        f->jumpdests = bitmap;
    }
    return f->jumpdests;
}
