/* What an atomic access reads and when others see it.
 *
 * MODEL_SC     each access takes effect at once, in the order of the steps.
 * MODEL_TSO    stores that are not sequentially consistent may stay in the worker's buffer, first in first out, until
 *              its next store that does not, read-modify-write, sequentially consistent store or fence, or system call.
 *              Its own loads look there first. Plain stores are not delayed.
 * MODEL_WEAK   C11's, nearly: a load may give any value that coherence allows, that is none older than one which is
 *              known to it. Known is what it has itself read or written, what acquire has brought from release (also
 *              through fences and read-modify-writes), and what sequentially consistent fences have ordered. A
 *              sequentially consistent load gives at least the last sequentially consistent store.
 *
 *              Not modelled: stores that take their place before an older one, loads that see the future (load
 *              buffering), failed exchanges that read an old value; more than STORES values of a location are
 *              forgotten; after STALE_MAX old values in a row a worker gets the newest one, as hardware does in the
 *              end. System calls order like a sequentially consistent fence, as the kernel's futexes do.
 *
 * Vector clocks: `known` is what happens before (C11 5.1.2.4), which decides about races; `seen` contains it and what
 * fences order besides, which decides about stale values. */
#include "explore.h"
#include "steps.h"

enum model memory_model;

enum { STORES = 6, STALE_MAX = 3, LOCATIONS = 1 << 14, BUFFER = 12 };

/* sc: sequentially consistent stores up to that number are seen. */
struct view {
    struct clock known, seen;
    uint32_t sc;
    /* seen and sc if there were no mutant: what differs is what the mutant alone allows. */
    struct clock meant;
    uint32_t meant_sc;
};

struct store {
    uint64_t bits;
    struct view released;
    struct clock readers; /* when each fiber first read or wrote it; 0: never */
    uint32_t sc;          /* number of a sequentially consistent store; 0: it is none */
    uint32_t meant_sc;
    bool releases;
};

/* A location's last stores; newest is stores[newest % STORES]. */
struct history {
    const volatile void *at;
    uint32_t newest, count;
    uint8_t stale[FIBERS];
    struct store stores[STORES];
};

struct buffered {
    volatile void *at;
    size_t size;
    uint64_t bits;
};

struct thread {
    struct view now, fenced, pending; /* fenced: at its last release fence; pending: an acquire fence would bring it */
    bool has_fence;
    struct buffered buffer[BUFFER];
    uint32_t buffered;
};

static struct thread threads[FIBERS];
static struct clock fences, fences_meant; /* what sequentially consistent fences have ordered */
static int meant;                         /* the order that is written where the running fiber is */
static uint32_t sc_stores;
static struct history *histories;
static uint32_t history_count;
static struct {
    uint64_t run;
    uint32_t history;
} places[LOCATIONS];
static uint64_t run;

/* ---- raw accesses -------------------------------------------------------------------------------------------- */

static uint64_t raw_load(const volatile void *at, size_t size)
{
    switch (size) {
    case 1: return __atomic_load_n((const volatile uint8_t *)at, __ATOMIC_RELAXED);
    case 4: return __atomic_load_n((const volatile uint32_t *)at, __ATOMIC_RELAXED);
    default: ASSERT(size == 8); return __atomic_load_n((const volatile uint64_t *)at, __ATOMIC_RELAXED);
    }
}

static void raw_store(volatile void *at, size_t size, uint64_t bits)
{
    switch (size) {
    case 1: __atomic_store_n((volatile uint8_t *)at, (uint8_t)bits, __ATOMIC_RELAXED); break;
    case 4: __atomic_store_n((volatile uint32_t *)at, (uint32_t)bits, __ATOMIC_RELAXED); break;
    default: ASSERT(size == 8); __atomic_store_n((volatile uint64_t *)at, bits, __ATOMIC_RELAXED);
    }
}

static uint64_t cut(uint64_t bits, size_t size)
{
    return size == 8 ? bits : bits & ((1ull << 8 * size) - 1);
}

/* ---- clocks -------------------------------------------------------------------------------------------------- */

static void join(struct clock *to, const struct clock *from)
{
    for (int i = 0; i < FIBERS; i++)
        if (from->at[i] > to->at[i]) to->at[i] = from->at[i];
}

static void join_view(struct view *to, const struct view *from)
{
    join(&to->known, &from->known);
    join(&to->seen, &from->seen);
    if (from->sc > to->sc) to->sc = from->sc;
}

static void join_meant(struct view *to, const struct view *from)
{
    join(&to->meant, &from->meant);
    if (from->meant_sc > to->meant_sc) to->meant_sc = from->meant_sc;
}

