/* bench --hostile: blocks that are made to take long for their gas, serially; then the worst operands of every instruction
 * and precompiled contract. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench.h"
#include "cli/bench_opcodes.h"
#include "cli/suite.h"

enum { HOSTILE_REPEAT = 3 };

struct row {
    const char *kind, *what;
    uint64_t gas; /* of the block; 0: an instruction */
    double ms, mgas;
};

struct hostile {
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

static void add_row(struct hostile *h, struct row row)
{
    h->rows[h->count++] = row;
    if (h->options->json) print_json(&row);
}

static enum status run_block(struct hostile *h, const struct workload *w, struct error *e)
{
    struct workload_block block;
    struct workload_shape shape = {.size = h->options->size, .seed = h->options->seed};
    enum status s = workload_make(&block, w, h->fork, &shape, e);
    struct state_view view = state_memory_view(block.state);
    struct block_task task = workload_task(&block, &view);
    uint64_t best = UINT64_MAX, gas = 0;
    for (uint32_t i = 0; s == STATUS_OK && i < h->repeat && !interrupted(); i++) {
        struct engine *engine = engine_new(1); /* one that knows no code yet */
        struct block_result r;
        uint64_t start = clock_thread_ns();
        s = block_execute(engine, EXECUTOR_SERIAL, &task, &r, e);
        uint64_t ns = clock_thread_ns() - start;
        gas = r.gas_used;
        best = ns < best ? ns : best;
        engine_free(engine);
    }
    if (s == STATUS_OK && best != UINT64_MAX)
        add_row(h, (struct row){w->name, w->summary, gas, (double)best / 1e6, (double)gas * 1e3 / (double)best});
    workload_free(&block);
    return s;
}

/* The slowest row of each instruction: rows of one name follow one another. */
static void run_instructions(struct hostile *h)
{
    uint32_t count;
    const struct opcode_row *rows = opcode_rows(&count);
    struct row worst = {0};
    for (uint32_t i = 0; i < count && !interrupted(); i++) {
        if (!is_wanted(h->options, rows[i].name)) continue;
        double speed = opcode_row_speed(&rows[i], h->fork, h->repeat);
        bool is_next = worst.kind != NULL && strcmp(worst.kind, rows[i].name) != 0;
        if (is_next) add_row(h, worst);
        if (speed > 0 && (is_next || worst.kind == NULL || speed < worst.mgas))
            worst = (struct row){.kind = rows[i].name, .what = rows[i].shape, .mgas = speed};
        else if (is_next)
            worst = (struct row){0};
    }
    if (worst.kind != NULL) add_row(h, worst);
}

static int by_speed(const void *a, const void *b)
{
    double x = ((const struct row *)a)->mgas, y = ((const struct row *)b)->mgas;
    return (x < y) - (x > y);
}

static void print_table(struct hostile *h)
{
    const struct colours *c = terminal_colours();
    qsort(h->rows, h->count, sizeof *h->rows, by_speed);
    printf("%s%-18s %-38.38s %10s %9s%s\n", c->bold, "kind", "what", "ms", "Mgas/s", c->off);
    for (uint32_t i = 0; i < h->count; i++) {
        const struct row *r = &h->rows[i];
        printf("%-18s %-38.38s ", r->kind, r->what);
        if (r->gas != 0)
            printf("%10.1f", r->ms);
        else
            printf("%10s", "-");
        printf(" %9.0f\n", r->mgas);
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
    while (hostile_workloads[blocks].name != NULL) blocks++;
    struct hostile h = {.options = o,
                        .fork = o->fork == NULL ? fork_find("Osaka") : o->fork,
                        .repeat = o->repeat == 0 ? HOSTILE_REPEAT : o->repeat,
                        .rows = base_calloc(rows + blocks, sizeof *h.rows)};
    struct error e;
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < blocks && s == STATUS_OK && !interrupted(); i++)
        if (is_wanted(o, hostile_workloads[i].name)) s = run_block(&h, &hostile_workloads[i], &e);
    if (s != STATUS_OK) log_line("bench: %s", e.text);
    if (s == STATUS_OK) run_instructions(&h);
    bool none = s == STATUS_OK && h.count == 0 && !interrupted();
    if (none) log_line("bench: --hostile: expected kinds of blocks, instructions or precompiled contracts");
    if (s == STATUS_OK && !none && !o->json) print_table(&h);
    free(h.rows);
    if (s != STATUS_OK || none) return EXIT_BAD_INPUT;
    return interrupted() ? EXIT_INTERRUPTED : EXIT_GOOD;
}
