/* Whole blocks through the public library. */
#include <pthread.h>
#include <stdlib.h>

#include "api/api.h"
#include "crypto/crypto.h"
#include "helpers.h"
#include "trie/trie.h"
#include "types/types.h"

enum { USERS = 60, COUNTER = 0xc0 };

/* Transfers, and calls of one counter in between. */
static weft_block *busy_block(void)
{
    weft_block *block = block_of(1);
    for (uint64_t i = 1; i <= USERS; i++) {
        bool calls = i % 3 == 0;
        add_transaction(block, transfer_of(i, 0, calls ? COUNTER : i + 1, calls ? 0 : i));
        if (i % 5 == 0) add_transaction(block, transfer_of(i, 1, COUNTER, 0));
    }
    return block;
}

static weft_state *busy_state(void)
{
    weft_state *state = state_of(USERS);
    set_code(state, COUNTER, counter_code, sizeof counter_code);
    return state;
}

static void check_same_results(const weft_result *a, const weft_result *b)
{
    weft_summary x = summary_of(a), y = summary_of(b);
    x.conflict_count = y.conflict_count = 0;
    CHECK_BYTES(&x, &y, sizeof x);
    for (size_t i = 0; i < x.account_count; i++) {
        weft_account_change c = {.struct_size = sizeof c}, d = {.struct_size = sizeof d};
        CHECK(weft_result_account(a, i, &c) == WEFT_OK && weft_result_account(b, i, &d) == WEFT_OK);
        CHECK_BYTES(c.address.b, d.address.b, 20);
        CHECK_EQ_U64(c.nonce, d.nonce);
        CHECK_BYTES(c.balance.b, d.balance.b, 32);
        CHECK_EQ_U64(c.slot_count, d.slot_count);
        CHECK_BYTES(c.slots, d.slots, c.slot_count * sizeof *c.slots);
    }
}

TEST(api_serial_and_parallel_agree)
{
    weft_state *state = busy_state();
    weft_block *block = busy_block();
    weft_engine *serial = engine_of(1, WEFT_EXECUTOR_SERIAL), *parallel = engine_of(3, WEFT_EXECUTOR_PARALLEL);
    weft_result *a = execute(serial, "Cancun", state, block, 0), *b = execute(parallel, "Cancun", state, block, 0);
    check_same_results(a, b);

    size_t calls = USERS / 3 + USERS / 5;
    weft_receipt last = receipt_of(a, weft_block_transaction_count(block) - 1);
    weft_log log = {.struct_size = sizeof log};
    CHECK(last.succeeded && last.log_count == 1);
    CHECK(weft_result_log(a, weft_block_transaction_count(block) - 1, 0, &log) == WEFT_OK);
    CHECK_EQ_U64(low_of(&log.topics[0]), 42);
    CHECK_EQ_U64(log.data.data[31], calls);
    CHECK_BYTES(last.sender.b, address_of(USERS).b, 20);
    CHECK_EQ_U64(last.cumulative_gas, summary_of(a).gas_used);
    CHECK(weft_result_log(a, 0, 0, &log) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_result_receipt(a, 10000, &last) == WEFT_INVALID_ARGUMENT);

    weft_stats stats = {.struct_size = sizeof stats};
    CHECK(weft_result_stats(b, &stats) == WEFT_OK);
    CHECK_TEXT(stats.executor, "parallel");
    CHECK_EQ_U64(stats.transactions, weft_block_transaction_count(block));
    for (size_t i = 0; i < summary_of(b).conflict_count; i++) {
        weft_conflict conflict = {.struct_size = sizeof conflict};
        CHECK(weft_result_conflict(b, i, &conflict) == WEFT_OK);
        CHECK(conflict.transaction < stats.transactions && conflict.field <= WEFT_FIELD_SLOT);
        CHECK(conflict.seen <= conflict.transaction && conflict.found <= conflict.transaction);
    }
    /* Results stand for themselves. */
    weft_engine_free(serial);
    weft_engine_free(parallel);
    weft_state_free(state);
    weft_block_free(block);
    check_same_results(a, b);
    weft_result_free(a);
    weft_result_free(b);
}

static void tell_lie(void *told, struct block_result *r)
{
    ++*(unsigned *)told;
    r->gas_used++;
}

