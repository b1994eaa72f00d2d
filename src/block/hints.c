#include "block/hints.h"

enum { SUSPICION_STEP = 4, SUSPICION_MAX = 12, SUSPICION_LIMIT = 4 };

static uint64_t hash_of(const struct address *a)
{
    uint64_t w0, w1;
    memcpy(&w0, a->b, sizeof w0);
    memcpy(&w1, a->b + 12, sizeof w1);
    return hash_mix(w0 ^ base_seed(), w1 ^ 0x9e3779b97f4a7c15u);
}

void hints_make(struct hints *h, const struct block_task *task, uint32_t from, struct arena *arena)
{
    uint32_t count = task->transaction_count - from, classes = 0;
    size_t mask = 15;
    while (mask < 2 * (size_t)count) mask = mask * 2 + 1;
    uint32_t *last = ARENA_ARRAY(arena, uint32_t, mask + 1); /* by recipient: the last transaction so far, plus 1 */
    memset(last, 0, (mask + 1) * sizeof *last);
    h->from = from;
    h->class_of = ARENA_ARRAY(arena, uint32_t, count);
    h->before = ARENA_ARRAY(arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct transaction *tx = &task->transactions[from + i];
        h->class_of[i] = h->before[i] = HINTS_NONE;
        if (tx->is_create || tx->data.size == 0) continue;
        size_t at = hash_of(&tx->to) & mask;
        while (last[at] != 0 && !address_equal(&task->transactions[from + last[at] - 1].to, &tx->to))
            at = (at + 1) & mask;
        if (last[at] != 0) {
            h->before[i] = from + last[at] - 1;
            h->class_of[i] = h->class_of[last[at] - 1];
        } else {
            h->class_of[i] = classes++;
        }
        last[at] = i + 1;
    }
    h->suspicion = ARENA_ARRAY(arena, _Atomic uint8_t, classes + 1);
    for (uint32_t i = 0; i < classes; i++) atomic_init(&h->suspicion[i], 0);
}

/* Relaxed throughout: a stale suspicion is as good a guess as a fresh one. */
void hints_learn(struct hints *h, uint32_t tx, bool held)
{
    uint32_t class = h->class_of[tx - h->from];
    if (class == HINTS_NONE) return;
    uint8_t now = atomic_load_explicit(&h->suspicion[class], memory_order_relaxed);
    if (held)
        now = now == 0 ? 0 : (uint8_t)(now - 1);
    else
        now = now + SUSPICION_STEP > SUSPICION_MAX ? SUSPICION_MAX : (uint8_t)(now + SUSPICION_STEP);
    atomic_store_explicit(&h->suspicion[class], now, memory_order_relaxed);
}

uint32_t hints_expect_conflict(const struct hints *h, uint32_t tx)
{
    uint32_t class = h->class_of[tx - h->from];
    if (class == HINTS_NONE || atomic_load_explicit(&h->suspicion[class], memory_order_relaxed) < SUSPICION_LIMIT)
        return HINTS_NONE;
    return h->before[tx - h->from];
}
