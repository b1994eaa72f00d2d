/* What a transaction pays before it runs. */
#include "harness.h"
#include "tx/tx.h"

static const uint8_t data[100] = {[0] = 1, [50] = 2}; /* 98 zeros, 2 others */

TEST(tx_intrinsic_gas_follows_the_fork)
{
    struct access_entry list = {.key_count = 3};
    struct transaction tx = {
        .data = {data, sizeof data}, .access_list = &list, .access_count = 1, .access_key_count = 3};
    struct tx_intrinsic prague = tx_intrinsic(&fork_prague, &tx, 0);
    CHECK_EQ_U64(prague.gas, 21000 + 98 * 4 + 2 * 16 + 2400 + 3 * 1900);
    CHECK_EQ_U64(prague.floor, 21000 + 10 * (98 + 2 * 4)); /* EIP-7623 */
    struct tx_intrinsic amsterdam = tx_intrinsic(&fork_amsterdam, &tx, 150);
    uint64_t list_gas = 64 * (20 + 3 * 32); /* EIP-7981 */
    CHECK_EQ_U64(amsterdam.gas, prague.gas + list_gas);
    CHECK_EQ_U64(amsterdam.floor, 21000 + 64 * 100 + list_gas); /* EIP-7976 */
    CHECK_EQ_U64(amsterdam.state, 0);
}

TEST(tx_intrinsic_gas_has_a_part_for_state)
{
    struct transaction create = {.is_create = true, .data = {data, 33}};
    struct tx_intrinsic gas = tx_intrinsic(&fork_amsterdam, &create, 150);
    CHECK_EQ_U64(gas.state, 112 * 150); /* EIP-8037 */
    CHECK_EQ_U64(gas.gas, 21000 + 9000 + 32 * 4 + 16 + 2 * 2);
    struct transaction set_code = {.type = TX_SET_CODE, .authorization_count = 2};
    gas = tx_intrinsic(&fork_amsterdam, &set_code, 1000);
    CHECK_EQ_U64(gas.state, 2 * 135 * 1000);
    CHECK_EQ_U64(gas.gas, 21000 + 2 * 7500);
}

TEST(tx_gas_cap_bounds_regular_gas_only)
{
    struct tx_context c = {.fork = &fork_amsterdam, .env = {.state_byte_gas = 150, .chain_id = 1}};
    struct transaction tx = {.gas_limit = 100000000};
    CHECK_STATUS(tx_check(&c, &tx), STATUS_OK);
    c = (struct tx_context){.fork = &fork_osaka, .env = {.chain_id = 1}};
    CHECK_STATUS(tx_check(&c, &tx), TX_GAS_OVER_CAP);
    c = (struct tx_context){.fork = &fork_amsterdam, .env = {.state_byte_gas = 150, .chain_id = 1}};
    tx = (struct transaction){.is_create = true, .gas_limit = 21000 + 9000 + 112 * 150};
    CHECK_STATUS(tx_check(&c, &tx), STATUS_OK);
    tx.gas_limit--;
    CHECK_STATUS(tx_check(&c, &tx), TX_INTRINSIC_GAS_TOO_LOW);
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
    CHECK_STATUS(tx_check(&osaka, &legacy), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &fee), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &blob), STATUS_OK);
    CHECK_STATUS(tx_check(&osaka, &code), STATUS_OK);
#define REFUSES(kind, change, reason)                                                                                  \
    tx = kind;                                                                                                         \
    c = osaka;                                                                                                         \
    change;                                                                                                            \
    CHECK_STATUS(tx_check(&c, &tx), reason)

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
