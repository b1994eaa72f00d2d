/* What must hold inside a run, looked at where the core's files call each other (linked with --wrap), so that the
 * sources need not know of it:
 *
 * - groups are committed once, in their order, and so are transactions
 * - a group that is committed without being looked at is valid
 * - when the block has ended nobody is counted as running ahead or as waiting */
#include <stdio.h>

#include "explore.h"
#include "parallel/execution.h"
#include "parallel/plan.h"

struct block_run;

static struct {
    const struct scenario *scenario;
    bool may_restart;      /* a block that does not agree with its list is executed once more */
    struct sched *sched;   /* of the block that runs in parallel; NULL: none */
    const uint32_t *first; /* transactions of its groups */
    uint32_t groups, committed_groups, committed;
    struct execution *ahead[TRANSACTIONS_MAX]; /* the last one that was published and not withdrawn */
} now;

/* How often each was called: one that never is watches nothing. */
enum hook { HOOK_GROUPS, HOOK_INIT, HOOK_VALID, HOOK_COMMITTED, HOOK_PUBLISH, HOOK_WITHDRAW, HOOK_COUNT, HOOKS };
static uint64_t calls[HOOKS];
static uint64_t whole;

uint32_t __real_plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of);
uint32_t __wrap_plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of);
void __real_sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most,
                       struct sched_item *items, void (*wake)(void *context), void *wake_context);
void __wrap_sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most,
                       struct sched_item *items, void (*wake)(void *context), void *wake_context);
bool __real_sched_is_valid(struct sched *s, uint32_t item);
bool __wrap_sched_is_valid(struct sched *s, uint32_t item);
struct sched_task __real_sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome, uint64_t began_ns,
                                         uint64_t now_ns);
struct sched_task __wrap_sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome, uint64_t began_ns,
                                         uint64_t now_ns);
struct execution *__real_execution_publish(struct state *s, struct execution *old, struct arena *arena);
struct execution *__wrap_execution_publish(struct state *s, struct execution *old, struct arena *arena);
bool __real_execution_withdraw(struct execution *e);
bool __wrap_execution_withdraw(struct execution *e);
void __real_block_count(struct block_run *run, uint32_t index);
void __wrap_block_count(struct block_run *run, uint32_t index);

void __real_location_init(struct location *l, struct version *parent, struct u256 value);
void __wrap_location_init(struct location *l, struct version *parent, struct u256 value);

void invariants_begin(const struct scenario *s, bool may_restart)
{
    now.scenario = s;
    now.may_restart = may_restart;
    now.sched = NULL;
    now.first = NULL;
    now.committed = 0;
    memset(now.ahead, 0, sizeof now.ahead);
}

uint32_t __wrap_plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of)
{
    uint32_t groups = __real_plan_groups(p, from, workers, first, group_of);
    calls[HOOK_GROUPS]++;
    now.first = first;
    now.groups = groups;
    return groups;
}

/* A short block starts where a long one may come to: with confidence lost or won, and with a window of any size. */
void __wrap_sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most,
                       struct sched_item *items, void (*wake)(void *context), void *wake_context)
{
    __real_sched_init(s, count, workers, window_most, items, wake, wake_context);
    calls[HOOK_INIT]++;
    if (fiber_running < 0) return;
    now.sched = s;
    now.committed_groups = 0;
    steps_held++;
    if (now.scenario->confidence != UINT32_MAX) s->confidence = now.scenario->confidence;
    if (now.scenario->window != UINT32_MAX && workers > 1) s->window = now.scenario->window;
    if (now.scenario->stretch != 0) {
        s->gain.stretch_items = now.scenario->stretch;
        s->gain.pause_least = now.scenario->pause;
        s->gain.until = clock_wall_ns() + now.scenario->pause;
    }
    steps_held--;
}

static bool is_valid(const struct execution *e)
{
    steps_held++;
    bool valid = execution_is_valid(e, NULL, NULL, NULL);
    steps_held--;
    return valid;
}

bool __wrap_sched_is_valid(struct sched *s, uint32_t item)
{
    bool valid = __real_sched_is_valid(s, item);
    calls[HOOK_VALID]++;
    if (!valid || fiber_running < 0 || now.first == NULL) return valid;
    /* Before EIP-161 nothing is committed unseen: bringing the beneficiary into existence invalidates nothing. */
    if (!now.scenario->task.fork->clear_empty) return valid;
    whole++;
    for (uint32_t tx = now.first[item]; tx < now.first[item + 1]; tx++)
        if (now.ahead[tx] != NULL && !is_valid(now.ahead[tx]))
            world_fail("transaction %u is to be committed unseen, and is not valid", tx);
    return valid;
}

struct sched_task __wrap_sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome, uint64_t began_ns,
                                         uint64_t now_ns)
{
    calls[HOOK_COMMITTED]++;
    if (fiber_running >= 0 && item != now.committed_groups++)
        world_fail("group %u is committed instead of %u", item, now.committed_groups - 1);
    return __real_sched_committed(s, item, outcome, began_ns, now_ns);
}

struct execution *__wrap_execution_publish(struct state *s, struct execution *old, struct arena *arena)
{
    struct execution *e = __real_execution_publish(s, old, arena);
    calls[HOOK_PUBLISH]++;
    if (fiber_running >= 0 && e->tx != 0 && e->tx <= TRANSACTIONS_MAX) now.ahead[e->tx - 1] = s->speculative ? e : NULL;
    return e;
}

bool __wrap_execution_withdraw(struct execution *e)
{
    calls[HOOK_WITHDRAW]++;
    if (fiber_running >= 0 && now.ahead[e->tx - 1] == e) now.ahead[e->tx - 1] = NULL;
    return __real_execution_withdraw(e);
}

void __wrap_block_count(struct block_run *run, uint32_t index)
{
    calls[HOOK_COUNT]++;
    if (fiber_running >= 0) {
        if (index == 0 && now.may_restart) now.committed = 0;
        if (index < now.committed) world_fail("transaction %u is committed again", index);
        now.committed = index + 1;
    }
    __real_block_count(run, index);
}

/* Of an entry of the table, before others can find it: what orders that is not modelled. */
void __wrap_location_init(struct location *l, struct version *parent, struct u256 value)
{
    steps_held++;
    __real_location_init(l, parent, value);
    steps_held--;
}

const char *invariants_end(bool block_is_valid)
{
    const char *wrong = NULL;
    if (now.sched == NULL || !block_is_valid) return NULL;
    if (now.committed_groups != now.groups)
        wrong = "not all groups were committed";
    else if (now.sched->ahead != 0)
        wrong = "somebody is still counted as running ahead";
    else if (now.sched->waiting != 0)
        wrong = "somebody is still counted as waiting";
    return wrong;
}

void invariants_print(void)
{
    static const char *const names[HOOKS] = {"plan_groups",     "sched_init",        "sched_is_valid",
                                             "sched_committed", "execution_publish", "execution_withdraw",
                                             "block_count"};
    for (enum hook h = 0; h < HOOKS; h++)
        if (calls[h] == 0) (void)printf("never called, so not watched: %s\n", names[h]);
    (void)printf("committed unseen: %llu groups\n", (unsigned long long)whole);
}
