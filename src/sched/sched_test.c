/* The real scheduler under virtual workers: one thread, a seeded picker that says whose atomic step is next, and a
 * model of items that take random time and depend on earlier ones. After each step the promises of sched.h are
 * checked. */
#include "sched/sched.h"

#include <stdlib.h>

#include "harness.h"
#include "sim/picker.h"

enum { COUNT_MAX = 4096, HEAVY_MAX = 8 };

/* Which earlier item each item depends on. */
enum shape { SHAPE_NONE, SHAPE_CHAIN, SHAPE_RANDOM, SHAPE_SHAPES };

/* What a virtual worker does next. Each step calls the scheduler at most once. */
enum phase {
    ASK,
    SKIP,       /* gives back, perhaps until another one has run, what it was to run ahead */
    AHEAD,      /* runs a piece ahead, `left` more steps */
    PUBLISHING, /* asks whether the piece counts */
    PUBLISHED,  /* says that it has been published */
    REVISE,     /* looks whether the next piece holds */
    REVISED,
    AT_HEAD,    /* checks or runs at the head, `left` more steps */
    WAIT_LOOK,  /* notes the epoch ... */
    WAIT_ASK,   /* ... asks once more ... */
    WAIT_ENTER, /* ... says that it is going to sleep ... */
    WAIT_LAST,  /* ... asks a last time ... */
    ASLEEP,     /* ... and sleeps until the epoch is another */
    WAKE,
    DONE,
};

struct worker {
    enum phase phase;
    struct sched_task task;
    enum sched_outcome outcome;
    uint32_t left;
    uint32_t piece;
    uint32_t epoch;
};

/* An item on its way. */
struct item {
    uint32_t depends_on; /* index + 1; 0: on nothing */
    uint32_t length;     /* steps of a piece */
    uint32_t pieces, published;
    uint32_t version;   /* of what it writes; 0: nobody can read it yet */
    uint32_t seen;      /* version of what it depends on, when it was run ahead */
    bool ahead, stolen; /* stolen: the head took it before it was complete, or before it was begun */
    bool again;         /* being run again */
};

struct model {
    struct sched sched;
    struct sched_item items[COUNT_MAX];
    uint32_t count, committed, stop_at;
    unsigned workers;
    struct worker worker[PICKER_WORKERS_MAX];
    struct picker picker;
    uint64_t random;
    struct item item[COUNT_MAX];
    uint32_t heavy[HEAVY_MAX], heavy_count;
    bool is_heavy[COUNT_MAX];
    uint32_t skip_one_in; /* 0: none */
    bool alone;           /* the holder overwrites values in place */
    int holder;           /* which worker stands at the head; -1: nobody */
    bool stopped;
    uint32_t speculated, held, in_vain, reruns, known_to_hold;
    uint64_t steps;
};

static uint32_t below(struct model *m, uint32_t bound)
{
    return (uint32_t)(random_next(&m->random) % bound);
}

static void model_init(struct model *m, uint64_t seed, uint32_t count, unsigned workers, enum shape shape,
                       uint32_t longest)
{
    memset(m, 0, sizeof *m);
    m->random = seed;
    m->count = m->stop_at = count;
    m->workers = workers;
    m->holder = -1;
    for (uint32_t i = 0; i < count; i++) {
        struct item *item = &m->item[i];
        *item = (struct item){.length = 1 + below(m, longest), .pieces = 1};
        if (i != 0 && shape == SHAPE_CHAIN) item->depends_on = i;
        if (i != 0 && shape == SHAPE_RANDOM && below(m, 3) != 0) item->depends_on = 1 + below(m, i);
    }
    picker_init(&m->picker, random_next(&m->random), workers);
    sched_init(&m->sched, count, workers, UINT32_MAX, m->items);
}

/* What only some blocks have: items of several pieces, heavy ones, some that are given back. */
static void model_vary(struct model *m)
{
    if (below(m, 2) == 0)
        for (uint32_t i = 0; i < m->count; i++) m->item[i].pieces = 1 + below(m, 4);
    if (below(m, 2) == 0 && m->workers > 1) {
        while (m->heavy_count < HEAVY_MAX && below(m, 4) != 0) {
            uint32_t i = below(m, m->count);
            if (!m->is_heavy[i]) m->heavy[m->heavy_count++] = i;
            m->is_heavy[i] = true;
        }
        sched_set_heavy(&m->sched, m->heavy, m->heavy_count, m->is_heavy);
    }
    m->skip_one_in = below(m, 2) == 0 ? 1 + below(m, 4) : 0;
    /* Short blocks never get far from where the scheduler starts: start elsewhere. */
    if (below(m, 2) == 0) {
        atomic_store(&m->sched.confidence, below(m, SCHED_CONFIDENCE_MAX + 1));
        atomic_store(&m->sched.window, m->workers > 1 ? 1 + below(m, 12) : 0);
    }
}

