/* Workers in virtual time. One event at a time: the worker whose time is least does its next step, as a real worker would
 * at that moment (parallel/worker.h); operations take the time that was measured. */
#include <stdlib.h>

#include "explain/explain.h"
#include "parallel/plan.h"
#include "parallel/prediction.h"
#include "parallel/worker.h"

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
                                                     .handover_ns = 50,
                                                     .slower = 1.03};

/* A worker, and where it is in an operation that takes time. */
struct virtual_worker {
    struct simulation *simulation;
    struct worker worker;
    uint64_t at; /* when the next step is */
    int stage;   /* of the running operation; 0: not begun */
    bool asleep;
    uint64_t saw; /* what its transaction has read */
};

/* A transaction on its way. */
struct item {
    bool there;       /* published by a speculative execution */
    uint32_t version; /* how often it was published with another result; 0: never */
    uint64_t saw;     /* what it had read; see seen_now */
    bool committed;
    bool before_same_account, before_same_class; /* as in prediction_record_success */
    bool never;                                  /* speculating is always wasted: it looks at the fees of this block */
    uint32_t first_need, needs;                  /* among simulation->needs */
};

struct simulation {
    const struct explain_case *c;
    const struct explain_costs *costs;
    struct explain_simulation *out;
    struct arena arena;
    struct sched sched;
    struct prediction prediction;
    struct plan plan;
    uint32_t *first, *group_of, from;
    struct item *items;
    uint32_t *needs;   /* nodes of the graph, by who needs them */
    uint32_t *readers; /* nodes of the graph, by what they need */
    uint32_t *reader_first;
    uint32_t *join_first; /* what runs into each join, among needs, too */
    uint64_t *join_there; /* the final value of each; 0: not known */
    struct virtual_worker *workers;
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

/* The last transaction that `tx` needs directly, or PREDICTION_NONE. */
static uint32_t latest_need(const struct simulation *s, uint32_t tx)
{
    const struct item *item = &s->items[tx];
    uint32_t latest = PREDICTION_NONE;
    for (uint32_t i = 0; i < item->needs; i++) {
        uint32_t node = s->needs[item->first_need + i];
        if (node < s->c->graph->tx_count && (latest == PREDICTION_NONE || node > latest)) latest = node;
    }
    return latest;
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

/* The operation goes on in its next stage, `ns` later. */
static enum worker_answer spend(struct virtual_worker *w, uint64_t ns)
{
    w->stage++;
    w->at += ns;
    w->simulation->out->busy_ns += ns;
    return WORKER_AGAIN;
}

static enum worker_answer end(struct virtual_worker *w, enum worker_answer answer)
{
    w->stage = 0;
    return answer;
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

static bool is_to_come(struct simulation *s, uint32_t predecessor, uint32_t group)
{
    return predecessor != PREDICTION_NONE && predecessor >= s->from && s->group_of[predecessor] != group &&
           !sched_is_complete(&s->sched, s->group_of[predecessor]);
}

static bool op_defers(void *context, uint32_t group, uint32_t *after)
{
    struct simulation *s = ((struct virtual_worker *)context)->simulation;
    uint32_t predecessor = prediction_of_conflict(&s->prediction, s->first[group]);
    if (predecessor == PREDICTION_NONE) return false;
    bool to_come = is_to_come(s, predecessor, group);
    *after = to_come ? s->group_of[predecessor] : SCHED_NOBODY;
    return to_come || sched_is_near(&s->sched, group);
}

static enum worker_answer speculate(struct virtual_worker *w, uint32_t tx)
{
    struct simulation *s = w->simulation;
    struct item *item = &s->items[tx];
    uint64_t half = slowed(s, tx) / 2;
    switch (w->stage) {
    case 0:
        item->before_same_account = is_to_come(s, s->prediction.same_account[tx - s->from], s->group_of[tx]);
        item->before_same_class = is_to_come(s, s->prediction.in_class[tx - s->from], s->group_of[tx]);
        return spend(w, half);
    case 1: w->saw = seen_now(s, tx); return spend(w, slowed(s, tx) - half);
    default: s->out->speculated++; return end(w, WORKER_YES);
    }
}

static enum worker_answer op_execute(void *context, uint32_t tx, enum execution_mode mode)
{
    struct virtual_worker *w = context;
    const struct simulation *s = w->simulation;
    if (mode == EXECUTE_SPECULATIVELY) return speculate(w, tx);
    if (w->stage == 0) return spend(w, slowed(s, tx));
    return end(w, WORKER_YES);
}

/* Whether a transaction behind `node` has read it. */
static bool has_readers(const struct simulation *s, uint32_t node)
{
    uint32_t n = s->c->graph->tx_count;
    for (uint32_t i = s->reader_first[node]; i < s->reader_first[node + 1]; i++) {
        uint32_t to = s->readers[i];
        if (to < n ? s->items[to].there : has_readers(s, to)) return true;
    }
    return false;
}

static void write(struct simulation *s, uint32_t tx)
{
    s->items[tx].version++;
    if (has_readers(s, tx)) sched_invalidates(&s->sched, s->group_of[tx]);
}

static enum worker_answer op_publish(void *context, uint32_t tx, bool complete)
{
    (void)complete;
    struct virtual_worker *w = context;
    struct simulation *s = w->simulation;
    struct item *item = &s->items[tx];
    if (w->stage == 0) return spend(w, s->costs->publish_ns);
    s->out->reruns += item->there;
    item->there = true;
    item->saw = w->saw;
    write(s, tx);
    return end(w, would_hold(s, tx) ? WORKER_YES : WORKER_NO);
}

static void op_drop(void *context, uint32_t tx)
{
    (void)context, (void)tx;
}

static enum worker_answer op_validate(void *context, uint32_t tx)
{
    struct virtual_worker *w = context;
    struct simulation *s = w->simulation;
    if (w->stage == 0) return spend(w, check_price(s, tx));
    return end(w, would_hold(s, tx) ? WORKER_YES : s->items[tx].never ? WORKER_NONE : WORKER_NO);
}

static void commit(struct virtual_worker *w, uint32_t tx)
{
    struct simulation *s = w->simulation;
    ASSERT(tx == s->committed);
    s->committed++;
    s->items[tx].committed = true;
    s->ended_ns = w->at;
}

static enum worker_answer op_commit_group(void *context, uint32_t group)
{
    struct virtual_worker *w = context;
    struct simulation *s = w->simulation;
    uint32_t first = s->first[group], end_of = s->first[group + 1];
    if (w->stage == 0) return spend(w, s->costs->count_ns * (end_of - first));
    for (uint32_t tx = first; tx < end_of; tx++) {
        ASSERT(would_hold(s, tx));
        commit(w, tx);
    }
    return end(w, WORKER_YES);
}

static enum worker_answer op_commit_speculative(void *context, uint32_t tx)
{
    struct virtual_worker *w = context;
    struct simulation *s = w->simulation;
    struct item *item = &s->items[tx];
    if (!item->there) return WORKER_NONE;
    if (w->stage == 0) return spend(w, check_price(s, tx));
    if (would_hold(s, tx)) {
        prediction_record_success(&s->prediction, tx, item->before_same_account, item->before_same_class);
        commit(w, tx);
        return end(w, WORKER_YES);
    }
    prediction_record_conflict(&s->prediction, tx, latest_need(s, tx));
    write(s, tx);
    s->out->reruns++;
    return end(w, WORKER_NO);
}

static enum worker_answer op_run_in_place(void *context, uint32_t group)
{
    struct virtual_worker *w = context;
    struct simulation *s = w->simulation;
    uint64_t ns = 0;
    for (uint32_t tx = s->first[group]; tx < s->first[group + 1]; tx++) ns += s->c->ns[tx];
    if (w->stage == 0) return spend(w, ns);
    for (uint32_t tx = s->first[group]; tx < s->first[group + 1]; tx++) {
        s->items[tx].version++;
        commit(w, tx);
    }
    return end(w, WORKER_YES);
}

static enum worker_answer op_commit_executed(void *context, uint32_t tx)
{
    struct virtual_worker *w = context;
    write(w->simulation, tx);
    commit(w, tx);
    return WORKER_YES;
}

static uint64_t op_clock(void *context)
{
    const struct virtual_worker *w = context;
    return w->at;
}

static enum worker_answer op_spin(void *context, uint32_t epoch)
{
    struct virtual_worker *w = context;
    if (w->stage++ == 0) {
        w->at += w->simulation->costs->spin_ns;
        return WORKER_AGAIN;
    }
    return end(w, sched_epoch(&w->simulation->sched) != epoch ? WORKER_YES : WORKER_NO);
}

static void op_sleep(void *context, uint32_t epoch)
{
    struct virtual_worker *w = context;
    w->asleep = sched_epoch(&w->simulation->sched) == epoch;
}

static const struct worker_ops operations = {
    .defers = op_defers,
    .execute = op_execute,
    .publish = op_publish,
    .drop = op_drop,
    .validate = op_validate,
    .run_in_place = op_run_in_place,
    .commit_group = op_commit_group,
    .commit_speculative = op_commit_speculative,
    .commit_executed = op_commit_executed,
    .clock = op_clock,
    .spin = op_spin,
    .sleep = op_sleep,
};

/* ---- virtual time ------------------------------------------------------------------------------------------------ */

/* The epoch was raised: who spins sees it at once, who sleeps is awake a while later. */
static void call_waiting(struct simulation *s, uint64_t now)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct virtual_worker *w = &s->workers[i];
        if (w->worker.phase == WORKER_SPIN && w->at > now) w->at = now;
        if (!w->asleep) continue;
        w->asleep = false;
        w->at = now + s->costs->wake_ns;
    }
}

/* The driver calls those who wait after each step. */
static void wake(void *context)
{
    (void)context;
}

static struct virtual_worker *whose_turn(struct simulation *s)
{
    struct virtual_worker *next = NULL;
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct virtual_worker *w = &s->workers[i];
        if (!w->asleep && w->worker.phase != WORKER_DONE && (next == NULL || w->at < next->at)) next = w;
    }
    return next;
}

