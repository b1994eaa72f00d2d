/* replay --pipeline: blocks from files to checked results, one by one and pipelined.
 *
 *     load      read and parse the files, check header and body, recover senders, analyse the codes of the state before
 *     execute   the block, on the values that are in memory by now
 *     finish    receipts, bloom, roots, changes of the state; compare with the header; give the memory back
 *     deliver   print, in order
 *
 * Both ways do the same with each block; they differ in what overlaps (cli/replay/pipeline.h). Executions follow each other in
 * order in both, as those of a chain must, although bundles do not depend on each other. Every run of all blocks begins
 * with new engines, so that no run profits from what an earlier one found out about the same blocks. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/replay/pipeline.h"
#include "cli/replay/replay.h"
#include "cli/suite/suite.h"

enum { PIPELINE_REPEAT = 3 };

/* Codes and their translations that are shared before all begin anew without any: they cannot be given up one by one, as
 * there is always a block that uses some. */
#ifdef WEFT_RARE_PATHS
#define CODE_BYTES ((size_t)1)
#else
#define CODE_BYTES ((size_t)256 << 20)
#endif

/* A block on its way. */
struct piece {
    struct bundle bundle;
    struct state_view view;
    struct block_task task;
    struct block_result result;
    struct replay_verdict verdict;
    struct hash digest;
    bool is_unreadable; /* verdict.error says why */
};

/* What one run of all blocks took. */
struct run_cost {
    uint64_t wall_ns, cpu_ns, execution_ns;
};

enum way { ONE_BY_ONE, PIPELINED, WAYS };
static const char *const way_names[WAYS] = {"one by one", "pipelined"};

struct runner {
    const struct options *options;
    const struct bundle_list *list;
    enum executor_kind kind;
    struct pool *pool;
    struct piece *pieces; /* by slot */
    struct hash *digests; /* of each block, as the first run found it */
    struct progress progress;
    struct replay_totals totals;
    bool differs;

    /* of the running run */
    size_t first;  /* the block that is item 0 of the pipeline, or of the loop */
    bool is_first; /* the one that prints */
    struct code_cache *codes;
    struct engine *sets[PIPELINE_SETS], *loader;
    uint64_t execution_ns;
};

/* ---- the stages -------------------------------------------------------------------------------------------------- */

static void prepare_codes(struct runner *r, const struct state_memory *m)
{
    for (uint32_t i = 0; i < m->account_count; i++) {
        const struct memory_account *a = &m->accounts[i];
        if (a->code.size != 0) vm_prepare_code(code_cache_put(r->codes, &a->code_hash, a->code));
    }
}

static void load(void *context, size_t i, unsigned slot)
{
    struct runner *r = context;
    struct piece *p = &r->pieces[slot];
    *p = (struct piece){0};
    struct error e;
    if (bundle_load(&p->bundle, &r->list->entries[r->first + i], r->options->fork, &e) != STATUS_OK) {
        p->is_unreadable = true;
        p->verdict.error = e;
        return;
    }
    p->verdict = replay_verdict_of(&p->bundle);
    p->verdict.status = bundle_prepare(&p->bundle, r->loader, &p->view, &p->task, &p->verdict.error);
    if (p->verdict.status == STATUS_OK) prepare_codes(r, p->bundle.state);
}

static void execute(void *context, size_t i, unsigned slot, unsigned set, bool shared)
{
    (void)i;
    struct runner *r = context;
    struct piece *p = &r->pieces[slot];
    if (p->is_unreadable || p->verdict.status != STATUS_OK) return;
    bool alone = r->kind == EXECUTOR_PARALLEL && !shared;
    p->verdict.status = block_execute(r->sets[set], alone ? EXECUTOR_SERIAL : r->kind, &p->task, &p->result,
                                      &p->verdict.error);
    if (alone) p->result.stats.fallback = "the other workers had other blocks to look after";
    p->verdict.stats[r->kind] = p->result.stats;
    r->execution_ns += p->result.stats.wall_ns; /* one execution at a time, and the pipeline's lock between them */
}

