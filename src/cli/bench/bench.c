/* bench: the workloads, serially and with several numbers of threads. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench/bench.h"
#include "cli/bench/bench_opcodes.h"
#include "cli/suite/perturb.h"
#include "cli/suite/suite.h"

struct bench {
    const struct options *options;
    const struct colours *colours;
    struct block_stats *runs; /* of one executor, one for each repetition */
    uint32_t repeat;
    unsigned threads[THREAD_LIST_MAX];
    uint32_t thread_count;
    struct engine *serial;
    struct engine *parallel[THREAD_LIST_MAX];
    struct perturber *perturber; /* with --perturb */
    bool failed;
};

enum { BENCH_REPEAT = 5 };

/* 1, 2, 4, ... and the number of processors, when no numbers are given. */
static void choose_threads(struct bench *b)
{
    const struct options *o = b->options;
    b->thread_count = o->thread_count;
    memcpy(b->threads, o->threads, sizeof b->threads);
    if (o->thread_count != 0) return;
    unsigned most = cpu_count();
    for (unsigned n = 1; n < most && b->thread_count + 1 < THREAD_LIST_MAX; n *= 2) b->threads[b->thread_count++] = n;
    b->threads[b->thread_count++] = most;
}

/* Executes R times; the last result is left in *result, the median run in *stats. */
static enum status measure(struct bench *b, struct engine *e, enum executor_kind kind, const struct block_task *task,
                           struct block_result *result, struct block_stats *stats, struct error *error)
{
    uint32_t done = 0;
    while (done < b->repeat && !(done > 0 && interrupted())) {
        engine_wake(e);
        enum status s = block_execute(e, kind, task, result, error);
        if (s != STATUS_OK) return s;
        b->runs[done++] = result->stats;
    }
    *stats = *block_stats_median(b->runs, done);
    block_seal(e, result);
    return STATUS_OK;
}

static enum status compare(const struct block_result *serial, const struct block_result *parallel, struct error *e)
{
    enum status s = results_compare(serial, parallel, e);
    if (s == STATUS_OK && !state_diff_equal(&serial->diff, &parallel->diff))
        s = error_set(e, EXECUTORS_DIFFER, "serial and parallel execution differ in what they changed");
    return s;
}

