/* picker: the seeded scheduler of the simulators. It says which of several virtual workers makes the next step, in
 * one of several styles: bugs that fair dice never show are found by starving one worker, or by stopping another at
 * an awkward place. */
#ifndef WEFT_SIM_PICKER_H
#define WEFT_SIM_PICKER_H

#include "base/base.h"

enum { PICKER_WORKERS_MAX = 8 };

enum picker_style {
    PICK_FAIRLY,      /* each worker with the same probability */
    PICK_BY_WEIGHT,   /* some workers are many times faster; the weights change now and then */
    PICK_BY_PRIORITY, /* always the most urgent that can move; the order changes now and then */
    PICK_IN_TURN,
    PICKER_STYLES
};

struct picker {
    uint64_t random;
    enum picker_style style;
    unsigned workers, last;
    uint32_t weight[PICKER_WORKERS_MAX]; /* or rank */
    uint32_t change_in;                  /* picks until the weights are drawn again */
};

static inline void picker_draw(struct picker *p)
{
    for (unsigned i = 0; i < p->workers; i++) {
        uint32_t r = (uint32_t)random_next(&p->random);
        p->weight[i] = p->style == PICK_BY_WEIGHT ? 1u << r % 8 : r;
    }
    p->change_in = 1 + (uint32_t)random_next(&p->random) % 64;
}

static inline void picker_init(struct picker *p, uint64_t seed, unsigned workers)
{
    *p = (struct picker){.random = seed, .workers = workers};
    p->style = (enum picker_style)(random_next(&p->random) % PICKER_STYLES);
    picker_draw(p);
}

static inline unsigned picker_by_weight(struct picker *p, uint32_t runnable)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < p->workers; i++) sum += (runnable >> i & 1) * p->weight[i];
    uint64_t at = random_next(&p->random) % sum;
    for (unsigned i = 0;; i++) {
        uint64_t weight = (runnable >> i & 1) * p->weight[i];
        if (at < weight) return i;
        at -= weight;
    }
}

/* One of the workers whose bit is set in `runnable` (not 0). */
static inline unsigned picker_next(struct picker *p, uint32_t runnable)
{
    if (--p->change_in == 0) picker_draw(p);
    unsigned best = 0;
    switch (p->style) {
    case PICK_BY_WEIGHT: return picker_by_weight(p, runnable);
    case PICK_BY_PRIORITY:
        while ((runnable >> best & 1) == 0) best++;
        for (unsigned i = best + 1; i < p->workers; i++)
            if ((runnable >> i & 1) && p->weight[i] > p->weight[best]) best = i;
        return best;
    case PICK_IN_TURN:
        do p->last = (p->last + 1) % p->workers;
        while ((runnable >> p->last & 1) == 0);
        return p->last;
    default:
        do best = (unsigned)(random_next(&p->random) % p->workers);
        while ((runnable >> best & 1) == 0);
        return best;
    }
}

#endif