static void finish(void *context, size_t i, unsigned slot, unsigned set)
{
    (void)i;
    struct runner *r = context;
    struct piece *p = &r->pieces[slot];
    if (!p->is_unreadable && p->verdict.status == STATUS_OK) {
        block_seal(r->sets[set], &p->result);
        p->verdict.status = bundle_check_result(&p->bundle, &p->result, &p->verdict.error);
        p->digest = result_digest(&p->result);
    }
    if (!p->is_unreadable && p->verdict.status != STATUS_OK) bundle_explain(&p->bundle, &p->verdict.error);
    bundle_free(&p->bundle);
}

/* False: the codes have outgrown their bound. */
static bool deliver(void *context, size_t i, unsigned slot)
{
    struct runner *r = context;
    struct piece *p = &r->pieces[slot];
    i += r->first;
    if (p->is_unreadable) {
        if (!r->is_first) return true;
        progress_clear(&r->progress);
        replay_unreadable(r->options, &r->totals, &r->list->entries[i], &p->verdict.error);
    } else if (r->is_first) {
        r->digests[i] = p->digest;
        replay_count(&r->totals, &p->verdict);
        progress_clear(&r->progress);
        replay_print_verdict(r->options, &p->verdict);
        progress_step(&r->progress);
    } else if (!hash_equal(&r->digests[i], &p->digest)) {
        log_line("replay: block %llu: two runs differ in their results", (unsigned long long)p->verdict.number);
        r->differs = true;
    }
    return code_cache_bytes(r->codes) <= CODE_BYTES;
}

static void drop(void *context, size_t i, unsigned slot)
{
    (void)i;
    struct runner *r = context;
    bundle_free(&r->pieces[slot].bundle);
}

/* ---- the two ways ------------------------------------------------------------------------------------------------ */

static size_t run_pipelined(struct runner *r)
{
    const struct pipeline_stages stages = {r, load, execute, finish, deliver, drop, interrupted};
    _Atomic uint32_t bell = 0;
    struct pool *guests[PIPELINE_SETS];
    for (size_t i = 0; i < PIPELINE_SETS; i++) {
        guests[i] = pool_new_guests(pool_workers(r->pool), &bell);
        r->sets[i] = engine_new_on(guests[i], r->codes);
        engine_never_waits(r->sets[i], true);
    }
    r->loader = engine_new(1);
    size_t done = pipeline_run(r->pool, &stages, r->list->count - r->first, guests, &bell);
    for (size_t i = 0; i < PIPELINE_SETS; i++) {
        engine_free(r->sets[i]);
        pool_free(guests[i]);
    }
    engine_free(r->loader);
    return done;
}

static size_t run_one_by_one(struct runner *r)
{
    r->loader = r->sets[0] = engine_new_on(r->pool, r->codes);
    engine_never_waits(r->loader, true);
    size_t i = 0;
    for (bool goes_on = true; goes_on && r->first + i < r->list->count && !interrupted(); i++) {
        load(r, i, 0);
        execute(r, i, 0, 0, true);
        finish(r, i, 0, 0);
        goes_on = deliver(r, i, 0);
    }
    engine_free(r->loader);
    return i;
}

/* Runs all blocks in one way. False: it was ended before the last of them. */
static bool run_way(struct runner *r, enum way way, struct run_cost *cost)
{
    r->first = 0;
    r->execution_ns = 0;
    uint64_t wall = clock_wall_ns(), cpu = clock_cpu_ns();
    do {
        r->codes = code_cache_new(vm_plan_free);
        r->first += way == PIPELINED ? run_pipelined(r) : run_one_by_one(r);
        code_cache_free(r->codes);
    } while (r->first < r->list->count && !interrupted());
    *cost = (struct run_cost){clock_wall_ns() - wall, clock_cpu_ns() - cpu, r->execution_ns};
    return r->first == r->list->count;
}

/* ---- what it took ------------------------------------------------------------------------------------------------ */

static int by_wall(const void *a, const void *b)
{
    const struct run_cost *x = a, *y = b;
    return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

static double ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : (double)a / (double)b;
}

