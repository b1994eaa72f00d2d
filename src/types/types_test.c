/* Types: what was encoded is decoded to the same, truncated or mangled bytes never pass as something else. */
#include "types/types.h"

#include "harness.h"

static struct hash random_hash(void)
{
    struct hash h;
    harness_random_edge_bytes(h.b, sizeof h);
    return h;
}

static struct u256 random_word(void)
{
    return u256_shr(u256_load_be(random_hash().b), (unsigned)harness_random_below(256));
}

static uint64_t random_number(void)
{
    return harness_random() >> harness_random_below(64);
}

static struct address random_address(void)
{
    struct address a;
    harness_random_edge_bytes(a.b, sizeof a);
    return a;
}

static struct signature random_signature(void)
{
    return (struct signature){random_word(), random_word(), (uint8_t)harness_random_below(2)};
}

/* Every field that the type has, with random content. */
static struct transaction random_transaction(enum transaction_type type, struct arena *arena)
{
    struct transaction tx = {.type = type, .nonce = random_number(), .gas_limit = random_number()};
    tx.has_chain_id = type != TX_LEGACY || harness_random_below(2) == 0;
    tx.chain_id = tx.has_chain_id ? 1 + harness_random_below(1000000) : 0;
    tx.max_fee = random_word();
    tx.max_priority_fee = type <= TX_ACCESS_LIST ? tx.max_fee : random_word();
    tx.is_create = type < TX_BLOB && harness_random_below(2) == 0;
    if (!tx.is_create) tx.to = random_address();
    tx.value = random_word();
    uint8_t *data = arena_alloc(arena, 200, 1);
    memset(data, (int)harness_random_below(256), 200);
    tx.data = (struct bytes){data, harness_random_below(200)};
    tx.signature = random_signature();
    if (type >= TX_ACCESS_LIST) {
        tx.access_count = (uint32_t)harness_random_below(4);
        struct access_entry *list = ARENA_ARRAY(arena, struct access_entry, 4);
        for (uint32_t i = 0; i < tx.access_count; i++) {
            struct u256 *keys = ARENA_ARRAY(arena, struct u256, 3);
            list[i] = (struct access_entry){random_address(), keys, (uint32_t)harness_random_below(4)};
            for (uint32_t k = 0; k < list[i].key_count; k++) keys[k] = random_word();
            tx.access_key_count += list[i].key_count;
        }
        tx.access_list = list;
    }
    if (type == TX_BLOB) {
        struct hash *hashes = ARENA_ARRAY(arena, struct hash, 3);
        tx.blob_count = (uint32_t)harness_random_below(4);
        for (uint32_t i = 0; i < tx.blob_count; i++) hashes[i] = random_hash();
        tx.blob_hashes = hashes;
        tx.max_blob_fee = random_word();
    }
    if (type == TX_SET_CODE) {
        struct authorization *list = ARENA_ARRAY(arena, struct authorization, 3);
        tx.authorization_count = (uint32_t)harness_random_below(4);
        for (uint32_t i = 0; i < tx.authorization_count; i++)
            list[i] = (struct authorization){random_word(), random_address(), random_number(), random_signature()};
        tx.authorizations = list;
    }
    return tx;
}

TEST(transactions_of_all_types_survive_the_wire)
{
    struct arena arena = {0};
    struct rlp_writer first = {0}, second = {0};
    for (unsigned round = 0; round < 500; round++) {
        struct transaction tx = random_transaction((enum transaction_type)(round % 5), &arena), back;
        struct hash a, b;
        rlp_rewind(&first, 0);
        rlp_rewind(&second, 0);
        transaction_encode(&first, &tx);
        struct bytes written = rlp_written(&first);
        CHECK_STATUS(transaction_decode(&back, written, &arena), STATUS_OK);
        CHECK(back.type == tx.type && back.nonce == tx.nonce && back.gas_limit == tx.gas_limit);
        CHECK(back.is_create == tx.is_create && back.has_chain_id == tx.has_chain_id && back.chain_id == tx.chain_id);
        CHECK(back.access_key_count == tx.access_key_count && bytes_equal(back.data, tx.data));
        back.encoded = (struct bytes){0}; /* not the bytes that it came from */
        transaction_encode(&second, &back);
        CHECK(bytes_equal(rlp_written(&second), written));
        transaction_signing_hash(&a, &tx);
        transaction_signing_hash(&b, &back);
        CHECK_BYTES(a.b, b.b, 32);
        for (size_t size = 0; size < written.size; size += 1 + harness_random_below(7))
            CHECK(transaction_decode(&back, (struct bytes){written.data, size}, &arena) != STATUS_OK);
        arena_reset(&arena);
    }
    rlp_writer_free(&first);
    rlp_writer_free(&second);
    arena_free(&arena);
}