/* A header that agrees with what serial execution gives. */
static void seal(weft_block *block, const weft_result *r)
{
    struct header *h = &block->block.header;
    weft_summary s = summary_of(r);
    h->transactions_root = block_transactions_root(block->block.transactions, block->block.transaction_count);
    h->uncles_hash = uncles_hash_empty;
    h->withdrawals_root = keccak_empty_trie;
    h->gas_used = s.gas_used;
    memcpy(h->receipts_root.b, s.receipts_root.b, 32);
    memcpy(h->requests_hash.b, s.requests_hash.b, 32);
    memcpy(h->bloom.b, s.bloom.b, sizeof h->bloom.b);
}

TEST(api_serial_execution_has_the_last_word)
{
    weft_state *state = busy_state();
    weft_block *block = busy_block();
    weft_chain *chain = chain_named("Cancun");
    weft_engine *serial = engine_of(1, WEFT_EXECUTOR_SERIAL), *parallel = engine_of(3, WEFT_EXECUTOR_PARALLEL);
    weft_result *right = execute(serial, "Cancun", state, block, 0), *checked = NULL;
    weft_error error;
    unsigned told = 0;
    seal(block, right);
    engine_lie(parallel->engine, tell_lie, &told);
    CHECK_OK(weft_execute_block(parallel, chain, state, block, WEFT_CHECK_HEADER | WEFT_RECHECK, &checked, &error));
    CHECK_EQ_U64(told, 1);
    check_same_results(right, checked);
    weft_stats stats = {.struct_size = sizeof stats};
    CHECK(weft_result_stats(checked, &stats) == WEFT_OK);
    CHECK_TEXT(stats.executor, "serial");
    CHECK_TEXT(stats.fallback, "the parallel result was wrong");
    weft_result_free(checked);
    /* A header that is wrong is wrong for both. */
    block->block.header.gas_used += 7;
    CHECK(weft_execute_block(parallel, chain, state, block, WEFT_CHECK_HEADER | WEFT_RECHECK, &checked, &error) ==
          WEFT_INVALID_BLOCK);
    CHECK_EQ_U64(told, 2);
    CHECK_TEXT(error.cause, "BLOCK_GAS_USED");
    weft_result_free(right);
    weft_engine_free(serial);
    weft_engine_free(parallel);
    weft_block_free(block);
    weft_state_free(state);
    weft_chain_free(chain);
}

static weft_bytes list_of(const weft_result *r)
{
    weft_bytes list;
    CHECK(weft_result_access_list(r, &list) == WEFT_OK);
    return list;
}

TEST(api_a_block_is_executed_along_its_access_list)
{
    weft_error error;
    weft_state *state = busy_state();
    weft_block *block = busy_block();
    weft_chain *chain = chain_named("Cancun");
    weft_engine *serial = engine_of(1, WEFT_EXECUTOR_SERIAL), *parallel = engine_of(3, WEFT_EXECUTOR_PARALLEL);
    weft_result *plain = execute(serial, "Cancun", state, block, 0);
    weft_result *listed = execute(parallel, "Cancun", state, block, WEFT_LIST_ACCESSES);
    CHECK(list_of(plain).size == 0 && list_of(listed).size > USERS * 20);

    CHECK_OK(weft_block_set_access_list(block, list_of(listed).data, list_of(listed).size, &error));
    weft_result *along = execute(parallel, "Cancun", state, block, WEFT_LIST_ACCESSES);
    check_same_results(plain, along);
    CHECK_EQ_U64(list_of(along).size, list_of(listed).size);
    CHECK_BYTES(list_of(along).data, list_of(listed).data, list_of(listed).size);
    weft_stats stats = {.struct_size = sizeof stats};
    CHECK(weft_result_stats(along, &stats) == WEFT_OK);
    CHECK_TEXT(stats.executor, "access list");
    CHECK(stats.fallback == NULL);

    uint8_t *wrong = malloc(list_of(listed).size);
    memcpy(wrong, list_of(listed).data, list_of(listed).size);
    CHECK_EQ_I64(weft_block_set_access_list(block, wrong, list_of(listed).size - 1, &error), WEFT_MALFORMED);
    CHECK_EQ_I64(weft_block_set_access_list(block, NULL, 0, &error), WEFT_INVALID_ARGUMENT);
    uint32_t tried = 0;
    for (size_t at = 0; at < list_of(listed).size; at += 37) {
        wrong[at] ^= 1;
        if (weft_block_set_access_list(block, wrong, list_of(listed).size, &error) == WEFT_OK) {
            weft_result *none = NULL;
            CHECK_EQ_I64(weft_execute_block(parallel, chain, state, block, 0, &none, &error), WEFT_INVALID_BLOCK);
            tried++;
        }
        wrong[at] ^= 1;
    }
    CHECK(tried > 20);
    free(wrong);
    weft_result_free(plain);
    weft_result_free(listed);
    weft_result_free(along);
    weft_engine_free(serial);
    weft_engine_free(parallel);
    weft_chain_free(chain);
    weft_block_free(block);
    weft_state_free(state);
}

