/* Any contracts, called in any order by any senders: the parallel executor gives what the serial one gives. */
#include "fuzz.h"

#include "block/block.h"
#include "crypto/crypto.h"
#include "state/memory.h"

enum { SENDERS = 6, CONTRACTS = 4, TRANSACTIONS_MAX = 40, CODE_MAX = 200 };

static const char *const fork_names[] = {"Homestead", "Byzantium", "London", "Cancun", "Osaka"};

static struct address address_of(uint8_t kind, uint8_t i)
{
    return (struct address){{[0] = kind, [19] = i}};
}

static struct state_memory *make_state(struct dealer *d)
{
    struct state_memory *m = state_memory_new();
    for (uint8_t i = 0; i < SENDERS; i++) {
        struct address a = address_of(0xaa, i);
        state_memory_account(m, &a)->balance = U256(i == 5 ? 2000000 : 1000000000000000000);
    }
    for (uint8_t i = 0; i < CONTRACTS; i++) {
        struct address a = address_of(0xcc, i);
        struct bytes code = deal_bytes(d, deal_byte(d) % CODE_MAX);
        struct hash hash = keccak256_bytes(code);
        struct memory_account *account = state_memory_account(m, &a);
        account->nonce = 1;
        account->balance = U256(i * 1000);
        state_memory_set_code(m, account, &hash, code);
    }
    return m;
}

/* Six bytes a transaction. */
static uint32_t make_transactions(struct dealer *d, struct transaction *txs, struct address *senders)
{
    uint64_t nonces[SENDERS] = {0};
    uint32_t count = 0;
    while (d->at < d->end && count < TRANSACTIONS_MAX) {
        uint8_t who = deal_byte(d), target = deal_byte(d);
        unsigned sender = who % SENDERS;
        senders[count] = address_of(0xaa, (uint8_t)sender);
        txs[count] = (struct transaction){
            .gas_limit = 40000 + 1000u * deal_byte(d),
            .max_fee = U256(7 + who / SENDERS % 4),
            .nonce = nonces[sender]++,
            .to = target < 200 ? address_of(0xcc, target % CONTRACTS) : address_of(0xaa, target % SENDERS),
            .value = U256(deal_byte(d)),
            .data = deal_bytes(d, 2),
        };
        txs[count].max_priority_fee = txs[count].max_fee;
        count++;
    }
    return count;
}

static struct block_result execute(struct engine *e, enum executor_kind kind, const struct block_task *task)
{
    struct block_result r;
    (void)block_execute(e, kind, task, &r, NULL);
    if (r.status == STATUS_OK) block_seal(e, &r);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct engine *serial, *parallel[2];
    if (serial == NULL) {
        serial = engine_new(1);
        parallel[0] = engine_new(2);
        parallel[1] = engine_new(4);
        for (size_t i = 0; i < COUNT_OF(parallel); i++) engine_share_always(parallel[i], true);
    }
    struct dealer d = {data, data + size};
    const struct fork *fork = fork_find(fork_names[deal_byte(&d) % COUNT_OF(fork_names)]);
    struct chain_spec chain = chain_mainnet;
    chain.dao_block = NEVER;
    struct header header = {.number = 10, .timestamp = 1000, .gas_limit = 30000000};
    header.beneficiary = deal_byte(&d) % 3 == 0 ? address_of(0xaa, 1) : address_of(0xfe, 0);
    header.base_fee = U256(fork->base_fee.elasticity != 0 ? 7 : 0);
    struct state_memory *memory = make_state(&d);
    struct state_view view = state_memory_view(memory);
    struct transaction transactions[TRANSACTIONS_MAX];
    struct address senders[TRANSACTIONS_MAX];
    struct block_task task = {.chain = &chain,
                              .fork = fork,
                              .header = &header,
                              .transactions = transactions,
                              .senders = senders,
                              .transaction_count = make_transactions(&d, transactions, senders),
                              .view = &view,
                              .transactions_only = true};
    struct block_result a = execute(serial, EXECUTOR_SERIAL, &task);
    for (size_t i = 0; i < COUNT_OF(parallel); i++) {
        struct block_result b = execute(parallel[i], EXECUTOR_PARALLEL, &task);
        ASSERT(a.status == b.status && a.bad == b.bad);
        if (a.status != STATUS_OK) continue;
        ASSERT(a.gas_used == b.gas_used && hash_equal(&a.receipts_root, &b.receipts_root));
        ASSERT(memcmp(&a.bloom, &b.bloom, sizeof a.bloom) == 0);
        ASSERT(state_diff_equal(&a.diff, &b.diff));
    }
    state_memory_free(memory);
    return 0;
}
