/* A beneficiary that destroys itself: gone until the next fee, with every executor. */
#include "block/block_test.h"

/* Account 1 pays for all; account 2 is the beneficiary and destroys itself when called; account 3 calls the
 * beneficiary, which before EIP-161 costs 25,000 more where there is no such account. */
static uint64_t gas_of_the_caller(enum executor_kind kind, unsigned threads, uint32_t calls_before, bool *exists)
{
    struct state_memory *m = state_memory_new();
    put_account(m, 1, UINT64_C(1) << 60, "");
    put_account(m, 2, 7, "30ff"); /* ADDRESS SELFDESTRUCT */
    put_account(m, 3, 0,
                "60006000600060006000732000000000000000000000000000000000000002614e20"
                "f100"); /* CALL account 2 */
    struct state_view view = state_memory_view(m);
    struct transaction txs[3];
    struct address senders[3];
    for (uint32_t i = 0; i <= calls_before; i++) {
        txs[i] = (struct transaction){.nonce = i, .gas_limit = 100000, .to = numbered(i < calls_before ? 2 : 3)};
        senders[i] = numbered(1);
    }
    struct header h = {.number = 1, .gas_limit = 1000000, .beneficiary = numbered(2)};
    struct fork fork = fork_homestead;
    fork.block_reward = 0;
    struct block_task task = {.chain = &chain_mainnet,
                              .fork = &fork,
                              .header = &h,
                              .transactions = txs,
                              .senders = senders,
                              .transaction_count = calls_before + 1,
                              .view = &view};
    struct engine *e = engine_new(threads);
    engine_share_always(e, true);
    struct block_result r;
    CHECK_STATUS(block_execute(e, kind, &task, &r, NULL), STATUS_OK);
    uint64_t gas = r.transactions[calls_before].gas_used;
    block_seal(e, &r);
    state_memory_apply(m, &r.diff);
    struct address beneficiary = numbered(2);
    *exists = state_memory_find(m, &beneficiary) != NULL;
    engine_free(e);
    state_memory_free(m);
    return gas;
}

TEST(a_beneficiary_that_destroyed_itself_is_gone)
{
    bool exists;
    uint64_t there = gas_of_the_caller(EXECUTOR_SERIAL, 1, 0, &exists);
    CHECK(!exists); /* it was called, and took the fee of nothing with it */
    for (unsigned threads = 1; threads <= 4; threads *= 2)
        for (int kind = EXECUTOR_SERIAL; kind <= EXECUTOR_PARALLEL; kind++) {
            CHECK_EQ_U64(gas_of_the_caller((enum executor_kind)kind, threads, 0, &exists), there);
            uint64_t gone = gas_of_the_caller((enum executor_kind)kind, threads, 1, &exists);
            CHECK(exists); /* the call and the fee of nothing brought it back, without code */
            CHECK_EQ_U64(gone, 21000 + 21 + 40 + 25000);
            CHECK_EQ_U64(gas_of_the_caller((enum executor_kind)kind, threads, 2, &exists), gone - 25000);
        }
}
