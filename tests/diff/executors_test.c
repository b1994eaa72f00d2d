/* Random blocks, executed serially and in parallel: the same receipts, gas and state changes for every number of
 * threads.
 *
 * The contracts below are chosen to step on each other: counters, conditional writers, readers of the beneficiary's
 * balance, senders of ether, creators of contracts at fixed addresses, and contracts that destroy themselves. */
#include <stdlib.h>

#include "block/block.h"
#include "harness.h"
#include "state/memory.h"

enum { ACCOUNTS = 12, CONTRACTS = 9, TRANSACTIONS_MAX = 60 };

/* Runtime codes. Call data: word 0 is an address or salt. */
static const char *const codes[CONTRACTS] = {
    "600054600101600055", /* slot 0 += 1 */
    "4131600155",         /* slot 1 = balance of the beneficiary */
    "33ff",               /* self-destructs to the caller */
    /* creates `33ff` by CREATE2 with salt = word 0, and calls it at once when word 1 is odd */
    "6961"
    "33ff"
    "6000526002601ef3"
    "600052600035600a60166000f58060025560203560011615602d576000600060006000600085"
    "5af1505b00",
    /* if slot 0 is odd: slot 1 += slot 2 + 1, else slot 3 = word 0 */
    "600054600116601157600035600355600054600101600055005b600254600154016001016001556000546001016000550000",
    "6000600060006000346000355af150",     /* sends the value on to word 0 */
    "3331600435016000355560003554600055", /* slot[word 0] = balance of caller + word at 4; slot 0 = that slot */
    "600054600160005560005500",           /* slot 0 = 1, then back: a write that changes nothing */
    "47600255600035600054015f5560003560005260206000a0", /* slot 2 = own balance; slot 0 += word 0; a log */
};

static struct address account_address(unsigned i)
{
    return (struct address){{[0] = 0xaa, [18] = (uint8_t)(i >> 8), [19] = (uint8_t)i}};
}

static struct address contract_address(unsigned i)
{
    return (struct address){{[0] = 0xcc, [19] = (uint8_t)i}};
}

static struct state_memory *make_state(void)
{
    struct state_memory *m = state_memory_new();
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        struct address a = account_address(i);
        struct memory_account *account = state_memory_account(m, &a);
        account->balance = U256(i % 4 == 3 ? 60000000 : 1000000000000000000);
    }
    for (unsigned i = 0; i < CONTRACTS; i++) {
        struct address a = contract_address(i);
        uint8_t code[256];
        size_t size = strlen(codes[i]) / 2;
        CHECK(hex_decode(code, codes[i], size * 2));
        struct hash hash;
        keccak256(&hash, code, size);
        struct memory_account *account = state_memory_account(m, &a);
        account->balance = U256(i * 1000);
        account->nonce = 1;
        state_memory_set_code(m, account, &hash, (struct bytes){code, size});
        struct u256 key = U256(2), value = U256(7);
        state_memory_set_slot(m, &a, &key, &value);
    }
    return m;
}

struct made_block {
    struct header header;
    struct transaction transactions[TRANSACTIONS_MAX];
    struct address senders[TRANSACTIONS_MAX];
    uint8_t data[TRANSACTIONS_MAX][64];
    uint32_t count;
};

static struct address random_target(void)
{
    switch (harness_random_below(8)) {
    case 0: return account_address((unsigned)harness_random_below(ACCOUNTS));
    case 1: /* where the creator's contracts appear */
        return (struct address){{[0] = 0xee, [19] = (uint8_t)harness_random_below(3)}};
    default: return contract_address((unsigned)harness_random_below(CONTRACTS));
    }
}

static void make_block(struct made_block *b, const struct fork *fork)
{
    uint64_t nonces[ACCOUNTS] = {0};
    memset(b, 0, sizeof *b);
    b->header.number = 10;
    b->header.timestamp = 1000;
    b->header.gas_limit = 30000000;
    b->header.beneficiary = harness_random_below(3) == 0 ? account_address(1) : (struct address){{0xfe}};
    b->header.base_fee = U256(fork->base_fee.elasticity != 0 ? 7 : 0);
    b->count = (uint32_t)(1 + harness_random_below(TRANSACTIONS_MAX));
    for (uint32_t i = 0; i < b->count; i++) {
        struct transaction *tx = &b->transactions[i];
        unsigned sender = (unsigned)harness_random_below(ACCOUNTS);
        b->senders[i] = account_address(sender);
        *tx = (struct transaction){.gas_limit = 60000 + harness_random_below(200000),
                                   .max_fee = U256(7 + harness_random_below(20)),
                                   .nonce = nonces[sender]++,
                                   .to = random_target(),
                                   .value = U256(harness_random_below(3) == 0 ? harness_random_below(5000) : 0)};
        tx->max_priority_fee = tx->max_fee;
        struct address word = random_target();
        memcpy(b->data[i] + 12, word.b, sizeof word.b);
        if (harness_random_below(2) == 0) {
            memset(b->data[i], 0, 32);
            b->data[i][31] = (uint8_t)harness_random_below(3);
        }
        b->data[i][63] = (uint8_t)harness_random_below(2);
        tx->data = (struct bytes){b->data[i], 64};
        if (harness_random_below(12) == 0) { /* deploys `33ff` */
            tx->is_create = true;
            tx->to = (struct address){{0}};
            hex_decode(b->data[i], "6133ff6000526002601ef3", 22);
            tx->data.size = 11;
        }
    }
}