/* What `t` does from now on is not covered by what it has released. */
static void tick(struct thread *t)
{
    uint32_t *mine = &t->now.known.at[t - threads];
    t->now.meant.at[t - threads] = t->now.seen.at[t - threads] = ++*mine;
}

static bool acquires(int order)
{
    return order == memory_order_acquire || order == memory_order_acq_rel || order == memory_order_seq_cst ||
           order == memory_order_consume;
}

static bool releases(int order)
{
    return order == memory_order_release || order == memory_order_acq_rel || order == memory_order_seq_cst;
}

void memory_begin(void)
{
    memset(threads, 0, sizeof threads);
    memset(&fences, 0, sizeof fences);
    memset(&fences_meant, 0, sizeof fences_meant);
    for (int i = 0; i < FIBERS; i++)
        threads[i].now.known.at[i] = threads[i].now.seen.at[i] = threads[i].now.meant.at[i] = 1;
    sc_stores = 0;
    history_count = 0;
    run++;
}

static void order_meant(struct thread *t)
{
    join(&t->now.meant, &fences_meant);
    join(&fences_meant, &t->now.meant);
    t->now.meant_sc = sc_stores;
}

static void order_by_fence(struct thread *t)
{
    join(&t->now.seen, &fences);
    join(&fences, &t->now.seen);
    t->now.sc = sc_stores;
    order_meant(t);
    tick(t);
}

static void flush(struct thread *t)
{
    for (uint32_t i = 0; i < t->buffered; i++) raw_store(t->buffer[i].at, t->buffer[i].size, t->buffer[i].bits);
    if (t->buffered != 0) world_wrote();
    t->buffered = 0;
}

void memory_end(void)
{
    for (int i = 0; i < FIBERS; i++) flush(&threads[i]);
}

void memory_system_call(int fiber)
{
    flush(&threads[fiber]);
    order_by_fence(&threads[fiber]);
}

void memory_thread_begins(int parent, int child)
{
    if (parent < 0) return;
    flush(&threads[parent]);
    join_view(&threads[child].now, &threads[parent].now);
    join_meant(&threads[child].now, &threads[parent].now);
    tick(&threads[parent]);
}

void memory_thread_joined(int parent, int child)
{
    join_view(&threads[parent].now, &threads[child].now);
    join_meant(&threads[parent].now, &threads[child].now);
}

const struct clock *memory_known(int fiber)
{
    return &threads[fiber].now.known;
}

/* ---- what is shared outside the core ---------------------------------------------------------------------------- */

enum { THINGS = 64 };
static struct {
    const void *what;
    uint64_t run;
    struct view released;
} things[THINGS];

static size_t thing_of(const void *what)
{
    for (size_t i = 0; i < THINGS; i++)
        if (things[i].run != run || things[i].what == what) return i;
    ASSERT(false);
    return 0;
}

bool memory_is_made(const void *what)
{
    return things[thing_of(what)].run == run;
}

void memory_made(const void *what)
{
    struct thread *t = &threads[fiber_running];
    size_t i = thing_of(what);
    things[i].what = what;
    things[i].run = run;
    things[i].released = t->now;
    tick(t);
}

void memory_found(const void *what)
{
    struct thread *t = &threads[fiber_running];
    size_t i = thing_of(what);
    ASSERT(things[i].run == run);
    join_view(&t->now, &things[i].released);
    join_meant(&t->now, &things[i].released);
}

/* ---- histories ----------------------------------------------------------------------------------------------- */

static void restart(struct history *h, const volatile void *at, uint64_t bits)
{
    h->at = at;
    h->newest = 0;
    h->count = 1;
    memset(h->stale, 0, sizeof h->stale);
    h->stores[0] = (struct store){.bits = bits};
}

static struct history *history_of(const volatile void *at, size_t size)
{
    uint64_t bits = raw_load(at, size);
    if (histories == NULL) histories = base_alloc(LOCATIONS / 2 * sizeof *histories);
    for (size_t i = hash_mix((uintptr_t)at, 0x9e3779b97f4a7c15u);; i++) {
        i %= LOCATIONS;
        if (places[i].run != run) {
            ASSERT(history_count < LOCATIONS / 2);
            places[i].run = run;
            places[i].history = history_count++;
            restart(&histories[places[i].history], at, bits);
            return &histories[places[i].history];
        }
        struct history *h = &histories[places[i].history];
        if (h->at != at) continue;
        /* A plain store, or another life of the memory: all that was there before is gone. */
        if (UNLIKELY(h->stores[h->newest % STORES].bits != bits)) restart(h, at, bits);
        return h;
    }
}

/* `number` of a store that is sequentially consistent, or 0; those up to `sc` are seen. */
static bool is_known(const struct store *s, const struct clock *seen, uint32_t number, uint32_t sc)
{
    if (number != 0 && number <= sc) return true;
    for (int i = 0; i < FIBERS; i++)
        if (s->readers.at[i] != 0 && s->readers.at[i] <= seen->at[i]) return true;
    return false;
}

