/* What the dependencies allow: a simulation of list scheduling. */
#include <stdlib.h>

#include "workload/workload.h"

/* A binary heap of numbers, least key first; keys are (time or index, transaction). */
struct heap_item {
    uint64_t key;
    uint32_t tx;
};
struct heap {
    struct heap_item *items;
    uint32_t count;
};

static bool item_less(struct heap_item a, struct heap_item b)
{
    return a.key != b.key ? a.key < b.key : a.tx < b.tx;
}

static void heap_put(struct heap *h, uint64_t key, uint32_t tx)
{
    uint32_t i = h->count++;
    struct heap_item item = {key, tx};
    for (; i > 0 && item_less(item, h->items[(i - 1) / 2]); i = (i - 1) / 2) h->items[i] = h->items[(i - 1) / 2];
    h->items[i] = item;
}

static struct heap_item heap_take(struct heap *h)
{
    struct heap_item least = h->items[0], last = h->items[--h->count];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && item_less(h->items[child + 1], h->items[child])) child++;
        if (!item_less(h->items[child], last)) break;
        h->items[i] = h->items[child];
    }
    h->items[i] = last;
    return least;
}

struct schedule {
    const struct workload_block *block;
    struct heap ready, running;
    bool *done;
    uint32_t *first_waiting, *next_waiting; /* lists of transactions that wait for one; number + 1, 0 ends */
    uint32_t all_before;                    /* transactions before it are done */
};

/* What has nothing to wait for any more after `tx` is done. */
static void finish(struct schedule *s, uint32_t tx)
{
    const struct workload_block *b = s->block;
    s->done[tx] = true;
    for (uint32_t w = s->first_waiting[tx]; w != 0; w = s->next_waiting[w - 1]) heap_put(&s->ready, w - 1, w - 1);
    while (s->all_before < b->count && s->done[s->all_before]) {
        s->all_before++;
        if (s->all_before < b->count && b->after[s->all_before] == WORKLOAD_AFTER_ALL)
            heap_put(&s->ready, s->all_before, s->all_before);
    }
}

/* The first transaction waits for nothing, even for "all before it". */
static void begin(struct schedule *s)
{
    const struct workload_block *b = s->block;
    for (uint32_t i = b->count; i-- > 0;) {
        uint32_t after = b->after[i];
        if (after == 0 || (after == WORKLOAD_AFTER_ALL && i == 0)) {
            heap_put(&s->ready, i, i);
        } else if (after != WORKLOAD_AFTER_ALL) {
            ASSERT(after <= i);
            s->next_waiting[i] = s->first_waiting[after - 1];
            s->first_waiting[after - 1] = i + 1;
        }
    }
}

double workload_ideal(const struct workload_block *b, const struct tx_result *results, unsigned threads)
{
    size_t n = (size_t)b->count + 1;
    struct schedule s = {.block = b};
    s.ready.items = base_alloc(n * sizeof *s.ready.items);
    s.running.items = base_alloc(n * sizeof *s.running.items);
    s.done = base_calloc(n, sizeof *s.done);
    s.first_waiting = base_calloc(n, sizeof *s.first_waiting);
    s.next_waiting = base_calloc(n, sizeof *s.next_waiting);
    begin(&s);
    uint64_t now = 0, total = 0;
    while (s.ready.count != 0 || s.running.count != 0) {
        while (s.ready.count != 0 && s.running.count < threads) {
            uint32_t tx = heap_take(&s.ready).tx;
            total += results[tx].gas_used;
            heap_put(&s.running, now + results[tx].gas_used, tx);
        }
        struct heap_item next = heap_take(&s.running);
        now = next.key;
        finish(&s, next.tx);
    }
    free(s.ready.items);
    free(s.running.items);
    free(s.done);
    free(s.first_waiting);
    free(s.next_waiting);
    return now == 0 ? 1 : (double)total / (double)now;
}
