/* Speculative executions that serial execution never makes: on values that are stale, transactions read, loop and pay
 * otherwise. The block must not wait for them, and what they leave must not count. */
#include <stdlib.h>

#include "block/block.h"
#include "harness.h"
#include "state/memory.h"

/* PUSH20 with the addresses below. */
#define PAYER "73cc00000000000000000000000000000000000001"
#define SWITCH "73cc00000000000000000000000000000000000003"
#define BURN "73bb00000000000000000000000000000000000001"

/* Counts down from `n` (16 hex digits) with a hash each time; the loop begins 9 bytes further, at `at`. */
#define HASH_LOOP(n, at)                                                                                               \
    "67" n "5b60205f205f526001900380"                                                                                  \
    "60" at "5750"

/* Without call data: stops. Else sends as many wei to BURN as there are bytes, and returns whether that worked. */
#define PAYER_CODE "36600557005b5f5f5f5f36" BURN "5af15f5260205ff3"
/* Without call data: returns slot 0. Else reads slot 0x5a and sets slot 0 to 1. */
#define SWITCH_CODE "36600c575f545f5260205ff35b605a5450600160005500"
/* Asks the switch and jumps to `to` when it is set; 34 bytes. */
#define IF_SWITCHED(to) "60205f5f5f" SWITCH "5afa505f5160" to "57"

enum { PARTIES = 4 };

struct scene {
    struct state_memory *memory;
    struct state_view view;
    struct header header;
    struct transaction transactions[PARTIES];
    struct address senders[PARTIES];
    struct block_task task;
};

static struct address contract(uint8_t number)
{
    return (struct address){{[0] = 0xcc, [19] = number}};
}

static void put(struct scene *s, uint8_t number, const char *code, uint64_t balance)
{
    uint8_t bytes[512];
    size_t size = strlen(code) / 2;
    CHECK(size <= sizeof bytes && hex_decode(bytes, code, size * 2));
    struct hash hash;
    keccak256(&hash, bytes, size);
    struct address at = contract(number);
    struct memory_account *account = state_memory_account(s->memory, &at);
    account->balance = U256(balance);
    account->nonce = 1;
    state_memory_set_code(s->memory, account, &hash, (struct bytes){bytes, size});
}

/* The next transaction calls contract `number`, with `size` bytes of call data. */
static void call(struct scene *s, uint8_t number, size_t size, uint64_t gas)
{
    static const uint8_t data[8];
    uint32_t i = s->task.transaction_count++;
    s->senders[i] = (struct address){{[0] = 0xaa, [19] = (uint8_t)i}};
    state_memory_account(s->memory, &s->senders[i])->balance = u256_shl(U256(1), 128);
    s->transactions[i] = (struct transaction){
        .gas_limit = gas, .max_fee = U256(7), .to = contract(number), .data = {data, size}};
}

static void scene_begin(struct scene *s)
{
    *s = (struct scene){.memory = state_memory_new()};
    s->view = state_memory_view(s->memory);
    s->header = (struct header){
        .number = 10, .timestamp = 1000, .gas_limit = UINT64_C(1) << 50, .base_fee = U256(7), .beneficiary = {{0xfe}}};
    s->task = (struct block_task){.chain = &chain_mainnet,
                                  .fork = fork_find("Prague"),
                                  .header = &s->header,
                                  .transactions = s->transactions,
                                  .senders = s->senders,
                                  .view = &s->view,
                                  .transactions_only = true};
}

static struct block_result execute(struct engine *e, enum executor_kind kind, const struct scene *s)
{
    struct block_result r;
    CHECK_STATUS(block_execute(e, kind, &s->task, &r, NULL), STATUS_OK);
    block_seal(e, &r);
    return r;
}

static void check_equal(const struct block_result *a, const struct block_result *b)
{
    CHECK_EQ_U64(a->gas_used, b->gas_used);
    CHECK_BYTES(a->receipts_root.b, b->receipts_root.b, 32);
    CHECK(state_diff_equal(&a->diff, &b->diff));
}

/* How often a block is executed by each number of workers: $WEFT_RUNS. */
static unsigned long runs_of_a_block(void)
{
    const char *runs = getenv("WEFT_RUNS");
    return runs == NULL ? 50 : strtoul(runs, NULL, 10);
}

