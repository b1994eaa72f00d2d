/* The report: runs a block as often as it takes, and puts together what was learnt. */
#define _GNU_SOURCE 1 /* qsort_r */
#include <stdlib.h>

#include "explain/private.h"

const unsigned explain_cores[EXPLAIN_CORES] = {2, 4, 8, 16, 32, 64};

/* Recorded runs need memory for each transaction; more of them tell nothing new. */
enum { RECORDED_RUNS_MAX = 9, HOTTEST_MAX = 1000 };

static int by_wall(const void *a, const void *b)
{
    const struct block_stats *x = a, *y = b;
    return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- timed runs ---------------------------------------------------------------------------------------------------- */

/* The median of `repeat` runs that are not recorded; the last one's results stay in *result. */
static enum status time_runs(struct engine *e, enum executor_kind kind, const struct block_task *task, uint32_t repeat,
                             struct block_result *result, struct block_stats *out, struct error *error)
{
    struct block_stats *runs = base_alloc(repeat * sizeof *runs);
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < repeat && s == STATUS_OK; i++) {
        s = block_execute(e, kind, task, result, error);
        runs[i] = result->stats;
    }
    if (s == STATUS_OK) {
        qsort(runs, repeat, sizeof *runs, by_wall);
        *out = runs[repeat / 2];
    }
    free(runs);
    return s;
}

/* What each transaction takes serially: the median of some recorded runs. */
static enum status time_transactions(const struct explain_how *how, struct explain_report *r, struct error *error)
{
    uint32_t n = r->task->transaction_count, runs = how->repeat < RECORDED_RUNS_MAX ? how->repeat : RECORDED_RUNS_MAX;
    uint64_t *times = base_calloc((size_t)n * runs + 1, sizeof *times), walls[RECORDED_RUNS_MAX] = {0};
    struct block_result result;
    enum status s = STATUS_OK;
    engine_record(how->serial, true);
    for (uint32_t run = 0; run < runs && s == STATUS_OK; run++) {
        s = block_execute(how->serial, EXECUTOR_SERIAL, r->task, &result, error);
        walls[run] = result.stats.wall_ns;
        for (uint32_t i = 0; i < result.event_count; i++) {
            const struct block_event *e = &result.events[i];
            times[(size_t)e->tx * runs + run] = e->end_ns - e->start_ns;
            walls[run] -= e->end_ns - e->start_ns;
        }
    }
    engine_record(how->serial, false);
    for (uint32_t i = 0; i < n && s == STATUS_OK; i++) {
        qsort(&times[(size_t)i * runs], runs, sizeof *times, by_number);
        r->txs[i].ns = times[(size_t)i * runs + runs / 2];
        r->tx_ns += r->txs[i].ns;
    }
    qsort(walls, runs, sizeof *walls, by_number);
    r->overhead_ns = walls[runs / 2];
    free(times);
    return s;
}

/* ---- the recorded parallel run --------------------------------------------------------------------------------------- */

/* Location indices in the order of `compare_locations`, to find locations by what they are. */
struct directory {
    const struct explain_trace *trace;
    uint32_t *order;
};
static int compare_locations(const struct explain_location *a, const struct explain_location *b)
{
    int c = memcmp(a->address.b, b->address.b, sizeof a->address.b);
    if (c != 0) return c;
    if (a->field != b->field) return a->field < b->field ? -1 : 1;
    return u256_less(a->key, b->key) ? -1 : u256_less(b->key, a->key);
}

