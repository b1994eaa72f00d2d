/* The report: runs a block as often as it takes, and puts together what was learnt. */
#define _GNU_SOURCE 1 /* qsort_r */
#include <stdlib.h>

#include "explain/private.h"

const unsigned explain_cores[EXPLAIN_CORES] = {2, 4, 8, 16, 32, 64};

/* Recorded runs need memory for each transaction; more of them tell nothing new. */
enum { RECORDED_RUNS_MAX = 9, HOTTEST_MAX = 1000 };

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- locations by what they are ---------------------------------------------------------------------------------- */

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

/* ---- runs -------------------------------------------------------------------------------------------------------- */

/* A recorded parallel run. */
struct recording {
    uint64_t wall_ns;
    struct block_event *events;
    uint32_t event_count;
    uint32_t *conflict_at; /* for each transaction the location that spoiled it, or EXPLAIN_NONE */
};

/* All runs of a block. They take turns, so that whatever else the machine does falls on all kinds of them. */
struct runs {
    const struct explain_how *how;
    struct explain_report *report;
    struct directory directory;
    uint32_t done;                     /* of each kind */
    uint32_t recorded;                 /* of them, of each kind; at most */
    struct block_stats *plain[2];      /* by enum executor_kind */
    uint64_t *times;                   /* serial ones of each transaction */
    uint64_t walls[RECORDED_RUNS_MAX]; /* without transactions */
    uint64_t clock_ns;
    struct recording recordings[RECORDED_RUNS_MAX];
};

static enum status compare_results(const struct block_result *serial, const struct block_result *parallel,
                                   struct error *error)
{
    if (serial->gas_used != parallel->gas_used || !hash_equal(&serial->receipts_root, &parallel->receipts_root) ||
        !state_diff_equal(&serial->diff, &parallel->diff))
        return error_set(error, EXECUTORS_DIFFER, "%s", status_text(EXECUTORS_DIFFER));
    return STATUS_OK;
}

/* The first run of each kind, which warms caches and is not timed: that all is well, and what each transaction did. */
static enum status run_first(struct runs *x, struct error *error)
{
    struct explain_report *r = x->report;
    const struct explain_how *how = x->how;
    struct block_result serial, parallel;
    enum status s = block_execute(how->serial, EXECUTOR_SERIAL, r->task, &serial, error);
    if (s != STATUS_OK) return s;
    block_seal(how->serial, &serial);
    s = block_execute(how->parallel, EXECUTOR_PARALLEL, r->task, &parallel, error);
    if (s != STATUS_OK) return s;
    block_seal(how->parallel, &parallel);
    s = compare_results(&serial, &parallel, error);
    if (s == STATUS_OK && how->check_header) s = block_check(&serial, error);
    r->gas_used = serial.gas_used;
    uint32_t n = r->task->transaction_count;
    r->gas = ARENA_ARRAY(&r->arena, uint64_t, n + 1);
    r->failed = ARENA_ARRAY(&r->arena, bool, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        r->gas[i] = serial.transactions[i].gas_used;
        r->failed[i] = !serial.transactions[i].succeeded;
    }
    return s;
}

/* What looking at the clock takes: each recorded time has it in it. */
static uint64_t clock_price(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 1000; i++) {
        uint64_t since = clock_wall_ns(), ns = clock_wall_ns() - since;
        if (ns < least) least = ns;
    }
    return least;
}

static void keep_times(struct runs *x, uint32_t run, const struct block_result *result)
{
    for (uint32_t i = 0; i < result->event_count; i++) {
        const struct block_event *e = &result->events[i];
        uint64_t ns = e->end_ns - e->start_ns;
        x->times[(size_t)e->tx * x->recorded + run] = ns > x->clock_ns ? ns - x->clock_ns : 1;
    }
}

/* The block without its transactions: system calls, rewards, withdrawals. */
static enum status time_overhead(struct runs *x, uint32_t run, struct error *error)
{
    struct block_task empty = *x->report->task;
    empty.transaction_count = 0;
    empty.access_list = NULL;
    struct block_result result;
    enum status s = block_execute(x->how->serial, EXECUTOR_SERIAL, &empty, &result, error);
    x->walls[run] = result.stats.wall_ns;
    return s;
}