/* Whatever comes out of decoding mangled bytes is encoded to exactly those bytes: nothing has two encodings. */
TEST(a_transaction_has_one_encoding_only)
{
    struct arena arena = {0};
    struct rlp_writer first = {0}, second = {0};
    unsigned taken = 0;
    for (unsigned round = 0; round < 4000; round++) {
        struct transaction tx = random_transaction((enum transaction_type)(round % 5), &arena);
        rlp_rewind(&first, 0);
        rlp_rewind(&second, 0);
        transaction_encode(&first, &tx);
        struct bytes written = rlp_written(&first);
        uint8_t *mangled = arena_copy(&arena, written.data, written.size);
        mangled[harness_random_below(written.size < 40 ? written.size : 40)] ^= (uint8_t)(1u
                                                                                          << harness_random_below(8));
        struct bytes other = {mangled, written.size};
        if (transaction_decode(&tx, other, &arena) == STATUS_OK) {
            tx.encoded = (struct bytes){0};
            transaction_encode(&second, &tx);
            CHECK(bytes_equal(rlp_written(&second), other));
            taken++;
        }
        arena_reset(&arena);
    }
    CHECK(taken > 100);
    rlp_writer_free(&first);
    rlp_writer_free(&second);
    arena_free(&arena);
}

TEST(receipts_survive_the_wire)
{
    struct arena arena = {0};
    struct rlp_writer first = {0}, second = {0};
    static const uint8_t data[100] = {1, 2, 3};
    for (unsigned round = 0; round < 300; round++) {
        struct hash topics[LOG_TOPICS_MAX] = {random_hash(), random_hash(), random_hash(), random_hash()};
        struct log logs[3];
        struct receipt r = {.type = (enum transaction_type)(round % 5),
                            .has_state_root = round % 10 == 0,
                            .succeeded = round % 10 != 0 && harness_random_below(2) == 0,
                            .cumulative_gas = random_number(),
                            .logs = logs,
                            .log_count = (uint32_t)harness_random_below(4)},
                       back;
        if (r.has_state_root) r.state_root = random_hash();
        for (uint32_t i = 0; i < r.log_count; i++)
            logs[i] = (struct log){
                random_address(), topics, (uint32_t)harness_random_below(5), {data, harness_random_below(sizeof data)}};
        bloom_add_logs(&r.bloom, logs, r.log_count);
        rlp_rewind(&first, 0);
        rlp_rewind(&second, 0);
        receipt_encode(&first, &r);
        CHECK_STATUS(receipt_decode(&back, rlp_written(&first), &arena), STATUS_OK);
        CHECK(back.succeeded == r.succeeded && back.log_count == r.log_count);
        receipt_encode(&second, &back);
        CHECK(bytes_equal(rlp_written(&first), rlp_written(&second)));
        struct bloom one_by_one = {{0}};
        for (uint32_t i = 0; i < r.log_count; i++) {
            struct hash item = keccak256_bytes((struct bytes){logs[i].address.b, sizeof logs[i].address});
            bloom_add_hash(&one_by_one, &item);
            for (uint32_t k = 0; k < logs[i].topic_count; k++) {
                item = keccak256_bytes((struct bytes){logs[i].topics[k].b, sizeof logs[i].topics[k]});
                bloom_add_hash(&one_by_one, &item);
            }
        }
        CHECK_BYTES(back.bloom.b, one_by_one.b, sizeof one_by_one.b);
        arena_reset(&arena);
    }
    rlp_writer_free(&first);
    rlp_writer_free(&second);
    arena_free(&arena);
}