static int compare_entries(const void *a, const void *b, void *context)
{
    const struct explain_location *all = context;
    return compare_locations(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

static void directory_make(struct directory *d, const struct explain_trace *t)
{
    d->trace = t;
    d->order = base_alloc(((size_t)t->location_count + 1) * sizeof *d->order);
    for (uint32_t i = 0; i < t->location_count; i++) d->order[i] = i;
    qsort_r(d->order, t->location_count, sizeof *d->order, compare_entries, t->locations);
}

static uint32_t directory_find(const struct directory *d, const struct block_conflict *c)
{
    if (c->account == NULL) return EXPLAIN_NONE;
    struct explain_location wanted = {.address = c->account->address, .field = c->field};
    if (c->slot != NULL) wanted.key = c->slot->key;
    uint32_t low = 0, high = d->trace->location_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_locations(&d->trace->locations[d->order[middle]], &wanted);
        if (order == 0) return d->order[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return EXPLAIN_NONE;
}

/* Keeps the events of a run, in place of those of another. */
static void keep_run(struct explain_report *r, const struct block_result *result, const struct directory *d)
{
    r->events = base_realloc(r->events, (result->event_count + 1) * sizeof *r->events);
    if (result->event_count != 0) memcpy(r->events, result->events, result->event_count * sizeof *r->events);
    r->event_count = result->event_count;
    r->recorded_ns = result->stats.wall_ns;
    for (uint32_t i = 0; i < r->trace.tx_count; i++) r->txs[i].conflict_at = EXPLAIN_NONE;
    for (uint32_t i = 0; i < result->conflict_count; i++)
        r->txs[result->conflicts[i].tx].conflict_at = directory_find(d, &result->conflicts[i]);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Records some parallel runs, and keeps the one that took about as long as the median of those that were not recorded. */
static enum status record_parallel(const struct explain_how *how, struct explain_report *r, struct error *error)
{
    struct directory d;
    directory_make(&d, &r->trace);
    uint32_t runs = how->repeat < RECORDED_RUNS_MAX ? how->repeat : RECORDED_RUNS_MAX;
    struct block_result result;
    enum status s = STATUS_OK;
    uint64_t best = UINT64_MAX;
    engine_record(how->parallel, true);
    for (uint32_t run = 0; run < runs && s == STATUS_OK; run++) {
        s = block_execute(how->parallel, EXECUTOR_PARALLEL, r->task, &result, error);
        uint64_t off = distance(result.stats.wall_ns, r->parallel.wall_ns);
        if (s != STATUS_OK || off >= best) continue;
        best = off;
        keep_run(r, &result, &d);
    }
    engine_record(how->parallel, false);
    free(d.order);
    return s;
}

/* ---- what the events say of each transaction --------------------------------------------------------------------------- */

/* Where and when a transaction was last executed ahead of the line. */
struct ahead {
    uint64_t start_ns, end_ns;
    uint16_t worker;
    bool there, held;
};

static void count_event(struct explain_report *r, struct ahead *ahead, const struct block_event *e)
{
    uint64_t ns = e->end_ns - e->start_ns;
    if (e->kind == EVENT_WAIT) {
        r->idle_ns += ns;
        return;
    }
    struct explain_tx *tx = &r->txs[e->tx];
    if (e->kind == EVENT_CHECK) return;
    tx->executions++;
    if (e->kind == EVENT_RUN) return;
    r->ahead_count++;
    if (e->in_vain)
        tx->lost_ns += ns;
    else
        ahead[e->tx] = (struct ahead){e->start_ns, e->end_ns, e->worker, true, false};
}

/* A check comes from another worker's list than the execution, so all executions are counted before. */
static void count_check(struct explain_report *r, struct ahead *ahead, const struct block_event *e)
{
    struct explain_tx *tx = &r->txs[e->tx];
    struct ahead *a = &ahead[e->tx];
    if (!a->there) return;
    a->held = !e->in_vain;
    if (a->held) {
        tx->waiting_ns += e->start_ns > a->end_ns ? e->start_ns - a->end_ns : 0;
        return;
    }
    uint64_t lost = a->end_ns - a->start_ns + (e->end_ns - e->start_ns);
    tx->lost_ns += lost;
    if (tx->conflict_at == EXPLAIN_NONE) return;
    struct explain_location *l = &r->trace.locations[tx->conflict_at];
    l->conflicts++;
    l->conflict_ns += lost;
    r->costs[l->field].conflicts++;
    r->costs[l->field].lost_ns += lost;
}

/* How a transaction that depends on another one came to see the right values. */
static void count_happy(struct explain_report *r, const struct ahead *ahead, uint32_t from, uint32_t to)
{
    enum { NEIGHBOURHOOD = 32 };
    const struct ahead *a = &ahead[to], *b = &ahead[from];
    if (!a->there)
        r->avoided.at_head++;
    else if (a->held && b->there && b->worker == a->worker && to - from < NEIGHBOURHOOD)
        r->avoided.grouped++;
    else if (a->held)
        r->avoided.in_time++;
}

static void use_events(struct explain_report *r)
{
    struct ahead *ahead = base_calloc((size_t)r->trace.tx_count + 1, sizeof *ahead);
    uint32_t *latest = base_alloc(((size_t)r->graph.node_count + 1) * sizeof *latest);
    for (uint32_t i = 0; i < r->graph.node_count; i++) latest[i] = EXPLAIN_NONE;
    for (uint32_t i = 0; i < r->event_count; i++) count_event(r, ahead, &r->events[i]);
    for (uint32_t i = 0; i < r->event_count; i++)
        if (r->events[i].kind == EVENT_CHECK) count_check(r, ahead, &r->events[i]);
    for (uint32_t i = 0; i < r->graph.edge_count; i++) {
        const struct explain_edge *e = &r->graph.edges[i];
        if (e->to >= r->graph.tx_count || e->from >= r->graph.tx_count) continue;
        if (latest[e->to] == EXPLAIN_NONE || latest[e->to] < e->from) latest[e->to] = e->from;
    }
    for (uint32_t i = 0; i < r->trace.tx_count; i++)
        if (latest[i] != EXPLAIN_NONE && r->event_count != 0) count_happy(r, ahead, latest[i], i);
    free(latest);
    free(ahead);
}

/* ---- what the trace says ------------------------------------------------------------------------------------------- */

/* Counts who touches what, and what would be a conflict if it were not for... */
static void count_accesses(struct explain_report *r)
{
    struct explain_trace *t = &r->trace;
    bool *changed = base_calloc((size_t)t->location_count + 1, sizeof *changed);
    uint32_t *last_seen = base_alloc(((size_t)t->location_count + 1) * sizeof *last_seen);
    for (uint32_t i = 0; i < t->location_count; i++) last_seen[i] = EXPLAIN_NONE;
    for (uint32_t tx = 0; tx < t->tx_count; tx++) {
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++) {
            const struct explain_access *a = &t->accesses[i];
            struct explain_location *l = &t->locations[a->location];
            l->readers += a->kind == EXPLAIN_READ;
            l->asked += a->kind == EXPLAIN_BOUND;
            l->no_ops += a->kind == EXPLAIN_NO_OP;
            l->writers += a->kind == EXPLAIN_WRITE || a->kind == EXPLAIN_ADD || a->kind == EXPLAIN_FEE;
            if (a->kind == EXPLAIN_READ) last_seen[a->location] = tx;
            if (!changed[a->location]) continue;
            r->avoided.credits += a->kind == EXPLAIN_ADD && last_seen[a->location] != tx;
            r->avoided.bounds += a->kind == EXPLAIN_BOUND && l->field == FIELD_BALANCE;
            r->avoided.fees += a->kind == EXPLAIN_FEE;
        }
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++) {
            enum explain_access_kind kind = t->accesses[i].kind;
            changed[t->accesses[i].location] |= kind == EXPLAIN_WRITE || kind == EXPLAIN_ADD || kind == EXPLAIN_FEE;
        }
    }
    for (uint32_t i = 0; i < t->location_count; i++)
        if (t->locations[i].readers > 1) r->avoided.no_ops += t->locations[i].no_ops;
    r->avoided.nonces = t->assumed_nonces;
    free(changed);
    free(last_seen);
}

/* A pair of transactions counts once for each location and once for each kind of field. Edges come grouped by `to`. */
static void count_edges(struct explain_report *r)
{
    const struct explain_graph *g = &r->graph;
    uint32_t *last_to = base_alloc(((size_t)r->trace.location_count + 1) * sizeof *last_to), last_of_field[4];
    for (uint32_t i = 0; i < r->trace.location_count; i++) last_to[i] = EXPLAIN_NONE;
    for (size_t i = 0; i < COUNT_OF(last_of_field); i++) last_of_field[i] = EXPLAIN_NONE;
    uint64_t last_pair = UINT64_MAX;
    for (uint32_t i = 0; i < g->edge_count; i++) {
        const struct explain_edge *e = &g->edges[i];
        if (e->to >= g->tx_count || e->from >= g->tx_count) continue;
        struct explain_location *l = &r->trace.locations[e->location];
        if (last_to[e->location] != e->to) l->dependents++;
        last_to[e->location] = e->to;
        if (last_of_field[l->field] != e->to) r->costs[l->field].dependents++;
        last_of_field[l->field] = e->to;
        uint64_t pair = (uint64_t)e->from << 32 | e->to;
        if (pair != last_pair) {
            r->txs[e->to].needs++;
            r->txs[e->from].needed_by++;
        }
        last_pair = pair;
    }
    for (uint32_t i = 0; i < r->path.count; i++) {
        r->txs[r->path.txs[i]].on_path = true;
        if (r->path.via[i] != EXPLAIN_NONE) r->trace.locations[g->edges[r->path.via[i]].location].on_path++;
    }
    free(last_to);
}

static int hotter(const void *a, const void *b, void *context)
{
    const struct explain_location *all = context, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    if (x->on_path != y->on_path) return x->on_path < y->on_path ? 1 : -1;
    if (x->conflict_ns != y->conflict_ns) return x->conflict_ns < y->conflict_ns ? 1 : -1;
    if (x->dependents != y->dependents) return x->dependents < y->dependents ? 1 : -1;
    uint64_t p = (uint64_t)x->readers + x->writers, q = (uint64_t)y->readers + y->writers;
    if (p != q) return p < q ? 1 : -1;
    return compare_locations(x, y);
}

/* What several transactions use and at least one changes, or has ever been in the way. */
static void find_hottest(struct explain_report *r)
{
    uint32_t *all = ARENA_ARRAY(&r->arena, uint32_t, r->trace.location_count + 1);
    for (uint32_t i = 0; i < r->trace.location_count; i++) {
        const struct explain_location *l = &r->trace.locations[i];
        uint32_t users = l->readers > l->writers ? l->readers : l->writers;
        if (l->dependents != 0 || l->conflicts != 0 || (users > 1 && l->writers > 0)) all[r->hottest_count++] = i;
    }
    qsort_r(all, r->hottest_count, sizeof *all, hotter, r->trace.locations);
    if (r->hottest_count > HOTTEST_MAX) r->hottest_count = HOTTEST_MAX;
    r->hottest = all;
}

/* ---- a block ------------------------------------------------------------------------------------------------------- */

static double ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 1 : (double)a / (double)b;
}

static void find_limits(struct explain_report *r)
{
    uint64_t *ns = base_alloc(((size_t)r->trace.tx_count + 1) * sizeof *ns), whole = r->tx_ns + r->overhead_ns;
    for (uint32_t i = 0; i < r->trace.tx_count; i++) ns[i] = r->txs[i].ns;
    explain_critical_path(&r->graph, ns, &r->arena, &r->path);
    uint32_t *levels = base_alloc(((size_t)r->trace.tx_count + 1) * sizeof *levels);
    r->longest_chain = explain_longest_chain(&r->graph, levels);
    for (uint32_t i = 0; i < r->trace.tx_count; i++) r->txs[i].level = levels[i];
    free(levels);
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        r->limits[i] =
            ratio(whole, r->overhead_ns + explain_schedule(&r->graph, ns, explain_cores[i], EXPLAIN_LONGEST_FIRST));
    r->limit = ratio(whole, r->overhead_ns + r->path.ns);
    free(ns);
}

static enum status compare_results(struct block_result *serial, struct block_result *parallel, struct error *error)
{
    if (serial->gas_used != parallel->gas_used || !hash_equal(&serial->receipts_root, &parallel->receipts_root) ||
        !state_diff_equal(&serial->diff, &parallel->diff))
        return error_set(error, EXECUTORS_DIFFER, "%s", status_text(EXECUTORS_DIFFER));
    return STATUS_OK;
}

/* Runs that nobody looks on at: medians, and that both executors agree. */
static enum status run_both(const struct explain_how *how, struct explain_report *r, struct error *error)
{
    struct block_result serial, parallel;
    uint32_t n = r->task->transaction_count;
    enum status s = time_runs(how->serial, EXECUTOR_SERIAL, r->task, how->repeat, &serial, &r->serial, error);
    if (s != STATUS_OK) return s;
    block_seal(how->serial, &serial);
    s = time_runs(how->parallel, EXECUTOR_PARALLEL, r->task, how->repeat, &parallel, &r->parallel, error);
    if (s != STATUS_OK) return s;
    block_seal(how->parallel, &parallel);
    s = compare_results(&serial, &parallel, error);
    if (s == STATUS_OK && how->check_header) s = block_check(&serial, error);
    r->gas_used = serial.gas_used;
    r->gas = ARENA_ARRAY(&r->arena, uint64_t, n + 1);
    r->failed = ARENA_ARRAY(&r->arena, bool, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        r->gas[i] = serial.transactions[i].gas_used;
        r->failed[i] = !serial.transactions[i].succeeded;
    }
    return s;
}

enum status explain_block(const struct explain_how *how, const struct block_task *task, struct explain_report *out,
                          struct error *error)
{
    ASSERT(how->repeat != 0);
    *out = (struct explain_report){.task = task};
    uint32_t n = task->transaction_count;
    out->txs = ARENA_ARRAY(&out->arena, struct explain_tx, n + 1);
    memset(out->txs, 0, (n + 1) * sizeof *out->txs);
    enum status s = run_both(how, out, error);
    if (s == STATUS_OK) s = time_transactions(how, out, error);
    if (s == STATUS_OK) s = explain_record(how->serial, task, &out->arena, &out->trace, error);
    if (s != STATUS_OK) return s;
    explain_name_slots(&out->trace, how->layouts, how->layout_count, &out->arena);
    explain_graph_make(&out->trace, &out->arena, &out->graph);
    find_limits(out);
    s = record_parallel(how, out, error);
    if (s != STATUS_OK) return s;
    count_accesses(out);
    count_edges(out);
    use_events(out);
    find_hottest(out);
    explain_words(out);
    return STATUS_OK;
}

void explain_free(struct explain_report *r)
{
    free(r->events);
    free(r->sentence);
    arena_free(&r->arena);
    *r = (struct explain_report){0};
}