static struct block_result execute(struct engine *e, enum executor_kind kind, const struct block_task *task)
{
    struct block_result r;
    block_execute(e, kind, task, &r, NULL);
    if (r.status == STATUS_OK) block_seal(e, &r);
    return r;
}

static void check_equal(const struct block_result *serial, const struct block_result *parallel)
{
    CHECK_STATUS(parallel->status, serial->status);
    CHECK_EQ_U64(parallel->bad, serial->bad);
    if (serial->status != STATUS_OK) return;
    CHECK_EQ_U64(parallel->gas_used, serial->gas_used);
    for (uint32_t i = 0; i < serial->task->transaction_count; i++) {
        CHECK_EQ_U64(parallel->transactions[i].gas_used, serial->transactions[i].gas_used);
        CHECK_EQ_U64(parallel->transactions[i].succeeded, serial->transactions[i].succeeded);
    }
    CHECK_BYTES(parallel->receipts_root.b, serial->receipts_root.b, 32);
    CHECK_BYTES(parallel->bloom.b, serial->bloom.b, sizeof serial->bloom.b);
    CHECK(state_diff_equal(&serial->diff, &parallel->diff));
    CHECK_BYTES(parallel->access_list_hash.b, serial->access_list_hash.b, 32);
}

/* A block with the right access list is accepted, one with a list that differs in any place refused. */
static void check_declared(struct engine *e, struct block_task task, struct header *h, const struct block_result *right)
{
    h->access_list_hash = right->access_list_hash;
    task.access_list = &right->access_list;
    CHECK_STATUS(execute(e, EXECUTOR_PARALLEL, &task).status, STATUS_OK);

    struct bal_account *accounts = base_alloc(right->access_list.account_count * sizeof *accounts);
    memcpy(accounts, right->access_list.accounts, right->access_list.account_count * sizeof *accounts);
    struct block_access_list wrong = {accounts, right->access_list.account_count};
    struct bal_account *a = &accounts[harness_random_below(wrong.account_count)];
    if (a->nonce_count != 0)
        a->nonce_count--;
    else if (a->read_count != 0)
        a->read_count--;
    else
        a->address.b[19] ^= 0x55;
    task.access_list = &wrong;
    if (bal_check(&wrong, NULL) == STATUS_OK) {
        bal_hash(&h->access_list_hash, &wrong);
        CHECK(execute(e, EXECUTOR_PARALLEL, &task).status != STATUS_OK);
    }
    free(accounts);
}

/* Forks without a list in their headers may be executed along one that an earlier execution made: with rewards and
 * system calls, and with accounts that exist although they are empty. */
static void check_along_list(struct engine *serial_engine, struct engine *const *engines, size_t count,
                             struct block_task task)
{
    task.transactions_only = false;
    task.keep_accesses = true;
    struct block_result serial = execute(serial_engine, EXECUTOR_SERIAL, &task);
    if (serial.status != STATUS_OK) return;
    task.keep_accesses = false;
    task.access_list = &serial.access_list;
    for (size_t i = 0; i < count; i++) {
        struct block_result along = execute(engines[i], EXECUTOR_ACCESS_LIST, &task);
        check_equal(&serial, &along);
    }
}

static void compare_on(const struct fork *fork, unsigned rounds)
{
    struct engine *serial_engine = engine_new(1);
    struct engine *engines[] = {engine_new(1), engine_new(2), engine_new(4), engine_new(8)};
    for (size_t i = 0; i < COUNT_OF(engines); i++) engine_share_always(engines[i], true);
    struct chain_spec chain = chain_mainnet;
    chain.dao_block = NEVER;
    for (unsigned round = 0; round < rounds; round++) {
        struct state_memory *m = make_state();
        struct state_view view = state_memory_view(m);
        struct made_block *b = base_alloc(sizeof *b);
        make_block(b, fork);
        struct block_task task = {.chain = &chain,
                                  .fork = fork,
                                  .header = &b->header,
                                  .transactions = b->transactions,
                                  .senders = b->senders,
                                  .transaction_count = b->count,
                                  .view = &view,
                                  .transactions_only = true};
        struct block_result serial = execute(serial_engine, EXECUTOR_SERIAL, &task);
        for (size_t i = 0; i < COUNT_OF(engines); i++) {
            struct block_result parallel = execute(engines[i], EXECUTOR_PARALLEL, &task);
            check_equal(&serial, &parallel);
        }
        if (fork->block_access_list && serial.status == STATUS_OK)
            check_declared(engines[1], task, &b->header, &serial);
        if (!fork->block_access_list) check_along_list(serial_engine, engines, COUNT_OF(engines), task);
        state_memory_free(m);
        free(b);
    }
    for (size_t i = 0; i < COUNT_OF(engines); i++) engine_free(engines[i]);
    engine_free(serial_engine);
}

enum { ROUNDS = 150 };

TEST(parallel_equals_serial_on_homestead)
{
    compare_on(fork_find("Homestead"), ROUNDS);
}

TEST(parallel_equals_serial_on_constantinople)
{
    compare_on(fork_find("Constantinople"), ROUNDS);
}

TEST(parallel_equals_serial_on_london)
{
    compare_on(fork_find("London"), ROUNDS);
}

TEST(parallel_equals_serial_on_shanghai)
{
    compare_on(fork_find("Shanghai"), ROUNDS);
}

TEST(parallel_equals_serial_on_prague)
{
    compare_on(fork_find("Prague"), ROUNDS);
}

TEST(parallel_equals_serial_on_amsterdam)
{
    compare_on(fork_find("Amsterdam"), ROUNDS);
}