/* How many stores older than the newest a load may give. */
static uint32_t stale_ways(const struct thread *t, const struct history *h, int order)
{
    struct clock seen = t->now.seen;
    bool is_sc = order == memory_order_seq_cst;
    if (is_sc) join(&seen, &fences);
    for (uint32_t k = 0; k + 1 < h->count; k++) {
        const struct store *s = &h->stores[(h->newest - k) % STORES];
        if (is_known(s, &seen, s->sc, is_sc ? UINT32_MAX : t->now.sc)) return k;
    }
    return h->count - 1;
}

/* The same if there were no mutant. */
static uint32_t meant_ways(const struct thread *t, const struct history *h)
{
    struct clock seen = t->now.meant;
    bool is_sc = meant == memory_order_seq_cst;
    if (is_sc) join(&seen, &fences_meant);
    for (uint32_t k = 0; k + 1 < h->count; k++) {
        const struct store *s = &h->stores[(h->newest - k) % STORES];
        if (is_known(s, &seen, s->meant_sc, is_sc ? UINT32_MAX : t->now.meant_sc)) return k;
    }
    return h->count - 1;
}

static void read_from(struct thread *t, struct store *s, int order)
{
    uint32_t *reader = &s->readers.at[t - threads];
    if (*reader == 0) *reader = t->now.known.at[t - threads];
    join_meant(acquires(meant) ? &t->now : &t->pending, &s->released);
    if (!s->releases) return;
    join_view(acquires(order) ? &t->now : &t->pending, &s->released);
}

static uint64_t weak_load(struct thread *t, const volatile void *at, size_t size, int order)
{
    struct history *h = history_of(at, size);
    uint32_t older = h->count > 1 ? stale_ways(t, h, order) : 0, way = 0;
    uint8_t *stale = &h->stale[t - threads];
    if (older != 0 && *stale < STALE_MAX) {
        choices_allowed = sites_is_mutant ? meant_ways(t, h) : older;
        way = choose(older + 1, CHOICE_STALE);
    }
    *stale = (uint8_t)(way == 0 ? 0 : *stale + 1);
    struct store *s = &h->stores[(h->newest - way) % STORES];
    read_from(t, s, order);
    return s->bits;
}

/* A new newest store. `before`: what a read-modify-write has read, whose release it goes on with; else NULL. */
static void weak_store(struct thread *t, struct history *h, uint64_t bits, int order, const struct store *before)
{
    struct store new = {.bits = bits};
    if (before != NULL) {
        new.releases = before->releases;
        new.released = before->released;
    }
    if (releases(order) || t->has_fence) {
        new.releases = true;
        join_view(&new.released, releases(order) ? &t->now : &t->fenced);
    }
    join_meant(&new.released, releases(meant) ? &t->now : &t->fenced);
    if (meant == memory_order_seq_cst) new.meant_sc = ++sc_stores;
    if (order == memory_order_seq_cst) new.sc = sc_stores;
    new.readers.at[t - threads] = t->now.known.at[t - threads];
    h->stores[++h->newest % STORES] = new;
    if (h->count < STORES) h->count++;
    if (releases(meant)) tick(t);
}

/* ---- the operations ------------------------------------------------------------------------------------------ */

static bool is_step(void)
{
    return fiber_running >= 0 && steps_held == 0;
}

/* The running fiber executes a site; returns the order that counts. */
static ALWAYS_INLINE int visit(struct step_site *site, int order)
{
    site->visits++;
    if (UNLIKELY(order > site->order)) site->order = order; /* memory_order_seq_cst is the highest number */
    sites_last[fiber_running] = site;
    choices_at_value = site->is_value;
    choices_values += site->is_value;
    if (UNLIKELY(site->is_mutant)) choices_near_mutant(false);
    return UNLIKELY(site->weak) ? memory_order_relaxed : order;
}

/* A step at a site; *order becomes the one that counts, `meant` is the one that is written there. */
static ALWAYS_INLINE void step(struct step_site *site, int *order)
{
    int written = *order;
    *order = visit(site, written);
    world_step();
    meant = written;
}

static uint64_t buffered_load(const struct thread *t, const volatile void *at, size_t size)
{
    for (uint32_t i = t->buffered; i-- > 0;)
        if (t->buffer[i].at == at) return t->buffer[i].bits;
    return raw_load(at, size);
}

uint64_t step_load(struct step_site *site, const volatile void *at, size_t size, int order)
{
    if (!is_step() || (fiber_spins && memory_model == MODEL_SC)) return raw_load(at, size);
    step(site, &order);
    races_atomic(at, size, false);
    struct thread *t = &threads[fiber_running];
    if (memory_model == MODEL_SC) return raw_load(at, size);
    return memory_model == MODEL_WEAK ? weak_load(t, at, size, order) : buffered_load(t, at, size);
}

