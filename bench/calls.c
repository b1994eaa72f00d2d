/* calls: what a call of the library costs beside the VM's own time for the same message, and how calls scale.
 *
 *     bench_calls [THREADS]
 *
 * "vm" runs the message on a machine and a table that are kept, as the library does inside. "call" is weft_call and
 * weft_result_free over the same state. "n threads" is n threads that call on one engine, each from a stack of
 * STACK_SIZE. Wall time of one call in ns: the least, the median and the most of ROUNDS rounds, which take turns, so
 * that what else the machine does meets all rows alike. */
#include <stdio.h>
#include <stdlib.h>

#include "block/block.h"
#include "weft/weft.h"

enum { ROUNDS = 31, CALLS = 2000, THREADS_MAX = 64, DEPTH_MAX = 64, TOKEN = 0xe20, EMPTY = 0xe000, HOLDER = 7 };
#define STACK_SIZE ((size_t)8 << 20)

/* balanceOf(address) as a compiler writes it: free memory pointer, no value, selector, keccak(holder . slot 1), SLOAD. */
static const uint8_t token_code[] = {
    0x60, 0x80, 0x60, 0x40, 0x52, 0x34, 0x80, 0x15, 0x60, 0x0e, 0x57, 0x5f, 0x5f, 0xfd, /* no value */
    0x5b, 0x50, 0x60, 0x04, 0x36, 0x10, 0x60, 0x37, 0x57,                               /* call data of 4 bytes */
    0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x80, 0x63, 0x70, 0xa0, 0x82, 0x31, 0x14, 0x60, 0x3b, 0x57, 0x80,
    0x63, 0xa9, 0x05, 0x9c, 0xbb, 0x14, 0x60, 0x37, 0x57, 0x80, 0x60, 0x37, 0x57, 0x00, 0x00, 0x00,
    0x5b, 0x5f, 0x5f, 0xfd, 0x5b, 0x50, 0x60, 0x04, 0x35, 0x5f, 0x52, 0x60, 0x01, 0x60, 0x20, 0x52,
    0x60, 0x40, 0x5f, 0x20, 0x54, 0x60, 0x40, 0x51, 0x90, 0x81, 0x52, 0x60, 0x20, 0x90, 0xf3};

static struct {
    weft_engine *engine;
    weft_chain *chain;
    weft_state *state;
    weft_state *layers[DEPTH_MAX + 1]; /* [0]: the state */
    weft_header header;
    weft_message empty, balance;
    uint8_t input[36];
} lib;

static void need(weft_status status, const weft_error *error)
{
    if (status == WEFT_OK) return;
    (void)fprintf(stderr, "bench_calls: %s\n", error->text);
    exit(1);
}

