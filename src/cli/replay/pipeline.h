/* pipeline: items that go through stages, on the workers of one pool.
 *
 *     load ──────► execute ──────► finish ──────► deliver
 *     any number   one after the   any number     one after the other, in order;
 *     at a time    other, in order at a time      not in parallel with itself
 *
 * Who is free takes what stands nearest to the end of the line: an execution before anything else, since all others
 * wait for it. Once enough items are loaded ahead, a worker rather helps the one who executes (engine_new_on with a
 * pool of guests) than load more; until then execution is one worker's work, which costs least. With one worker the
 * stages of an item follow each other, and nothing is ahead.
 *
 * Executions alternate between two sets of tools (engines), so that the results of one item can be finished while the
 * next one is executed. */
#ifndef WEFT_CLI_REPLAY_PIPELINE_H
#define WEFT_CLI_REPLAY_PIPELINE_H

#include "base/base.h"

/* Sets of tools that executions alternate between. */
enum { PIPELINE_SETS = 2 };

/* What is done to item `i`. Its memory is the caller's; `slot`, below pipeline_slots, is the item's until it is
 * delivered. */
struct pipeline_stages {
    void *context;
    void (*load)(void *context, size_t i, unsigned slot);
    /* `shared`: other workers will have time to help. */
    void (*execute)(void *context, size_t i, unsigned slot, unsigned set, bool shared);
    void (*finish)(void *context, size_t i, unsigned slot, unsigned set);
    /* False: nothing more is delivered, nor begun. */
    bool (*deliver)(void *context, size_t i, unsigned slot);
    /* A loaded item that will not be executed, because an earlier one or the user ended it all. */
    void (*drop)(void *context, size_t i, unsigned slot);
    bool (*stopped)(void); /* asked before an item is begun: true ends it all after what is under way. May be NULL */
};

/* How many items are on their way at most. */
unsigned pipeline_slots(const struct pool *pool);

/* Runs items 0 to count - 1 through the stages on all workers of `pool`; returns how many were delivered. `guests` are
 * pools made with pool_new_guests(…, bell), one for each set, whose jobs idle workers help with. */
size_t pipeline_run(struct pool *pool, const struct pipeline_stages *stages, size_t count,
                    struct pool *const guests[PIPELINE_SETS], _Atomic uint32_t *bell);

#endif
