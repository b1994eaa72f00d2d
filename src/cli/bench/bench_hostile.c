/* bench --hostile: blocks that are made to take long for their gas, serially; then the worst operands of every instruction
 * and precompiled contract. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench/bench.h"
#include "cli/bench/bench_opcodes.h"
#include "cli/suite/suite.h"

/* Of programs of one instruction: million gas, by default and at most; and what a transaction gets. */
enum { HOSTILE_REPEAT = 3, PROGRAM_SIZE = 2, PROGRAM_SIZE_MAX = 14, PROGRAM_GAS = 16000000 };

struct row {
    const char *kind, *what;
    uint64_t gas; /* of the block */
    double ms, mgas;
};

struct bench {
    const struct options *options;
    const struct fork *fork;
    uint32_t repeat;
    struct row *rows;
    uint32_t count;
};

static bool is_wanted(const struct options *o, const char *kind)
{
    for (uint32_t i = 0; i < o->operand_count; i++)
        if (strcmp(o->operands[i], kind) == 0) return true;
    return o->operand_count == 0;
}

static void print_json(const struct row *r)
{
    printf("{\"kind\":\"%s\",\"what\":\"%s\",\"gas\":%llu,\"ms\":%.3f,\"mgas_s\":%.2f}\n", r->kind, r->what,
           (unsigned long long)r->gas, r->ms, r->mgas);
    (void)fflush(stdout);
}

static void add_row(struct bench *h, struct row row)
{
    h->rows[h->count++] = row;
    if (h->options->json) print_json(&row);
}

/* What is timed, and one turn of it: functions of their own, by whose names tests/cost/cost.py counts what they take. */
__attribute__((noinline)) static enum status hostile_execution(struct engine *engine, const struct block_task *task,
                                                               struct block_result *r, struct error *e)
{
    return block_execute(engine, EXECUTOR_SERIAL, task, r, e);
}

/* In an engine that knows no code yet. Fills row->gas; row->ms is the least so far. */
__attribute__((noinline)) static enum status hostile_turn(const struct block_task *task, struct row *row,
                                                          struct error *e)
{
    struct engine *engine = engine_new(1);
    struct block_result r;
    uint64_t start = clock_thread_ns();
    enum status s = hostile_execution(engine, task, &r, e);
    double ms = (double)(clock_thread_ns() - start) / 1e6;
    for (uint32_t i = 0; s == STATUS_OK && i < task->transaction_count; i++)
        if (!r.transactions[i].succeeded)
            s = error_set(e, STATE_DIFFERS, "%s %s: transaction %u: %s", row->kind, row->what, i,
                          vm_status_text(r.transactions[i].outcome));
    row->gas = r.gas_used;
    if (row->ms == 0 || ms < row->ms) row->ms = ms;
    engine_free(engine);
    return s;
}

static enum status run_block(struct bench *h, const struct workload_block *b, struct row *row, struct error *e)
{
    struct state_view view = state_memory_view(b->state);
    struct block_task task = workload_task(b, &view);
    enum status s = STATUS_OK;
    for (uint32_t i = 0; s == STATUS_OK && i < h->repeat && !interrupted(); i++) s = hostile_turn(&task, row, e);
    if (row->ms > 0) row->mgas = (double)row->gas / 1e3 / row->ms;
    return s;
}

static enum status run_kind(struct bench *h, const struct hostile *kind, struct error *e)
{
    const struct workload *w = &kind->workload;
    struct workload_block block;
    struct workload_shape shape = {.size = h->options->size, .seed = h->options->seed};
    struct row row = {.kind = w->name, .what = w->summary};
    enum status s = workload_make(&block, w, h->fork, &shape, e);
    if (s == STATUS_OK) s = hostile_check(kind, &block, e);
    if (s == STATUS_OK) s = run_block(h, &block, &row, e);
    if (s == STATUS_OK && !interrupted()) add_row(h, row);
    workload_free(&block);
    return s;
}

