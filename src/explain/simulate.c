/* The scheduler on virtual workers. One event at a time: the worker whose time is least does its next step; each step
 * calls the scheduler at the virtual moment at which a real worker would (src/block/parallel.c). */
#include <stdlib.h>

#include "block/hints.h"
#include "block/plan.h"
#include "explain/explain.h"
#include "sched/sched.h"

/* Taken from recorded runs of the workloads on two threads: see docs/explain.md. */
const struct explain_costs explain_costs_measured = {.plan_ns = 50,
                                                     .run_ns = 80,
                                                     .publish_ns = 200,
                                                     .check_ns = 150,
                                                     .compare_ns = 25,
                                                     .count_ns = 20,
                                                     .schedule_ns = 60,
                                                     .spin_ns = 10000,
                                                     .wake_ns = 50000,
                                                     .slower = 1.03};

enum phase {
    ASK,        /* takes a task */
    SEE,        /* ahead: half way through a transaction, when it has read about what it reads */
    PUBLISHING, /* ahead: the transaction has been executed */
    PUBLISHED,  /* ahead: its writes can be seen */
    REVISE,     /* ahead: whether the next transaction of the group will hold */
    REVISED,
    AT_HEAD, /* the next transaction of the group */
    CHECKED, /* whether what ran ahead holds */
    COMMIT,  /* the transaction is done */
    SPIN,    /* looks for work; at the end of it goes to sleep */
    ASLEEP,
    WAKE,
    DONE,
};

struct worker {
    enum phase phase;
    uint64_t at; /* when the next step is */
    struct sched_task task;
    uint32_t tx;          /* of the group */
    bool was_ahead, sure; /* its transaction has been run ahead; and is, or was when it was published, known to hold */
    bool alone;           /* at the head: nobody else is at it, and it runs as in serial execution */
    bool reruns;          /* revising, it has found something to run again */
    uint64_t saw;         /* what it read ahead */
    enum sched_outcome outcome;
    uint32_t epoch;
};

/* A transaction on its way. */
struct item {
    bool there;       /* published by whoever ran it ahead */
    uint32_t version; /* how often it was published with another result; 0: never */
    uint64_t saw;     /* what it had read; see seen_now */
    bool committed;
    bool before_kin, before_any; /* began when others that it may need had not run: see hints_praise */
    bool never;                  /* running it ahead is always in vain: it looks at the fees of this block */
    uint32_t first_need, needs;  /* among simulation->needs */
};

struct simulation {
    const struct explain_case *c;
    const struct explain_costs *costs;
    struct explain_simulation *out;
    struct arena arena;
    struct sched sched;
    struct hints hints;
    struct plan plan;
    uint32_t *first, *group_of, from;
    struct item *items;
    uint32_t *needs;   /* nodes of the graph, by who needs them */
    uint32_t *readers; /* nodes of the graph, by what they need */
    uint32_t *reader_first;
    uint32_t *join_first; /* what runs into each join, among needs, too */
    uint64_t *join_there; /* the final value of each; 0: not known */
    struct worker *workers;
    unsigned worker_count;
    uint32_t committed;
    uint64_t ended_ns;
};

/* ---- what depends on what ---------------------------------------------------------------------------------------- */