TEST(headers_of_every_age_survive_the_wire)
{
    static const uint32_t counts[] = {15, 16, 17, 20, 21, 22, 23};
    struct rlp_writer first = {0}, second = {0};
    for (unsigned round = 0; round < 300; round++) {
        struct header h = {.field_count = counts[round % COUNT_OF(counts)]}, back;
        h.parent_hash = random_hash();
        h.beneficiary = random_address();
        h.difficulty = random_word();
        h.number = random_number();
        h.timestamp = random_number();
        h.extra_data = (struct bytes){h.parent_hash.b, harness_random_below(33)};
        if (header_has(&h, HEADER_BASE_FEE)) h.base_fee = random_word();
        if (header_has(&h, HEADER_BLOB_GAS)) h.excess_blob_gas = random_number();
        if (header_has(&h, HEADER_SLOT_NUMBER)) h.slot_number = random_number();
        rlp_rewind(&first, 0);
        rlp_rewind(&second, 0);
        header_encode(&first, &h);
        struct rlp in = rlp_of(rlp_written(&first));
        CHECK_STATUS(header_decode(&back, &in), STATUS_OK);
        CHECK(back.field_count == h.field_count && rlp_at_end(&in));
        header_encode(&second, &back);
        CHECK(bytes_equal(rlp_written(&first), rlp_written(&second)));
        struct hash found, expected;
        header_hash(&found, &back);
        keccak256(&expected, rlp_written(&first).data, rlp_written(&first).size);
        CHECK_BYTES(found.b, expected.b, 32);
    }
    rlp_writer_free(&first);
    rlp_writer_free(&second);
}

TEST(block_access_lists_must_be_sorted)
{
    static const struct u256 one = {{1}}, two = {{2}};
    static const struct bal_word_change changes[2] = {{1, {{5}}}, {2, {{6}}}}, backwards[2] = {{2, {{5}}}, {1, {{6}}}};
    struct bal_slot slot = {one, changes, 2};
    struct bal_account accounts[2] = {
        {.address = {{1}}, .slots = &slot, .slot_count = 1, .reads = &two, .read_count = 1},
        {.address = {{2}}, .balances = changes, .balance_count = 2}};
    struct block_access_list list = {accounts, 2}, back;
    struct arena arena = {0};
    struct error e;
#define CHECK_LIST(expected)                                                                                           \
    do {                                                                                                               \
        struct rlp_writer w = {0};                                                                                     \
        bal_encode(&w, &list);                                                                                         \
        CHECK_STATUS(bal_decode(&back, rlp_written(&w), &arena, &e), expected);                                        \
        rlp_writer_free(&w);                                                                                           \
    } while (0)
    CHECK_LIST(STATUS_OK);
    CHECK_EQ_U64(bal_items(&list), 4);
    accounts[1].balances = backwards;
    CHECK_LIST(BAL_NOT_SORTED);
    accounts[1].balances = changes;
    accounts[1].address = accounts[0].address;
    CHECK_LIST(BAL_NOT_SORTED);
    accounts[1].address.b[0] = 2;
    accounts[0].reads = &one;
    CHECK_LIST(BAL_READ_AND_WRITTEN);
    accounts[0].reads = &two;
    slot.change_count = 0;
    CHECK_LIST(BAL_EMPTY_SLOT);
#undef CHECK_LIST
    arena_free(&arena);
}

/* The rules of signatures hold however a sender is recovered, and whatever the transaction was read from. */
TEST(senders_are_recovered_by_the_same_rules_one_by_one_and_together)
{
    static const uint8_t secret[32] = {[31] = 1};
    const struct signature_rules rules = {.low_s = true, .chain_id = true}, frontier = {0};
    struct transaction good = {.has_chain_id = true, .chain_id = 1, .gas_limit = 21000}, tx;
    struct hash digest;
    struct secp256k1_signature s;
    transaction_signing_hash(&digest, &good);
    CHECK(secp256k1_sign(&s, &digest, secret));
    good.signature = (struct signature){u256_load_be(s.r), u256_load_be(s.s), s.recovery_id};
    struct u256 order = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};
    for (int change = 0; change < 7; change++) {
        tx = good;
        if (change == 1) tx.signature.y_parity += 2;
        if (change == 2) tx.signature.r = U256_ZERO;
        if (change == 3) tx.signature.s = U256_ZERO;
        if (change == 4) tx.signature.r = order;
        if (change == 5) tx.signature.s = u256_sub(order, tx.signature.s); /* high */
        struct address one, together;
        uint32_t bad;
        enum status expected = change == 0 ? STATUS_OK : TX_BAD_SIGNATURE;
        CHECK_STATUS(transaction_sender(&one, &tx, change == 6 ? frontier : rules), expected);
        CHECK_STATUS(transactions_senders(&together, &tx, 1, change == 6 ? frontier : rules, &bad), expected);
        if (change == 0) CHECK(address_equal(&one, &together));
    }
}
