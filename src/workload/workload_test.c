/* The assembler, the ideal, and every workload on both executors. */
#include "workload/workload.h"

#include "harness.h"

static void check_code(const char *source, const char *expected)
{
    struct buffer code = {0};
    workload_assemble(&code, source);
    CHECK_HEX(code.data, code.size, expected);
    buffer_free(&code);
}

TEST(the_assembler_knows_opcodes_numbers_and_labels)
{
    check_code("ADD STOP", "0100");
    check_code("0 255 256 65536", "600060ff61010062010000");
    check_code("0x0 0x123 0x00ff", "60006101236100ff");
    check_code("@end JUMP 1 end: STOP", "6100065660015b00");
    check_code("; nothing\n GAS ; here\n here: @here", "5a5b610001");
}

/* A block of transactions of one gas each, waiting as said. */
static double ideal_of(const uint32_t *after, uint32_t count, unsigned threads)
{
    struct tx_result results[16] = {0};
    for (uint32_t i = 0; i < count; i++) results[i] = (struct tx_result){.gas_used = 1};
    uint32_t copy[16];
    if (count != 0) memcpy(copy, after, count * sizeof *copy);
    struct workload_block b = {.after = copy, .count = count};
    return workload_ideal(&b, results, threads);
}

TEST(the_ideal_follows_from_what_waits_for_what)
{
    static const uint32_t free_ones[8] = {0}, chain[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint32_t last_waits[5] = {0, 0, 0, 0, WORKLOAD_AFTER_ALL};
    static const uint32_t all_wait[3] = {WORKLOAD_AFTER_ALL, WORKLOAD_AFTER_ALL, WORKLOAD_AFTER_ALL};
    CHECK(ideal_of(free_ones, 8, 1) == 1.0);
    CHECK(ideal_of(free_ones, 8, 2) == 2.0);
    CHECK(ideal_of(free_ones, 8, 3) == 8.0 / 3.0);
    CHECK(ideal_of(free_ones, 8, 100) == 8.0);
    CHECK(ideal_of(chain, 8, 4) == 1.0);
    CHECK(ideal_of(last_waits, 5, 4) == 2.5);
    CHECK(ideal_of(all_wait, 3, 2) == 1.0);
    CHECK(ideal_of(NULL, 0, 2) == 1.0);
}

static void execute(struct engine *e, enum executor_kind kind, const struct block_task *task, struct block_result *r)
{
    CHECK_STATUS(block_execute(e, kind, task, r, NULL), STATUS_OK);
    block_seal(e, r);
}

static void check_workload(const struct workload *w, const struct fork *fork, struct engine *one, struct engine *many)
{
    struct workload_block b;
    struct workload_shape shape = {.size = 50 + harness_random_below(100), .seed = harness_random()};
    CHECK_STATUS(workload_make(&b, w, fork, &shape, NULL), STATUS_OK);
    struct state_view view = state_memory_view(b.state);
    struct block_task task = workload_task(&b, &view);
    struct block_result serial, parallel;
    execute(one, EXECUTOR_SERIAL, &task, &serial);
    for (uint32_t i = 0; i < b.count; i++)
        if (!serial.transactions[i].succeeded)
            FAIL("%s: transaction %u fails by the rules of %s", w->name, i, fork->name);
    execute(many, EXECUTOR_PARALLEL, &task, &parallel);
    CHECK_EQ_U64(parallel.gas_used, serial.gas_used);
    CHECK_BYTES(parallel.receipts_root.b, serial.receipts_root.b, 32);
    CHECK(state_diff_equal(&parallel.diff, &serial.diff));
    workload_free(&b);
}

TEST(every_workload_runs_on_every_fork_and_both_executors)
{
    struct engine *one = engine_new(1), *many = engine_new(3);
    for (const struct workload *w = workloads; w->name != NULL; w++)
        for (const struct fork *const *f = forks; *f != NULL; f++) {
            bool is_public = strncmp(w->name, "gigagas", 7) == 0; /* made for the gas of one fork */
            if (w->prepare == NULL && (!is_public || *f == &fork_osaka)) check_workload(w, *f, one, many);
        }
    engine_free(one);
    engine_free(many);
}

/* Small blocks: the check counts what they do, both executors agree, and authorizations are carried out. */
TEST(every_hostile_block_does_what_it_is_for)
{
    struct engine *one = engine_new(1), *many = engine_new(3);
    for (const struct hostile *h = hostiles; h->workload.name != NULL; h++) {
        struct workload_block b;
        struct workload_shape shape = {.size = 1};
        struct error e = {0};
        CHECK_STATUS(workload_make(&b, &h->workload, &fork_osaka, &shape, NULL), STATUS_OK);
        if (hostile_check(h, &b, &e) != STATUS_OK) FAIL("%s", e.text);
        struct state_view view = state_memory_view(b.state);
        struct block_task task = workload_task(&b, &view);
        struct block_result serial, parallel;
        execute(one, EXECUTOR_SERIAL, &task, &serial);
        execute(many, EXECUTOR_PARALLEL, &task, &parallel);
        CHECK_BYTES(parallel.receipts_root.b, serial.receipts_root.b, 32);
        CHECK(state_diff_equal(&parallel.diff, &serial.diff));
        if (strcmp(h->workload.name, "authorizations") == 0)
            CHECK(serial.diff.count > b.transactions[0].authorization_count);
        workload_free(&b);
    }
    engine_free(one);
    engine_free(many);
}

TEST(a_hostile_block_that_does_too_little_fails_its_check)
{
    struct hostile less = hostiles[0];
    struct workload_block b;
    struct workload_shape shape = {.size = 1};
    struct error e;
    less.gas_each /= 2;
    CHECK_STATUS(workload_make(&b, &less.workload, &fork_osaka, &shape, NULL), STATUS_OK);
    CHECK_STATUS(hostile_check(&less, &b, &e), STATE_DIFFERS);
    less = hostiles[0];
    b.transactions[0].gas_limit = 22000; /* out of gas at once */
    CHECK_STATUS(hostile_check(&less, &b, &e), STATE_DIFFERS);
    workload_free(&b);
}

TEST(a_workload_is_the_same_for_the_same_seed)
{
    for (const struct workload *w = workloads; w->name != NULL; w++) {
        if (w->prepare != NULL) continue; /* needs files */
        struct workload_block a, b;
        struct workload_shape shape = {.size = 40, .seed = 7};
        CHECK_STATUS(workload_make(&a, w, &fork_osaka, &shape, NULL), STATUS_OK);
        CHECK_STATUS(workload_make(&b, w, &fork_osaka, &shape, NULL), STATUS_OK);
        CHECK_EQ_U64(a.count, b.count);
        for (uint32_t i = 0; i < a.count; i++) {
            struct hash x, y;
            transaction_hash(&x, &a.transactions[i]);
            transaction_hash(&y, &b.transactions[i]);
            CHECK_BYTES(x.b, y.b, 32);
        }
        struct hash x, y;
        state_memory_root(a.state, NULL, &x);
        state_memory_root(b.state, NULL, &y);
        CHECK_BYTES(x.b, y.b, 32);
        workload_free(&a);
        workload_free(&b);
    }
}

/* ---- the public blocks ------------------------------------------------------------------------------------------- */

static uint64_t gas_of_first(const char *name, struct workload_block *b, struct engine *e, struct block_result *r)
{
    struct workload_shape shape = {.size = 20, .seed = 3, .contracts = WEFT_SOURCE_DIR "/.cache/contracts"};
    if (workload_make(b, workload_find(name), &fork_osaka, &shape, NULL) != STATUS_OK) return 0;
    static struct state_view view;
    static struct block_task task;
    view = state_memory_view(b->state);
    task = workload_task(b, &view);
    execute(e, EXECUTOR_SERIAL, &task, r);
    for (uint32_t i = 0; i < b->count; i++) CHECK(r->transactions[i].succeeded);
    return r->transactions[0].gas_used;
}

/* The word of an account's slot after the block; zero when it did not change. */
static struct u256 slot_after(const struct block_result *r, const struct address *a, uint64_t slot)
{
    for (size_t i = 0; i < r->diff.count; i++)
        for (size_t k = 0; k < r->diff.accounts[i].slot_count && address_equal(&r->diff.accounts[i].address, a); k++)
            if (u256_equal(r->diff.accounts[i].slots[k].key, U256(slot))) return r->diff.accounts[i].slots[k].value;
    return U256_ZERO;
}

TEST(the_gigagas_transfers_are_the_public_ones)
{
    struct engine *e = engine_new(1);
    struct workload_block b;
    struct block_result r;
    CHECK_EQ_U64(gas_of_first("gigagas-transfers", &b, e, &r), 21000);
    CHECK_EQ_U64(b.senders[0].b[18], 3); /* account 1,000 */
    CHECK_EQ_U64(b.senders[0].b[19], 232);
    CHECK(address_equal(&b.senders[0], &b.transactions[0].to));
    struct u256 paid = u256_sub((struct u256){{0, 0, 0, (uint64_t)1 << 63}}, U256(21000));
    for (size_t i = 0; i < r.diff.count; i++)
        if (address_equal(&r.diff.accounts[i].address, &b.senders[0])) {
            CHECK(u256_equal(r.diff.accounts[i].balance, paid));
            CHECK_EQ_U64(r.diff.accounts[i].nonce, 2);
        }
    workload_free(&b);
    engine_free(e);
}

TEST(the_gigagas_token_transfers_are_like_the_public_ones)
{
    struct engine *e = engine_new(1);
    struct workload_block b;
    struct block_result r;
    uint64_t gas = gas_of_first("gigagas-erc20", &b, e, &r);
    CHECK(gas > 25500 && gas <= 26939); /* the original's is at most the latter; own code, so a little less */
    CHECK_EQ_U64(r.transactions[0].log_count, 1);
    CHECK(address_equal(&b.transactions[0].to, &b.transactions[19].to));
    workload_free(&b);
    engine_free(e);
}

/* What revm gives for a swap of the original block: 155,934 gas; logs, amounts and the pool's state as below. */
TEST(the_gigagas_swaps_do_what_the_public_ones_do)
{
    struct engine *e = engine_new(1);
    struct workload_block b;
    struct block_result r;
    uint64_t gas = gas_of_first("gigagas-uniswap", &b, e, &r);
    if (gas == 0) SKIP("tools/contracts.sh has not been run");
    CHECK(gas > 145000 && gas < 156000);
    CHECK_EQ_U64(r.transactions[0].log_count, 7);
    const struct log *bought = &r.transactions[0].logs[3], *swap = &r.transactions[0].logs[6];
    CHECK_EQ_U64(load_be64(bought->data.data + 24), 0x7c9);
    CHECK_EQ_U64(swap->data.size, 160);
    static const struct u256 price_after = {
        {0xffffffffab409876u, 0x00000000ffffffffu, 0x00ffffff00000000u, 0x0001000001000100u}};
    CHECK(u256_equal(slot_after(&r, &swap->address, 0), price_after));
    CHECK_EQ_U64(slot_after(&r, &swap->address, 1).w[0], 0x004148350dd92a47u);
    workload_free(&b);
    engine_free(e);
}
