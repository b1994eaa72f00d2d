/* bench --simulate: the workloads on virtual workers, beside what their dependencies allow and what was measured. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench/bench.h"
#include "explain/explain.h"

enum { SIMULATE_REPEAT = 5 };

/* One line: a workload with a number of virtual workers. */
struct simulated_line {
    const struct workload *workload;
    const struct explain_report *report;
    const struct explain_simulation *simulation;
    double speedup, possible, share;
    double measured; /* 0: not measured with so many */
};

static void print_json(const struct simulated_line *l)
{
    printf("{\"workload\":\"%s\",\"fork\":\"%s\",\"txs\":%u,\"gas\":%llu,\"conflict_share\":%.4f,\"workers\":%u,"
           "\"serial_ms\":%.6f,\"possible\":%.4f,\"simulated\":%.4f,\"busy_ms\":%.6f,\"reruns\":%u,\"measured\":",
           l->workload->name, l->report->task->fork->name, l->report->trace.tx_count,
           (unsigned long long)l->report->gas_used, l->share, l->simulation->workers,
           (double)(l->report->tx_ns + l->report->overhead_ns) / 1e6, l->possible, l->speedup,
           (double)l->simulation->busy_ns / 1e6, l->simulation->reruns);
    printf(l->measured > 0 ? "%.4f}\n" : "null}\n", l->measured);
}

static void print_line(const struct simulated_line *l)
{
    char measured[24] = "-";
    if (l->measured > 0) (void)snprintf(measured, sizeof measured, "%.2f", l->measured);
    printf("%-18s %5u %9.1f %9.3f %7u %8.2f %9.2f %8s\n", l->workload->name, l->report->trace.tx_count, 100 * l->share,
           (double)(l->report->tx_ns + l->report->overhead_ns) / 1e6, l->simulation->workers, l->possible, l->speedup,
           measured);
}

static double possible_with(const struct explain_report *r, unsigned workers)
{
    uint64_t needed = explain_possible_ns(r, workers);
    return needed == 0 ? 1 : (double)(r->tx_ns + r->overhead_ns) / (double)needed;
}

static void print_all(const struct workload *w, const struct workload_block *b, const struct explain_report *r,
                      bool json)
{
    for (uint32_t i = 0; i < r->simulated_count; i++) {
        const struct explain_simulation *s = &r->simulated[i];
        struct simulated_line line = {w, r, s, 1, possible_with(r, s->workers), workload_conflict_share(b), 0};
        if (s->wall_ns != 0) line.speedup = (double)(r->tx_ns + r->overhead_ns) / (double)s->wall_ns;
        if (s->workers == r->parallel_threads && r->parallel.wall_ns != 0)
            line.measured = (double)r->serial.wall_ns / (double)r->parallel.wall_ns;
        (json ? print_json : print_line)(&line);
    }
    (void)fflush(stdout);
}

enum status bench_simulate(const struct workload *w, const struct options *o, const struct colours *colours,
                           bool is_first, struct error *e)
{
    if (is_first && !o->json)
        printf("%s%-18s %5s %9s %9s %7s %8s %9s %8s%s\n", colours->bold, "workload", "txs", "conflict%", "serial ms",
               "workers", "possible", "simulated", "measured", colours->off);
    struct workload_block block;
    enum status s = bench_make_workload(&block, w, o, e);
    if (s == STATUS_OK) {
        struct state_view view = state_memory_view(block.state);
        struct block_task task = workload_task(&block, &view);
        struct explain_how how = {.serial = engine_new(1),
                                  .parallel = engine_new(o->thread_count == 0 ? cpu_count() : o->threads[0]),
                                  .repeat = o->repeat == 0 ? SIMULATE_REPEAT : o->repeat,
                                  .workers = o->simulate,
                                  .worker_count = o->simulate_count};
        struct explain_report report;
        s = explain_block(&how, &task, &report, e);
        if (s == STATUS_OK) print_all(w, &block, &report, o->json);
        explain_free(&report);
        engine_free(how.serial);
        engine_free(how.parallel);
    }
    workload_free(&block);
    return s;
}