/* The last transaction first pays PAYER, on a stale switch, and then, run again, makes it pay; meanwhile the first one
 * makes it pay nearly all it has. Whether that suffices must not be asked while what the first run paid is still there. */
TEST(speculation_run_again_with_another_delta)
{
    struct scene s;
    scene_begin(&s);
    put(&s, 1, PAYER_CODE, 100);
    put(&s, 2, HASH_LOOP("0000000000000400", "09") "5f5f60505f5f" PAYER "5af15000", 0);
    put(&s, 3, SWITCH_CODE, 0);
    put(&s, 4,
        IF_SWITCHED("42") "5f5f5f5f6103e8" PAYER "5af15000"
                          "5b6020604060325f5f" PAYER "5af150" HASH_LOOP("0000000000000c00", "6c") "604051600101600255"
                                                                                                  "00",
        1000000);
    call(&s, 2, 0, 6000000);
    call(&s, 5, 0, 410000);
    call(&s, 3, 1, 410000);
    call(&s, 4, 0, 12000000);
    struct engine *serial = engine_new(1);
    struct block_result right = execute(serial, EXECUTOR_SERIAL, &s);
    for (unsigned workers = 2; workers <= 8; workers *= 2) {
        struct engine *e = engine_new(workers);
        for (unsigned long i = runs_of_a_block(); i > 0; i--) {
            struct block_result r = execute(e, EXECUTOR_PARALLEL, &s);
            check_equal(&right, &r);
        }
        engine_free(e);
    }
    engine_free(serial);
    state_memory_free(s.memory);
}

/* A view that keeps the switch from being set until a stale execution has begun to read slot 0x58, and that read from
 * ending until both transactions are committed. */
struct stubborn {
    struct state_view inner;
    _Atomic bool read_began, all_committed;
};

static enum status stubborn_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct stubborn *v = context;
    if (key->w[0] == 0x5a)
        while (!atomic_load(&v->read_began)) cpu_relax();
    if (key->w[0] == 0x58) {
        atomic_store(&v->read_began, true);
        while (!atomic_load(&v->all_committed)) cpu_relax();
    }
    return v->inner.storage(v->inner.context, a, key, out);
}

static enum status stubborn_account(void *context, const struct address *a, struct account_data *out)
{
    struct stubborn *v = context;
    return v->inner.account(v->inner.context, a, out);
}

static enum status stubborn_code(void *context, const struct address *a, const struct hash *hash, struct bytes *out)
{
    struct stubborn *v = context;
    return v->inner.code(v->inner.context, a, hash, out);
}

static enum status stubborn_hash(void *context, uint64_t number, struct hash *out)
{
    struct stubborn *v = context;
    return v->inner.block_hash(v->inner.context, number, out);
}

static void note_commit(void *context, struct engine *e, uint32_t index)
{
    (void)e;
    struct stubborn *v = context;
    if (index == 1) atomic_store(&v->all_committed, true);
}

/* What the second transaction does while the switch is not set, and serial execution never does. */
static void check_head_goes_on(const char *stale)
{
    struct scene s;
    scene_begin(&s);
    put(&s, 3, SWITCH_CODE, 0);
    put(&s, 4, stale, 0);
    call(&s, 3, 1, 1000000);
    call(&s, 4, 0, UINT64_C(1) << 45);
    struct engine *serial = engine_new(1), *parallel = engine_new(2);
    engine_share_always(parallel, true);
    struct block_result right = execute(serial, EXECUTOR_SERIAL, &s);
    struct stubborn v = {.inner = s.view};
    s.view = (struct state_view){&v, stubborn_account, stubborn_storage, stubborn_code, stubborn_hash};
    s.task.committed = note_commit;
    s.task.committed_context = &v;
    struct block_result r = execute(parallel, EXECUTOR_PARALLEL, &s);
    CHECK(atomic_load(&v.all_committed));
    check_equal(&right, &r);
    engine_free(parallel);
    engine_free(serial);
    state_memory_free(s.memory);
}

TEST(speculation_that_reads_for_ever_stops_nobody)
{
    check_head_goes_on(IF_SWITCHED("27") "60585450005b00");
}

/* Ends only because it is told to: its gas would last for a year. */
TEST(speculation_that_computes_for_ever_ends_with_the_block)
{
    check_head_goes_on(IF_SWITCHED("2b") "605854505b602656005b00");
}