static weft_address address_of(uint32_t n)
{
    return (weft_address){{[16] = (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct u256 balance_slot(void)
{
    weft_address holder = address_of(HOLDER);
    uint8_t words[64] = {[63] = 1};
    memcpy(words + 12, holder.b, sizeof holder.b);
    struct hash slot;
    keccak256(&slot, words, sizeof words);
    return u256_from_hash(&slot);
}

/* ---- the VM alone ------------------------------------------------------------------------------------------------ */

static struct {
    struct state_memory *memory;
    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct state *state;
    struct vm *vm;
    struct vm_env env;
    struct arena logs;
    struct account *sender, *target;
} vm;

static void vm_open(void)
{
    vm.memory = state_memory_new();
    weft_address at = address_of(TOKEN), empty = address_of(EMPTY);
    struct address token, nothing;
    memcpy(token.b, at.b, sizeof token.b);
    memcpy(nothing.b, empty.b, sizeof nothing.b);
    struct hash hash = keccak256_bytes((struct bytes){token_code, sizeof token_code});
    state_memory_set_code(vm.memory, state_memory_account(vm.memory, &token), &hash,
                          (struct bytes){token_code, sizeof token_code});
    struct u256 slot = balance_slot(), value = U256(12345);
    state_memory_set_slot(vm.memory, &token, &slot, &value);
    static const uint8_t stop[] = {0x00};
    hash = keccak256_bytes((struct bytes){stop, 1});
    state_memory_set_code(vm.memory, state_memory_account(vm.memory, &nothing), &hash, (struct bytes){stop, 1});
    vm.view = state_memory_view(vm.memory);
    vm.codes = code_cache_new(vm_plan_free);
    vm.table = state_table_new(&vm.view, vm.codes);
    vm.state = state_new(vm.table);
    vm.vm = vm_new();
    vm.env = (struct vm_env){.number = 1, .gas_limit = 30000000, .chain_id = 1};
}

static void vm_message(uint32_t to, struct bytes input, struct vm_result *out)
{
    const struct fork *fork = chain_fork_at(&chain_mainnet, UINT64_MAX, UINT64_MAX);
    static const struct address nobody;
    weft_address at = address_of(to);
    struct address a;
    memcpy(a.b, at.b, sizeof a.b);
    state_begin(vm.state, 0, false);
    vm.state->clear_empty = true;
    vm.state->log_data = &vm.logs;
    vm_attach(vm.vm, fork, vm.state, &vm.env);
    struct account *target = state_account(vm.state, &a);
    struct vm_message m = {.kind = VM_CALL,
                           .gas = {.execution = 1000000},
                           .sender = state_account(vm.state, &nobody),
                           .recipient = target,
                           .code_account = target,
                           .input = input};
    vm_call(vm.vm, &m, out);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void vm_empty(void)
{
    struct vm_result r;
    vm_message(EMPTY, (struct bytes){NULL, 0}, &r);
    if (r.status != VM_SUCCESS) abort();
}

static void vm_balance(void)
{
    struct vm_result r;
    vm_message(TOKEN, (struct bytes){lib.input, sizeof lib.input}, &r);
    if (r.status != VM_SUCCESS || r.output.size != 32 || r.output.data[31] != (12345 & 0xff)) abort();
}

static void call_on(const weft_state *state, const weft_message *m, size_t output)
{
    weft_error error;
    weft_result *result;
    weft_receipt receipt = {.struct_size = sizeof receipt};
    need(weft_call(lib.engine, lib.chain, state, &lib.header, m, 0, &result, &error), &error);
    if (weft_result_receipt(result, 0, &receipt) != WEFT_OK || !receipt.succeeded || receipt.output.size != output)
        abort();
    weft_result_free(result);
}

static void call_empty(void)
{
    call_on(lib.state, &lib.empty, 0);
}

static void call_balance(void)
{
    call_on(lib.state, &lib.balance, 32);
}

static void call_layer(void)
{
    call_on(lib.layers[1], &lib.balance, 32);
}

static void call_layers(void)
{
    call_on(lib.layers[DEPTH_MAX], &lib.balance, 32);
}

/* A layer with one override, used once, and dropped: eth_call with overrides. */
static void call_override(void)
{
    weft_error error;
    weft_state *layer;
    weft_address holder = address_of(HOLDER);
    weft_word rich = {{1}};
    need(weft_state_layer(lib.state, &layer, &error), &error);
    need(weft_state_set_balance(layer, &holder, &rich, &error), &error);
    call_on(layer, &lib.balance, 32);
    weft_state_free(layer);
}

static void *call_many_times(void *unused)
{
    (void)unused;
    for (int i = 0; i < CALLS; i++) call_balance();
    return NULL;
}

static unsigned thread_count;

/* CALLS calls on each thread; what this row counts as one call is a call on every thread. */
static double threads_round(void)
{
    pthread_t threads[THREADS_MAX];
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, STACK_SIZE) != 0) abort();
    uint64_t start = clock_wall_ns();
    for (unsigned i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i], &attributes, call_many_times, NULL) != 0) abort();
    for (unsigned i = 0; i < thread_count; i++)
        if (pthread_join(threads[i], NULL) != 0) abort();
    return (double)(clock_wall_ns() - start) / (double)CALLS / thread_count;
}

static double single_round(void (*work)(void))
{
    uint64_t start = clock_wall_ns();
    for (int i = 0; i < CALLS; i++) work();
    return (double)(clock_wall_ns() - start) / (double)CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void lib_open(unsigned threads)
{
    weft_error error;
    weft_options options = {.struct_size = sizeof options, .threads = threads};
    need(weft_engine_new(&options, &lib.engine, &error), &error);
    need(weft_chain_by_name("Osaka", &lib.chain, &error), &error);
    lib.state = weft_state_new();
    weft_address token = address_of(TOKEN), empty = address_of(EMPTY), holder = address_of(HOLDER);
    weft_word key, value = {{[30] = 12345 >> 8, 12345 & 0xff}};
    u256_store_be(key.b, balance_slot());
    need(weft_state_set_code(lib.state, &token, token_code, sizeof token_code, &error), &error);
    need(weft_state_set_storage(lib.state, &token, &key, &value, &error), &error);
    need(weft_state_set_code(lib.state, &empty, "", 1, &error), &error);
    /* a header as mainnet has them: 40 blobs' worth of excess */
    lib.layers[0] = lib.state;
    for (uint32_t i = 1; i <= DEPTH_MAX; i++) {
        weft_address other = address_of(0xf00 + i);
        weft_word one = {{[31] = 1}};
        need(weft_state_layer(lib.layers[i - 1], &lib.layers[i], &error), &error);
        need(weft_state_set_balance(lib.layers[i], &other, &one, &error), &error);
    }
    lib.header = (weft_header){.struct_size = sizeof(weft_header),
                               .number = 23000000,
                               .timestamp = 1760000000,
                               .gas_limit = 45000000,
                               .excess_blob_gas = 40 * 131072,
                               .base_fee = {{[31] = 7}}};
    lib.empty = lib.balance = (weft_message){.struct_size = sizeof(weft_message), .gas = 1000000, .to = empty};
    lib.balance.to = token;
    memcpy(lib.input, "\x70\xa0\x82\x31", 4);
    memcpy(lib.input + 16, holder.b, sizeof holder.b);
    lib.balance.input = (weft_bytes){lib.input, sizeof lib.input};
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*work)(void); /* NULL: threads_round */
    } rows[] = {{"vm, empty contract", vm_empty},
                {"call, empty contract", call_empty},
                {"vm, balanceOf", vm_balance},
                {"call, balanceOf", call_balance},
                {"call, over 1 layer", call_layer},
                {"call, over 64 layers", call_layers},
                {"layer, override, call", call_override},
                {"call, balanceOf, 1 thread", NULL},
                {"call, balanceOf, n threads", NULL}};
    enum { ROWS = COUNT_OF(rows) };
    static double ns[ROWS][ROUNDS];
    unsigned most = argc > 1 ? (unsigned)atoi(argv[1]) : cpu_count();
    if (most == 0 || most > THREADS_MAX) {
        (void)fprintf(stderr, "bench_calls: expected 1 to %d threads\n", THREADS_MAX);
        return 2;
    }
    lib_open(most);
    vm_open();
    for (int round = -1; round < ROUNDS; round++)
        for (size_t i = 0; i < ROWS; i++) {
            thread_count = i + 1 == ROWS ? most : 1;
            double took = rows[i].work == NULL ? threads_round() : single_round(rows[i].work);
            if (round >= 0) ns[i][round] = took;
        }
    printf("| ns a call, %2u threads       | least | median |  most |\n|---|---:|---:|---:|\n", most);
    for (size_t i = 0; i < ROWS; i++) {
        qsort(ns[i], ROUNDS, sizeof ns[i][0], compare);
        printf("| %-26s | %5.0f | %6.0f | %5.0f |\n", rows[i].name, ns[i][0], ns[i][ROUNDS / 2], ns[i][ROUNDS - 1]);
    }
    weft_engine_free(lib.engine);
    weft_chain_free(lib.chain);
    for (int i = 0; i <= DEPTH_MAX; i++) weft_state_free(lib.layers[i]);
    return 0;
}
