/* All interleavings of a few workers over a few tiny transactions. The search goes through them depth first, by
 * running the block again for each branch, and turns back at situations that it has been in before. */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "sim/protocol.h"

enum { DEPTH_MAX = 512, SEEN_CELLS = 1 << 20 };

struct search {
    uint32_t depth;
    uint8_t choice[DEPTH_MAX];
    uint32_t others[DEPTH_MAX]; /* not tried yet */
    uint64_t *seen;             /* open addressing; 0 is free */
    uint64_t situations, ends;
};

/* True when the situation is new. */
static bool note(struct search *s, uint64_t digest)
{
    digest += digest == 0;
    for (size_t i = digest % SEEN_CELLS;; i = (i + 1) % SEEN_CELLS) {
        if (s->seen[i] == digest) return false;
        if (s->seen[i] != 0) continue;
        s->seen[i] = digest;
        s->situations++;
        CHECK(s->situations < SEEN_CELLS / 2);
        return true;
    }
}

/* One way through: the choices so far again, then always the first worker that can move. */
static void go(struct search *s, struct sim_run *r)
{
    for (uint32_t i = 0; i < s->depth; i++) sim_worker_step(r, s->choice[i]);
    uint32_t set;
    while ((set = sim_runnable(r)) != 0) {
        if (!note(s, sim_digest(r))) return;
        CHECK(s->depth < DEPTH_MAX);
        unsigned id = (unsigned)__builtin_ctz(set);
        s->choice[s->depth] = (uint8_t)id;
        s->others[s->depth++] = set & (set - 1);
        sim_worker_step(r, id);
    }
    sim_run_finish(r);
    s->ends++;
}

/* To the deepest place with another choice left; false when there is none. */
static bool turn(struct search *s)
{
    while (s->depth != 0 && s->others[s->depth - 1] == 0) s->depth--;
    if (s->depth == 0) return false;
    uint32_t *others = &s->others[s->depth - 1];
    s->choice[s->depth - 1] = (uint8_t)__builtin_ctz(*others);
    *others &= *others - 1;
    return true;
}

static void search(uint32_t blocks, struct sim_shape shape, unsigned workers)
{
    struct sim_world *w = sim_world_new();
    struct sim_block *b = base_calloc(1, sizeof *b);
    struct sim_run *r = base_alloc(sizeof *r);
    struct search s = {.seen = base_alloc(SEEN_CELLS * sizeof *s.seen)};
    uint64_t situations = 0, ends = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        sim_block_make(w, b, harness_random(), shape);
        uint64_t schedule = harness_random();
        memset(s.seen, 0, SEEN_CELLS * sizeof *s.seen);
        s.depth = 0;
        s.situations = s.ends = 0;
        do {
            if (sim_run_init(r, w, b, workers, schedule)) go(&s, r);
        } while (turn(&s));
        situations += s.situations;
        ends += s.ends;
    }
    printf("%u blocks: %llu situations, %llu ends\n", blocks, (unsigned long long)situations, (unsigned long long)ends);
    sim_block_free(b);
    sim_world_free(w);
    free(s.seen);
    free(b);
    free(r);
}

TEST(sim_every_interleaving_of_two_workers_and_three_transactions)
{
    search(400 / SIM_SHARE, (struct sim_shape){.txs_least = 3, .txs = 3, .ops = 2, .accounts = 3, .checks_each = true},
           2);
}

TEST(sim_every_interleaving_of_two_workers_and_five_transactions)
{
    search(20 / SIM_SHARE, (struct sim_shape){.txs_least = 5, .txs = 5, .ops = 3, .accounts = 3, .checks_each = true},
           2);
}

TEST(sim_every_interleaving_of_three_workers_and_three_transactions)
{
    search(20 / SIM_SHARE, (struct sim_shape){.txs_least = 3, .txs = 3, .ops = 2, .accounts = 3, .checks_each = true},
           3);
}