TEST(api_applied_changes_are_the_new_state)
{
    weft_error error;
    weft_state *state = busy_state(), *before = weft_state_copy(state), *by_hand = weft_state_copy(state);
    weft_block *block = busy_block();
    weft_engine *engine = engine_of(2, 0);
    weft_result *result = execute(engine, "Cancun", state, block, 0);
    CHECK_OK(weft_state_apply(state, result, &error));
    for (size_t i = 0; i < summary_of(result).account_count; i++) {
        weft_account_change c = {.struct_size = sizeof c};
        CHECK(weft_result_account(result, i, &c) == WEFT_OK && c.exists && !c.code_changed);
        CHECK_OK(weft_state_set_account(by_hand, &c.address, c.nonce, &c.balance, &error));
        for (size_t k = 0; k < c.slot_count; k++)
            CHECK_OK(weft_state_set_storage(by_hand, &c.address, &c.slots[k].key, &c.slots[k].value, &error));
    }
    weft_word root, expected, old;
    CHECK_OK(weft_state_root(state, engine, &root, &error));
    CHECK_OK(weft_state_root(by_hand, NULL, &expected, &error));
    CHECK_OK(weft_state_root(before, NULL, &old, &error));
    CHECK_BYTES(root.b, expected.b, 32);
    CHECK(memcmp(root.b, old.b, 32) != 0);

    weft_address counter = address_of(COUNTER);
    weft_word key = word_of(0), value;
    CHECK_OK(weft_state_storage(state, &counter, &key, &value, &error));
    CHECK_EQ_U64(low_of(&value), USERS / 3 + USERS / 5);
    weft_bytes code;
    CHECK_OK(weft_state_code(state, &counter, &code, &error));
    CHECK_EQ_U64(code.size, sizeof counter_code);
    CHECK_BYTES(code.data, counter_code, code.size);
    weft_account account;
    weft_address user = address_of(5);
    CHECK_OK(weft_state_account(state, &user, &account, &error));
    CHECK_EQ_U64(account.nonce, 2);
    user = address_of(9999);
    CHECK_OK(weft_state_account(state, &user, &account, &error));
    CHECK_EQ_U64(account.exists, 0);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_block_free(block);
    weft_state_free(state);
    weft_state_free(before);
    weft_state_free(by_hand);
}

/* ---- signed transactions, RLP, headers ------------------------------------------------------- */

/* A signed transaction of a secret key, as it goes over the wire; the caller frees the writer. */
static struct bytes sign(struct rlp_writer *w, uint8_t key, uint64_t nonce)
{
    uint8_t secret[32] = {[31] = key};
    struct transaction tx = {.type = TX_FEE_MARKET,
                             .has_chain_id = true,
                             .chain_id = 1,
                             .nonce = nonce,
                             .gas_limit = 50000,
                             .max_fee = U256(100),
                             .max_priority_fee = U256(3),
                             .value = U256(key)};
    tx.to.b[0] = key;
    struct hash digest;
    struct secp256k1_signature signature;
    transaction_signing_hash(&digest, &tx);
    CHECK(secp256k1_sign(&signature, &digest, secret));
    tx.signature = (struct signature){u256_load_be(signature.r), u256_load_be(signature.s), signature.recovery_id};
    transaction_encode(w, &tx);
    return rlp_written(w);
}

static weft_address signer(uint8_t key)
{
    uint8_t secret[32] = {[31] = key};
    struct address a;
    CHECK(secp256k1_address_of_secret(&a, secret));
    weft_address out;
    memcpy(out.b, a.b, 20);
    return out;
}

static weft_state *signers_state(uint8_t count)
{
    weft_error error;
    weft_state *state = weft_state_new();
    for (uint8_t key = 1; key <= count; key++) {
        weft_address a = signer(key);
        weft_word balance = word_of(1000000000);
        CHECK_OK(weft_state_set_account(state, &a, 0, &balance, &error));
    }
    return state;
}

