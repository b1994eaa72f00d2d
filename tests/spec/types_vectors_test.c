/* Published vectors of RLP, transactions and block access lists. */
#include "tx/tx.h"

#include "vectors.h"

/* ---- ethereum/tests, RLPTests ------------------------------------------------------------------------------------ */

/* Writes a JSON value: texts and numbers ("#123" for big ones) become strings, arrays become lists. */
static void put_value(struct rlp_writer *w, yyjson_val *v)
{
    if (yyjson_is_arr(v)) {
        size_t mark = rlp_mark(w);
        for (size_t i = yyjson_arr_size(v); i-- > 0;) put_value(w, yyjson_arr_get(v, i));
        rlp_put_list(w, mark);
    } else if (yyjson_is_int(v)) {
        rlp_put_u64(w, yyjson_get_uint(v));
    } else if (yyjson_get_len(v) > 0 && yyjson_get_str(v)[0] == '#') {
        struct u256 number = U256_ZERO; /* decimal digits */
        bool fits = true;
        for (const char *digit = yyjson_get_str(v) + 1; *digit != 0; digit++) {
            fits = fits && u256_bits(number) <= 252;
            number = u256_add(u256_mul(number, U256(10)), U256((uint64_t)(*digit - '0')));
        }
        if (fits) {
            rlp_put_u256(w, number);
        } else { /* the one number beyond 256 bits is 2^256 */
            uint8_t bytes[33] = {1};
            rlp_put_bytes(w, bytes, sizeof bytes);
        }
    } else {
        rlp_put_bytes(w, yyjson_get_str(v), yyjson_get_len(v));
    }
}

static void check_rlp(struct json_reader *f, const char *name, yyjson_val *test)
{
    struct arena arena = {0};
    yyjson_val *in = json_member(f, test, "in"), *out = json_member(f, test, "out");
    struct bytes encoded = vectors_text(&arena, yyjson_get_str(out), yyjson_get_len(out));
    const char *word = yyjson_is_str(in) ? yyjson_get_str(in) : "";
    enum status s = rlp_check(encoded);
    if ((strcmp(word, "INVALID") == 0) != (s != STATUS_OK)) FAIL("%s: %s", name, status_name(s));
    if (strcmp(word, "INVALID") != 0 && strcmp(word, "VALID") != 0) {
        struct rlp_writer w = {0};
        put_value(&w, in);
        if (!bytes_equal(rlp_written(&w), encoded)) FAIL("%s: written otherwise", name);
        rlp_writer_free(&w);
    }
    arena_free(&arena);
}

TEST(published_rlp_vectors_hold)
{
    CHECK(vectors_each("ethereum_tests/RLPTests", check_rlp) > 0);
}

/* ---- ethereum/tests, TransactionTests ---------------------------------------------------------------------------- */

/* What all there is to say about a transaction without a state. */
static enum status judge(const struct fork *fork, struct bytes encoded, struct arena *arena, struct transaction *tx,
                         struct address *sender)
{
    struct tx_context c = {.fork = fork, .chain = &chain_mainnet, .env = {.chain_id = 1, .gas_limit = UINT64_MAX}};
    enum status s = transaction_decode(tx, encoded, arena);
    if (s == STATUS_OK)
        s = transaction_sender(sender, tx, (struct signature_rules){fork->low_s, fork->replay_protection});
    if (s == STATUS_OK) s = tx_check(&c, tx, sender);
    if (s == TX_GAS_OVER_BLOCK && tx->gas_limit > INT64_MAX)
        s = STATUS_OK; /* more than any block has, but well-formed */
    /* Gas that costs more than there are numbers nobody can pay: execution finds that out, which asks for a balance. */
    struct u256 most, all = u256_not(U256_ZERO), gas = U256(tx->gas_limit);
    if (s == STATUS_OK) {
        u256_div(&most, &all, &gas);
        if (u256_less(most, tx->max_fee)) s = TX_INSUFFICIENT_FUNDS;
    }
    return s;
}

static void check_on_fork(struct json_reader *f, const char *name, yyjson_val *result, const char *fork_name,
                          struct bytes encoded)
{
    const struct fork *fork = fork_find(fork_name);
    struct arena arena = {0};
    struct transaction tx;
    struct address sender;
    CHECK(fork != NULL);
    enum status s = judge(fork, encoded, &arena, &tx, &sender);
    bool valid = json_optional(result, "exception") == NULL;
    if (valid != (s == STATUS_OK)) FAIL("%s on %s: %s", name, fork_name, status_name(s));
    if (valid) {
        struct hash expected_hash = json_hash(f, result, "hash"), hash;
        struct address expected_sender = json_address(f, result, "sender");
        transaction_hash(&hash, &tx);
        CHECK_BYTES(hash.b, expected_hash.b, 32);
        CHECK_BYTES(sender.b, expected_sender.b, 20);
        CHECK_EQ_U64(tx_intrinsic(fork, &tx, &sender, 0).gas, json_u64(f, result, "intrinsicGas"));
        struct rlp_writer w = {0};
        transaction_encode(&w, &tx);
        CHECK(bytes_equal(rlp_written(&w), encoded));
        rlp_writer_free(&w);
    }
    arena_free(&arena);
}