static void keep_events(struct runs *x, uint32_t run, const struct block_result *result)
{
    struct recording *k = &x->recordings[run];
    uint32_t n = x->report->trace.tx_count;
    k->wall_ns = result->stats.wall_ns;
    k->event_count = result->event_count;
    k->events = base_alloc((k->event_count + 1) * sizeof *k->events);
    if (k->event_count != 0) memcpy(k->events, result->events, k->event_count * sizeof *k->events);
    k->conflict_at = base_alloc(((size_t)n + 1) * sizeof *k->conflict_at);
    for (uint32_t i = 0; i < n; i++) k->conflict_at[i] = EXPLAIN_NONE;
    for (uint32_t i = 0; i < result->conflict_count; i++)
        k->conflict_at[result->conflicts[i].tx] = directory_find(&x->directory, &result->conflicts[i]);
}

static enum status run_once(struct runs *x, enum executor_kind kind, uint32_t run, struct error *error)
{
    struct engine *e = kind == EXECUTOR_SERIAL ? x->how->serial : x->how->parallel;
    struct block_result result;
    engine_wake(e);
    enum status s = block_execute(e, kind, x->report->task, &result, error);
    x->plain[kind][run] = result.stats;
    if (s != STATUS_OK || run >= x->recorded) return s;
    engine_record(e, true);
    engine_wake(e);
    s = block_execute(e, kind, x->report->task, &result, error);
    engine_record(e, false);
    if (s != STATUS_OK) return s;
    (kind == EXECUTOR_SERIAL ? keep_times : keep_events)(x, run, &result);
    return kind == EXECUTOR_SERIAL ? time_overhead(x, run, error) : STATUS_OK;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Medians; and the recorded parallel run that took about as long as the median of those that were not recorded. */
static void take_medians(struct runs *x)
{
    struct explain_report *r = x->report;
    uint32_t done = x->done, n = r->trace.tx_count, best = 0;
    uint32_t recorded = done < x->recorded ? done : x->recorded;
    r->serial = *block_stats_median(x->plain[EXECUTOR_SERIAL], done);
    r->parallel = *block_stats_median(x->plain[EXECUTOR_PARALLEL], done);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *times = &x->times[(size_t)i * x->recorded];
        qsort(times, recorded, sizeof *times, by_number);
        r->txs[i].ns = times[recorded / 2];
        r->tx_ns += r->txs[i].ns;
    }
    qsort(x->walls, recorded, sizeof *x->walls, by_number);
    r->overhead_ns = x->walls[recorded / 2];
    for (uint32_t i = 1; i < recorded; i++)
        if (distance(x->recordings[i].wall_ns, r->parallel.wall_ns) <
            distance(x->recordings[best].wall_ns, r->parallel.wall_ns))
            best = i;
    struct recording *k = &x->recordings[best];
    r->events = k->events;
    r->event_count = k->event_count;
    r->recorded_ns = k->wall_ns;
    for (uint32_t i = 0; i < n; i++) r->txs[i].conflict_at = k->conflict_at[i];
    k->events = NULL;
}

static enum status run_all(const struct explain_how *how, struct explain_report *r, struct error *error)
{
    struct runs x = {.how = how, .report = r, .clock_ns = clock_price()};
    x.recorded = how->repeat < RECORDED_RUNS_MAX ? how->repeat : RECORDED_RUNS_MAX;
    x.times = base_calloc((size_t)r->trace.tx_count * x.recorded + 1, sizeof *x.times);
    for (size_t k = 0; k < COUNT_OF(x.plain); k++) x.plain[k] = base_calloc(how->repeat, sizeof *x.plain[k]);
    directory_make(&x.directory, &r->trace);
    enum status s = run_first(&x, error);
    for (; x.done < how->repeat && s == STATUS_OK; x.done++) {
        if (x.done != 0 && how->stopped != NULL && how->stopped()) break;
        s = run_once(&x, EXECUTOR_SERIAL, x.done, error);
        if (s == STATUS_OK) s = run_once(&x, EXECUTOR_PARALLEL, x.done, error);
    }
    if (s == STATUS_OK) take_medians(&x);
    for (uint32_t i = 0; i < x.recorded; i++) {
        free(x.recordings[i].events);
        free(x.recordings[i].conflict_at);
    }
    for (size_t k = 0; k < COUNT_OF(x.plain); k++) free(x.plain[k]);
    free(x.directory.order);
    free(x.times);
    return s;
}

