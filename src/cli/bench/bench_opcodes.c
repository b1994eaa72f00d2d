/* bench --opcodes: the command: makes the programs of every row, runs them in turns and prints what they tell. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench/bench_opcodes.h"
#include "cli/run/run.h"
#include "precompile/precompile.h"

enum { LABEL_WIDTH = 31 }; /* the longest name with its shape */
enum { OPCODES_REPEAT = 11, WARM_UP_RUNS = 8, UNITS_MAX = 96, LOOPS_MAX = 4096 };
/* What a program may cost: so much that the clock does not matter, and no more than a transaction may have (EIP-7825),
 * so that other engines run it. */
#define PROGRAM_GAS INT64_C(600000)
#define PROGRAM_GAS_MAX INT64_C(14000000)

struct measured {
    const struct opcode_row *row;
    int64_t gas; /* of one instruction */
    struct program_size size;
    struct bench_spread fast, plain;
    const char *wrong; /* NULL: all is well */
};

/* A program in a world of its own. */
struct world {
    struct run run;
    struct buffer code;
    int64_t gas; /* that it used the last time */
    double *ns;  /* of every repetition */
};

struct opcodes_bench {
    const struct options *options;
    struct options run_options; /* what struct run wants to see */
    const struct fork *fork;
    uint32_t repeat;
    struct measured *rows;
    uint32_t count;
};

/* ---- running --------------------------------------------------------------------------------------------------- */

static void world_open(struct world *w, const struct opcodes_bench *b, const struct opcode_row *row,
                       enum program_kind kind, struct program_size size, bool plain)
{
    enum { GAS_GIVEN = 1000000000 };
    *w = (struct world){.run = {.options = &b->run_options, .gas = GAS_GIVEN}};
    opcode_program(&w->code, row, kind, size);
    struct run *r = &w->run;
    prestate_default(&r->pre);
    r->pre.header.gas_limit = r->gas;
    r->code = (struct bytes){w->code.data, w->code.size};
    r->sender.b[19] = 1;
    r->receiver.b[18] = 0xc0; /* no precompile */
    run_open(r);
    vm_set_plain(r->worker.vm, plain);
    w->ns = base_calloc(b->repeat, sizeof *w->ns);
}

static void world_close(struct world *w)
{
    run_close(&w->run);
    buffer_free(&w->code);
    free(w->ns);
}