/* Sorts the edges by their end. Edges come in the order of transactions, but those of joins stand between. */
static void collect_needs(struct simulation *s)
{
    const struct explain_graph *g = s->c->graph;
    uint32_t *count = ARENA_ARRAY(&s->arena, uint32_t, (size_t)g->node_count + 2);
    memset(count, 0, ((size_t)g->node_count + 2) * sizeof *count);
    for (uint32_t i = 0; i < g->edge_count; i++) count[g->edges[i].to + 2]++;
    for (uint32_t i = 2; i <= g->node_count + 1; i++) count[i] += count[i - 1];
    s->needs = ARENA_ARRAY(&s->arena, uint32_t, (size_t)g->edge_count + 1);
    for (uint32_t i = 0; i < g->edge_count; i++) s->needs[count[g->edges[i].to + 1]++] = g->edges[i].from;
    for (uint32_t i = 0; i < g->tx_count; i++) {
        s->items[i].first_need = count[i];
        s->items[i].needs = count[i + 1] - count[i];
    }
    uint32_t *first = ARENA_ARRAY(&s->arena, uint32_t, (size_t)g->node_count + 2);
    memset(first, 0, ((size_t)g->node_count + 2) * sizeof *first);
    for (uint32_t i = 0; i < g->edge_count; i++) first[g->edges[i].from + 2]++;
    for (uint32_t i = 2; i <= g->node_count + 1; i++) first[i] += first[i - 1];
    s->readers = ARENA_ARRAY(&s->arena, uint32_t, (size_t)g->edge_count + 1);
    for (uint32_t i = 0; i < g->edge_count; i++) s->readers[first[g->edges[i].from + 1]++] = g->edges[i].to;
    s->reader_first = first;
    s->join_first = count + g->tx_count;
    s->join_there = ARENA_ARRAY(&s->arena, uint64_t, (size_t)(g->node_count - g->tx_count) + 1);
    memset(s->join_there, 0, ((size_t)(g->node_count - g->tx_count) + 1) * sizeof *s->join_there);
}

/* Who looks at a balance that fees of this block went to cannot be run ahead with success: fees are added up at the
 * head. */
static void find_fee_readers(struct simulation *s)
{
    const struct explain_trace *t = s->c->trace;
    uint32_t beneficiary = EXPLAIN_NONE;
    for (uint32_t tx = 0; tx < t->tx_count; tx++) {
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++)
            if (t->accesses[i].kind == EXPLAIN_READ && t->accesses[i].location == beneficiary)
                s->items[tx].never = true;
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++)
            if (t->accesses[i].kind == EXPLAIN_FEE) beneficiary = t->accesses[i].location;
    }
}

/* Tells one value of a node from another. A join's is another when that of any that runs into it is. */
static uint64_t value_of(struct simulation *s, uint32_t node)
{
    uint32_t n = s->c->graph->tx_count;
    if (node < n) return s->items[node].version;
    if (s->join_there[node - n] != 0) return s->join_there[node - n];
    uint64_t sum = 0;
    bool final = true;
    for (uint32_t i = s->join_first[node - n]; i < s->join_first[node - n + 1]; i++) {
        uint32_t from = s->needs[i];
        sum += value_of(s, from);
        final = final && (from < n ? s->items[from].committed : s->join_there[from - n] != 0);
    }
    if (final) s->join_there[node - n] = sum;
    return sum;
}

/* Tells what a transaction reads now from what it would have read at another time. */
static uint64_t seen_now(struct simulation *s, uint32_t tx)
{
    const struct item *item = &s->items[tx];
    uint64_t seen = 0;
    for (uint32_t i = 0; i < item->needs; i++) seen = seen * 31 + value_of(s, s->needs[item->first_need + i]);
    return seen;
}

static bool would_hold(struct simulation *s, uint32_t tx)
{
    return !s->items[tx].never && s->items[tx].saw == seen_now(s, tx);
}

/* The last transaction that `tx` needs directly, or HINTS_NONE. */
static uint32_t latest_need(const struct simulation *s, uint32_t tx)
{
    const struct item *item = &s->items[tx];
    uint32_t latest = HINTS_NONE;
    for (uint32_t i = 0; i < item->needs; i++) {
        uint32_t node = s->needs[item->first_need + i];
        if (node < s->c->graph->tx_count && (latest == HINTS_NONE || node > latest)) latest = node;
    }
    return latest;
}

/* ---- the steps of a worker --------------------------------------------------------------------------------------- */

static void spend(struct simulation *s, struct worker *w, uint64_t ns)
{
    w->at += ns;
    s->out->busy_ns += ns;
}

static uint64_t slowed(const struct simulation *s, uint32_t tx)
{
    return (uint64_t)((double)s->c->ns[tx] * s->costs->slower) + s->costs->run_ns;
}

