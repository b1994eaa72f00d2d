/* Blocks that are put together piece by piece: transactions and withdrawals of every kind, and what is refused. */
#include "helpers.h"

enum { COUNTER = 0xc0 };

TEST(api_invalid_transactions_are_named_or_skipped)
{
    weft_error error;
    weft_state *state = state_of(4);
    weft_block *block = block_of(1);
    add_transaction(block, transfer_of(1, 0, 2, 1));
    add_transaction(block, transfer_of(2, 5, 1, 1));  /* nonce */
    add_transaction(block, transfer_of(77, 0, 1, 1)); /* nobody with no money */
    add_transaction(block, transfer_of(1, 1, 2, 1));
    weft_chain *chain = chain_named("Cancun");
    for (uint32_t executor = WEFT_EXECUTOR_SERIAL; executor <= WEFT_EXECUTOR_PARALLEL; executor++) {
        weft_engine *engine = engine_of(2, executor);
        weft_result *result;
        CHECK_FAILS(weft_execute_block(engine, chain, state, block, 0, &result, &error), WEFT_INVALID_TRANSACTION,
                    "TX_NONCE_TOO_HIGH");
        CHECK_EQ_U64(error.transaction, 1);
        CHECK(result == NULL);

        CHECK_OK(weft_execute_block(engine, chain, state, block, WEFT_SKIP_INVALID, &result, &error));
        CHECK(receipt_of(result, 1).skipped && receipt_of(result, 2).skipped);
        CHECK_TEXT(receipt_of(result, 1).cause, "TX_NONCE_TOO_HIGH");
        CHECK_TEXT(receipt_of(result, 2).cause, "TX_INSUFFICIENT_FUNDS");
        CHECK_EQ_U64(receipt_of(result, 3).cumulative_gas, 42000);
        CHECK_EQ_U64(summary_of(result).gas_used, 42000);
        size_t size;
        CHECK(weft_result_encode_receipt(result, 1, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
        weft_result_free(result);
        weft_engine_free(engine);
    }
    weft_block_free(block);

    /* The root is that of the block without them. */
    weft_engine *engine = engine_of(1, 0);
    weft_block *good = block_of(1), *all = block_of(1);
    add_transaction(good, transfer_of(1, 0, 2, 1));
    add_transaction(all, transfer_of(2, 5, 1, 1));
    add_transaction(all, transfer_of(1, 0, 2, 1));
    weft_result *a = execute(engine, "Cancun", state, good, 0);
    weft_result *b = execute(engine, "Cancun", state, all, WEFT_SKIP_INVALID);
    weft_summary x = summary_of(a), y = summary_of(b);
    CHECK_BYTES(x.receipts_root.b, y.receipts_root.b, 32);
    weft_result_free(a);
    weft_result_free(b);
    weft_block_free(good);
    weft_block_free(all);
    weft_engine_free(engine);
    weft_chain_free(chain);
    weft_state_free(state);
}

TEST(api_transactions_of_the_wrong_form_are_refused)
{
    weft_error error;
    weft_block *block = block_of(1);
    weft_word words[2] = {{{0}}};
    weft_transaction tx = transfer_of(1, 0, 2, 3);
    tx.type = 5;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_TRANSACTION, "TX_UNKNOWN_TYPE");
    CHECK_EQ_U64(error.transaction, 0);
    tx.type = WEFT_TX_BLOB;
    tx.is_create = 1;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_TRANSACTION, "TX_BAD_RECIPIENT");
    tx = transfer_of(1, 0, 2, 3);
    tx.blob_hashes = words;
    tx.blob_count = 2;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    tx = transfer_of(1, 0, 2, 3);
    tx.data.size = 7;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    tx = transfer_of(1, 0, 2, 3);
    tx.has_sender = 0;
    tx.y_parity = 2;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_TRANSACTION, "TX_BAD_SIGNATURE");
    weft_access access = {.key_count = 1};
    tx = transfer_of(1, 0, 2, 3);
    tx.type = WEFT_TX_ACCESS_LIST;
    tx.access_list = &access;
    tx.access_count = 1;
    CHECK_FAILS(weft_block_add_transaction(block, &tx, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_block_add_encoded(block, "\x05\xc0", 2, &error), WEFT_INVALID_TRANSACTION, "TX_UNKNOWN_TYPE");
    CHECK_EQ_U64(weft_block_transaction_count(block), 0);
    weft_block_free(block);

    weft_header header = header_of(1);
    header.gas_limit = UINT64_MAX;
    CHECK_FAILS(weft_block_new(&header, &block, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    header = header_of(1);
    header.extra_data = (weft_bytes){header.nonce, 33};
    CHECK_FAILS(weft_block_new(&header, &block, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    header = header_of(1);
    header.field_count = 14;
    CHECK_FAILS(weft_block_new(&header, &block, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
}

TEST(api_every_transaction_type_executes)
{
    weft_error error;
    weft_state *state = state_of(8);
    set_code(state, COUNTER, counter_code, sizeof counter_code);
    weft_header header = header_of(1);
    weft_block *block;
    CHECK_OK(weft_block_new(&header, &block, &error));
    weft_word key = word_of(0), blob = {{1}};
    weft_access access = {.address = address_of(COUNTER), .keys = &key, .key_count = 1};
    weft_authorization authorization = {.nonce = 0, .address = address_of(COUNTER)}; /* signed by nobody: skipped */
    weft_transaction tx = transfer_of(1, 0, COUNTER, 0);
    add_transaction(block, tx);
    tx = transfer_of(2, 0, COUNTER, 0);
    tx.chain_id = 1;
    tx.type = WEFT_TX_ACCESS_LIST;
    tx.access_list = &access;
    tx.access_count = 1;
    add_transaction(block, tx);
    tx.type = WEFT_TX_FEE_MARKET;
    tx.sender = address_of(3);
    tx.max_priority_fee = word_of(1);
    add_transaction(block, tx);
    tx.type = WEFT_TX_BLOB;
    tx.sender = address_of(4);
    tx.blob_hashes = &blob;
    tx.blob_count = 1;
    tx.max_blob_fee = word_of(1);
    add_transaction(block, tx);
    tx.type = WEFT_TX_SET_CODE;
    tx.sender = address_of(5);
    tx.blob_hashes = NULL;
    tx.blob_count = 0;
    tx.max_blob_fee = word_of(0);
    tx.authorizations = &authorization;
    tx.authorization_count = 1;
    add_transaction(block, tx);
    weft_engine *engine = engine_of(2, WEFT_EXECUTOR_PARALLEL);
    weft_result *result = execute(engine, "Prague", state, block, WEFT_TRANSACTIONS_ONLY);
    CHECK_EQ_U64(summary_of(result).blob_gas_used, 131072);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ_U64(receipt_of(result, i).type, i);
        CHECK(receipt_of(result, i).succeeded);
        size_t size;
        CHECK(weft_result_encode_receipt(result, i, NULL, 0, &size) == WEFT_OK);
    }
    CHECK_EQ_U64(receipt_of(result, 1).gas_used - receipt_of(result, 2).gas_used, 0);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_block_free(block);
    weft_state_free(state);
}

TEST(api_rewards_and_withdrawals)
{
    weft_error error;
    weft_state *state = state_of(1);
    weft_engine *engine = engine_of(1, 0);
    weft_block *block = block_of(10);
    weft_withdrawal withdrawal = {.address = address_of(50), .amount = 3};
    CHECK_OK(weft_block_add_withdrawal(block, &withdrawal, &error));
    weft_result *result = execute(engine, "Shanghai", state, block, 0);
    weft_account_change change = {.struct_size = sizeof change};
    CHECK(weft_result_account(result, 0, &change) == WEFT_OK);
    CHECK_EQ_U64(low_of(&change.balance), 3000000000);
    CHECK_EQ_U64(summary_of(result).account_count, 1);
    weft_result_free(result);
    weft_block_free(block);

    block = block_of(10);
    weft_header uncle = header_of(9);
    uncle.beneficiary = address_of(1);
    CHECK_OK(weft_block_add_uncle(block, &uncle, &error));
    result = execute(engine, "London", state, block, 0);
    CHECK_OK(weft_state_apply(state, result, &error));
    weft_account account;
    weft_address miner = address_of(0xfee);
    CHECK_OK(weft_state_account(state, &miner, &account, &error));
    CHECK_EQ_U64(low_of(&account.balance), 2000000000000000000 + 62500000000000000);
    weft_result_free(result);
    uncle.number = 11;
    CHECK_OK(weft_block_add_uncle(block, &uncle, &error));
    weft_chain *chain = chain_named("London");
    CHECK_FAILS(weft_execute_block(engine, chain, state, block, 0, &result, &error), WEFT_INVALID_BLOCK,
                "UNCLE_PARENT");
    weft_chain_free(chain);
    weft_block_free(block);
    weft_engine_free(engine);
    weft_state_free(state);
}
