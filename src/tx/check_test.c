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