static uint64_t check_price(const struct simulation *s, uint32_t tx)
{
    const struct explain_trace *t = s->c->trace;
    return s->costs->check_ns + s->costs->compare_ns * (t->first[tx + 1] - t->first[tx]);
}

static bool is_to_come(struct simulation *s, uint32_t before, uint32_t group)
{
    return before != HINTS_NONE && before >= s->from && s->group_of[before] != group &&
           !sched_is_ready(&s->sched, s->group_of[before]);
}

static void begin_ahead(struct simulation *s, struct worker *w)
{
    struct item *item = &s->items[w->tx];
    item->before_kin = is_to_come(s, s->hints.kin[w->tx - s->from], w->task.item);
    item->before_any = is_to_come(s, s->hints.before[w->tx - s->from], w->task.item);
    w->phase = SEE;
    spend(s, w, slowed(s, w->tx) / 2);
}

static void take(struct simulation *s, struct worker *w, struct sched_task task)
{
    w->task = task;
    w->sure = true;
    w->at += s->costs->schedule_ns;
    switch (task.kind) {
    case SCHED_RUN:
    case SCHED_CHECK:
        w->tx = s->first[task.item];
        w->outcome = task.kind == SCHED_CHECK ? SCHED_HELD : SCHED_RAN;
        w->phase = AT_HEAD;
        w->alone = task.kind == SCHED_RUN && sched_alone(&s->sched);
        break;
    case SCHED_SPECULATE: {
        w->tx = s->first[task.item];
        uint32_t before = hints_expect_conflict(&s->hints, w->tx);
        if (before != HINTS_NONE && (is_to_come(s, before, task.item) || sched_is_near(&s->sched, task.item))) {
            sched_skip(&s->sched, task.item, is_to_come(s, before, task.item) ? s->group_of[before] : SCHED_NOBODY);
            w->phase = ASK;
        } else {
            begin_ahead(s, w);
        }
        break;
    }
    case SCHED_REVISE:
        w->tx = s->first[task.item];
        w->reruns = false;
        w->phase = REVISE;
        break;
    case SCHED_WAIT:
        w->epoch = sched_epoch(&s->sched);
        w->phase = SPIN;
        w->at += s->costs->spin_ns;
        break;
    case SCHED_DONE: w->phase = DONE; break;
    }
}

static void publish(struct simulation *s, struct worker *w)
{
    s->out->speculated++;
    if (!sched_publishing(&s->sched, w->task.item)) {
        w->phase = ASK;
        return;
    }
    w->phase = PUBLISHED;
    spend(s, w, s->costs->publish_ns);
}

/* Whether somebody behind `node` has read it. */
static bool disturbs(const struct simulation *s, uint32_t node)
{
    uint32_t n = s->c->graph->tx_count;
    for (uint32_t i = s->reader_first[node]; i < s->reader_first[node + 1]; i++) {
        uint32_t to = s->readers[i];
        if (to < n ? s->items[to].there : disturbs(s, to)) return true;
    }
    return false;
}

static void set_there(struct simulation *s, const struct worker *w)
{
    s->items[w->tx].there = true;
    s->items[w->tx].version++;
    s->items[w->tx].saw = w->saw;
}

static void published(struct simulation *s, struct worker *w)
{
    bool last = w->tx + 1 == s->first[w->task.item + 1];
    set_there(s, w);
    if (w->saw != seen_now(s, w->tx) || s->items[w->tx].never) w->sure = false;
    if (disturbs(s, w->tx)) sched_disturbs(&s->sched, w->task.item);
    if (last && w->sure && w->task.kind != SCHED_REVISE) sched_sure(&s->sched, w->task.item);
    sched_published(&s->sched, w->task.item, last);
    if (w->task.kind == SCHED_REVISE) {
        w->phase = REVISED;
    } else if (last) {
        w->phase = ASK;
    } else {
        w->tx++;
        begin_ahead(s, w);
    }
}