static void store(volatile void *at, size_t size, uint64_t bits, int order)
{
    struct thread *t = &threads[fiber_running];
    races_atomic(at, size, true);
    if (memory_model == MODEL_WEAK) weak_store(t, history_of(at, size), bits, order, NULL);
    if (memory_model == MODEL_TSO) {
        if (order != memory_order_seq_cst && t->buffered < BUFFER && choose(2, CHOICE_DELAY) != 0) {
            t->buffer[t->buffered++] = (struct buffered){at, size, bits};
            return;
        }
        flush(t);
    }
    raw_store(at, size, bits);
    world_wrote();
}

void step_store(struct step_site *site, volatile void *at, size_t size, uint64_t bits, int order)
{
    if (!is_step()) {
        raw_store(at, size, bits);
        return;
    }
    step(site, &order);
    store(at, size, bits, order);
}

void step_init(volatile void *at, size_t size, uint64_t bits)
{
    raw_store(at, size, bits);
}

/* Reads the newest value, for a read-modify-write. */
static uint64_t newest(struct thread *t, volatile void *at, size_t size, int order)
{
    flush(t);
    if (memory_model == MODEL_WEAK) {
        struct history *h = history_of(at, size);
        read_from(t, &h->stores[h->newest % STORES], order);
    }
    return raw_load(at, size);
}

/* Replaces the value that `newest` has read. */
static void replace(struct thread *t, volatile void *at, size_t size, uint64_t bits, int order)
{
    if (memory_model == MODEL_WEAK) {
        struct history *h = history_of(at, size);
        struct store before = h->stores[h->newest % STORES];
        weak_store(t, h, bits, order, &before);
    }
    races_atomic(at, size, true);
    raw_store(at, size, bits);
    world_wrote();
}

static uint64_t result_of(enum step_operation operation, uint64_t old, uint64_t operand)
{
    switch (operation) {
    case STEP_ADD: return old + operand;
    case STEP_SUB: return old - operand;
    case STEP_OR: return old | operand;
    case STEP_EXCHANGE: return operand;
    }
    return old;
}

uint64_t step_modify(struct step_site *site, volatile void *at, size_t size, enum step_operation operation,
                     uint64_t operand, int order)
{
    if (!is_step()) {
        uint64_t old = raw_load(at, size);
        raw_store(at, size, cut(result_of(operation, old, operand), size));
        return old;
    }
    step(site, &order);
    struct thread *t = &threads[fiber_running];
    if (site->split) { /* a mutant */
        uint64_t old = memory_model == MODEL_WEAK ? weak_load(t, at, size, order) : buffered_load(t, at, size);
        int written = meant;
        choices_near_mutant(true);
        world_step();
        meant = written;
        store(at, size, cut(result_of(operation, old, operand), size), order);
        return old;
    }
    uint64_t old = newest(t, at, size, order);
    replace(t, at, size, cut(result_of(operation, old, operand), size), order);
    return old;
}

bool step_compare_exchange(struct step_site *site, volatile void *at, size_t size, uint64_t *expected, uint64_t desired,
                           int success, int failure)
{
    if (!is_step()) {
        uint64_t now = raw_load(at, size);
        if (now == *expected) raw_store(at, size, desired);
        bool done = now == *expected;
        *expected = now;
        return done;
    }
    step(site, &success);
    struct thread *t = &threads[fiber_running];
    if (site->blind) { /* a mutant */
        store(at, size, desired, success);
        return true;
    }
    flush(t);
    if (raw_load(at, size) != *expected) {
        meant = failure;
        *expected = newest(t, at, size, site->weak ? memory_order_relaxed : failure);
        races_atomic(at, size, false);
        return false;
    }
    (void)newest(t, at, size, success);
    replace(t, at, size, desired, success);
    return true;
}

void step_fence(struct step_site *site, int order)
{
    if (!is_step()) return;
    step(site, &order);
    struct thread *t = &threads[fiber_running];
    if (acquires(meant)) join_meant(&t->now, &t->pending);
    if (acquires(order) && !site->gone) join_view(&t->now, &t->pending);
    if (meant == memory_order_seq_cst) order_meant(t);
    if (order == memory_order_seq_cst && !site->gone) {
        flush(t);
        order_by_fence(t);
    }
    if (!releases(meant)) return;
    if (!site->gone) {
        t->fenced = t->now;
        t->has_fence = true;
    }
    t->fenced.meant = t->now.meant;
    t->fenced.meant_sc = t->now.meant_sc;
    tick(t);
}
