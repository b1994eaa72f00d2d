/* Preparing code: where jumps may land, and where its translations are kept. */
#include "vm/plan.h"

#include <stdlib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* How much is translated at most: so many times the size of the code, and something for small ones. */
enum { BUDGET_TIMES = 8, BUDGET_LEAST = 4096 };

/* What translating as much as one EVM instruction costs in gas: some 100 processor instructions, so that even if all gas
 * went into it there would be some ten for each gas. So many bytes of memory count as much. */
enum { GAS_OF_WORK = 10, BYTES_OF_WORK = 16 };

/* Bit i: byte i of 64 is a JUMPDEST; is a PUSH1 to PUSH32. */
struct byte_kinds {
    uint64_t jumpdests, pushes;
};

static struct byte_kinds kinds_of(const uint8_t bytes[64])
{
    struct byte_kinds k = {0, 0};
#if defined(__SSE2__)
    for (unsigned i = 0; i < 64; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        uint64_t jumpdests = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(OP_JUMPDEST)));
        /* As signed numbers PUSH1 to PUSH32 are the greatest there are. */
        uint64_t pushes = (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(v, _mm_set1_epi8(OP_PUSH1 - 1)));
        k.jumpdests |= jumpdests << i;
        k.pushes |= pushes << i;
    }
#else
    for (unsigned i = 0; i < 64; i++) {
        k.jumpdests |= (uint64_t)(bytes[i] == OP_JUMPDEST) << i;
        k.pushes |= (uint64_t)(bytes[i] >= OP_PUSH1 && bytes[i] <= OP_PUSH32) << i;
    }
#endif
    return k;
}

/* Bits from bit `first` on; none from 64 on. */
static uint64_t bits_from(unsigned first)
{
    return first < 64 ? UINT64_MAX << first : 0;
}

/* Goes from PUSH to PUSH; all bytes between them are told apart 64 at a time. */
void vm_find_jumpdests(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    unsigned skip = 0; /* so many bytes are data of a PUSH before */
    for (uint32_t start = 0; start < size; start += 64) {
        uint8_t tail[64] = {0};
        const uint8_t *bytes = code + start;
        if (size - start < 64) bytes = memcpy(tail, bytes, size - start);
        struct byte_kinds k = kinds_of(bytes);
        uint64_t instructions = bits_from(skip);
        uint64_t pushes = k.pushes & instructions;
        unsigned end = 0;
        while (pushes != 0) { /* without a branch inside: code may be nothing but PUSH */
            unsigned at = (unsigned)__builtin_ctzll(pushes), size_of_data = bytes[at] - OP_PUSH1 + 1u;
            uint64_t data = ((UINT64_C(1) << size_of_data) - 1) << at << 1;
            instructions &= ~data;
            pushes &= (pushes - 1) & ~data;
            end = at + 1 + size_of_data;
        }
        skip = end > 64 ? end - 64 : 0;
        bitmap[start / 64] = k.jumpdests & instructions;
    }
}

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
