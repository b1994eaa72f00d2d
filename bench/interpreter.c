/* interpreter: the field's interpreter programs, timed, beside evmone's times for the same bytecode and call data.
 *
 *     bench_interpreter [--plain] [--filter TEXT] [--runs N] FOLDER
 *
 * FOLDER holds NAME.hex (runtime code) and NAME.CASE.input (call data), as ipsilon/evm-benchmarks publishes them. Each
 * run is one message on a fresh transaction; code is prepared once before. Rules are Istanbul's, and gas is checked
 * against the published figure (snailtracer takes 19,200 more here: its storage is empty at the start of each run).
 * evmone's columns were taken on another day of the same kind of machine, so the ratios say who is faster, not by how
 * many percent. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "state/memory.h"
#include "vm/vm.h"

struct program {
    const char *name, *input; /* NAME.hex, NAME.INPUT.input */
    int64_t gas;
    double evmone_gcc, evmone_clang; /* microseconds; baseline interpreter, analysis not counted */
};

static const struct program programs[] = {
    {"blake2b_huff", "empty", 13984, 10.56, 8.78},         {"blake2b_huff", "8415nulls", 879923, 658.22, 534.16},
    {"sha1_shifts", "empty", 35234, 19.22, 24.41},         {"sha1_shifts", "5311", 2898473, 1572, 1871},
    {"snailtracer", "benchmark", 234934968, 27825, 25515}, {"swap_math", "spent", 3179, 1.65, 1.66},
    {"swap_math", "received", 3505, 1.91, 1.92},           {"swap_math", "insufficient_liquidity", 2232, 1.19, 1.22},
    {"JUMPDEST_n0", "empty", 527598, 166.91, 226.60},      {"loop_with_many_jumpdests", "empty", 7987882, 2449, 3344},
    {"memory_grow_mload", "nogrow", 57356, 27.09, 47.90},  {"memory_grow_mload", "by1", 57772, 29.18, 53.78},
    {"memory_grow_mload", "by16", 71700, 31.91, 65.02},    {"memory_grow_mload", "by32", 102409, 46.04, 78.97},
    {"signextend", "zero", 96066, 33.03, 47.49},           {"signextend", "one", 96066, 33.03, 47.42},
};

enum { GAS_LIMIT = 1000000000, RUNS_MAX = 100000 };
static const uint64_t PROGRAM_NS = 400000000; /* spent on each program at most */

struct machine {
    struct state_memory *memory;
    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct state *state;
    struct arena log_data;
    struct vm *vm;
    struct vm_env env;
    struct address target;
};

static struct bytes read_hex(struct arena *arena, const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct buffer text = {0};
    struct error e;
    if (file_read(&text, path, 1 << 24, &e) != STATUS_OK) {
        fprintf(stderr, "bench_interpreter: %s\n", e.text);
        exit(2);
    }
    while (text.size != 0 && hex_digit((char)text.data[text.size - 1]) < 0) text.size--;
    uint8_t *data = arena_alloc(arena, text.size / 2 + 1, 1);
    if (!hex_decode(data, (const char *)text.data, text.size & ~(size_t)1)) {
        fprintf(stderr, "bench_interpreter: %s: expected hex digits\n", path);
        exit(2);
    }
    size_t size = text.size / 2;
    buffer_free(&text);
    return (struct bytes){data, size};
}

static void machine_init(struct machine *m, struct bytes code, bool plain)
{
    *m = (struct machine){.env = {.number = 1, .gas_limit = GAS_LIMIT, .chain_id = 1}, .target = {{0x12, 0x34}}};
    struct hash hash = keccak256_bytes(code);
    m->memory = state_memory_new();
    state_memory_set_code(m->memory, state_memory_account(m->memory, &m->target), &hash, code);
    m->view = state_memory_view(m->memory);
    m->codes = code_cache_new(vm_plan_free);
    m->table = state_table_new(&m->view, m->codes);
    m->state = state_new(m->table);
    m->state->clear_empty = true;
    m->vm = vm_new();
    vm_attach(m->vm, &fork_istanbul, m->state, &m->env);
    vm_set_plain(m->vm, plain);
}

static void machine_free(struct machine *m)
{
    vm_free(m->vm);
    state_free(m->state);
    state_table_free(m->table);
    code_cache_free(m->codes);
    state_memory_free(m->memory);
    arena_free(&m->log_data);
}

/* One message on a fresh transaction; returns its time in nanoseconds. */
static uint64_t run_once(struct machine *m, struct bytes input, struct vm_result *result)
{
    state_begin(m->state, 1, false);
    arena_reset(&m->log_data);
    m->state->log_data = &m->log_data;
    struct account *a = state_account(m->state, &m->target);
    uint64_t start = clock_wall_ns();
    struct vm_message message = {
        .kind = VM_CALL, .gas = {GAS_LIMIT, 0}, .sender = a, .recipient = a, .code_account = a, .input = input};
    vm_call(m->vm, &message, result);
    return clock_wall_ns() - start;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool run_program(const struct program *p, const char *folder, bool plain, size_t runs_max)
{
    static uint64_t times[RUNS_MAX];
    struct arena arena = {0};
    char file[256];
    snprintf(file, sizeof file, "%s.hex", p->name);
    struct bytes code = read_hex(&arena, folder, file);
    snprintf(file, sizeof file, "%s.%s.input", p->name, p->input);
    struct bytes input = read_hex(&arena, folder, file);
    struct machine m;
    machine_init(&m, code, plain);

    struct vm_result result;
    uint64_t begin = clock_wall_ns();
    size_t runs = 0;
    for (int i = 0; i < 3; i++) run_once(&m, input, &result);
    int64_t gas = GAS_LIMIT - result.gas.execution;
    bool ok = result.status == VM_SUCCESS && gas == p->gas;
    while (runs < runs_max && (runs < 5 || clock_wall_ns() - begin < PROGRAM_NS))
        times[runs++] = run_once(&m, input, &result);
    qsort(times, runs, sizeof *times, compare_times);
    double median = (double)times[runs / 2] / 1e3;
    double best = p->evmone_gcc < p->evmone_clang ? p->evmone_gcc : p->evmone_clang;
    snprintf(file, sizeof file, "%s/%s", p->name, p->input);
    printf("%-36s %10.2f %10.2f %10.2f %9.0f %9.2f %9.2f %7.2f%s\n", file, (double)times[0] / 1e3, median,
           (double)times[runs - 1] / 1e3, (double)gas / median, p->evmone_gcc, p->evmone_clang, best / median,
           ok ? "" : "  WRONG");
    if (!ok)
        printf("    %s, gas %lld, expected %lld\n", vm_status_text(result.status), (long long)gas, (long long)p->gas);
    machine_free(&m);
    arena_free(&arena);
    return ok;
}

int main(int argc, char **argv)
{
    const char *folder = NULL, *filter = "";
    bool plain = false, ok = true;
    size_t runs = RUNS_MAX;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--plain") == 0)
            plain = true;
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = strtoul(argv[++i], NULL, 10);
        else
            folder = argv[i];
    }
    if (folder == NULL || runs == 0 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_interpreter [--plain] [--filter TEXT] [--runs N] FOLDER\n");
        return 2;
    }
    printf("%-36s %10s %10s %10s %9s %9s %9s %7s\n", "program", "min us", "median us", "max us", "Mgas/s", "evm1 gcc",
           "evm1 clg", "ratio");
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        if (strstr(programs[i].name, filter) != NULL) ok &= run_program(&programs[i], folder, plain, runs);
    return ok ? 0 : 1;
}