static void print_costs(const struct runner *r, const struct run_cost costs[WAYS])
{
    const struct colours *c = terminal_colours();
    const struct run_cost *plain = &costs[ONE_BY_ONE], *pipelined = &costs[PIPELINED];
    printf("\n%s%-10s %7s %10s %10s %13s %9s %8s%s\n", c->bold, "way", "threads", "wall ms", "cpu ms", "execution ms",
           "blocks/s", "Mgas/s", c->off);
    for (size_t w = 0; w < WAYS; w++)
        printf("%-10s %7u %10.2f %10.2f %13.2f %9.1f %8.1f\n", way_names[w], pool_workers(r->pool),
               (double)costs[w].wall_ns / 1e6, (double)costs[w].cpu_ns / 1e6, (double)costs[w].execution_ns / 1e6,
               ratio(r->totals.blocks * 1000000000, costs[w].wall_ns), ratio(r->totals.gas * 1000, costs[w].wall_ns));
    printf("pipelined: %.2f times the throughput, %.2f times the CPU time, results %s\n",
           ratio(plain->wall_ns, pipelined->wall_ns), ratio(pipelined->cpu_ns, plain->cpu_ns),
           r->differs ? "DIFFER" : "identical");
}

static void print_costs_json(const struct runner *r, const struct run_cost costs[WAYS])
{
    static const char *const keys[WAYS] = {"one_by_one", "pipelined"};
    printf("{\"blocks\":%llu,\"txs\":%llu,\"gas\":%llu,\"threads\":%u", (unsigned long long)r->totals.blocks,
           (unsigned long long)r->totals.transactions, (unsigned long long)r->totals.gas, pool_workers(r->pool));
    for (size_t w = 0; w < WAYS; w++)
        printf(",\"%s\":{\"wall_ms\":%.6f,\"cpu_ms\":%.6f,\"execution_ms\":%.6f}", keys[w],
               (double)costs[w].wall_ns / 1e6, (double)costs[w].cpu_ns / 1e6, (double)costs[w].execution_ns / 1e6);
    printf(",\"speedup\":%.4f,\"cpu_ratio\":%.4f,\"identical\":%s}\n",
           ratio(costs[ONE_BY_ONE].wall_ns, costs[PIPELINED].wall_ns),
           ratio(costs[PIPELINED].cpu_ns, costs[ONE_BY_ONE].cpu_ns), r->differs ? "false" : "true");
}

/* Both ways in turns; medians by wall time. False: ended before the last of them. */
static bool run_in_turns(struct runner *r, uint32_t repeat, struct run_cost medians[WAYS])
{
    struct run_cost *costs = base_calloc((size_t)WAYS * repeat, sizeof *costs);
    bool all = true;
    for (uint32_t i = 0; i < repeat && all; i++)
        for (enum way w = ONE_BY_ONE; w < WAYS && all; w++) all = run_way(r, w, &costs[w * repeat + i]);
    for (size_t w = 0; w < WAYS && all; w++) {
        qsort(&costs[w * repeat], repeat, sizeof *costs, by_wall);
        medians[w] = costs[w * repeat + repeat / 2];
    }
    free(costs);
    return all;
}

/* The first run prints the blocks and is not timed: it finds files that nobody has read yet. */
static enum exit_code run_all(struct runner *r)
{
    struct run_cost cost, medians[WAYS];
    replay_print_header(r->options);
    progress_begin(&r->progress, "blocks", r->list->count);
    r->is_first = true;
    bool all = run_way(r, PIPELINED, &cost);
    r->is_first = false;
    progress_clear(&r->progress);
    replay_print_totals(r->options, &r->totals);
    all = all && run_in_turns(r, r->options->repeat == 0 ? PIPELINE_REPEAT : r->options->repeat, medians);
    if (all) (r->options->json ? print_costs_json : print_costs)(r, medians);
    enum exit_code code = replay_end(r->options, &r->totals);
    return code == EXIT_GOOD && r->differs ? EXIT_CHECK_FAILED : code;
}

enum exit_code replay_pipeline(const struct options *o, const struct bundle_list *list)
{
    struct runner r = {.options = o,
                       .list = list,
                       .kind = o->executors == RUN_SERIAL ? EXECUTOR_SERIAL : EXECUTOR_PARALLEL,
                       .pool = pool_new(o->threads[0])};
    r.pieces = base_calloc(pipeline_slots(r.pool), sizeof *r.pieces);
    r.digests = base_calloc(list->count + 1, sizeof *r.digests);
    enum exit_code code = run_all(&r);
    free(r.pieces);
    free(r.digests);
    pool_free(r.pool);
    return code;
}
