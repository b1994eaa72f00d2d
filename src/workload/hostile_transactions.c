/* Hostile blocks of transactions that are large or many: access lists, authorizations, blobs, call data. */
#include "workload/private.h"

struct address hostile_address(uint64_t number)
{
    struct address a = {{0x77}};
    store_be64(a.b + 12, number);
    return a;
}

/* Adds a transaction with so much gas of another sender to a contract that stops; the caller makes it what it is to be. */
static struct transaction *add_one(struct workload_block *b, enum transaction_type type, uint64_t gas)
{
    struct address from = workload_address(ADDRESS_SENDER, b->count), to = workload_address(ADDRESS_CONTRACT, 0);
    if (b->count == 0) workload_contract(b, &to, "STOP");
    workload_fund(b, &from);
    workload_add(b, &(struct call){.from = from, .to = to, .gas = gas});
    struct transaction *tx = &b->transactions[b->count - 1];
    tx->type = type;
    tx->chain_id = b->chain.id;
    return tx;
}

/* The gas of the next transaction of a block of `size` million gas; 0: it is full. */
static uint64_t next_gas(const struct workload_block *b, uint64_t size)
{
    enum { LEAST = 100000 };
    uint64_t used = b->header.gas_limit - GAS_LIMIT_MIN, left = size * MILLION > used ? size * MILLION - used : 0;
    return left < LEAST ? 0 : left < TX_GAS ? left : TX_GAS;
}

enum { BASE_GAS = 21000, ADDRESS_GAS = 2400, KEY_GAS = 1900, AUTHORIZATION_GAS = 25000, ZERO_BYTE_GAS = 10 };

void make_hostile_transfers(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    for (uint64_t i = 0; i < size * MILLION / BASE_GAS; i++) {
        struct address from = workload_address(ADDRESS_SENDER, i);
        workload_fund(b, &from);
        workload_add(
            b, &(struct call){.from = from, .to = hostile_address(HOSTILE_BASE + i), .value = 1, .gas = BASE_GAS});
    }
}

void make_hostile_access_lists(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    uint64_t key = 0;
    for (uint64_t gas; (gas = next_gas(b, size)) != 0;) {
        uint64_t count = (gas - BASE_GAS - ADDRESS_GAS) / KEY_GAS;
        struct u256 *keys = ARENA_ARRAY(&b->arena, struct u256, count);
        for (uint64_t k = 0; k < count; k++) keys[k] = u256_add(hostile_key, U256(key++));
        struct access_entry *entry = ARENA_NEW(&b->arena, struct access_entry);
        struct transaction *tx = add_one(b, TX_ACCESS_LIST, gas);
        *entry = (struct access_entry){tx->to, keys, (uint32_t)count};
        tx->access_list = entry;
        tx->access_count = 1;
        tx->access_key_count = (uint32_t)count;
    }
}

void make_hostile_access_accounts(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    uint64_t number = HOSTILE_BASE;
    for (uint64_t gas; (gas = next_gas(b, size)) != 0;) {
        uint64_t count = (gas - BASE_GAS) / ADDRESS_GAS;
        struct access_entry *entries = ARENA_ARRAY(&b->arena, struct access_entry, count);
        for (uint64_t i = 0; i < count; i++) entries[i] = (struct access_entry){hostile_address(number++), NULL, 0};
        struct transaction *tx = add_one(b, TX_ACCESS_LIST, gas);
        tx->access_list = entries;
        tx->access_count = (uint32_t)count;
    }
}

/* Their signers are given, as those of the transactions are. */
void make_hostile_authorizations(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    uint64_t number = HOSTILE_BASE;
    for (uint64_t gas; (gas = next_gas(b, size)) != 0;) {
        uint64_t count = (gas - BASE_GAS) / AUTHORIZATION_GAS;
        struct authorization *list = ARENA_ARRAY(&b->arena, struct authorization, count);
        struct address *authorities = ARENA_ARRAY(&b->arena, struct address, count);
        struct transaction *tx = add_one(b, TX_SET_CODE, gas);
        for (uint64_t i = 0; i < count; i++) {
            list[i] = (struct authorization){.chain_id = U256(b->chain.id), .address = tx->to};
            authorities[i] = hostile_address(number++);
        }
        tx->authorizations = list;
        tx->authorization_count = (uint32_t)count;
        b->authorities[b->count - 1] = authorities;
    }
}

/* All blobs that a block may have are in the first transaction. */
void make_hostile_blobs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    enum { BLOBS = 6 };
    struct hash *hashes = ARENA_ARRAY(&b->arena, struct hash, BLOBS);
    for (int i = 0; i < BLOBS; i++) hashes[i] = (struct hash){{1, (uint8_t)i}};
    for (uint64_t gas; (gas = next_gas(b, size)) != 0;) {
        bool is_first = b->count == 0;
        struct transaction *tx = add_one(b, is_first ? TX_BLOB : TX_LEGACY, gas);
        if (!is_first) continue;
        workload_contract(b, &tx->to,
                          "5 loop: DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP"
                          " DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP"
                          " DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP DUP1 BLOBHASH POP"
                          " 20000 GAS GT @loop JUMPI STOP");
        tx->blob_hashes = hashes;
        tx->blob_count = BLOBS;
        tx->max_blob_fee = U256(1000000000);
    }
}

void make_hostile_call_data(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    for (uint64_t gas; (gas = next_gas(b, size)) != 0;) {
        uint64_t count = (gas - BASE_GAS) / ZERO_BYTE_GAS;
        uint8_t *zeros = arena_alloc(&b->arena, count, 1);
        memset(zeros, 0, count);
        add_one(b, TX_LEGACY, gas)->data = (struct bytes){zeros, count};
    }
}
