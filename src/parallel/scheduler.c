#include "parallel/scheduler.h"

#include "parallel/policies.h"

enum item_state {
    ITEM_FREE,
    ITEM_RUNNING,
    ITEM_PUBLISHING,
    ITEM_READY,
    ITEM_TAKEN, /* by the commit point */
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most, struct sched_item *items,
                void (*wake)(void *context), void *wake_context)
{
    ASSERT(window_most != 0);
    *s = (struct sched){.count = count,
                        .workers = workers,
                        .window_most = window_most,
                        .items = items,
                        .wake = wake,
                        .wake_context = wake_context};
    gain_init(&s->gain);
    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct sched_item){0};
        atomic_init(&items[i].after, SCHED_NOBODY);
    }
    atomic_init(&s->changes, 1);
    atomic_init(&s->deferred, SCHED_NOBODY);
    atomic_init(&s->overdue, SCHED_NOBODY);
    atomic_init(&s->window, workers > 1 ? least(64 * workers, window_most) : 0);
    atomic_init(&s->confidence, SCHED_CONFIDENCE_LOW + 2);
}

void sched_set_heavy(struct sched *s, const uint32_t *heavy, uint32_t heavy_count, const bool *is_heavy)
{
    s->heavy = heavy;
    s->heavy_count = heavy_count;
    s->is_heavy = is_heavy;
}

static bool swap_state(struct sched *s, uint32_t item, uint8_t from, uint8_t to)
{
    return atomic_compare_exchange_strong(&s->items[item].state, &from, to);
}

static uint32_t confidence_of(struct sched *s)
{
    return atomic_load_explicit(&s->confidence, memory_order_relaxed);
}

static uint32_t window_of(struct sched *s)
{
    return atomic_load_explicit(&s->window, memory_order_relaxed);
}

