/* What a transaction pays before it runs. */
#include "harness.h"
#include "tx/tx.h"

static const struct address sender = {{0x5e}};
static const uint8_t data[100] = {[0] = 1, [50] = 2}; /* 98 zeros, 2 others */

TEST(tx_intrinsic_gas_follows_the_fork)
{
    struct access_entry list = {.key_count = 3};
    struct transaction tx = {
        .data = {data, sizeof data}, .access_list = &list, .access_count = 1, .access_key_count = 3};
    struct tx_intrinsic prague = tx_intrinsic(&fork_prague, &tx, &sender, 0);
    CHECK_EQ_U64(prague.gas, 21000 + 98 * 4 + 2 * 16 + 2400 + 3 * 1900);
    CHECK_EQ_U64(prague.floor, 21000 + 10 * (98 + 2 * 4)); /* EIP-7623 */
    struct tx_intrinsic draft = tx_intrinsic(&fork_amsterdam_bal_5_7_0, &tx, &sender, 150);
    uint64_t list_gas = 64 * (20 + 3 * 32); /* EIP-7981 */
    CHECK_EQ_U64(draft.gas, prague.gas + list_gas);
    CHECK_EQ_U64(draft.floor, 21000 + 64 * 100 + list_gas); /* EIP-7976 */
    CHECK_EQ_U64(draft.state, 0);
    struct tx_intrinsic amsterdam = tx_intrinsic(&fork_amsterdam, &tx, &sender, 1530);
    CHECK_EQ_U64(amsterdam.gas, 12000 + 3000 + 98 * 4 + 2 * 16 + 2900 + 3 * 2000 + list_gas); /* EIP-2780, 8038 */
    CHECK_EQ_U64(amsterdam.floor, 12000 + 3000 + 64 * 100 + list_gas);
    CHECK_EQ_U64(amsterdam.state, 0);
}

/* EIP-2780: by recipient and value; the floor has it, too. */
TEST(tx_intrinsic_gas_is_that_of_its_resources)
{
    static const struct {
        bool is_create, to_self;
        uint64_t value, recipient;
    } cases[] = {{false, false, 0, 3000}, {false, false, 1, 9000}, {false, true, 0, 0},
                 {false, true, 1, 0},     {true, false, 0, 12000}, {true, false, 1, 12000}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct transaction tx = {.is_create = cases[i].is_create, .value = U256(cases[i].value), .data = {data, 33}};
        if (cases[i].to_self) tx.to = sender;
        struct tx_intrinsic gas = tx_intrinsic(&fork_amsterdam, &tx, &sender, 1530);
        uint64_t words = cases[i].is_create ? 2 * 2 : 0;
        CHECK_EQ_U64(gas.gas, 12000 + cases[i].recipient + 32 * 4 + 16 + words);
        CHECK_EQ_U64(gas.floor, 12000 + cases[i].recipient + 33 * 64);
        CHECK_EQ_U64(gas.state, 0);
    }
    struct transaction set_code = {.type = TX_SET_CODE, .authorization_count = 2};
    CHECK_EQ_U64(tx_intrinsic(&fork_amsterdam, &set_code, &sender, 1530).gas, 12000 + 3000 + 2 * 7816);
}

TEST(tx_intrinsic_gas_had_a_part_for_state_in_drafts)
{
    struct transaction create = {.is_create = true, .data = {data, 33}};
    struct tx_intrinsic gas = tx_intrinsic(&fork_amsterdam_bal_5_7_0, &create, &sender, 150);
    CHECK_EQ_U64(gas.state, 112 * 150); /* EIP-8037 */
    CHECK_EQ_U64(gas.gas, 21000 + 9000 + 32 * 4 + 16 + 2 * 2);
    struct transaction set_code = {.type = TX_SET_CODE, .authorization_count = 2};
    gas = tx_intrinsic(&fork_amsterdam_bal_5_7_0, &set_code, &sender, 1000);
    CHECK_EQ_U64(gas.state, 2 * 135 * 1000);
    CHECK_EQ_U64(gas.gas, 21000 + 2 * 7500);
}

TEST(tx_gas_cap_bounds_execution_gas_only)
{
    struct tx_context c = {.fork = &fork_amsterdam, .env = {.state_byte_gas = 150, .chain_id = 1}};
    struct transaction tx = {.gas_limit = 100000000};
    CHECK_STATUS(tx_check(&c, &tx, &sender), STATUS_OK);
    c = (struct tx_context){.fork = &fork_osaka, .env = {.chain_id = 1}};
    CHECK_STATUS(tx_check(&c, &tx, &sender), TX_GAS_OVER_CAP);
    c = (struct tx_context){.fork = &fork_amsterdam, .env = {.state_byte_gas = 1530, .chain_id = 1}};
    tx.gas_limit = UINT32_MAX;
    CHECK_STATUS(tx_check(&c, &tx, &sender), STATUS_OK);
    tx.gas_limit++;
    CHECK_STATUS(tx_check(&c, &tx, &sender), TX_GAS_OVER_CAP);
    c = (struct tx_context){.fork = &fork_amsterdam_bal_5_7_0, .env = {.state_byte_gas = 150, .chain_id = 1}};
    tx = (struct transaction){.is_create = true, .gas_limit = 21000 + 9000 + 112 * 150};
    CHECK_STATUS(tx_check(&c, &tx, &sender), STATUS_OK);
    tx.gas_limit--;
    CHECK_STATUS(tx_check(&c, &tx, &sender), TX_INTRINSIC_GAS_TOO_LOW);
}