static void check_transaction(struct json_reader *f, const char *name, yyjson_val *test)
{
    struct arena arena = {0};
    yyjson_val *text = json_member(f, test, "txbytes"), *key, *result;
    struct bytes encoded = vectors_text(&arena, yyjson_get_str(text), yyjson_get_len(text));
    size_t i, count;
    yyjson_obj_foreach(json_object(f, test, "result"), i, count, key, result)
        check_on_fork(f, name, result, yyjson_get_str(key), encoded);
    arena_free(&arena);
}

TEST(published_transaction_vectors_hold)
{
    CHECK(vectors_each("ethereum_tests/TransactionTests", check_transaction) > 0);
}

/* ---- block access lists (EIP-7928) ------------------------------------------------------------------------------- */

/* Blocks of the fixtures carry their list as JSON; blocks from the witness fixtures and others: list, encoding and the
 * header's hash must agree. */
static void put_words(struct json_reader *f, struct rlp_writer *w, yyjson_val *changes, const char *value, bool is_code)
{
    size_t mark = rlp_mark(w);
    for (size_t i = yyjson_arr_size(changes); i-- > 0;) {
        yyjson_val *change = yyjson_arr_get(changes, i);
        size_t inner = rlp_mark(w);
        if (is_code) {
            struct bytes code = json_bytes(f, change, value);
            rlp_put_bytes(w, code.data, code.size);
        } else {
            rlp_put_u256(w, json_u256(f, change, value));
        }
        rlp_put_u64(w, json_u64(f, change, "blockAccessIndex"));
        rlp_put_list(w, inner);
    }
    rlp_put_list(w, mark);
}

static void put_account(struct json_reader *f, struct rlp_writer *w, yyjson_val *account)
{
    size_t mark = rlp_mark(w);
    put_words(f, w, json_array(f, account, "codeChanges"), "newCode", true);
    put_words(f, w, json_array(f, account, "nonceChanges"), "postNonce", false);
    put_words(f, w, json_array(f, account, "balanceChanges"), "postBalance", false);
    yyjson_val *reads = json_array(f, account, "storageReads"), *writes = json_array(f, account, "storageChanges");
    size_t list = rlp_mark(w);
    for (size_t i = yyjson_arr_size(reads); i-- > 0;)
        rlp_put_u256(w, json_value_u256(f, yyjson_arr_get(reads, i), "storageReads"));
    rlp_put_list(w, list);
    list = rlp_mark(w);
    for (size_t i = yyjson_arr_size(writes); i-- > 0;) {
        yyjson_val *slot = yyjson_arr_get(writes, i);
        size_t inner = rlp_mark(w);
        put_words(f, w, json_array(f, slot, "slotChanges"), "postValue", false);
        rlp_put_u256(w, json_u256(f, slot, "slot"));
        rlp_put_list(w, inner);
    }
    rlp_put_list(w, list);
    struct address address = json_address(f, account, "address");
    rlp_put_address(w, &address);
    rlp_put_list(w, mark);
}

static void check_list(struct json_reader *f, yyjson_val *block, yyjson_val *accounts)
{
    struct rlp_writer w = {0}, again = {0};
    struct arena arena = {0};
    struct block_access_list list;
    struct error e;
    yyjson_val *header = json_object(f, block, "blockHeader");
    struct hash expected = json_hash(f, header, "blockAccessListHash"), found;
    for (size_t i = yyjson_arr_size(accounts); i-- > 0;) put_account(f, &w, yyjson_arr_get(accounts, i));
    rlp_put_list(&w, 0);
    if (bal_decode(&list, rlp_written(&w), &arena, &e) != STATUS_OK) FAIL("%s", e.text);
    bal_encode(&again, &list);
    CHECK(bytes_equal(rlp_written(&again), rlp_written(&w)));
    bal_hash(&found, &list);
    CHECK_BYTES(found.b, expected.b, 32);
    rlp_writer_free(&w);
    rlp_writer_free(&again);
    arena_free(&arena);
}

static size_t lists;

static void check_lists(struct json_reader *f, const char *name, yyjson_val *test)
{
    (void)name;
    size_t i, count;
    yyjson_val *block;
    yyjson_arr_foreach(json_array(f, test, "blocks"), i, count, block)
    {
        yyjson_val *accounts = json_optional(block, "blockAccessList");
        if (accounts == NULL || json_optional(block, "expectException") != NULL ||
            json_optional(block, "blockHeader") == NULL)
            continue;
        check_list(f, block, accounts);
        lists++;
    }
}

TEST(published_block_access_lists_are_read_and_written)
{
    lists = 0;
    vectors_each("blockchain_tests_devnet/for_amsterdam/amsterdam/eip7928_block_level_access_lists", check_lists);
    CHECK(lists > 100);
    vectors_each("blockchain_tests_zkevm", check_lists);
}
