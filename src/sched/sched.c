#include "sched/sched.h"

enum item_state {
    ITEM_FREE,
    ITEM_SKIPPED, /* given back until another item has run */
    ITEM_RUNNING,
    ITEM_PUBLISHING,
    ITEM_STOLEN,
    /* from here on its writes can be read: sched_is_ready */
    ITEM_READY,
    ITEM_CHECKING, /* by the head, and no longer to be revised */
    ITEM_REVISING,
    ITEM_RERUNNING,
    ITEM_REPUBLISHING,
    ITEM_COMMITTED,
};

/* The words of an item's state, the token, the head and the cursor are accessed sequentially consistent (the default of
 * C11): the argument that no wake-up is lost, at take_head, needs one order of all of them. */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most, struct sched_item *items)
{
    ASSERT(window_most != 0);
    s->count = count;
    s->window_most = window_most;
    s->workers = workers;
    s->items = items;
    for (uint32_t i = 0; i < count; i++) {
        atomic_init(&items[i].state, ITEM_FREE);
        atomic_init(&items[i].held, 0);
        atomic_init(&items[i].changed, 0);
        atomic_init(&items[i].wanted, 0);
        atomic_init(&items[i].after, SCHED_NOBODY);
        atomic_init(&items[i].stolen, 0);
        items[i].looked = 0;
        items[i].reruns = 0;
        items[i].was_ready = false;
    }
    atomic_init(&s->revise, 0);
    atomic_init(&s->changes, 1);
    atomic_init(&s->skipped, SCHED_NOBODY);
    atomic_init(&s->ahead, 0);
    atomic_init(&s->alone, 0);
    s->changed = 0;
    atomic_init(&s->head, 0);
    atomic_init(&s->cursor, 0);
    atomic_init(&s->token, 0);
    atomic_init(&s->epoch, 0);
    atomic_init(&s->window, workers > 1 ? least(64 * workers, window_most) : 0);
    atomic_init(&s->overdue, SCHED_NOBODY);
    atomic_init(&s->waiting, 0);
    atomic_init(&s->stopped, 0);
    atomic_init(&s->confidence, SCHED_CONFIDENCE_LOW + 2);
    atomic_init(&s->skips, 0);
    s->uncalled = 0;
    s->probe_distance = SCHED_PROBE_FIRST;
    s->probe_in = SCHED_PROBE_FIRST;
    s->stole = false;
    s->heavy = NULL;
    s->is_heavy = NULL;
    s->heavy_count = 0;
    atomic_init(&s->heavy_next, 0);
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

static void raise_epoch(struct sched *s)
{
    atomic_fetch_add_explicit(&s->epoch, 1, memory_order_acq_rel);
}

/* ---- the head ---------------------------------------------------------------------------------------------------- */

static void set_held(struct sched_item *i)
{
    atomic_store_explicit(&i->held, i->looked, memory_order_release);
}

/* Whether to leave the item at the head to whoever runs it ahead. Where running ahead rarely pays, the result would most
 * likely be thrown away; but what takes long is not begun again from the start. */
static bool is_trusted(struct sched *s, uint32_t head)
{
    if (atomic_load(&s->overdue) == head) return false;
    return confidence_of(s) >= SCHED_CONFIDENCE_LOW || (s->is_heavy != NULL && s->is_heavy[head]);
}

/* Takes the item at the head from whoever runs it. */
static bool steal(struct sched *s, uint32_t head, uint8_t from)
{
    if (!swap_state(s, head, from, ITEM_STOLEN)) return false;
    /* Relaxed: a hint; that its result does not count is decided by the state. */
    atomic_store_explicit(&s->items[head].stolen, 1, memory_order_relaxed);
    s->stole = true;
    return true;
}

/* With the token in hand: what is there to do at the head? SCHED_WAIT: somebody else is running that item and is
 * trusted to finish it; the token must be given back. */
static struct sched_task look_at_head(struct sched *s)
{
    uint32_t head = atomic_load(&s->head);
    if (head == s->count || atomic_load(&s->stopped) != 0) return (struct sched_task){SCHED_DONE, 0};
    for (;;) {
        uint8_t state = atomic_load(&s->items[head].state);
        switch (state) {
        case ITEM_FREE:
            if (swap_state(s, head, ITEM_FREE, ITEM_STOLEN)) return (struct sched_task){SCHED_RUN, head};
            break;
        case ITEM_SKIPPED:
            if (swap_state(s, head, ITEM_SKIPPED, ITEM_STOLEN)) return (struct sched_task){SCHED_RUN, head};
            break;
        case ITEM_RUNNING:
        case ITEM_RERUNNING:
            if (is_trusted(s, head)) return (struct sched_task){SCHED_WAIT, 0};
            if (steal(s, head, state)) return (struct sched_task){SCHED_CHECK, head};
            break;
        case ITEM_PUBLISHING: /* its worker asks for the head as soon as it is done */
        case ITEM_REPUBLISHING: return (struct sched_task){SCHED_WAIT, 0};
        case ITEM_REVISING:
            if (swap_state(s, head, ITEM_REVISING, ITEM_STOLEN)) return (struct sched_task){SCHED_CHECK, head};
            break;
        case ITEM_READY:
            /* Who looks for something to revise may have read the head a while ago. */
            if (swap_state(s, head, ITEM_READY, ITEM_CHECKING)) return (struct sched_task){SCHED_CHECK, head};
            break;
        default: ASSERT(false); /* whoever stole or committed it holds the token */
        }
    }
}

/* Tries to take the token and with it a task at the head. No wake-up is lost: whoever makes the head ready does so
 * before it tries the token, and whoever gives the token back looks at the head again afterwards; in any order of these
 * four steps one of the two finds both the token free and the head ready. */
static bool take_head(struct sched *s, struct sched_task *out)
{
    for (;;) {
        uint32_t free = 0;
        if (atomic_load(&s->token) != 0 || !atomic_compare_exchange_strong(&s->token, &free, 1)) return false;
        *out = look_at_head(s);
        if (out->kind == SCHED_RUN || out->kind == SCHED_CHECK) return true;
        atomic_store(&s->token, 0);
        if (out->kind == SCHED_DONE) return true;
        uint8_t state = atomic_load(&s->items[atomic_load(&s->head) % s->count].state);
        if (state != ITEM_FREE && state != ITEM_SKIPPED && state != ITEM_READY && state != ITEM_REVISING) return false;
    }
}

/* ---- alone ------------------------------------------------------------------------------------------------------- */

/* `ahead` counts workers that run something ahead or revise it, and items that have been run ahead to their end.
 * Either a worker that is about to begin sees that the holder is alone, or the holder sees the worker: each says what
 * it does before it looks at the other. */
static bool enter(struct sched *s)
{
    atomic_fetch_add(&s->ahead, 1);
    if (atomic_load(&s->alone) == 0) return true;
    atomic_fetch_sub(&s->ahead, 1);
    return false;
}

static void leave(struct sched *s)
{
    atomic_fetch_sub(&s->ahead, 1);
}

bool sched_alone(struct sched *s)
{
    if (atomic_load_explicit(&s->window, memory_order_relaxed) != 0 || atomic_load(&s->ahead) != 0) return false;
    atomic_store(&s->alone, 1);
    if (atomic_load(&s->ahead) == 0) return true;
    atomic_store(&s->alone, 0);
    return false;
}

/* ---- running ahead ----------------------------------------------------------------------------------------------- */

/* Takes a free item to be run ahead. What it reads from now on is at least as new as the changes that are counted. */
static bool take_item(struct sched *s, uint32_t item, uint8_t from, struct sched_task *out)
{
    if (!swap_state(s, item, from, ITEM_RUNNING)) return false;
    s->items[item].looked = atomic_load(&s->changes);
    *out = (struct sched_task){SCHED_SPECULATE, item};
    return true;
}

/* Those that take long come first, whatever their place: begun late, they would be all that is left at the end. */
static bool take_heavy(struct sched *s, struct sched_task *out)
{
    while (atomic_load_explicit(&s->heavy_next, memory_order_relaxed) < s->heavy_count) {
        uint32_t i = atomic_fetch_add(&s->heavy_next, 1);
        if (i < s->heavy_count && take_item(s, s->heavy[i], ITEM_FREE, out)) return true;
    }
    return false;
}

static bool take_ahead(struct sched *s, struct sched_task *out)
{
    if (take_heavy(s, out)) return true;
    for (;;) {
        uint32_t window = atomic_load_explicit(&s->window, memory_order_relaxed);
        uint32_t head = atomic_load(&s->head);
        uint32_t item = atomic_load(&s->cursor);
        /* Where the head would overtake a run that starts right behind it, start one further. */
        uint32_t first = confidence_of(s) < SCHED_CONFIDENCE_LOW ? head + 2 : head;
        if (item < first) {
            atomic_compare_exchange_strong(&s->cursor, &item, first);
            continue;
        }
        if (item >= s->count || item - head > window || window == 0) return false;
        if (!atomic_compare_exchange_strong(&s->cursor, &item, item + 1)) continue;
        if (take_item(s, item, ITEM_FREE, out)) return true;
    }
}

/* What was given back until another item had run, which it has now. */
static bool take_skipped(struct sched *s, struct sched_task *out)
{
    uint32_t low = atomic_load(&s->skipped), head = atomic_load(&s->head), found = SCHED_NOBODY;
    if (low == SCHED_NOBODY || atomic_load_explicit(&s->window, memory_order_relaxed) == 0) return false;
    uint32_t from = low < head + SCHED_REVISE_LEAD ? head + SCHED_REVISE_LEAD : low, end = atomic_load(&s->cursor);
    uint32_t last = end > from + SCHED_SCAN_MAX ? from + SCHED_SCAN_MAX : end;
    for (uint32_t i = from; i < last; i++) {
        if (atomic_load(&s->items[i].state) != ITEM_SKIPPED) continue;
        if (found == SCHED_NOBODY) found = i;
        if (sched_is_ready(s, atomic_load_explicit(&s->items[i].after, memory_order_relaxed)) &&
            take_item(s, i, ITEM_SKIPPED, out))
            return true;
    }
    /* Somebody may have put a lower one there meanwhile. */
    if (found == SCHED_NOBODY && last == end) (void)atomic_compare_exchange_strong(&s->skipped, &low, SCHED_NOBODY);
    return false;
}

/* ---- revising ---------------------------------------------------------------------------------------------------- */

static void lower(_Atomic uint32_t *word, uint32_t to)
{
    uint32_t now = atomic_load(word);
    while (to < now && !atomic_compare_exchange_weak(word, &now, to)) continue;
}

/* What is near behind the head and not known to hold any more. */
static bool take_revision(struct sched *s, struct sched_task *out)
{
    for (;;) {
        if (atomic_load_explicit(&s->window, memory_order_relaxed) == 0) return false;
        uint32_t head = atomic_load(&s->head), next = atomic_load(&s->revise), item = next;
        if (item < head + SCHED_REVISE_LEAD) item = head + SCHED_REVISE_LEAD;
        if (item >= atomic_load(&s->cursor) || item >= s->count || item - head > SCHED_REVISE_SPAN * s->workers)
            return false;
        if (!atomic_compare_exchange_strong(&s->revise, &next, item + 1)) continue;
        struct sched_item *i = &s->items[item];
        uint32_t changes = atomic_load(&s->changes);
        if (atomic_load_explicit(&i->held, memory_order_relaxed) >= changes) continue;
        if (!swap_state(s, item, ITEM_READY, ITEM_REVISING)) continue;
        i->looked = changes;
        *out = (struct sched_task){SCHED_REVISE, item};
        return true;
    }
}

bool sched_rerun(struct sched *s, uint32_t item)
{
    struct sched_item *i = &s->items[item];
    if (i->reruns >= SCHED_RERUNS_MAX || confidence_of(s) < SCHED_CONFIDENCE_LOW) return false;
    /* Before the exchange: who steals the item from now on must not take it for what it was. */
    atomic_store_explicit(&i->held, 0, memory_order_relaxed);
    if (!swap_state(s, item, ITEM_REVISING, ITEM_RERUNNING)) return false;
    i->reruns++;
    return true;
}

void sched_revised(struct sched *s, uint32_t item, bool holds)
{
    struct sched_item *i = &s->items[item];
    if (holds) set_held(i);
    if (!swap_state(s, item, ITEM_REVISING, ITEM_READY)) (void)swap_state(s, item, ITEM_RERUNNING, ITEM_READY);
    leave(s);
}

void sched_disturbs(struct sched *s, uint32_t item)
{
    uint32_t changes = atomic_fetch_add(&s->changes, 1) + 1;
    atomic_store_explicit(&s->items[item].changed, changes, memory_order_relaxed);
    lower(&s->revise, item + 1);
    if (atomic_load(&s->waiting) != 0 && confidence_of(s) >= SCHED_CONFIDENCE_LOW) raise_epoch(s);
}

bool sched_holds(struct sched *s, uint32_t item)
{
    /* Acquire: pairs with the release in set_held; what was noted about the item is visible. */
    uint32_t held = atomic_load_explicit(&s->items[item].held, memory_order_acquire);
    return held != 0 && held >= s->changed;
}

struct sched_task sched_next(struct sched *s)
{
    struct sched_task task;
    if (atomic_load(&s->stopped) != 0 || atomic_load(&s->head) == s->count) return (struct sched_task){SCHED_DONE, 0};
    if (take_head(s, &task)) return task;
    if (enter(s)) {
        if (take_skipped(s, &task) || take_ahead(s, &task) || take_revision(s, &task)) return task;
        leave(s);
    }
    return (struct sched_task){SCHED_WAIT, 0};
}

bool sched_publishing(struct sched *s, uint32_t item)
{
    if (swap_state(s, item, ITEM_RUNNING, ITEM_PUBLISHING) || swap_state(s, item, ITEM_RERUNNING, ITEM_REPUBLISHING))
        return true;
    leave(s);
    return false;
}

bool sched_is_ready(struct sched *s, uint32_t item)
{
    uint8_t state = atomic_load(&s->items[item].state);
    return state >= ITEM_READY;
}

uint32_t sched_awaited(struct sched *s)
{
    uint32_t head = atomic_load(&s->head);
    if (head == s->count || atomic_load(&s->token) != 0) return SCHED_NOBODY;
    uint8_t state = atomic_load(&s->items[head].state);
    return state == ITEM_RUNNING || state == ITEM_RERUNNING ? head : SCHED_NOBODY;
}

bool sched_overdue(struct sched *s, uint32_t item)
{
    return atomic_exchange(&s->overdue, item) != item;
}

const _Atomic uint8_t *sched_is_stolen(const struct sched *s, uint32_t item)
{
    return &s->items[item].stolen;
}

bool sched_is_near(struct sched *s, uint32_t item)
{
    return item <= atomic_load_explicit(&s->head, memory_order_relaxed) + 1;
}

void sched_skip(struct sched *s, uint32_t item, uint32_t after)
{
    atomic_fetch_add_explicit(&s->skips, 1, memory_order_relaxed);
    leave(s);
    if (after == SCHED_NOBODY) {
        (void)swap_state(s, item, ITEM_RUNNING, ITEM_FREE);
        return;
    }
    /* Either we find `after` ready when we ask for the next task, or its worker sees that it is wanted. */
    atomic_store_explicit(&s->items[item].after, after, memory_order_relaxed);
    atomic_store(&s->items[after].wanted, item);
    if (swap_state(s, item, ITEM_RUNNING, ITEM_SKIPPED)) lower(&s->skipped, item);
}

/* Somebody may have been given back until `item` had run, and far enough from the head that it is worth waking
 * somebody up for it. Either we see here that it waits, or it, which says so before asking a last time, sees the new
 * state then. */
static void call_for(struct sched *s, uint32_t item)
{
    uint32_t wanted = atomic_load(&s->items[item].wanted);
    if (wanted > atomic_load(&s->head) + SCHED_FAR && atomic_load(&s->waiting) != 0) raise_epoch(s);
}

void sched_published(struct sched *s, uint32_t item, bool last)
{
    if (atomic_load_explicit(&s->items[item].state, memory_order_relaxed) == ITEM_REPUBLISHING) {
        atomic_store(&s->items[item].state, ITEM_RERUNNING);
        return;
    }
    s->items[item].was_ready = last;
    atomic_store(&s->items[item].state, last ? ITEM_READY : ITEM_RUNNING);
    if (last) call_for(s, item);
    if (atomic_load_explicit(&s->skips, memory_order_relaxed) != 0)
        atomic_store_explicit(&s->skips, 0, memory_order_relaxed);
}

void sched_sure(struct sched *s, uint32_t item)
{
    set_held(&s->items[item]);
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

static void grow_window(struct sched *s)
{
    uint32_t confidence = confidence_of(s);
    if (confidence < SCHED_CONFIDENCE_MAX) atomic_store_explicit(&s->confidence, confidence + 1, memory_order_relaxed);
    if (s->probe_distance > SCHED_PROBE_FIRST) s->probe_distance /= 2;
    uint32_t window = atomic_load_explicit(&s->window, memory_order_relaxed);
    atomic_store_explicit(&s->window, least(window + s->workers, s->window_most), memory_order_relaxed);
}

static void shrink_window(struct sched *s)
{
    uint32_t confidence = confidence_of(s);
    confidence -= confidence / 16 + (confidence != 0);
    atomic_store_explicit(&s->confidence, confidence, memory_order_relaxed);
    uint32_t window = atomic_load_explicit(&s->window, memory_order_relaxed);
    if (window == 0) return;
    window = confidence < SCHED_CONFIDENCE_NONE ? 0 : window - window / 8;
    atomic_store_explicit(&s->window, window, memory_order_relaxed);
    if (window == 0) {
        s->probe_in = s->probe_distance;
        if (s->probe_distance < SCHED_PROBE_LAST) s->probe_distance *= 2;
    }
}

/* A closed window opens a crack after a while. */
static void maybe_probe(struct sched *s)
{
    if (s->workers < 2 || atomic_load_explicit(&s->window, memory_order_relaxed) != 0 || --s->probe_in != 0) return;
    s->probe_in = s->probe_distance;
    atomic_store_explicit(&s->window, least(2, s->window_most), memory_order_relaxed);
}

/* Those who wait because the window was full may go on; the more often they found only items that had better wait for
 * the head, the rarer they are called. Either we see here that somebody waits, or he, who says so before asking a
 * last time, sees the new head then: both words are sequentially consistent. */
static void call_waiting(struct sched *s)
{
    uint32_t skips = atomic_load_explicit(&s->skips, memory_order_relaxed);
    if (++s->uncalled < (skips < SCHED_CALL_LAST ? skips : SCHED_CALL_LAST) || atomic_load(&s->waiting) == 0) return;
    uint32_t head = atomic_load(&s->head), cursor = atomic_load(&s->cursor);
    uint32_t window = atomic_load_explicit(&s->window, memory_order_relaxed);
    uint32_t ahead = cursor > head ? cursor - head : 0;
    if (window == 0 || cursor >= s->count || ahead > window / 2) return;
    s->uncalled = 0;
    raise_epoch(s);
}

struct sched_task sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome)
{
    uint32_t changed = atomic_load_explicit(&s->items[item].changed, memory_order_relaxed);
    if (changed > s->changed) s->changed = changed;
    if (outcome == SCHED_HELD)
        grow_window(s);
    else if (outcome == SCHED_CONFLICT || s->stole) /* either way somebody ran in vain */
        shrink_window(s);
    else
        maybe_probe(s);
    s->stole = false;
    if (s->items[item].was_ready) leave(s);
    if (atomic_load_explicit(&s->alone, memory_order_relaxed) != 0) atomic_store(&s->alone, 0);
    atomic_store(&s->items[item].state, ITEM_COMMITTED);
    atomic_store(&s->head, item + 1);
    call_for(s, item);
    call_waiting(s);
    struct sched_task next = look_at_head(s);
    if (next.kind == SCHED_RUN || next.kind == SCHED_CHECK) return next;
    atomic_store(&s->token, 0);
    if (next.kind == SCHED_DONE) {
        raise_epoch(s);
        return next;
    }
    return sched_next(s);
}

void sched_stop(struct sched *s)
{
    atomic_store(&s->stopped, 1);
    raise_epoch(s);
}