/* ---- what a worker does with a task ---- */

static bool holds(const struct model *m, uint32_t item)
{
    uint32_t on = m->item[item].depends_on;
    return on == 0 || m->item[item].seen == m->item[on - 1].version;
}

static void look(struct model *m, uint32_t item)
{
    uint32_t on = m->item[item].depends_on;
    m->item[item].seen = on == 0 ? 0 : m->item[on - 1].version;
}

/* Writes what others may have read in an older version. */
static void write(struct model *m, uint32_t item)
{
    m->item[item].version++;
    bool disturbs = false;
    for (uint32_t i = item + 1; i < m->count; i++)
        disturbs = disturbs || (m->item[i].depends_on == item + 1 && m->item[i].ahead);
    if (disturbs || below(m, 16) == 0) sched_disturbs(&m->sched, item);
}

/* What was published ahead is checked piece by piece, each in one step if it holds; the rest is run. */
static void take_head(struct model *m, unsigned id, struct worker *w)
{
    struct item *item = &m->item[w->task.item];
    CHECK(m->holder == -1 || m->holder == (int)id);
    m->holder = (int)id;
    CHECK_EQ_U64(w->task.item, m->committed);
    CHECK((w->task.kind == SCHED_CHECK) == item->ahead);
    bool complete = item->published == item->pieces, held = holds(m, w->task.item);
    if (item->ahead && !complete) CHECK(!m->is_heavy[w->task.item]);
    item->stolen = !complete || item->again;
    if (item->ahead && sched_holds(&m->sched, w->task.item)) {
        CHECK(complete && held && !item->again);
        m->known_to_hold++;
    }
    w->outcome = !item->ahead ? SCHED_RAN : !held && item->published != 0 ? SCHED_CONFLICT : SCHED_HELD;
    if (w->outcome == SCHED_HELD && !complete) w->outcome = SCHED_RAN;
    m->held += w->outcome == SCHED_HELD;
    m->in_vain += item->ahead && w->outcome != SCHED_HELD;
    m->alone = w->task.kind == SCHED_RUN && below(m, 4) != 0 && sched_alone(&m->sched);
    for (unsigned i = 0; m->alone && i < m->workers; i++)
        CHECK(m->worker[i].phase != AHEAD && m->worker[i].phase != REVISE && m->worker[i].phase != PUBLISHED);
    uint32_t used = held ? item->published : 0;
    w->phase = AT_HEAD;
    w->left = 1 + (item->pieces - used) * item->length;
}

static void take_ahead(struct model *m, struct worker *w)
{
    CHECK(w->task.item < m->count && w->task.item >= m->committed);
    struct item *item = &m->item[w->task.item];
    CHECK(!item->ahead && !item->stolen && !m->alone);
    item->ahead = true;
    look(m, w->task.item);
    if (m->skip_one_in != 0 && below(m, m->skip_one_in) == 0) {
        w->phase = SKIP;
        return;
    }
    m->speculated++;
    w->phase = AHEAD;
    w->piece = 0;
    w->left = item->length;
}

static void take(struct model *m, unsigned id, struct worker *w, struct sched_task task)
{
    w->task = task;
    if (m->stopped) CHECK(task.kind == SCHED_DONE);
    switch (task.kind) {
    case SCHED_RUN:
    case SCHED_CHECK: take_head(m, id, w); break;
    case SCHED_SPECULATE: take_ahead(m, w); break;
    case SCHED_REVISE:
        CHECK(!m->alone);
        w->phase = REVISE;
        break;
    case SCHED_WAIT: w->phase = WAIT_LOOK; break;
    case SCHED_DONE:
        CHECK(m->stopped || m->committed == m->count);
        w->phase = DONE;
        break;
    }
}

static void commit(struct model *m, unsigned id, struct worker *w)
{
    uint32_t item = w->task.item;
    CHECK(m->holder == (int)id && item == m->committed);
    if (item == m->stop_at) {
        m->stopped = true;
        sched_stop(&m->sched);
        w->phase = DONE;
        return;
    }
    if (w->outcome != SCHED_HELD) write(m, item);
    m->committed++;
    m->alone = false;
    m->holder = -1;
    take(m, id, w, sched_committed(&m->sched, item, w->outcome));
}