/* Ahead, all predecessors being published: will it hold? */
static void revise(struct simulation *s, struct worker *w)
{
    if (would_hold(s, w->tx)) {
        w->phase = REVISED;
        spend(s, w, check_price(s, w->tx));
        return;
    }
    if (s->items[w->tx].never || (!w->reruns && !sched_rerun(&s->sched, w->task.item))) {
        sched_revised(&s->sched, w->task.item, false);
        w->phase = ASK;
        return;
    }
    w->reruns = true;
    s->out->reruns++;
    w->phase = SEE;
    spend(s, w, slowed(s, w->tx) / 2);
}

static void revised(struct simulation *s, struct worker *w)
{
    w->phase = REVISE;
    if (++w->tx != s->first[w->task.item + 1]) return;
    sched_revised(&s->sched, w->task.item, true);
    w->phase = ASK;
}

static void at_head(struct simulation *s, struct worker *w)
{
    w->was_ahead = s->items[w->tx].there;
    w->sure = w->was_ahead && sched_holds(&s->sched, w->task.item);
    if (w->sure) ASSERT(would_hold(s, w->tx));
    w->phase = w->sure ? COMMIT : w->was_ahead ? CHECKED : COMMIT;
    if (w->alone)
        spend(s, w, s->c->ns[w->tx]);
    else
        spend(s, w, w->sure ? s->costs->count_ns : w->was_ahead ? check_price(s, w->tx) : slowed(s, w->tx));
}

static void checked(struct simulation *s, struct worker *w)
{
    struct item *item = &s->items[w->tx];
    bool held = would_hold(s, w->tx);
    if (held)
        hints_praise(&s->hints, w->tx, item->before_kin, item->before_any);
    else
        hints_blame(&s->hints, w->tx, latest_need(s, w->tx));
    w->phase = COMMIT;
    if (held) return;
    item->version++;
    sched_disturbs(&s->sched, w->task.item);
    w->outcome = SCHED_CONFLICT;
    s->out->reruns++;
    spend(s, w, slowed(s, w->tx));
}

static void commit(struct simulation *s, struct worker *w)
{
    struct item *item = &s->items[w->tx];
    ASSERT(w->tx == s->committed);
    s->committed++;
    item->committed = true;
    if (!w->was_ahead) {
        item->version++;
        if (disturbs(s, w->tx)) sched_disturbs(&s->sched, w->task.item);
    }
    s->ended_ns = w->at;
    if (!w->was_ahead && w->outcome == SCHED_HELD) w->outcome = SCHED_RAN;
    w->phase = AT_HEAD;
    if (++w->tx == s->first[w->task.item + 1]) take(s, w, sched_committed(&s->sched, w->task.item, w->outcome));
}

/* The end of spinning: one last question, then sleep. */
static void fall_asleep(struct simulation *s, struct worker *w)
{
    sched_waiting(&s->sched);
    struct sched_task task = sched_next(&s->sched);
    if (task.kind == SCHED_WAIT) {
        w->phase = ASLEEP;
        return;
    }
    sched_waited(&s->sched);
    take(s, w, task);
}

static void step(struct simulation *s, struct worker *w)
{
    switch (w->phase) {
    case ASK: take(s, w, sched_next(&s->sched)); break;
    case SEE:
        w->saw = seen_now(s, w->tx);
        w->phase = PUBLISHING;
        spend(s, w, slowed(s, w->tx) - slowed(s, w->tx) / 2);
        break;
    case PUBLISHING: publish(s, w); break;
    case PUBLISHED: published(s, w); break;
    case REVISE: revise(s, w); break;
    case REVISED: revised(s, w); break;
    case AT_HEAD: at_head(s, w); break;
    case CHECKED: checked(s, w); break;
    case COMMIT: commit(s, w); break;
    case SPIN: fall_asleep(s, w); break;
    case WAKE:
        sched_waited(&s->sched);
        take(s, w, sched_next(&s->sched));
        break;
    case ASLEEP:
    case DONE: ASSERT(false);
    }
}

