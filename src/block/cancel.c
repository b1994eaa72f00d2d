/* Ending a block early, from another thread. Whoever executes in order looks at the engine's own word, as single messages
 * look at theirs; speculative executions look at the word with which the commit point takes work away (scheduler.h), so
 * those are raised as well. What they have done so far is marked as failed, hence never published. */
#include "block/private.h"
#include "parallel/scheduler.h"

/* With the lock, while the block is shared. */
static void end_speculations(struct sched *s)
{
    /* Relaxed: a hint, like the commit point's own; who sees it late stops late. Only the commit point and we write it. */
    for (uint32_t i = 0; i < s->count; i++) atomic_store_explicit(&s->items[i].stolen, 1, memory_order_relaxed);
}

void engine_cancel(struct engine *e)
{
    ASSERT(pthread_mutex_lock(&e->cancel_lock) == 0);
    atomic_store(&e->cancelled, 1);
    if (e->shared != NULL) end_speculations(e->shared);
    ASSERT(pthread_mutex_unlock(&e->cancel_lock) == 0);
}

void engine_resume(struct engine *e)
{
    atomic_store(&e->cancelled, 0);
}

void engine_shares(struct engine *e, struct sched *s)
{
    ASSERT(pthread_mutex_lock(&e->cancel_lock) == 0);
    e->shared = s;
    if (s != NULL && engine_is_cancelled(e)) end_speculations(s);
    ASSERT(pthread_mutex_unlock(&e->cancel_lock) == 0);
}
