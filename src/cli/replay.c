/* replay: real blocks, executed serially, in parallel and along an access list; checked against their headers and each
 * other. */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/fetch.h"
#include "cli/suite.h"

#define KINDS (EXECUTOR_ACCESS_LIST + 1) /* of enum executor_kind */

enum { REPLAY_REPEAT = 3 }; /* the first run finds codes that nothing has been prepared for */

struct replay {
    const struct options *options;
    struct engine *engines[KINDS]; /* by enum executor_kind */
    struct engine *lister;         /* makes the access lists; NULL when nobody goes along them */
    uint32_t repeat;
    struct block_stats *runs; /* of one block, for each executor one for each repetition */
    const struct colours *colours;
    bool failed;

    /* totals over all blocks */
    uint64_t transactions, gas, reruns;
    uint64_t wall_ns[KINDS], blocks;
    double worst, best;               /* speed-ups of single blocks */
    uint64_t worst_block, best_block; /* their numbers */
};

/* What is to be said about one block. */
struct verdict {
    struct block_stats stats[KINDS]; /* the median run; wall_ns 0: this executor did not run */
    enum status status;
    struct error error;
};

static bool wants(const struct replay *r, enum executor_kind kind)
{
    uint32_t choice = r->options->executors == 0 ? RUN_BOTH : r->options->executors;
    return (choice & 1u << kind) != 0;
}

/* The first executor that is wanted. */
static enum executor_kind first_wanted(const struct replay *r)
{
    enum executor_kind k = EXECUTOR_SERIAL;
    while (!wants(r, k)) k++;
    return k;
}

/* The one whose speed-up is shown: the last that is wanted. */
static enum executor_kind last_wanted(const struct replay *r)
{
    enum executor_kind k = EXECUTOR_ACCESS_LIST;
    while (!wants(r, k)) k--;
    return k;
}

/* ---- one block ------------------------------------------------------------------------------------------------- */