TEST(api_recovers_senders)
{
    weft_error error;
    weft_state *state = signers_state(8);
    weft_address given = address_of(1);
    weft_word balance = word_of(1000000000000);
    CHECK_OK(weft_state_set_account(state, &given, 0, &balance, &error));
    weft_engine *engine = engine_of(2, 0);
    for (int mixed = 0; mixed < 2; mixed++) {
        weft_block *block = block_of(1);
        for (uint8_t key = 1; key <= 8; key++) {
            struct rlp_writer w = {0};
            struct bytes encoded = sign(&w, key, 0);
            CHECK_OK(weft_block_add_encoded(block, encoded.data, encoded.size, &error));
            weft_word hash, expected;
            weft_keccak256(encoded.data, encoded.size, &expected);
            CHECK(weft_block_transaction_hash(block, weft_block_transaction_count(block) - 1, &hash) == WEFT_OK);
            CHECK_BYTES(hash.b, expected.b, 32);
            rlp_writer_free(&w);
            if (mixed && key == 3) add_transaction(block, transfer_of(1, 0, 2, 5));
        }
        weft_result *result = execute(engine, "Cancun", state, block, 0);
        for (uint8_t key = 1; key <= 8; key++)
            CHECK_BYTES(receipt_of(result, key - 1u + (mixed && key > 3)).sender.b, signer(key).b, 20);
        if (mixed) CHECK_BYTES(receipt_of(result, 3).sender.b, given.b, 20);
        weft_result_free(result);

        /* A bad signature is named by its place in the whole block. */
        weft_transaction bad = transfer_of(1, 0, 2, 5);
        bad.has_sender = 0;
        add_transaction(block, bad);
        weft_chain *chain = chain_named("Cancun");
        CHECK_FAILS(weft_execute_block(engine, chain, state, block, 0, &result, &error), WEFT_INVALID_TRANSACTION,
                    "TX_BAD_SIGNATURE");
        CHECK_EQ_U64(error.transaction, weft_block_transaction_count(block) - 1);
        CHECK(result == NULL);
        weft_chain_free(chain);
        weft_block_free(block);
    }
    weft_engine_free(engine);
    weft_state_free(state);
}

static struct hash root_of(const struct bytes *items, size_t count)
{
    struct hash root;
    trie_ordered_root(&root, items, count);
    return root;
}

/* A block as bytes, whose header agrees with what execution gives: executed once to learn that. The caller
 * frees the writer. */
static struct bytes sealed_block(struct rlp_writer *w, weft_engine *engine, const weft_state *state)
{
    weft_error error;
    struct arena arena = {0};
    struct rlp_writer writers[8] = {0};
    struct bytes encoded[8];
    struct transaction transactions[8];
    weft_block *draft = block_of(1);
    for (uint8_t i = 0; i < 8; i++) {
        encoded[i] = sign(&writers[i], (uint8_t)(i + 1), 0);
        CHECK(transaction_decode(&transactions[i], encoded[i], &arena) == STATUS_OK);
        CHECK_OK(weft_block_add_encoded(draft, encoded[i].data, encoded[i].size, &error));
    }
    weft_result *result = execute(engine, "Shanghai", state, draft, 0);
    weft_summary summary = summary_of(result);
    struct block b = {.transactions = transactions, .transaction_count = 8, .has_withdrawals = true};
    b.header = (struct header){.field_count = HEADER_WITHDRAWALS_ROOT,
                               .uncles_hash = uncles_hash_empty,
                               .number = 1,
                               .timestamp = 12,
                               .gas_limit = 30000000,
                               .gas_used = summary.gas_used,
                               .base_fee = U256(7),
                               .transactions_root = root_of(encoded, 8),
                               .withdrawals_root = keccak_empty_trie};
    weft_address beneficiary = address_of(0xfee);
    memcpy(b.header.beneficiary.b, beneficiary.b, 20);
    memcpy(b.header.receipts_root.b, summary.receipts_root.b, 32);
    memcpy(b.header.bloom.b, summary.bloom.b, 256);
    block_encode(w, &b);
    for (int i = 0; i < 8; i++) rlp_writer_free(&writers[i]);
    weft_result_free(result);
    weft_block_free(draft);
    arena_free(&arena);
    return rlp_written(w);
}