/* ---- what the events say of each transaction --------------------------------------------------------------------- */

/* Where and when a transaction was last executed speculatively. */
struct speculated {
    uint64_t start_ns, end_ns;
    uint16_t worker;
    bool there, held;
};

static void count_event(struct explain_report *r, struct speculated *speculated, const struct block_event *e)
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
    r->wasted_count += e->wasted;
    if (e->wasted)
        tx->lost_ns += ns;
    else
        speculated[e->tx] = (struct speculated){e->start_ns, e->end_ns, e->worker, true, false};
}

/* A check comes from another worker's list than the execution, so all executions are counted before. */
static void count_check(struct explain_report *r, struct speculated *speculated, const struct block_event *e)
{
    struct explain_tx *tx = &r->txs[e->tx];
    struct speculated *a = &speculated[e->tx];
    if (!a->there) return;
    a->held = !e->wasted;
    if (a->held) {
        tx->waiting_ns += e->start_ns > a->end_ns ? e->start_ns - a->end_ns : 0;
        return;
    }
    r->wasted_count++;
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
static void count_in_time(struct explain_report *r, const struct speculated *speculated, uint32_t from, uint32_t to)
{
    enum { NEIGHBOURHOOD = 32 };
    const struct speculated *a = &speculated[to], *b = &speculated[from];
    if (!a->there)
        r->avoided.at_head++;
    else if (a->held && b->there && b->worker == a->worker && to - from < NEIGHBOURHOOD)
        r->avoided.grouped++;
    else if (a->held)
        r->avoided.in_time++;
}

static void use_events(struct explain_report *r)
{
    struct speculated *speculated = base_calloc((size_t)r->trace.tx_count + 1, sizeof *speculated);
    uint32_t *latest = base_alloc(((size_t)r->graph.node_count + 1) * sizeof *latest);
    for (uint32_t i = 0; i < r->graph.node_count; i++) latest[i] = EXPLAIN_NONE;
    for (uint32_t i = 0; i < r->event_count; i++) count_event(r, speculated, &r->events[i]);
    for (uint32_t i = 0; i < r->event_count; i++)
        if (r->events[i].kind == EVENT_CHECK) count_check(r, speculated, &r->events[i]);
    for (uint32_t i = 0; i < r->graph.edge_count; i++) {
        const struct explain_edge *e = &r->graph.edges[i];
        if (e->to >= r->graph.tx_count || e->from >= r->graph.tx_count) continue;
        if (latest[e->to] == EXPLAIN_NONE || latest[e->to] < e->from) latest[e->to] = e->from;
    }
    for (uint32_t i = 0; i < r->trace.tx_count; i++)
        if (latest[i] != EXPLAIN_NONE && r->event_count != 0) count_in_time(r, speculated, latest[i], i);
    free(latest);
    free(speculated);
}

/* ---- what the trace says ----------------------------------------------------------------------------------------- */

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

/* Between two transactions of the path there may be several locations: the one that most depend through stands for
 * them. */
static void choose_path_locations(struct explain_report *r)
{
    const struct explain_graph *g = &r->graph;
    const struct explain_location *all = r->trace.locations;
    uint32_t *place = base_alloc(((size_t)g->node_count + 1) * sizeof *place);
    for (uint32_t i = 0; i < g->node_count; i++) place[i] = EXPLAIN_NONE;
    for (uint32_t i = 1; i < r->path.count; i++) place[r->path.txs[i]] = i;
    for (uint32_t i = 0; i < g->edge_count; i++) {
        const struct explain_edge *e = &g->edges[i];
        uint32_t at = place[e->to];
        if (at == EXPLAIN_NONE || e->from != r->path.txs[at - 1]) continue;
        uint32_t now = g->edges[r->path.via[at]].location;
        if (all[e->location].dependents > all[now].dependents ||
            (all[e->location].dependents == all[now].dependents && e->location < now))
            r->path.via[at] = i;
    }
    for (uint32_t i = 0; i < r->path.count; i++) {
        r->txs[r->path.txs[i]].on_path = true;
        if (r->path.via[i] != EXPLAIN_NONE) r->trace.locations[g->edges[r->path.via[i]].location].on_path++;
    }
    free(place);
}

/* A pair of transactions counts once for each location and once for each kind of field. Edges come grouped by `to`. */
static void count_edges(struct explain_report *r)
{
    const struct explain_graph *g = &r->graph;
    uint32_t *last_to = base_alloc(((size_t)r->trace.location_count + 1) * sizeof *last_to), last_of_field[4];
    for (uint32_t i = 0; i < r->trace.location_count; i++) last_to[i] = EXPLAIN_NONE;
    for (size_t i = 0; i < COUNT_OF(last_of_field); i++) last_of_field[i] = EXPLAIN_NONE;
    uint32_t *last_counted = base_alloc(((size_t)g->node_count + 1) * sizeof *last_counted); /* by `from` */
    for (uint32_t i = 0; i < g->node_count; i++) last_counted[i] = EXPLAIN_NONE;
    for (uint32_t i = 0; i < g->edge_count; i++) {
        const struct explain_edge *e = &g->edges[i];
        if (e->to >= g->tx_count || e->from >= g->tx_count) continue;
        struct explain_location *l = &r->trace.locations[e->location];
        if (last_to[e->location] != e->to) l->dependents++;
        last_to[e->location] = e->to;
        if (last_of_field[l->field] != e->to) r->costs[l->field].dependents++;
        last_of_field[l->field] = e->to;
        if (last_counted[e->from] == e->to) continue;
        last_counted[e->from] = e->to;
        r->txs[e->to].needs++;
        r->txs[e->from].needed_by++;
    }
    free(last_counted);
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

/* ---- a block ----------------------------------------------------------------------------------------------------- */

static double ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 1 : (double)a / (double)b;
}

uint64_t explain_possible_ns(const struct explain_report *r, unsigned workers)
{
    uint64_t *ns = base_alloc(((size_t)r->trace.tx_count + 1) * sizeof *ns);
    for (uint32_t i = 0; i < r->trace.tx_count; i++) ns[i] = r->txs[i].ns;
    uint64_t needed = r->overhead_ns + explain_schedule(&r->graph, ns, workers, EXPLAIN_LONGEST_FIRST);
    free(ns);
    return needed;
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
    for (size_t i = 0; i < EXPLAIN_CORES; i++) r->limits[i] = ratio(whole, explain_possible_ns(r, explain_cores[i]));
    r->limit = ratio(whole, r->overhead_ns + r->path.ns);
    free(ns);
}

static void simulate(const struct explain_how *how, struct explain_report *r)
{
    uint32_t n = r->trace.tx_count;
    uint64_t *ns = ARENA_ARRAY(&r->arena, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) ns[i] = r->txs[i].ns;
    struct explain_case c = {r->task, &r->trace, &r->graph, ns, r->gas, r->overhead_ns};
    r->simulated = ARENA_ARRAY(&r->arena, struct explain_simulation, how->worker_count + 1);
    r->simulated_count = how->worker_count;
    for (uint32_t i = 0; i < how->worker_count; i++)
        explain_simulate(&c, how->workers[i], &explain_costs_measured, &r->simulated[i]);
}

enum status explain_block(const struct explain_how *how, const struct block_task *task, struct explain_report *out,
                          struct error *error)
{
    ASSERT(how->repeat != 0);
    *out = (struct explain_report){.task = task, .parallel_threads = engine_threads(how->parallel)};
    uint32_t n = task->transaction_count;
    out->txs = ARENA_ARRAY(&out->arena, struct explain_tx, n + 1);
    memset(out->txs, 0, (n + 1) * sizeof *out->txs);
    enum status s = explain_record(how->serial, task, &out->arena, &out->trace, error);
    if (s != STATUS_OK) return s;
    explain_name_slots(&out->trace, how->layouts, how->layout_count, &out->arena);
    explain_graph_make(&out->trace, &out->arena, &out->graph);
    s = run_all(how, out, error);
    if (s != STATUS_OK) return s;
    find_limits(out);
    simulate(how, out);
    count_accesses(out);
    count_edges(out);
    choose_path_locations(out);
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