static int by_wall(const void *a, const void *b)
{
    const struct block_stats *x = a, *y = b;
    return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

/* Executes the repetitions, and leaves the last result in `results`. */
static enum status execute_block(struct replay *r, const struct block_task *task, struct block_result results[KINDS],
                                 struct verdict *v)
{
    uint32_t repeat = r->repeat;
    enum status s = STATUS_OK;
    struct block_result listed;
    struct block_task with_list = *task;
    if (r->lister != NULL) {
        with_list.keep_accesses = true;
        s = block_execute(r->lister, EXECUTOR_SERIAL, &with_list, &listed, &v->error);
        with_list.keep_accesses = false;
        with_list.access_list = &listed.access_list;
    }
    for (uint32_t i = 0; i < repeat && s == STATUS_OK && !(i > 0 && interrupted()); i++)
        for (enum executor_kind k = EXECUTOR_SERIAL; k < KINDS && s == STATUS_OK; k++)
            if (wants(r, k)) {
                s = block_execute(r->engines[k], k, k == EXECUTOR_ACCESS_LIST ? &with_list : task, &results[k],
                                  &v->error);
                r->runs[k * repeat + i] = results[k].stats;
            }
    for (enum executor_kind k = EXECUTOR_SERIAL; k < KINDS && s == STATUS_OK; k++)
        if (wants(r, k)) {
            qsort(&r->runs[k * repeat], repeat, sizeof *r->runs, by_wall);
            v->stats[k] = r->runs[k * repeat + repeat / 2];
            block_seal(r->engines[k], &results[k]);
            results[k].task = task; /* the list may be gone by now */
            s = block_check(&results[k], &v->error);
        }
    return s;
}

static enum status replay_block(struct replay *r, struct bundle *b, struct verdict *v)
{
    struct state_view view;
    struct block_task task;
    enum status s = bundle_prepare(b, r->engines[last_wanted(r)], &view, &task, &v->error);
    if (s != STATUS_OK) return s;
    struct block_result results[KINDS] = {{0}};
    s = execute_block(r, &task, results, v);
    enum executor_kind first = first_wanted(r);
    for (enum executor_kind k = first + 1; k < KINDS && s == STATUS_OK; k++) {
        if (!wants(r, k)) continue;
        if (!b->fork->block_access_list) results[k].access_list = results[first].access_list; /* only one made it */
        s = results_compare(&results[first], &results[k], &v->error);
        if (s == STATUS_OK && !state_diff_equal(&results[first].diff, &results[k].diff))
            s = error_set(&v->error, EXECUTORS_DIFFER, "the executors differ in what they changed");
    }
    return s;
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

static double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void print_header(const struct replay *r)
{
    if (!r->options->json)
        printf("%s%9s  %-16s %5s %11s %10s %11s %8s %7s%s  %s%s\n", r->colours->bold, "block", "fork", "txs", "gas",
               "serial ms", "parallel ms", "speed-up", "re-runs",
               wants(r, EXECUTOR_ACCESS_LIST) ? "     bal ms speed-up" : "", "verdict", r->colours->off);
}

/* A time, or a dash for what did not run. */
static const char *time_text(char out[24], uint64_t ns)
{
    if (ns == 0) return "-";
    (void)snprintf(out, 24, "%.3f", milliseconds(ns));
    return out;
}

static const char *ratio_text(char out[24], uint64_t serial_ns, uint64_t parallel_ns)
{
    if (serial_ns == 0 || parallel_ns == 0) return "-";
    (void)snprintf(out, 24, "%.2f", (double)serial_ns / (double)parallel_ns);
    return out;
}

/* The columns of execution along an access list, when they are wanted. */
static const char *list_columns(const struct replay *r, char out[48], uint64_t serial_ns, uint64_t list_ns)
{
    char a[24], b[24];
    out[0] = 0;
    if (wants(r, EXECUTOR_ACCESS_LIST))
        (void)snprintf(out, 48, " %10s %8s", time_text(a, list_ns), ratio_text(b, serial_ns, list_ns));
    return out;
}

static void print_row(const struct replay *r, const struct bundle *b, const struct verdict *v)
{
    const struct colours *c = r->colours;
    uint64_t serial = v->stats[EXECUTOR_SERIAL].wall_ns, parallel = v->stats[EXECUTOR_PARALLEL].wall_ns;
    char a[24], p[24], q[24], l[48];
    printf("%9llu  %-16s %5u %11llu %10s %11s %8s %7u%s  ", (unsigned long long)b->block.header.number, b->fork->name,
           b->block.transaction_count, (unsigned long long)b->block.header.gas_used, time_text(a, serial),
           time_text(p, parallel), ratio_text(q, serial, parallel), v->stats[EXECUTOR_PARALLEL].reruns,
           list_columns(r, l, serial, v->stats[EXECUTOR_ACCESS_LIST].wall_ns));
    if (v->status == STATUS_OK)
        printf("%sok%s\n", c->good, c->off);
    else
        printf("%sFAILED%s %s\n", c->bad, c->off, v->error.text);
    (void)fflush(stdout);
}

/* A number, or null for what did not run. */
static void put_ms(struct buffer *out, const char *key, uint64_t ns)
{
    if (ns == 0)
        buffer_printf(out, ",\"%s\":null", key);
    else
        buffer_printf(out, ",\"%s\":%.6f", key, milliseconds(ns));
}

static void print_object(const struct replay *r, const struct bundle *b, const struct verdict *v)
{
    const struct block_stats *serial = &v->stats[EXECUTOR_SERIAL], *parallel = &v->stats[EXECUTOR_PARALLEL];
    const struct block_stats *list = &v->stats[EXECUTOR_ACCESS_LIST];
    const struct block_stats *main_stats = parallel->wall_ns != 0 ? parallel : serial->wall_ns != 0 ? serial : list;
    struct buffer out = {0};
    buffer_printf(&out, "{\"block\":%llu,\"fork\":", (unsigned long long)b->block.header.number);
    json_put_text(&out, b->fork->name);
    buffer_printf(&out, ",\"txs\":%u,\"gas\":%llu,\"threads\":%u", b->block.transaction_count,
                  (unsigned long long)b->block.header.gas_used, r->options->threads[0]);
    put_ms(&out, "serial_ms", serial->wall_ns);
    put_ms(&out, "parallel_ms", parallel->wall_ns);
    put_ms(&out, "cpu_ms", main_stats->cpu_ns);
    if (wants(r, EXECUTOR_ACCESS_LIST)) {
        put_ms(&out, "bal_ms", list->wall_ns);
        put_ms(&out, "bal_cpu_ms", list->cpu_ns);
    }
    if (serial->wall_ns != 0 && parallel->wall_ns != 0)
        buffer_printf(&out, ",\"speedup\":%.4f", (double)serial->wall_ns / (double)parallel->wall_ns);
    else
        buffer_printf(&out, ",\"speedup\":null");
    buffer_printf(&out, ",\"reruns\":%u,\"conflicts\":%u,\"verified\":%s", parallel->reruns, parallel->conflicts,
                  v->status == STATUS_OK ? "true" : "false");
    if (parallel->fallback != NULL) {
        buffer_append_text(&out, ",\"fallback\":");
        json_put_text(&out, parallel->fallback);
    }
    if (v->status != STATUS_OK) {
        buffer_append_text(&out, ",\"error\":");
        json_put_text(&out, v->error.text);
    }
    printf("%.*s}\n", (int)out.size, (const char *)out.data);
    (void)fflush(stdout);
    buffer_free(&out);
}

static void count_block(struct replay *r, const struct bundle *b, const struct verdict *v)
{
    r->blocks++;
    r->failed = r->failed || v->status != STATUS_OK;
    r->transactions += b->block.transaction_count;
    r->gas += b->block.header.gas_used;
    r->reruns += v->stats[EXECUTOR_PARALLEL].reruns;
    for (size_t k = 0; k < COUNT_OF(r->wall_ns); k++) r->wall_ns[k] += v->stats[k].wall_ns;
    if (v->stats[EXECUTOR_SERIAL].wall_ns == 0 || v->stats[EXECUTOR_PARALLEL].wall_ns == 0) return;
    double ratio = (double)v->stats[EXECUTOR_SERIAL].wall_ns / (double)v->stats[EXECUTOR_PARALLEL].wall_ns;
    if (r->worst == 0 || ratio < r->worst) {
        r->worst = ratio;
        r->worst_block = b->block.header.number;
    }
    if (ratio > r->best) {
        r->best = ratio;
        r->best_block = b->block.header.number;
    }
}

static void print_total(const struct replay *r)
{
    if (r->options->json) return;
    char a[24], p[24], q[24], l[48], blocks[32];
    (void)snprintf(blocks, sizeof blocks, "%llu blocks", (unsigned long long)r->blocks);
    printf("%s%9s  %-16s %5llu %11llu %10s %11s %8s %7llu%s  %s%s\n", r->colours->bold, "all", blocks,
           (unsigned long long)r->transactions, (unsigned long long)r->gas, time_text(a, r->wall_ns[EXECUTOR_SERIAL]),
           time_text(p, r->wall_ns[EXECUTOR_PARALLEL]),
           ratio_text(q, r->wall_ns[EXECUTOR_SERIAL], r->wall_ns[EXECUTOR_PARALLEL]), (unsigned long long)r->reruns,
           list_columns(r, l, r->wall_ns[EXECUTOR_SERIAL], r->wall_ns[EXECUTOR_ACCESS_LIST]),
           r->failed ? "FAILED" : "ok", r->colours->off);
    if (r->worst != 0)
        printf("worst speed-up %.2f in block %llu, best %.2f in block %llu\n", r->worst,
               (unsigned long long)r->worst_block, r->best, (unsigned long long)r->best_block);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static enum exit_code replay_all(struct replay *r, const struct bundle_list *list)
{
    print_header(r);
    struct progress progress;
    progress_begin(&progress, "blocks", list->count);
    for (size_t i = 0; i < list->count && !interrupted(); i++) {
        struct bundle b;
        struct verdict v = {.error = {STATUS_OK, ""}};
        if (bundle_load(&b, list->entries[i].folder, r->options->fork, &v.error) != STATUS_OK) {
            progress_clear(&progress);
            log_line("%s", v.error.text);
            bundle_free(&b);
            return EXIT_BAD_INPUT;
        }
        v.status = replay_block(r, &b, &v);
        count_block(r, &b, &v);
        progress_clear(&progress);
        (r->options->json ? print_object : print_row)(r, &b, &v);
        progress_step(&progress);
        bundle_free(&b);
    }
    progress_clear(&progress);
    print_total(r);
    return r->failed ? EXIT_CHECK_FAILED : EXIT_GOOD;
}

/* Operands are paths, or with --rpc blocks. */
static enum status find_bundles(const struct options *o, struct bundle_list *list, struct error *e)
{
    struct rpc rpc;
    enum status s = o->rpc != NULL ? rpc_open(&rpc, o->rpc, e) : STATUS_OK;
    if (s != STATUS_OK) return s;
    for (uint32_t i = 0; i < o->operand_count && s == STATUS_OK; i++)
        s = o->rpc != NULL ? fetch_blocks(list, &rpc, o->operands[i], o->fork, e)
                           : bundles_find(list, o->operands[i], o->filter, e);
    if (o->rpc != NULL) rpc_close(&rpc);
    bundles_sort(list);
    return s;
}

enum exit_code replay_command(const struct options *o)
{
    struct bundle_list list = {0};
    struct error e;
    if (find_bundles(o, &list, &e) != STATUS_OK) {
        log_line("%s", e.text);
        bundles_free(&list);
        return EXIT_BAD_INPUT;
    }
    if (o->simulate_count != 0) {
        enum exit_code simulated = replay_simulate(o, &list);
        bundles_free(&list);
        return simulated;
    }
    struct replay r = {
        .options = o, .colours = terminal_colours(), .repeat = o->repeat == 0 ? REPLAY_REPEAT : o->repeat};
    r.runs = base_calloc(KINDS * (size_t)r.repeat, sizeof *r.runs);
    for (enum executor_kind k = EXECUTOR_SERIAL; k < KINDS; k++)
        if (wants(&r, k)) {
            r.engines[k] = engine_new(k == EXECUTOR_SERIAL ? 1 : o->threads[0]);
            engine_never_waits(r.engines[k], true);
        }
    if (wants(&r, EXECUTOR_ACCESS_LIST)) r.lister = engine_new(1);
    enum exit_code code = replay_all(&r, &list);
    for (size_t k = 0; k < COUNT_OF(r.engines); k++) engine_free(r.engines[k]);
    engine_free(r.lister);
    free(r.runs);
    bundles_free(&list);
    return code;
}