static void step(struct simulation *s, struct virtual_worker *w)
{
    uint32_t epoch = sched_epoch(&s->sched);
    uint64_t now = w->at;
    if (w->worker.phase == WORKER_ASK) w->at += s->costs->schedule_ns;
    (void)worker_step(&w->worker);
    if (sched_epoch(&s->sched) != epoch) call_waiting(s, now);
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

/* As share_run_alone: the caller begins, and looks now and then whether the rest had better be shared. */
static void run_alone(struct simulation *s, unsigned workers)
{
    const struct explain_case *c = s->c;
    uint32_t n = c->graph->tx_count;
    uint64_t gas_all = s->plan.gas, gas = 0, ns = 0;
    if (workers > 1 && plan_promises_work(gas_all, n)) return;
    while (s->from < n) {
        ns += c->ns[s->from];
        gas += c->gas[s->from];
        s->items[s->from].version = 1;
        s->items[s->from++].committed = true;
        if (workers > 1 && plan_look(s->from) &&
            plan_share_rest(&(struct plan_costs){s->costs->handover_ns, s->costs->wake_ns}, ns, gas, s->from,
                            gas_all > gas ? gas_all - gas : 0, n - s->from, workers))
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
    sched_init(&s->sched, groups, s->worker_count, plan_window(groups, n - s->from, s->worker_count),
               ARENA_ARRAY(&s->arena, struct sched_item, groups), wake, NULL);
    plan_set_heavy(&s->sched, &s->plan, s->first, &s->arena);
    prediction_make(&s->prediction, &s->plan, s->from, &s->arena);
    s->workers = ARENA_ARRAY(&s->arena, struct virtual_worker, s->worker_count);
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct virtual_worker *w = &s->workers[i];
        *w = (struct virtual_worker){.simulation = s, .at = s->ended_ns + (i == 0 ? 0 : s->costs->wake_ns)};
        w->worker = (struct worker){.sched = &s->sched,
                                    .ops = &operations,
                                    .context = w,
                                    .first = s->first,
                                    .may_overwrite = policy_is_on(POLICY_IN_PLACE)};
    }
    if (s->worker_count > 1) s->workers[1].at += s->costs->plan_ns * (n - s->from);
    for (struct virtual_worker *w; (w = whose_turn(s)) != NULL;) step(s, w);
    ASSERT(s->committed == n);
}

void explain_simulate(const struct explain_case *c, unsigned workers, const struct explain_costs *costs,
                      struct explain_simulation *out)
{
    uint32_t n = c->graph->tx_count;
    *out = (struct explain_simulation){.workers = workers};
    struct simulation s = {.c = c, .costs = costs, .out = out};
    const struct block_task *t = c->task;
    s.plan = plan_make(t->transactions, t->senders, t->transaction_count, t->header->gas_used);
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