/* What is decoded is what is encoded, whole and in parts; senders and withdrawals can be read. */
TEST(api_encodes_and_reads_blocks)
{
    weft_error error;
    struct rlp_writer w = {0};
    weft_engine *engine = engine_of(1, 0);
    weft_state *state = signers_state(8);
    weft_chain *chain = chain_named("Shanghai");
    struct bytes rlp = sealed_block(&w, engine, state);
    weft_block *decoded, *made;
    weft_header header = {.struct_size = sizeof header};
    CHECK_OK(weft_block_decode(rlp.data, rlp.size, &decoded, &error));
    CHECK(weft_block_header(decoded, &header) == WEFT_OK);
    CHECK_OK(weft_block_new(&header, &made, &error));
    for (uint8_t i = 0; i < 8; i++) {
        uint8_t envelope[300];
        size_t size;
        weft_address expected = signer((uint8_t)(i + 1)), found;
        CHECK(weft_block_encode_transaction(decoded, i, NULL, 0, &size) == WEFT_OK);
        CHECK(size > 100 && weft_block_encode_transaction(decoded, i, envelope, sizeof envelope, &size) == WEFT_OK);
        CHECK_OK(weft_block_add_encoded(made, envelope, size, &error));
        CHECK_OK(weft_block_sender(decoded, chain, i, &found, &error));
        CHECK_BYTES(found.b, expected.b, 20);
    }
    uint8_t *again = base_alloc(rlp.size);
    size_t size = 0;
    CHECK(weft_block_encode(made, again, rlp.size, &size) == WEFT_OK);
    CHECK_EQ_U64(size, rlp.size);
    CHECK_BYTES(again, rlp.data, rlp.size);
    memset(again, 0, rlp.size);
    CHECK(weft_block_encode(decoded, again, rlp.size - 1, &size) == WEFT_OK);
    CHECK(size == rlp.size && again[0] == 0); /* too little room: nothing is written */

    weft_withdrawal in = {.index = 1, .validator_index = 2, .amount = 3, .address = address_of(4)}, out;
    CHECK_OK(weft_block_add_withdrawal(made, &in, &error));
    CHECK(weft_block_withdrawal_count(made) == 1 && weft_block_withdrawal_count(NULL) == 0);
    CHECK(weft_block_withdrawal(made, 0, &out) == WEFT_OK);
    CHECK(out.index == 1 && out.validator_index == 2 && out.amount == 3 && out.address.b[19] == 4);

    /* A sender that was given is given back; what nobody signed cannot be encoded. */
    weft_address found;
    weft_transaction tx = transfer_of(77, 0, 2, 1);
    CHECK_OK(weft_block_add_transaction(made, &tx, &error));
    CHECK_OK(weft_block_sender(made, chain, 8, &found, &error));
    CHECK_BYTES(found.b, tx.sender.b, 20);
    CHECK(weft_block_encode(made, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_encode_transaction(made, 8, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
    tx.has_sender = 0; /* r and s are zero */
    CHECK_OK(weft_block_add_transaction(made, &tx, &error));
    CHECK_FAILS(weft_block_sender(made, chain, 9, &found, &error), WEFT_INVALID_TRANSACTION, "TX_BAD_SIGNATURE");
    CHECK_EQ_U64(error.transaction, 9);

    CHECK_FAILS(weft_block_sender(made, chain, 10, &found, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_block_sender(made, NULL, 0, &found, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK(weft_block_withdrawal(made, 1, &out) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_withdrawal(NULL, 0, &out) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_encode(decoded, NULL, 1, &size) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_encode(NULL, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_encode_transaction(decoded, 8, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_block_encode_transaction(decoded, 0, NULL, 0, NULL) == WEFT_INVALID_ARGUMENT);
    free(again);
    rlp_writer_free(&w);
    weft_block_free(made);
    weft_block_free(decoded);
    weft_chain_free(chain);
    weft_state_free(state);
    weft_engine_free(engine);
}

TEST(api_fees_of_the_next_block)
{
    weft_error error;
    weft_chain *cancun = chain_named("Cancun"), *berlin = chain_named("Berlin");
    weft_header parent = header_of(10);
    weft_word base_fee;
    uint64_t excess;
    parent.base_fee = word_of(1000);
    parent.gas_used = parent.gas_limit; /* full: one eighth more (EIP-1559) */
    parent.excess_blob_gas = 5 * 131072;
    parent.blob_gas_used = 6 * 131072; /* three more than the target (EIP-4844) */
    CHECK_OK(weft_next_fees(cancun, &parent, 132, &base_fee, &excess, &error));
    CHECK_EQ_U64(low_of(&base_fee), 1125);
    CHECK_EQ_U64(excess, 8 * 131072);
    parent.gas_used = 0;
    parent.excess_blob_gas = parent.blob_gas_used = 0;
    CHECK_OK(weft_next_fees(cancun, &parent, 132, &base_fee, &excess, &error));
    CHECK_EQ_U64(low_of(&base_fee), 875);
    CHECK_EQ_U64(excess, 0);
    CHECK_OK(weft_next_fees(berlin, &parent, 132, &base_fee, &excess, &error));
    CHECK(low_of(&base_fee) == 0 && excess == 0);
    parent.number = UINT64_MAX;
    CHECK_FAILS(weft_next_fees(cancun, &parent, 132, &base_fee, &excess, &error), WEFT_INVALID_ARGUMENT,
                "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_next_fees(cancun, NULL, 132, &base_fee, &excess, &error), WEFT_INVALID_ARGUMENT,
                "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_next_fees(NULL, &parent, 132, &base_fee, &excess, &error), WEFT_INVALID_ARGUMENT,
                "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_next_fees(cancun, &parent, 132, NULL, &excess, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    weft_chain_free(cancun);
    weft_chain_free(berlin);
}

TEST(api_decodes_and_checks_blocks)
{
    weft_error error;
    struct rlp_writer w = {0};
    weft_engine *engine = engine_of(2, 0);
    weft_state *state = signers_state(8);
    struct bytes rlp = sealed_block(&w, engine, state);
    weft_block *block;
    CHECK_OK(weft_block_decode(rlp.data, rlp.size, &block, &error));
    weft_result *result = execute(engine, "Shanghai", state, block, WEFT_CHECK_HEADER);
    CHECK_EQ_U64(weft_block_transaction_count(block), 8);
    weft_transaction tx = transfer_of(1, 0, 2, 3);
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");

    /* The same header in a block that is put together: same hash; and each commitment is compared. */
    weft_header header = {.struct_size = sizeof header};
    CHECK(weft_block_header(block, &header) == WEFT_OK);
    CHECK_EQ_U64(header.field_count, 17);
    weft_word hash, again;
    weft_block_hash(block, &hash);
    static const struct {
        size_t offset;
        const char *cause;
    } commitments[] = {
        {offsetof(weft_header, gas_used), "BLOCK_GAS_USED"},
        {offsetof(weft_header, transactions_root), "BLOCK_TRANSACTIONS_ROOT"},
        {offsetof(weft_header, receipts_root), "BLOCK_RECEIPTS_ROOT"},
        {offsetof(weft_header, withdrawals_root), "BLOCK_WITHDRAWALS_ROOT"},
        {offsetof(weft_header, uncles_hash), "BLOCK_UNCLES_HASH"},
        {offsetof(weft_header, bloom), "BLOCK_BLOOM"},
    };
    weft_chain *chain = chain_named("Shanghai");
    for (size_t i = 0; i <= COUNT_OF(commitments); i++) {
        weft_header changed = header;
        if (i < COUNT_OF(commitments)) ((uint8_t *)&changed)[commitments[i].offset] ^= 1;
        weft_block *built;
        CHECK_OK(weft_block_new(&changed, &built, &error));
        for (uint8_t key = 1; key <= 8; key++) {
            struct rlp_writer one = {0};
            struct bytes encoded = sign(&one, key, 0);
            CHECK_OK(weft_block_add_encoded(built, encoded.data, encoded.size, &error));
            rlp_writer_free(&one);
        }
        weft_block_hash(built, &again);
        CHECK_EQ_U64(memcmp(hash.b, again.b, 32) == 0, i == COUNT_OF(commitments));
        weft_result *r = NULL;
        if (i < COUNT_OF(commitments)) {
            CHECK_FAILS(weft_execute_block(engine, chain, state, built, WEFT_CHECK_HEADER, &r, &error),
                        WEFT_INVALID_BLOCK, commitments[i].cause);
            CHECK_EQ_U64(error.transaction, WEFT_NO_TRANSACTION);
        } else {
            CHECK_OK(weft_execute_block(engine, chain, state, built, WEFT_CHECK_HEADER, &r, &error));
            check_same_results(r, result);
        }
        weft_result_free(r);
        weft_block_free(built);
    }

    /* Headers against a parent. */
    weft_header parent = header;
    parent.number = 0;
    parent.timestamp = 0;
    parent.gas_used = 15000000; /* on target: the base fee stays */
    weft_block *built;
    CHECK_OK(weft_block_new(&header, &built, &error));
    CHECK_OK(weft_block_check_parent(built, chain, &parent, &error));
    parent.gas_used = 30000000;
    parent.base_fee = word_of(700);
    CHECK_FAILS(weft_block_check_parent(built, chain, &parent, &error), WEFT_INVALID_BLOCK, "BLOCK_BASE_FEE");
    weft_block_free(built);

    weft_chain_free(chain);
    weft_result_free(result);
    weft_block_free(block);
    weft_engine_free(engine);
    weft_state_free(state);
    rlp_writer_free(&w);
}

TEST(api_malformed_blocks_are_refused)
{
    struct rlp_writer w = {0};
    weft_engine *engine = engine_of(1, 0);
    weft_state *state = signers_state(8);
    struct bytes rlp = sealed_block(&w, engine, state);
    weft_error error;
    weft_block *block;
    for (size_t size = 0; size < rlp.size; size++) {
        CHECK(weft_block_decode(rlp.data, size, &block, &error) == WEFT_MALFORMED);
        CHECK(block == NULL && error.text[0] != 0);
    }
    uint8_t *bytes = base_alloc(rlp.size + 1);
    memcpy(bytes, rlp.data, rlp.size);
    bytes[rlp.size] = 0;
    CHECK_FAILS(weft_block_decode(bytes, rlp.size + 1, &block, &error), WEFT_MALFORMED, "RLP_TRAILING");
    for (int i = 0; i < 3000; i++) { /* whatever it says, it says it without harm */
        memcpy(bytes, rlp.data, rlp.size);
        bytes[harness_random_below(rlp.size)] = (uint8_t)harness_random();
        if (weft_block_decode(bytes, rlp.size, &block, &error) == WEFT_OK) weft_block_free(block);
    }
    free(bytes);
    weft_engine_free(engine);
    weft_state_free(state);
    rlp_writer_free(&w);
}

TEST(api_receipts_encode_to_their_root)
{
    weft_state *state = busy_state();
    weft_block *block = busy_block();
    weft_engine *engine = engine_of(2, 0);
    weft_result *result = execute(engine, "Cancun", state, block, 0);
    weft_summary summary = summary_of(result);
    struct bytes encoded[2 * USERS];
    struct arena arena = {0};
    CHECK(summary.receipt_count <= COUNT_OF(encoded));
    for (size_t i = 0; i < summary.receipt_count; i++) {
        size_t size = 0, again = 0;
        CHECK(weft_result_encode_receipt(result, i, NULL, 0, &size) == WEFT_OK);
        uint8_t *out = arena_alloc(&arena, size, 1);
        CHECK(weft_result_encode_receipt(result, i, out, size, &again) == WEFT_OK);
        CHECK_EQ_U64(again, size);
        encoded[i] = (struct bytes){out, size};
    }
    struct hash root = root_of(encoded, summary.receipt_count);
    CHECK_BYTES(root.b, summary.receipts_root.b, 32);
    arena_free(&arena);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_block_free(block);
    weft_state_free(state);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct shared {
    weft_engine *engine;
    weft_state *state;
    weft_block *block;
    weft_result *expected;
};

static void *execute_some(void *context)
{
    struct shared *s = context;
    for (int i = 0; i < 20; i++) {
        weft_result *result = execute(s->engine, "Cancun", s->state, s->block, 0);
        check_same_results(result, s->expected);
        weft_result_free(result);
    }
    return NULL;
}

TEST(api_an_engine_can_be_shared)
{
    struct shared s = {engine_of(2, WEFT_EXECUTOR_PARALLEL), busy_state(), busy_block(), NULL};
    s.expected = execute(s.engine, "Cancun", s.state, s.block, 0);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++) CHECK(pthread_create(&threads[i], NULL, execute_some, &s) == 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) CHECK(pthread_join(threads[i], NULL) == 0);
    weft_result_free(s.expected);
    weft_engine_free(s.engine);
    weft_state_free(s.state);
    weft_block_free(s.block);
}