static void wait_step(struct model *m, unsigned id, struct worker *w)
{
    struct sched_task task = {SCHED_WAIT, 0};
    switch (w->phase) {
    case WAIT_LOOK:
        w->epoch = sched_epoch(&m->sched);
        w->phase = WAIT_ASK;
        return;
    case WAIT_ASK:
        task = sched_next(&m->sched);
        w->phase = WAIT_ENTER;
        break;
    case WAIT_ENTER:
        sched_waiting(&m->sched);
        w->phase = WAIT_LAST;
        return;
    case WAIT_LAST:
        task = sched_next(&m->sched);
        if (task.kind != SCHED_WAIT) sched_waited(&m->sched);
        w->phase = ASLEEP;
        break;
    case ASLEEP: /* picked only when the epoch has changed */
        sched_waited(&m->sched);
        w->phase = ASK;
        return;
    default: FAIL("not waiting");
    }
    if (task.kind != SCHED_WAIT) take(m, id, w, task);
}

static void skip(struct model *m, struct worker *w)
{
    uint32_t item = w->task.item, after = below(m, 2) == 0 && item != 0 ? below(m, item) : SCHED_NOBODY;
    if (!m->item[item].stolen) m->item[item].ahead = false;
    sched_skip(&m->sched, item, after);
    w->phase = ASK;
}

static void publish(struct model *m, struct worker *w)
{
    struct item *item = &m->item[w->task.item];
    bool revises = w->task.kind == SCHED_REVISE, last = revises || ++item->published == item->pieces;
    if (last) write(m, w->task.item);
    if (last && !revises && holds(m, w->task.item)) sched_sure(&m->sched, w->task.item);
    sched_published(&m->sched, w->task.item, last && !revises);
    CHECK(sched_is_ready(&m->sched, w->task.item) == last);
    w->phase = revises ? REVISED : last ? ASK : AHEAD;
    w->left = item->length;
}

static void revise(struct model *m, struct worker *w)
{
    struct item *item = &m->item[w->task.item];
    CHECK(item->published == item->pieces && !item->again);
    w->phase = REVISED;
    if (holds(m, w->task.item) || below(m, 8) == 0 || !sched_rerun(&m->sched, w->task.item)) return;
    item->again = true;
    look(m, w->task.item);
    m->reruns++;
    w->phase = AHEAD;
    w->left = item->length;
}

static void step(struct model *m, unsigned id)
{
    struct worker *w = &m->worker[id];
    struct item *item = &m->item[w->task.item];
    m->steps++;
    switch (w->phase) {
    case ASK: take(m, id, w, sched_next(&m->sched)); break;
    case AHEAD:
        if (--w->left == 0) w->phase = PUBLISHING;
        break;
    case SKIP: skip(m, w); break;
    case PUBLISHING: {
        bool counts = sched_publishing(&m->sched, w->task.item);
        CHECK(counts == !item->stolen);
        w->phase = counts ? PUBLISHED : ASK;
        break;
    }
    case PUBLISHED: publish(m, w); break;
    case REVISE: revise(m, w); break;
    case REVISED: {
        bool is_lost = item->stolen || w->task.item < m->committed;
        sched_revised(&m->sched, w->task.item, !is_lost && holds(m, w->task.item));
        item->again = false;
        w->phase = ASK;
        break;
    }
    case AT_HEAD:
        if (--w->left == 0) commit(m, id, w);
        break;
    default: wait_step(m, id, w);
    }
}

static uint32_t runnable(struct model *m)
{
    uint32_t set = 0;
    for (unsigned i = 0; i < m->workers; i++) {
        const struct worker *w = &m->worker[i];
        bool sleeps = w->phase == ASLEEP && w->epoch == sched_epoch(&m->sched);
        set |= (uint32_t)(w->phase != DONE && !sleeps) << i;
    }
    return set;
}

static void model_run(struct model *m)
{
    uint64_t seed = m->random;
    for (uint32_t set; (set = runnable(m)) != 0;) {
        step(m, picker_next(&m->picker, set));
        if (m->steps > 16000ull * (m->count + 16))
            FAIL("no end in sight, random state 0x%llx", (unsigned long long)seed);
    }
    for (unsigned i = 0; i < m->workers; i++)
        if (m->worker[i].phase != DONE) FAIL("everybody sleeps, random state 0x%llx", (unsigned long long)seed);
    CHECK_EQ_U64(m->committed, m->stop_at);
    for (int i = 0; i < 3; i++) CHECK(sched_next(&m->sched).kind == SCHED_DONE);
}

/* Whether all workers move at about one speed. */
static bool is_fair(const struct model *m)
{
    return m->picker.style == PICK_FAIRLY || m->picker.style == PICK_IN_TURN;
}

/* ---- the tests ---- */