/* A block of one call of the row's program. The fork may not have the instruction; then row->gas stays 0. */
static enum status run_program(struct bench *h, const struct opcode_row *of, struct row *row, struct error *e)
{
    uint64_t size = h->options->size == 0 ? PROGRAM_SIZE : h->options->size;
    if (size > PROGRAM_SIZE_MAX) size = PROGRAM_SIZE_MAX;
    struct buffer code = {0};
    struct workload_block block;
    enum status s = STATUS_OK;
    *row = (struct row){.kind = of->name, .what = of->shape};
    if (opcode_row_loop(&code, of, h->fork, (int64_t)size * 1000000)) {
        hostile_program(&block, h->fork, buffer_bytes(&code), PROGRAM_GAS);
        s = run_block(h, &block, row, e);
        workload_free(&block);
    }
    buffer_free(&code);
    return s;
}

/* The slowest row of each instruction, as JSON all: rows of one name follow one another. */
static enum status run_instructions(struct bench *h, struct error *e)
{
    uint32_t count;
    const struct opcode_row *rows = opcode_rows(&count);
    struct row worst = {0}, row;
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < count && s == STATUS_OK && !interrupted(); i++) {
        if (!is_wanted(h->options, rows[i].name)) continue;
        s = run_program(h, &rows[i], &row, e);
        if (s != STATUS_OK || row.gas == 0) continue;
        if (h->options->json) {
            add_row(h, row);
            continue;
        }
        bool is_next = worst.kind != NULL && strcmp(worst.kind, row.kind) != 0;
        if (is_next) add_row(h, worst);
        if (is_next || worst.kind == NULL || row.mgas < worst.mgas) worst = row;
    }
    if (worst.kind != NULL) add_row(h, worst);
    return s;
}

static int by_speed(const void *a, const void *b)
{
    double x = ((const struct row *)a)->mgas, y = ((const struct row *)b)->mgas;
    return (x < y) - (x > y);
}

static void print_table(struct bench *h)
{
    const struct colours *c = terminal_colours();
    qsort(h->rows, h->count, sizeof *h->rows, by_speed);
    printf("%s%-20s %-36s %10s %9s%s\n", c->bold, "kind", "what", "ms", "Mgas/s", c->off);
    for (uint32_t i = 0; i < h->count; i++) {
        const struct row *r = &h->rows[i];
        printf("%-20s %-36.36s ", r->kind, r->what);
        printf("%10.1f %9.0f\n", r->ms, r->mgas);
    }
}

enum exit_code bench_hostile(const struct options *o)
{
    if (o->thread_count != 0 || o->simulate_count != 0 || o->contracts != NULL || o->hot != HOT_NOT_GIVEN ||
        o->opcodes) {
        log_line("bench: --hostile: expected no option with it but --json, --repeat, --size, --seed and --fork");
        return EXIT_BAD_INPUT;
    }
    uint32_t rows, blocks = 0;
    (void)opcode_rows(&rows);
    while (hostiles[blocks].workload.name != NULL) blocks++;
    struct bench h = {.options = o,
                      .fork = o->fork == NULL ? fork_find("Osaka") : o->fork,
                      .repeat = o->repeat == 0 ? HOSTILE_REPEAT : o->repeat,
                      .rows = base_calloc(rows + blocks, sizeof *h.rows)};
    struct error e;
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < blocks && s == STATUS_OK && !interrupted(); i++)
        if (is_wanted(o, hostiles[i].workload.name)) s = run_kind(&h, &hostiles[i], &e);
    if (s == STATUS_OK) s = run_instructions(&h, &e);
    if (s != STATUS_OK) log_line("bench: %s", e.text);
    bool none = s == STATUS_OK && h.count == 0 && !interrupted();
    if (none) log_line("bench: --hostile: expected kinds of blocks, instructions or precompiled contracts");
    if (s == STATUS_OK && !none && !o->json) print_table(&h);
    free(h.rows);
    if (s != STATUS_OK) return EXIT_CHECK_FAILED;
    if (none) return EXIT_BAD_INPUT;
    return interrupted() ? EXIT_INTERRUPTED : EXIT_GOOD;
}