static double world_run(struct world *w)
{
    uint64_t start = clock_thread_ns();
    run_once(&w->run);
    uint64_t ns = clock_thread_ns() - start;
    w->gas = (int64_t)w->run.gas - w->run.outcome.gas.execution - w->run.outcome.gas.state;
    return (double)ns;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread bench_spread(double *loop_ns, const double *twin_ns, uint32_t count, double times)
{
    double unit = loop_ns[0];
    for (uint32_t i = 0; i < count; i++) {
        if (loop_ns[i] < unit) unit = loop_ns[i];
        loop_ns[i] = loop_ns[i] > twin_ns[i] ? (loop_ns[i] - twin_ns[i]) / times : 0;
    }
    qsort(loop_ns, count, sizeof *loop_ns, by_size);
    return (struct bench_spread){loop_ns[0], loop_ns[count / 2], loop_ns[count - 1], unit / times};
}

/* Runs the program and its twin in turns. What fails is said in m->wrong. */
static void measure_with(struct opcodes_bench *b, struct measured *m, bool plain, struct bench_spread *out)
{
    struct world loop, twin;
    world_open(&loop, b, m->row, PROGRAM_LOOP, m->size, plain);
    world_open(&twin, b, m->row, PROGRAM_TWIN, m->size, plain);
    for (int i = 0; i < WARM_UP_RUNS; i++) {
        world_run(&loop);
        world_run(&twin);
    }
    for (uint32_t i = 0; i < b->repeat; i++) {
        loop.ns[i] = world_run(&loop);
        twin.ns[i] = world_run(&twin);
    }
    double times = (double)m->size.units * m->size.loops;
    *out = bench_spread(loop.ns, twin.ns, b->repeat, times);
    int64_t gas = (loop.gas - twin.gas) / (int64_t)times + opcode_twin_gas(m->row);
    if (loop.run.outcome.status != VM_SUCCESS || twin.run.outcome.status != VM_SUCCESS)
        m->wrong = vm_status_text(loop.run.outcome.status);
    else if (plain && gas != m->gas)
        m->wrong = "the plain interpreter takes other gas";
    m->gas = gas;
    world_close(&loop);
    world_close(&twin);
}

/* What both interpreters return, the fast one when it has translated the program. */
static void check_result(struct opcodes_bench *b, struct measured *m)
{
    struct world fast, plain;
    struct program_size once = {opcode_row_variants(m->row), 1};
    world_open(&fast, b, m->row, PROGRAM_CHECK, once, false);
    world_open(&plain, b, m->row, PROGRAM_CHECK, once, true);
    world_run(&plain);
    for (int i = 0; i < WARM_UP_RUNS; i++) world_run(&fast);
    const struct vm_result *x = &fast.run.outcome, *y = &plain.run.outcome;
    if (x->status != VM_SUCCESS || y->status != VM_SUCCESS)
        m->wrong = vm_status_text(x->status);
    else if (fast.gas != plain.gas || x->output.size != y->output.size ||
             memcmp(x->output.data, y->output.data, x->output.size) != 0)
        m->wrong = "the interpreters differ";
    world_close(&fast);
    world_close(&plain);
}

/* How long the program is to be for so much gas, from what a short one costs. */
static struct program_size choose_size(struct opcodes_bench *b, const struct opcode_row *row, int64_t gas)
{
    uint32_t variants = opcode_row_variants(row);
    struct program_size few = {variants, 1}, none = {0, 1};
    struct world some, empty;
    world_open(&some, b, row, PROGRAM_LOOP, few, true);
    world_open(&empty, b, row, PROGRAM_LOOP, none, true);
    world_run(&some);
    world_run(&empty);
    int64_t unit = (some.gas - empty.gas) / variants, left = PROGRAM_GAS_MAX - empty.gas;
    world_close(&some);
    world_close(&empty);
    if (unit < 1) unit = 1;
    int64_t wanted = gas / unit;
    if (wanted * unit > left) wanted = left / unit;
    struct program_size size = {UNITS_MAX / variants * variants, 1};
    while (size.units > variants && size.units > wanted) size.units -= variants;
    int64_t loops = wanted / size.units;
    size.loops = loops < 1 ? 1 : loops > LOOPS_MAX ? LOOPS_MAX : (uint32_t)loops;
    return size;
}

static void measure(struct opcodes_bench *b, struct measured *m)
{
    m->size = choose_size(b, m->row, PROGRAM_GAS);
    measure_with(b, m, false, &m->fast);
    if (m->wrong == NULL) measure_with(b, m, true, &m->plain);
    if (m->wrong == NULL) check_result(b, m);
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

/* Less than this is nothing: the instruction is gone, or as long as what its twin does instead. */
#define NS_NOTHING 0.05

static double speed(const struct measured *m, double ns)
{
    return ns < NS_NOTHING ? 1e9 : (double)m->gas * 1e3 / ns;
}

static void print_speed(double mgas)
{
    if (mgas >= 1e9)
        printf(" %7s", "-");
    else
        printf(" %7.0f", mgas);
}

/* Seven columns: the digits that matter. */
static void print_ns(double ns)
{
    printf(ns < 1000 ? " %7.2f" : ns < 100000 ? " %7.1f" : " %7.0f", ns);
}

static void print_line(const struct measured *m, const struct colours *c)
{
    char label[64];
    (void)snprintf(label, sizeof label, "%s%s%s", m->row->name, *m->row->shape == 0 ? "" : " ", m->row->shape);
    printf("%-*s %7lld", LABEL_WIDTH, label, (long long)m->gas);
    print_ns(m->fast.least);
    print_ns(m->fast.median);
    print_ns(m->fast.most);
    print_speed(speed(m, m->fast.median));
    printf(" ");
    print_ns(m->plain.median);
    if (m->wrong != NULL) printf("  %sFAILED%s %s", c->bad, c->off, m->wrong);
    printf("\n");
}

static void put_program(struct buffer *out, const char *name, const struct measured *m, enum program_kind kind)
{
    struct buffer code = {0};
    opcode_program(&code, m->row, kind, m->size);
    buffer_printf(out, ",\"%s\":", name);
    json_put_hex(out, code.data, code.size);
    buffer_free(&code);
}

static void print_json(const struct measured *m, const struct fork *fork)
{
    struct buffer out = {0};
    buffer_printf(&out, "{\"opcode\":\"%s\",\"shape\":\"%s\",\"fork\":\"%s\",\"gas\":%lld,\"times\":%u", m->row->name,
                  m->row->shape, fork->name, (long long)m->gas, m->size.units * m->size.loops);
    const struct bench_spread *spreads[] = {&m->fast, &m->plain};
    for (int i = 0; i < 2; i++)
        buffer_printf(&out,
                      ",\"%s\":{\"min_ns\":%.4f,\"median_ns\":%.4f,\"max_ns\":%.4f,\"unit_ns\":%.4f,\"mgas_s\":%.2f}",
                      i == 0 ? "fast" : "plain", spreads[i]->least, spreads[i]->median, spreads[i]->most,
                      spreads[i]->unit, speed(m, spreads[i]->median));
    buffer_printf(&out, ",\"verified\":%s", m->wrong == NULL ? "true" : "false");
    if (m->wrong != NULL) {
        buffer_append_text(&out, ",\"error\":");
        json_put_text(&out, m->wrong);
    }
    put_program(&out, "code", m, PROGRAM_LOOP);
    put_program(&out, "twin", m, PROGRAM_TWIN);
    put_program(&out, "check", m, PROGRAM_CHECK);
    printf("%.*s}\n", (int)out.size, (const char *)out.data);
    (void)fflush(stdout);
    buffer_free(&out);
}

/* The slowest last, where the eye is when all is printed. */
static int by_speed(const void *a, const void *b)
{
    double x = speed(a, ((const struct measured *)a)->fast.median);
    double y = speed(b, ((const struct measured *)b)->fast.median);
    return (x < y) - (x > y);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
    while (*a != 0 && toupper((unsigned char)*a) == toupper((unsigned char)*b)) a++, b++;
    return *a == 0 && *b == 0;
}

static bool in_fork(const struct opcode_row *row, const struct fork *fork)
{
    struct address a = {{0}};
    a.b[18] = (uint8_t)(row->precompile >> 8);
    a.b[19] = (uint8_t)row->precompile;
    bool exists = row->precompile == 0 || precompile_find(&fork->precompile, &a) != PRECOMPILE_NONE;
    return exists && fork->op[row->op].on;
}

static bool is_wanted(const struct options *o, const struct opcode_row *row)
{
    bool wanted = o->operand_count == 0;
    for (uint32_t i = 0; i < o->operand_count; i++) wanted = wanted || same_name(o->operands[i], row->name);
    return wanted;
}

/* Whether every name is one that the fork has. */
static bool names_are_known(const struct opcodes_bench *b, const struct opcode_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < b->options->operand_count; i++) {
        const char *name = b->options->operands[i];
        bool known = false;
        for (uint32_t k = 0; k < count; k++)
            known = known || (same_name(name, rows[k].name) && in_fork(&rows[k], b->fork));
        if (known) continue;
        log_line("bench: %s: expected an instruction or a precompiled contract of %s; see weft bench --opcodes", name,
                 b->fork->name);
        return false;
    }
    return true;
}

static enum exit_code run_rows(struct opcodes_bench *b, const struct opcode_row *rows, uint32_t count)
{
    const struct colours *c = terminal_colours();
    bool failed = false;
    struct progress progress;
    progress_begin(&progress, "instructions", count);
    for (uint32_t i = 0; i < count && !interrupted(); i++) {
        progress_step(&progress);
        if (!is_wanted(b->options, &rows[i]) || !in_fork(&rows[i], b->fork)) continue;
        struct measured *m = &b->rows[b->count++];
        *m = (struct measured){.row = &rows[i]};
        measure(b, m);
        failed = failed || m->wrong != NULL;
        if (b->options->json) print_json(m, b->fork);
    }
    progress_clear(&progress);
    if (!b->options->json) {
        qsort(b->rows, b->count, sizeof *b->rows, by_speed);
        printf("%s%-*s %7s %7s %7s %7s %7s %8s%s\n", c->bold, LABEL_WIDTH, "instruction", "gas", "min ns", "median",
               "max", "Mgas/s", "plain ns", c->off);
        for (uint32_t i = 0; i < b->count; i++) print_line(&b->rows[i], c);
    }
    if (interrupted()) return EXIT_INTERRUPTED;
    return failed ? EXIT_CHECK_FAILED : EXIT_GOOD;
}

bool opcode_row_loop(struct buffer *out, const struct opcode_row *row, const struct fork *fork, int64_t gas)
{
    if (!in_fork(row, fork)) return false;
    struct opcodes_bench b = {.fork = fork, .repeat = 1, .run_options.fork = fork};
    struct program_size size = choose_size(&b, row, gas);
    for (bool fits = (row->flags & ROW_GROWS) == 0; !fits && size.loops > 1; size.loops /= 2) {
        struct world w;
        world_open(&w, &b, row, PROGRAM_LOOP, size, false);
        world_run(&w);
        fits = w.gas <= PROGRAM_GAS_MAX;
        world_close(&w);
        if (fits) break;
    }
    opcode_program(out, row, PROGRAM_LOOP, size);
    return true;
}

enum exit_code bench_opcodes(const struct options *o)
{
    if (o->thread_count != 0 || o->simulate_count != 0 || o->size != 0 || o->seed != 0 || o->contracts != NULL ||
        o->hot != HOT_NOT_GIVEN) {
        log_line("bench: --opcodes: expected no option with it but --json, --repeat and --fork");
        return EXIT_BAD_INPUT;
    }
    uint32_t count;
    const struct opcode_row *rows = opcode_rows(&count);
    struct opcodes_bench b = {.options = o,
                              .fork = o->fork == NULL ? fork_find("Osaka") : o->fork,
                              .repeat = o->repeat == 0 ? OPCODES_REPEAT : o->repeat};
    b.run_options.fork = b.fork;
    if (!names_are_known(&b, rows, count)) return EXIT_BAD_INPUT;
    b.rows = base_calloc(count, sizeof *b.rows);
    enum exit_code code = run_rows(&b, rows, count);
    free(b.rows);
    return code;
}