static void lower(_Atomic uint32_t *word, uint32_t to)
{
    uint32_t now = atomic_load(word);
    while (to < now && !atomic_compare_exchange_weak(word, &now, to)) continue;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* No wake-up is lost: whoever is about to sleep reads the epoch, says that it waits, and asks for work once more before
 * it sleeps on that epoch. So either the caller sees here that it waits, or it sees what the caller has done. */
static void call_all(struct sched *s)
{
    atomic_fetch_add(&s->epoch, 1);
    if (atomic_load(&s->waiting) != 0) s->wake(s->wake_context);
}

static void call_waiting(struct sched *s)
{
    if (atomic_load(&s->waiting) != 0) call_all(s);
}

void sched_waiting(struct sched *s)
{
    atomic_fetch_add(&s->waiting, 1);
}

void sched_waited(struct sched *s)
{
    atomic_fetch_sub(&s->waiting, 1);
}

uint32_t sched_epoch(struct sched *s)
{
    return atomic_load(&s->epoch);
}

uint32_t sched_awaited(struct sched *s)
{
    uint32_t head = atomic_load(&s->head);
    if (head == s->count || atomic_load(&s->token) != 0) return SCHED_NOBODY;
    return atomic_load(&s->items[head].state) == ITEM_RUNNING ? head : SCHED_NOBODY;
}

bool sched_overdue(struct sched *s, uint32_t item)
{
    return atomic_exchange(&s->overdue, item) != item;
}

/* ---- the commit point -------------------------------------------------------------------------------------------- */

/* Whether to leave the item at the commit point to whoever runs it. Where speculating rarely pays, the result would most
 * likely be wasted; but what takes long is not begun again from the start. */
static bool is_trusted(struct sched *s, uint32_t head)
{
    if (atomic_load(&s->overdue) == head) return false;
    return confidence_of(s) >= SCHED_CONFIDENCE_LOW || (s->is_heavy != NULL && s->is_heavy[head]);
}

static bool steal(struct sched *s, uint32_t head)
{
    if (!swap_state(s, head, ITEM_RUNNING, ITEM_TAKEN)) return false;
    /* Relaxed: a hint; that its result does not count is decided by the state. */
    atomic_store_explicit(&s->items[head].stolen, 1, memory_order_relaxed);
    s->stole = true;
    return true;
}

/* With the token in hand: what is there to do at the commit point? SCHED_WAIT: a worker is trusted to finish that item,
 * and asks for the head as soon as it has; the token must be given back. */
static struct sched_task look_at_head(struct sched *s)
{
    uint32_t head = atomic_load(&s->head);
    if (head == s->count || atomic_load(&s->stopped) != 0) return (struct sched_task){SCHED_DONE, 0};
    for (;;) {
        switch (atomic_load(&s->items[head].state)) {
        case ITEM_FREE:
            if (swap_state(s, head, ITEM_FREE, ITEM_TAKEN)) return (struct sched_task){SCHED_EXECUTE, head};
            break;
        case ITEM_RUNNING:
            if (is_trusted(s, head)) return (struct sched_task){SCHED_WAIT, 0};
            if (steal(s, head)) return (struct sched_task){SCHED_COMMIT, head};
            break;
        case ITEM_PUBLISHING: return (struct sched_task){SCHED_WAIT, 0};
        case ITEM_READY:
            if (swap_state(s, head, ITEM_READY, ITEM_TAKEN)) return (struct sched_task){SCHED_COMMIT, head};
            break;
        default: ASSERT(false); /* whoever took it holds the token */
        }
    }
}

static bool is_of_commit_point(struct sched_task task)
{
    return task.kind == SCHED_EXECUTE || task.kind == SCHED_COMMIT;
}

/* Tries to take the token and with it a task at the commit point. No wake-up is lost: whoever makes the head ready does
 * so before it tries the token, and whoever gives the token back looks at the head again afterwards; in any order of these
 * four steps one of the two finds both the token free and the head ready. */
static bool take_head(struct sched *s, struct sched_task *out)
{
    for (;;) {
        uint32_t free = 0;
        if (atomic_load(&s->token) != 0 || !atomic_compare_exchange_strong(&s->token, &free, 1)) return false;
        *out = look_at_head(s);
        if (is_of_commit_point(*out)) return true;
        atomic_store(&s->token, 0);
        if (out->kind == SCHED_DONE) return true;
        uint8_t state = atomic_load(&s->items[atomic_load(&s->head) % s->count].state);
        if (state != ITEM_FREE && state != ITEM_READY) return false;
    }
}

/* `ahead` counts workers that speculate, and items that are complete and not committed. Either a worker that is about to
 * begin sees that the commit point is alone, or that sees the worker: each says what it does before it looks at the
 * other. */
static bool enter(struct sched *s)
{
    atomic_fetch_add(&s->ahead, 1);
    if (atomic_load(&s->alone) == 0) return true;
    atomic_fetch_sub(&s->ahead, 1);
    return false;
}

static void leave(struct sched *s)
{
    /* Release at least: a worker whose item was taken from it has released nothing else since it read values, which the
     * commit point may overwrite next. */
    atomic_fetch_sub(&s->ahead, 1);
}

bool sched_alone(struct sched *s)
{
    if (window_of(s) != 0 || atomic_load(&s->ahead) != 0) return false;
    atomic_store(&s->alone, 1);
    if (atomic_load(&s->ahead) == 0) return true;
    atomic_store(&s->alone, 0);
    return false;
}

bool sched_is_valid(struct sched *s, uint32_t item)
{
    /* Acquire: pairs with the release in set_validated; what was noted about the item is visible. */
    uint32_t validated = atomic_load_explicit(&s->items[item].validated, memory_order_acquire);
    return validated != 0 && validated >= s->invalidated;
}

/* ---- speculative execution --------------------------------------------------------------------------------------- */

/* Takes an item to be executed speculatively. What it reads from now on is at least as new as the changes counted here. */
static bool take_item(struct sched *s, uint32_t item, struct sched_task *out)
{
    if (!swap_state(s, item, ITEM_FREE, ITEM_RUNNING)) return false;
    s->items[item].looked = atomic_load(&s->changes);
    *out = (struct sched_task){SCHED_SPECULATE, item};
    return true;
}

/* Those that take long come first, whatever their place: begun late, they would be all that is left at the end. */
static bool take_heavy(struct sched *s, struct sched_task *out)
{
    while (atomic_load_explicit(&s->heavy_next, memory_order_relaxed) < s->heavy_count) {
        uint32_t i = atomic_fetch_add(&s->heavy_next, 1);
        if (i < s->heavy_count && take_item(s, s->heavy[i], out)) return true;
    }
    return false;
}

static bool take_ahead(struct sched *s, struct sched_task *out)
{
    if (take_heavy(s, out)) return true;
    for (;;) {
        uint32_t window = window_of(s);
        uint32_t head = atomic_load(&s->head);
        uint32_t item = atomic_load(&s->cursor);
        /* Where the commit point would overtake a run that starts right behind it, start one further. */
        uint32_t first = least(confidence_of(s) < SCHED_CONFIDENCE_LOW ? head + 2 : head, s->count);
        if (item < first) {
            atomic_compare_exchange_strong(&s->cursor, &item, first);
            continue;
        }
        if (item >= s->count || item - head > window || window == 0) return false;
        if (!atomic_compare_exchange_strong(&s->cursor, &item, item + 1)) continue;
        if (take_item(s, item, out)) return true;
    }
}

/* What was deferred until another item had been executed, which it has now. */
static bool take_deferred(struct sched *s, struct sched_task *out)
{
    uint32_t low = atomic_load(&s->deferred), head = atomic_load(&s->head), found = SCHED_NOBODY;
    if (low == SCHED_NOBODY || window_of(s) == 0) return false;
    uint32_t from = low < head + SCHED_REVALIDATE_LEAD ? head + SCHED_REVALIDATE_LEAD : low;
    uint32_t end = atomic_load(&s->cursor), last = end > from + SCHED_SCAN_MAX ? from + SCHED_SCAN_MAX : end;
    for (uint32_t i = from; i < last; i++) {
        /* Relaxed: an old value makes it wait for another item, or be tried too early. */
        uint32_t after = atomic_load_explicit(&s->items[i].after, memory_order_relaxed);
        if (after == SCHED_NOBODY || atomic_load(&s->items[i].state) != ITEM_FREE) continue;
        if (found == SCHED_NOBODY) found = i;
        if (sched_is_complete(s, after) && take_item(s, i, out)) return true;
    }
    /* A lower one may have been put there meanwhile. */
    if (found == SCHED_NOBODY && last == end) (void)atomic_compare_exchange_strong(&s->deferred, &low, SCHED_NOBODY);
    return false;
}

/* What is near behind the head and not known to be valid any more. */
static bool take_revalidation(struct sched *s, struct sched_task *out)
{
    for (;;) {
        if (window_of(s) == 0 || !policy_is_on(POLICY_REVALIDATION)) return false;
        uint32_t head = atomic_load(&s->head), next = atomic_load(&s->revalidate), item = next;
        if (item < head + SCHED_REVALIDATE_LEAD) item = head + SCHED_REVALIDATE_LEAD;
        if (item >= atomic_load(&s->cursor) || item >= s->count || item - head > SCHED_REVALIDATE_SPAN * s->workers)
            return false;
        if (!atomic_compare_exchange_strong(&s->revalidate, &next, item + 1)) continue;
        struct sched_item *i = &s->items[item];
        /* Acquire at least: pairs with sched_invalidates. Validating again has no fence of its own: what was published
         * before a change that is counted here must be seen by it. */
        uint32_t changes = atomic_load(&s->changes);
        if (atomic_load_explicit(&i->validated, memory_order_relaxed) >= changes) continue;
        /* The commit point may have come by since the head was read: then it has taken the item. */
        if (!swap_state(s, item, ITEM_READY, ITEM_RUNNING)) continue;
        i->looked = changes;
        *out = (struct sched_task){SCHED_REVALIDATE, item};
        return true;
    }
}

struct sched_task sched_next(struct sched *s)
{
    struct sched_task task;
    if (atomic_load(&s->stopped) != 0 || atomic_load(&s->head) == s->count) return (struct sched_task){SCHED_DONE, 0};
    if (take_head(s, &task)) return task;
    if (enter(s)) {
        if (take_deferred(s, &task) || take_ahead(s, &task) || take_revalidation(s, &task)) return task;
        leave(s);
    }
    return (struct sched_task){SCHED_WAIT, 0};
}

bool sched_publishing(struct sched *s, uint32_t item)
{
    /* Before the exchange, relaxed: who takes the item once something of it has been published again must not take it
     * for what it was when it was validated. */
    atomic_store_explicit(&s->items[item].validated, 0, memory_order_relaxed);
    if (swap_state(s, item, ITEM_RUNNING, ITEM_PUBLISHING)) return true;
    leave(s);
    return false;
}

/* A worker may wait for `item`, far enough from the head that it is worth waking it up. */
static void call_for(struct sched *s, uint32_t item)
{
    if (atomic_load(&s->items[item].wanted) > atomic_load(&s->head) + SCHED_FAR) call_waiting(s);
}

void sched_published(struct sched *s, uint32_t item, bool last)
{
    struct sched_item *i = &s->items[item];
    if (!last) {
        atomic_store(&i->state, ITEM_RUNNING);
        return;
    }
    atomic_store(&i->complete, 1);
    atomic_store(&i->state, ITEM_READY);
    call_for(s, item);
    if (atomic_load_explicit(&s->deferrals, memory_order_relaxed) != 0)
        atomic_store_explicit(&s->deferrals, 0, memory_order_relaxed);
}

void sched_worked(struct sched *s, uint32_t item, uint64_t ns)
{
    s->items[item].work_ns = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static void set_validated(struct sched_item *i)
{
    /* Release: pairs with the acquire in sched_is_valid. */
    atomic_store_explicit(&i->validated, i->looked, memory_order_release);
}

void sched_validated(struct sched *s, uint32_t item)
{
    set_validated(&s->items[item]);
}

void sched_invalidates(struct sched *s, uint32_t item)
{
    /* Pairs with the loads in take_item and take_revalidation: whoever counts this change sees what was published before it.
     * (The fence behind the publication, or the withdrawal, would make a relaxed addition release as well.) */
    uint32_t changes = atomic_fetch_add(&s->changes, 1) + 1;
    /* Relaxed: the state, or the token, publishes it. */
    atomic_store_explicit(&s->items[item].invalidated, changes, memory_order_relaxed);
    lower(&s->revalidate, item + 1);
    if (confidence_of(s) >= SCHED_CONFIDENCE_LOW) call_waiting(s);
}

void sched_defer(struct sched *s, uint32_t item, uint32_t after)
{
    atomic_fetch_add_explicit(&s->deferrals, 1, memory_order_relaxed);
    leave(s);
    /* Relaxed: the state publishes it. */
    atomic_store_explicit(&s->items[item].after, after, memory_order_relaxed);
    /* Either we find `after` complete when we ask for the next task, or its worker sees that it is wanted. */
    if (after != SCHED_NOBODY) atomic_store(&s->items[after].wanted, item);
    if (swap_state(s, item, ITEM_RUNNING, ITEM_FREE) && after != SCHED_NOBODY) lower(&s->deferred, item);
}

bool sched_may_rerun(struct sched *s, uint32_t item)
{
    struct sched_item *i = &s->items[item];
    return confidence_of(s) >= SCHED_CONFIDENCE_LOW && i->reruns++ < SCHED_RERUNS_MAX;
}

void sched_revalidated(struct sched *s, uint32_t item, bool valid)
{
    if (valid) set_validated(&s->items[item]);
    (void)swap_state(s, item, ITEM_RUNNING, ITEM_READY); /* fails when the commit point has taken it */
    leave(s);
}

const _Atomic uint8_t *sched_stolen(const struct sched *s, uint32_t item)
{
    return &s->items[item].stolen;
}

bool sched_is_complete(struct sched *s, uint32_t item)
{
    return atomic_load(&s->items[item].complete) != 0;
}

bool sched_is_near(struct sched *s, uint32_t item)
{
    return item <= atomic_load_explicit(&s->head, memory_order_relaxed) + 1;
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

static void record_success(struct sched *s)
{
    uint32_t confidence = confidence_of(s);
    if (confidence < SCHED_CONFIDENCE_MAX) atomic_store_explicit(&s->confidence, confidence + 1, memory_order_relaxed);
    atomic_store_explicit(&s->window, least(window_of(s) + s->workers, s->window_most), memory_order_relaxed);
}

/* Whether the window had better close. */
static bool record_conflict(struct sched *s)
{
    uint32_t confidence = confidence_of(s), window = window_of(s);
    if (!policy_is_on(POLICY_CONFIDENCE)) return false;
    confidence -= confidence / 16 + (confidence != 0);
    atomic_store_explicit(&s->confidence, confidence, memory_order_relaxed);
    if (window != 0) atomic_store_explicit(&s->window, window - window / 8, memory_order_relaxed);
    return confidence < SCHED_CONFIDENCE_NONE;
}

/* What the commit of an item says of speculating. */
static void judge(struct sched *s, enum sched_outcome outcome, uint64_t work_ns, uint64_t now_ns)
{
    bool closes = false;
    if (s->workers < 2) return;
    if (window_of(s) == 0 && gain_is_rested(&s->gain, now_ns))
        atomic_store_explicit(&s->window, least(2, s->window_most), memory_order_relaxed);
    if (outcome == SCHED_USED)
        record_success(s);
    else if (outcome == SCHED_CONFLICT || s->stole) /* either way a speculative execution was wasted */
        closes = record_conflict(s);
    if (window_of(s) == 0 || ((gain_add(&s->gain, work_ns, now_ns) || !policy_is_on(POLICY_GAIN)) && !closes)) return;
    gain_pause(&s->gain, now_ns);
    atomic_store_explicit(&s->window, 0, memory_order_relaxed);
}

/* Those who wait because the window was full may go on; the more often they found only items to defer, the rarer they are
 * called. */
static void call_after_commit(struct sched *s)
{
    uint32_t deferrals = atomic_load_explicit(&s->deferrals, memory_order_relaxed);
    if (++s->uncalled < least(deferrals, SCHED_CALL_LAST) || atomic_load(&s->waiting) == 0) return;
    uint32_t head = atomic_load(&s->head), cursor = atomic_load(&s->cursor), window = window_of(s);
    uint32_t ahead = cursor > head ? cursor - head : 0;
    if (window == 0 || cursor >= s->count || ahead > window / 2) return;
    s->uncalled = 0;
    call_waiting(s);
}

struct sched_task sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome, uint64_t began_ns,
                                  uint64_t now_ns)
{
    struct sched_item *i = &s->items[item];
    uint32_t invalidated = atomic_load_explicit(&i->invalidated, memory_order_relaxed);
    if (invalidated > s->invalidated) s->invalidated = invalidated;
    judge(s, outcome, outcome == SCHED_USED ? i->work_ns : now_ns - began_ns, now_ns);
    s->stole = false;
    if (atomic_load_explicit(&i->complete, memory_order_relaxed) != 0) leave(s);
    if (atomic_load_explicit(&s->alone, memory_order_relaxed) != 0) atomic_store(&s->alone, 0);
    atomic_store(&i->complete, 1);
    atomic_store(&s->head, item + 1);
    call_for(s, item);
    call_after_commit(s);
    struct sched_task next = look_at_head(s);
    if (is_of_commit_point(next)) return next;
    atomic_store(&s->token, 0);
    if (next.kind != SCHED_DONE) return sched_next(s);
    call_all(s);
    return next;
}

void sched_stop(struct sched *s)
{
    atomic_store(&s->stopped, 1);
    call_all(s);
}