/* Whatever a transaction was read from, RLP, JSON or a caller's structure, tx_check says what is wrong with it. */
TEST(every_rule_without_state_is_checked)
{
    static const struct authorization authorization;
    static const struct hash blobs[10] = {{{1}}, {{1}}, {{1}}, {{1}}, {{1}}, {{1}}, {{1}}, {{1}}, {{1}}, {{1}}};
    static const struct hash other_version = {{2}};
    static const uint8_t initcode[49153];
    const struct transaction legacy = {.gas_limit = 16777216, .max_fee = U256(7), .max_priority_fee = U256(7)};
    struct transaction fee = legacy, blob = legacy, code = legacy, tx;
    fee.type = TX_FEE_MARKET;
    blob.type = TX_BLOB;
    code.type = TX_SET_CODE;
    fee.chain_id = blob.chain_id = code.chain_id = 1;
    blob.max_blob_fee = U256(3);
    blob.blob_hashes = blobs;
    blob.blob_count = 1;
    code.authorizations = &authorization;
    code.authorization_count = 1;
    struct tx_context osaka = {.fork = &fork_osaka,
                               .env = {.chain_id = 1, .base_fee = U256(7), .blob_base_fee = U256(3)}};
    struct tx_context c = osaka;
    CHECK_STATUS(tx_check(&osaka, &legacy, &sender), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &fee, &sender), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &blob, &sender), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &code, &sender), STATUS_OK);
#define REFUSES(kind, change, reason)                                                                                  \
    tx = kind;                                                                                                         \
    c = osaka;                                                                                                         \
    change;                                                                                                            \
    CHECK_STATUS(tx_check(&c, &tx, &sender), reason)

    REFUSES(legacy, tx.type = (enum transaction_type)5, TX_UNKNOWN_TYPE);
    REFUSES(legacy, tx.type = (enum transaction_type)64, TX_UNKNOWN_TYPE);
    REFUSES(fee, c.fork = &fork_berlin, TX_TYPE_NOT_SUPPORTED);
    REFUSES(blob, c.fork = &fork_shanghai, TX_TYPE_NOT_SUPPORTED);
    REFUSES(code, c.fork = &fork_cancun, TX_TYPE_NOT_SUPPORTED);
    REFUSES(fee, tx.chain_id = 2, TX_WRONG_CHAIN_ID);
    REFUSES(fee, tx.chain_id = 0, TX_WRONG_CHAIN_ID);
    REFUSES(legacy, (tx.has_chain_id = true, tx.chain_id = 2), TX_WRONG_CHAIN_ID);
    REFUSES(legacy, (tx.has_chain_id = true, tx.chain_id = 1, c.fork = &fork_homestead), TX_BAD_SIGNATURE);
    REFUSES(blob, tx.is_create = true, TX_BAD_RECIPIENT);
    REFUSES(code, tx.is_create = true, TX_BAD_RECIPIENT);
    REFUSES(code, tx.authorization_count = 0, TX_NO_AUTHORIZATIONS);
    REFUSES(blob, tx.blob_count = 0, TX_NO_BLOBS);
    REFUSES(blob, tx.blob_count = 7, TX_TOO_MANY_BLOBS);
    REFUSES(blob, (tx.blob_count = 10, c.fork = &fork_prague), TX_TOO_MANY_BLOBS);
    REFUSES(blob, tx.blob_hashes = &other_version, TX_BLOB_VERSION);
    REFUSES(blob, tx.max_blob_fee = U256(2), TX_BLOB_FEE_TOO_LOW);
    REFUSES(blob, c.env.blob_base_fee_beyond = true, TX_BLOB_FEE_TOO_LOW);
    REFUSES(fee, tx.max_fee = U256(6), TX_PRIORITY_FEE_OVER_MAX_FEE);
    REFUSES(legacy, tx.max_fee = tx.max_priority_fee = U256(6), TX_FEE_BELOW_BASE_FEE);
    REFUSES(legacy, tx.nonce = UINT64_MAX, TX_NONCE_MAX);
    REFUSES(legacy, tx.gas_limit++, TX_GAS_OVER_CAP);
    REFUSES(legacy, (tx.gas_limit = UINT64_MAX, c.fork = &fork_prague), TX_GAS_OVER_BLOCK);
    REFUSES(legacy, tx.gas_limit = 20999, TX_INTRINSIC_GAS_TOO_LOW);
    REFUSES(legacy, (tx.is_create = true, tx.data = (struct bytes){initcode, sizeof initcode}), TX_INITCODE_TOO_BIG);
#undef REFUSES
}