TEST(sched_commits_once_and_in_order)
{
    struct model *m = base_alloc(sizeof *m);
    for (int i = 0; i < 100000; i++) {
        enum shape shape = (enum shape)harness_random_below(SHAPE_SHAPES);
        unsigned workers = 1 + (unsigned)harness_random_below(PICKER_WORKERS_MAX);
        uint32_t count = 1 + (uint32_t)harness_random_below(i % 50 == 0 ? 400 : 24);
        model_init(m, harness_random(), count, workers, shape, 1 + (uint32_t)harness_random_below(12));
        model_vary(m);
        model_run(m);
    }
    free(m);
}

TEST(sched_ends_when_stopped)
{
    struct model *m = base_alloc(sizeof *m);
    for (int i = 0; i < 20000; i++) {
        enum shape shape = (enum shape)harness_random_below(SHAPE_SHAPES);
        unsigned workers = 1 + (unsigned)harness_random_below(PICKER_WORKERS_MAX);
        model_init(m, harness_random(), 1 + (uint32_t)harness_random_below(40), workers, shape, 8);
        m->stop_at = (uint32_t)harness_random_below(m->count);
        model_vary(m);
        model_run(m);
    }
    free(m);
}

TEST(sched_serves_an_empty_block)
{
    struct sched s;
    sched_init(&s, 0, 4, 1, NULL);
    CHECK(sched_next(&s).kind == SCHED_DONE);
}

TEST(sched_never_runs_ahead_alone)
{
    struct model *m = base_alloc(sizeof *m);
    model_init(m, harness_random(), 100, 1, SHAPE_NONE, 4);
    model_run(m);
    CHECK_EQ_U64(m->speculated, 0);
    free(m);
}

/* An independent block: all is run ahead and used, but for what each worker finds at the head. */
TEST(sched_uses_what_ran_ahead_of_independent_items)
{
    struct model *m = base_alloc(sizeof *m);
    for (int i = 0; i < 200; i++) {
        unsigned workers = 2 + (unsigned)harness_random_below(PICKER_WORKERS_MAX - 1);
        model_init(m, harness_random(), 500, workers, SHAPE_NONE, 20);
        model_run(m);
        CHECK_EQ_U64(m->in_vain, 0);
        CHECK(m->held >= (is_fair(m) ? 470 : 400));
    }
    free(m);
}

/* The most runs in vain on a chain of `count` items, each dependent on the one before, whatever the interleaving. All
 * that runs ahead there runs in vain, for it starts at least one behind the head, and each such run closes the window
 * further when its turn comes:
 *   at first   confidence falls 18, 13, 9, 6: the third closes the window, and no more than a window of runs is then
 *              under way;
 *   then       a probe opens a window of 2, in which only the item two behind the head may run; until the first of
 *              them has its turn there are three. Probes come 4, 8, ... 1024 commits after the last, then every 2048.
 * Real threads may add one each, begun on a window that closed meanwhile. */
static uint32_t chain_bound(uint32_t count, unsigned workers)
{
    return 3 + 64 * workers + 3 * (10 + count / SCHED_PROBE_LAST);
}

TEST(sched_wastes_little_on_a_chain)
{
    struct model *m = base_alloc(sizeof *m);
    for (int i = 0; i < 300; i++) {
        unsigned workers = 2 + (unsigned)harness_random_below(PICKER_WORKERS_MAX - 1);
        model_init(m, harness_random(), COUNT_MAX, workers, SHAPE_CHAIN, 1 + (uint32_t)harness_random_below(40));
        model_run(m);
        CHECK_EQ_U64(m->held, 0);
        CHECK_EQ_U64(m->in_vain, m->speculated);
        CHECK(m->in_vain <= chain_bound(COUNT_MAX, workers));
        /* Workers of one speed get through few items before the third conflict. */
        if (is_fair(m)) CHECK(m->in_vain <= chain_bound(COUNT_MAX, workers) - 54 * workers);
    }
    free(m);
}

/* Others so slow that the head always overtakes them: each run is stolen, none is ever found in conflict. */
TEST(sched_wastes_little_when_all_is_stolen)
{
    struct model *m = base_alloc(sizeof *m);
    for (unsigned workers = 2; workers <= PICKER_WORKERS_MAX; workers++) {
        model_init(m, harness_random(), COUNT_MAX, workers, SHAPE_CHAIN, 8);
        m->picker = (struct picker){.style = PICK_BY_WEIGHT, .workers = workers, .change_in = UINT32_MAX};
        for (unsigned i = 0; i < workers; i++) m->picker.weight[i] = i == 0 ? 6 * workers : 1;
        atomic_store(&m->sched.confidence, SCHED_CONFIDENCE_LOW - 1);
        step(m, 0);
        model_run(m);
        CHECK(m->in_vain <= chain_bound(COUNT_MAX, workers));
    }
    free(m);
}