/* A workload of which transactions fail measures something else than it says. */
static enum status all_succeeded(const struct block_result *r, struct error *e)
{
    for (uint32_t i = 0; i < r->task->transaction_count; i++)
        if (!r->transactions[i].succeeded)
            return error_set(e, BAD_USAGE, "transaction %u: %s; expected to succeed by the rules of %s", i,
                             vm_status_text(r->transactions[i].outcome), r->task->fork->name);
    return STATUS_OK;
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* One line: a workload with a number of threads. */
struct line {
    const struct workload *workload;
    const struct workload_block *block;
    unsigned threads;
    uint64_t gas;
    struct block_stats serial, parallel;
    double ideal, conflict_share;
    enum status status;
    const char *error;
};

static void print_header(const struct bench *b)
{
    if (!b->options->json)
        printf("%s%-18s %6s %7s %7s %9s %8s %5s %5s %4s%s\n", b->colours->bold, "workload", "txs", "Mgas", "threads",
               "serial ms", "parallel", "ratio", "ideal", "cpu", b->colours->off);
}

static void print_line(const struct bench *b, const struct line *l)
{
    double speedup = (double)l->serial.wall_ns / (double)(l->parallel.wall_ns == 0 ? 1 : l->parallel.wall_ns);
    double cpu = (double)l->parallel.cpu_ns / (double)(l->serial.cpu_ns == 0 ? 1 : l->serial.cpu_ns);
    if (!b->options->json) {
        printf("%-18s %6u %7.2f %7u %9.3f %8.3f %5.2f %5.2f %4.2f", l->workload->name, l->block->count,
               (double)l->gas / 1e6, l->threads, milliseconds(l->serial.wall_ns), milliseconds(l->parallel.wall_ns),
               speedup, l->ideal, cpu);
        if (l->status != STATUS_OK) printf("  %sFAILED%s %s", b->colours->bad, b->colours->off, l->error);
        printf("\n");
    } else {
        struct buffer out = {0};
        buffer_printf(
            &out,
            "{\"workload\":\"%s\",\"fork\":\"%s\",\"txs\":%u,\"gas\":%llu,\"threads\":%u,"
            "\"serial_ms\":%.6f,\"parallel_ms\":%.6f,\"serial_cpu_ms\":%.6f,\"cpu_ms\":%.6f,"
            "\"speedup\":%.4f,\"ideal\":%.4f,\"conflict_share\":%.4f,\"reruns\":%u,\"conflicts\":%u,\"verified\":%s",
            l->workload->name, l->block->fork->name, l->block->count, (unsigned long long)l->gas, l->threads,
            milliseconds(l->serial.wall_ns), milliseconds(l->parallel.wall_ns), milliseconds(l->serial.cpu_ns),
            milliseconds(l->parallel.cpu_ns), speedup, l->ideal, l->conflict_share, l->parallel.reruns,
            l->parallel.conflicts, l->status == STATUS_OK ? "true" : "false");
        if (l->parallel.fallback != NULL) {
            buffer_append_text(&out, ",\"fallback\":");
            json_put_text(&out, l->parallel.fallback);
        }
        if (l->status != STATUS_OK) {
            buffer_append_text(&out, ",\"error\":");
            json_put_text(&out, l->error);
        }
        printf("%.*s}\n", (int)out.size, (const char *)out.data);
        buffer_free(&out);
    }
    (void)fflush(stdout);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

enum status bench_make_workload(struct workload_block *out, const struct workload *w, const struct options *o,
                                struct error *e)
{
    enum { NO_HOT_PLACES = 101 };
    struct workload_shape shape = {.size = o->size, .seed = o->seed, .contracts = o->contracts};
    if (o->hot != HOT_NOT_GIVEN) shape.hot_percent = o->hot == 0 ? NO_HOT_PLACES : (uint32_t)o->hot;
    return workload_make(out, w, o->fork == NULL ? fork_find("Osaka") : o->fork, &shape, e);
}

/* Runs a workload with all numbers of threads. BAD_USAGE when its block cannot be executed as it is meant. */
static enum status run_workload(struct bench *b, const struct workload *w, struct error *e)
{
    struct workload_block block;
    enum status s = bench_make_workload(&block, w, b->options, e);
    if (s != STATUS_OK) {
        workload_free(&block);
        return s;
    }
    struct state_view view = state_memory_view(block.state);
    struct block_task task = workload_task(&block, &view);
    struct block_result serial, parallel;
    struct line line = {.workload = w, .block = &block, .conflict_share = workload_conflict_share(&block)};
    s = measure(b, b->serial, EXECUTOR_SERIAL, &task, &serial, &line.serial, e);
    if (s == STATUS_OK) s = all_succeeded(&serial, e);
    for (uint32_t i = 0; s == STATUS_OK && i < b->thread_count && !interrupted(); i++) {
        struct error why = {STATUS_OK, ""};
        line.threads = b->threads[i];
        line.gas = serial.gas_used;
        line.ideal = workload_ideal(&block, serial.transactions, line.threads);
        line.status = measure(b, b->parallel[i], EXECUTOR_PARALLEL, &task, &parallel, &line.parallel, &why);
        if (line.status == STATUS_OK) line.status = compare(&serial, &parallel, &why);
        line.error = why.text;
        b->failed = b->failed || line.status != STATUS_OK;
        print_line(b, &line);
    }
    workload_free(&block);
    return s;
}

static enum status perturb_workload(struct bench *b, const struct workload *w, struct error *e)
{
    struct workload_block block;
    enum status s = bench_make_workload(&block, w, b->options, e);
    if (s == STATUS_OK) {
        struct state_view view = state_memory_view(block.state);
        struct block_task task = workload_task(&block, &view);
        perturber_run(b->perturber, w->name, &task, false);
    }
    workload_free(&block);
    return s;
}

/* Runs a workload in the way that the options ask for. */
static enum status run_one(struct bench *b, const struct workload *w, bool is_first, struct error *e)
{
    if (b->perturber != NULL) return perturb_workload(b, w, e);
    if (b->options->simulate_count != 0) return bench_simulate(w, b->options, b->colours, is_first, e);
    return run_workload(b, w, e);
}

/* One that needs files is left out, with a word, when all are run and they are not there. */
static bool is_left_out(const struct options *o, const struct workload *w, enum status s, const struct error *e)
{
    if (o->operand_count != 0 || w->prepare == NULL || s != FILE_UNREADABLE) return false;
    log_line("bench: %s: left out: %s", w->name, e->text);
    return true;
}

static enum exit_code run_all(struct bench *b)
{
    const struct options *o = b->options;
    struct error e;
    for (uint32_t i = 0; i < o->operand_count; i++)
        if (workload_find(o->operands[i]) == NULL) {
            log_line("bench: %s: expected the name of a workload; see weft bench --help", o->operands[i]);
            return EXIT_BAD_INPUT;
        }
    if (o->simulate_count == 0 && b->perturber == NULL) print_header(b);
    bool is_first = true;
    for (const struct workload *w = workloads; w->name != NULL && !interrupted(); w++) {
        bool wanted = o->operand_count == 0;
        for (uint32_t i = 0; i < o->operand_count; i++) wanted = wanted || workload_find(o->operands[i]) == w;
        if (!wanted) continue;
        enum status s = run_one(b, w, is_first, &e);
        is_first = false;
        if (s != STATUS_OK && !is_left_out(o, w, s, &e)) {
            log_line("bench: %s: %s", w->name, e.text);
            return EXIT_BAD_INPUT;
        }
    }
    return b->failed ? EXIT_CHECK_FAILED : EXIT_GOOD;
}

enum exit_code bench_command(const struct options *o)
{
    if (o->opcodes) return bench_opcodes(o);
    if (o->hostile) return bench_hostile(o);
    if (o->perturb != 0 && o->simulate_count != 0) {
        log_line("bench: expected one of --simulate and --perturb");
        return EXIT_BAD_INPUT;
    }
    struct bench b = {.options = o, .colours = terminal_colours(), .repeat = o->repeat == 0 ? BENCH_REPEAT : o->repeat};
    choose_threads(&b);
    b.runs = base_calloc(b.repeat, sizeof *b.runs);
    b.serial = engine_new(1);
    for (uint32_t i = 0; i < b.thread_count; i++) {
        b.parallel[i] = engine_new(b.threads[i]);
        engine_never_waits(b.parallel[i], true);
    }
    if (o->perturb != 0) b.perturber = perturber_new(o);
    enum exit_code code = run_all(&b);
    if (b.perturber != NULL && !perturber_end(b.perturber) && code == EXIT_GOOD) code = EXIT_CHECK_FAILED;
    for (uint32_t i = 0; i < b.thread_count; i++) engine_free(b.parallel[i]);
    engine_free(b.serial);
    free(b.runs);
    return code;
}
