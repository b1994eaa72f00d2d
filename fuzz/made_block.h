/* made_block: a block of a few transactions that call random code, made from the bytes of an input.
 *
 *     byte 0: fork; 1: flags; 2: transactions; 3, 4: where the codes of the contracts end (of 256 parts)
 *     for each transaction: kind, sender, target, gas, value, extras, size of data, data
 *     the rest: the codes of three contracts, one behind the other */
#ifndef WEFT_FUZZ_MADE_BLOCK_H
#define WEFT_FUZZ_MADE_BLOCK_H

#include "block/private.h"
#include "crypto/crypto.h"
#include "fuzz.h"
#include "state/memory.h"

enum { CONTRACTS = 3, SENDERS = 3, TXS_MAX = 4, AUTHORIZATIONS = 1 };

struct fuzz_block {
    const struct fork *fork;
    struct header header;
    struct state_memory *memory;
    struct state_view view;
    struct transaction tx[TXS_MAX];
    struct address sender[TXS_MAX];
    const struct address *authorities[TXS_MAX];
    struct address authority[TXS_MAX];
    struct authorization authorization[TXS_MAX];
    struct access_entry access[TXS_MAX];
    struct u256 key;
    uint32_t count;
};

static struct address contract_at(unsigned i)
{
    return (struct address){{[0] = 0xc0, [19] = (uint8_t)i}};
}

static struct address sender_at(unsigned i)
{
    return (struct address){{[0] = 0x5e, [19] = (uint8_t)i}};
}

static enum status hash_of_block(void *context, uint64_t number, struct hash *out)
{
    (void)context;
    keccak256(out, &number, sizeof number);
    return STATUS_OK;
}

static void make_accounts(struct fuzz_block *b, struct bytes codes, uint8_t first, uint8_t second, bool rich)
{
    size_t a = codes.size * first / 256, c = a + (codes.size - a) * second / 256;
    size_t ends[CONTRACTS] = {a, c, codes.size}, start = 0;
    for (unsigned i = 0; i < CONTRACTS; i++) {
        struct address address = contract_at(i);
        struct bytes code = {codes.data + start, ends[i] - start};
        struct memory_account *account = state_memory_account(b->memory, &address);
        account->nonce = 1;
        account->balance = U256(rich ? 1000 : 0);
        struct hash hash = keccak256_bytes(code);
        state_memory_set_code(b->memory, account, &hash, code);
        struct u256 zero = U256_ZERO, seven = U256(7);
        if (i != 1) state_memory_set_slot(b->memory, &address, &zero, &seven);
        start = ends[i];
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        struct address address = sender_at(i);
        struct memory_account *account = state_memory_account(b->memory, &address);
        account->balance = U256(i == 2 ? 30000000 : UINT64_MAX);
    }
}

static struct address target_of(uint8_t choice)
{
    if (choice % 4 != 3) return contract_at(choice % 4);
    if (choice < 128) return (struct address){{[19] = choice / 4}}; /* precompiles, and addresses that are empty */
    return sender_at(choice / 4 % SENDERS);
}

static void make_transaction(struct fuzz_block *b, struct fuzz_input *in, uint32_t i, uint64_t nonces[SENDERS])
{
    static const enum transaction_type types[] = {TX_LEGACY, TX_LEGACY, TX_ACCESS_LIST, TX_FEE_MARKET, TX_SET_CODE};
    uint8_t kind = fuzz_byte(in);
    unsigned sender = fuzz_below(in, SENDERS);
    struct transaction *tx = &b->tx[i];
    *tx = (struct transaction){.type = types[kind % COUNT_OF(types)], .has_chain_id = true, .chain_id = 1};
    if (!(b->fork->tx.types >> tx->type & 1)) tx->type = TX_LEGACY;
    tx->to = target_of(fuzz_byte(in));
    tx->gas_limit = 60000 + 4000 * (uint64_t)fuzz_byte(in);
    tx->max_fee = U256(10);
    tx->max_priority_fee = U256(tx->type >= TX_FEE_MARKET ? 1 : 10);
    tx->value = U256(fuzz_byte(in) % 8 == 0 ? 50 : 0);
    uint8_t extras = fuzz_byte(in);
    tx->data = fuzz_bytes(in, fuzz_byte(in));
    tx->is_create = kind >= 224 && tx->type < TX_SET_CODE;
    if (tx->is_create) tx->to = (struct address){{0}};
    b->sender[i] = sender_at(sender);
    tx->nonce = nonces[sender]++;
    if (tx->type >= TX_ACCESS_LIST && (extras & 1) != 0) {
        b->access[i] = (struct access_entry){contract_at(extras / 2 % CONTRACTS), &b->key, 1};
        tx->access_list = &b->access[i];
        tx->access_count = tx->access_key_count = 1;
    }
    if (tx->type != TX_SET_CODE) return;
    unsigned who = extras / 8 % SENDERS;
    b->authority[i] = sender_at(who);
    b->authorities[i] = &b->authority[i];
    b->authorization[i] = (struct authorization){.address = contract_at(extras / 32 % CONTRACTS), .nonce = nonces[who]};
    if (extras >= 192) b->authorization[i].address = (struct address){{0}};
    nonces[who]++; /* later transactions of that sender come after it */
    tx->authorizations = &b->authorization[i];
    tx->authorization_count = AUTHORIZATIONS;
}