/* Those who look for work see at once that there is some; those who sleep are woken. */
static void call_waiting(struct simulation *s, uint64_t now)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct worker *w = &s->workers[i];
        if (w->phase != SPIN && w->phase != ASLEEP) continue;
        w->at = w->phase == SPIN ? now : now + s->costs->wake_ns;
        w->phase = w->phase == SPIN ? ASK : WAKE;
    }
}

static struct worker *whose_turn(struct simulation *s)
{
    struct worker *next = NULL;
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct worker *w = &s->workers[i];
        if (w->phase != ASLEEP && w->phase != DONE && (next == NULL || w->at < next->at)) next = w;
    }
    return next;
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

/* As share_run_alone: the caller begins, and looks now and then whether the rest had better be shared. */
static void run_alone(struct simulation *s, unsigned workers)
{
    const struct explain_case *c = s->c;
    uint32_t n = c->graph->tx_count;
    uint64_t gas_all = s->plan.gas, gas = 0, ns = 0;
    if (workers > 1 && plan_share_at_once(&s->plan)) return;
    while (s->from < n) {
        ns += c->ns[s->from];
        gas += c->gas[s->from];
        s->items[s->from].version = 1;
        s->items[s->from++].committed = true;
        if (workers > 1 && plan_look(s->from) &&
            plan_share_rest(ns, gas, s->from, gas_all > gas ? gas_all - gas : 0, n - s->from, workers))
            break;
    }
    s->committed = s->from;
    s->ended_ns = ns;
    s->out->busy_ns = ns;
}

static void run_shared(struct simulation *s, unsigned workers)
{
    uint32_t n = s->c->graph->tx_count;
    s->first = ARENA_ARRAY(&s->arena, uint32_t, (size_t)n + 1);
    s->group_of = ARENA_ARRAY(&s->arena, uint32_t, (size_t)n + 1);
    uint32_t groups = plan_groups(&s->plan, s->from, workers, s->first, s->group_of);
    s->worker_count = workers < groups ? workers : groups;
    sched_init(&s->sched, groups, s->worker_count, UINT32_MAX, ARENA_ARRAY(&s->arena, struct sched_item, groups));
    plan_set_heavy(&s->sched, &s->plan, s->first, &s->arena);
    hints_make(&s->hints, s->c->task, s->from, &s->arena);
    s->workers = ARENA_ARRAY(&s->arena, struct worker, s->worker_count);
    for (unsigned i = 0; i < s->worker_count; i++)
        s->workers[i] = (struct worker){.phase = ASK, .at = s->ended_ns + (i == 0 ? 0 : s->costs->wake_ns)};
    if (s->worker_count > 1) s->workers[1].at += s->costs->plan_ns * (n - s->from);
    for (struct worker *w; (w = whose_turn(s)) != NULL;) {
        uint32_t epoch = sched_epoch(&s->sched);
        uint64_t now = w->at;
        step(s, w);
        if (sched_epoch(&s->sched) != epoch) call_waiting(s, now);
    }
    ASSERT(s->committed == n);
}

void explain_simulate(const struct explain_case *c, unsigned workers, const struct explain_costs *costs,
                      struct explain_simulation *out)
{
    uint32_t n = c->graph->tx_count;
    *out = (struct explain_simulation){.workers = workers};
    struct simulation s = {.c = c, .costs = costs, .out = out};
    plan_make(&s.plan, c->task, c->costs, &s.arena);
    s.items = ARENA_ARRAY(&s.arena, struct item, (size_t)n + 1);
    memset(s.items, 0, ((size_t)n + 1) * sizeof *s.items);
    collect_needs(&s);
    find_fee_readers(&s);
    run_alone(&s, workers);
    if (s.from < n)
        run_shared(&s, workers);
    else if (n != 0)
        out->fallback = workers == 1 ? "one thread" : "too little work to share";
    out->wall_ns = s.ended_ns + c->overhead_ns;
    arena_free(&s.arena);
}