/* `fork` NULL: the input chooses. Free b->memory afterwards. */
static inline void make_block(struct fuzz_block *b, struct fuzz_input *in, const struct fork *fork)
{
    size_t fork_count = 0;
    while (forks[fork_count] != NULL) fork_count++;
    *b = (struct fuzz_block){.memory = state_memory_new()};
    b->fork = forks[fuzz_below(in, (unsigned)fork_count)];
    if (fork != NULL) b->fork = fork;
    uint8_t flags = fuzz_byte(in);
    b->count = 1 + fuzz_below(in, TXS_MAX);
    uint8_t first = fuzz_byte(in), second = fuzz_byte(in);
    b->header = (struct header){.number = 300, .timestamp = 4000, .gas_limit = 30000000, .slot_number = 9};
    b->header.base_fee = U256(b->fork->base_fee.elasticity != 0 ? 7 : 0);
    b->header.beneficiary = (flags & 1) != 0 ? contract_at(flags / 8 % CONTRACTS) : (struct address){{0xfe}};
    uint64_t nonces[SENDERS] = {0};
    for (uint32_t i = 0; i < b->count; i++) make_transaction(b, in, i, nonces);
    make_accounts(b, fuzz_bytes(in, 24576), first, second, (flags & 2) != 0);
    b->view = state_memory_view(b->memory);
    b->view.block_hash = hash_of_block;
    if ((flags & 4) == 0) return;
    /* What the block itself may create, and destroy. */
    b->header.beneficiary = create_address(&b->sender[0], 0);
}

/* The task of executing it. */
static inline struct block_task made_task(const struct fuzz_block *b)
{
    static const struct chain_spec chain = {.name = "fuzz", .id = 1, .dao_block = NEVER};
    return (struct block_task){.chain = &chain,
                               .fork = b->fork,
                               .header = &b->header,
                               .transactions = b->tx,
                               .senders = b->sender,
                               .authorities = b->authorities,
                               .transaction_count = b->count,
                               .view = &b->view};
}

/* Two executions of one block. */
static inline void check_same(const struct block_result *a, const struct block_result *b)
{
    FUZZ_CHECK(a->status == b->status && a->bad == b->bad);
    if (a->status != STATUS_OK) return;
    FUZZ_CHECK(a->gas_used == b->gas_used);
    for (uint32_t i = 0; i < a->task->transaction_count; i++) {
        const struct tx_result *x = &a->transactions[i], *y = &b->transactions[i];
        FUZZ_CHECK(x->outcome == y->outcome && x->gas_used == y->gas_used && x->gas_refunded == y->gas_refunded);
        FUZZ_CHECK(x->block_gas == y->block_gas && x->block_state_gas == y->block_state_gas);
        FUZZ_CHECK(bytes_equal(x->output, y->output) && x->log_count == y->log_count);
        FUZZ_CHECK(x->gas_used <= a->task->transactions[i].gas_limit);
    }
    FUZZ_CHECK(hash_equal(&a->receipts_root, &b->receipts_root));
    FUZZ_CHECK(state_diff_equal(&a->diff, &b->diff));
}

#endif
