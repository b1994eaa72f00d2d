/* The binary interface: layouts, sizes that grow, statuses, arguments that are wrong. */
#include "helpers.h"

/* A change here is an incompatible one: WEFT_ABI_VERSION goes up, or a new field goes to the end of a
 * structure with struct_size. */
TEST(api_layouts_stay)
{
    CHECK_EQ_U64(sizeof(weft_error), 576);
    CHECK_EQ_U64(sizeof(weft_activation), 24);
    CHECK_EQ_U64(sizeof(weft_chain_options), 56);
    CHECK_EQ_U64(sizeof(weft_account), 80);
    CHECK_EQ_U64(sizeof(weft_slot), 64);
    CHECK_EQ_U64(sizeof(weft_state_callbacks), 48);
    CHECK_EQ_U64(sizeof(weft_header), 760);
    CHECK_EQ_U64(offsetof(weft_header, gas_used), 232);
    CHECK_EQ_U64(offsetof(weft_header, bloom), 504);
    CHECK_EQ_U64(sizeof(weft_access), 40);
    CHECK_EQ_U64(sizeof(weft_authorization), 128);
    CHECK_EQ_U64(sizeof(weft_transaction), 336);
    CHECK_EQ_U64(sizeof(weft_withdrawal), 48);
    CHECK_EQ_U64(sizeof(weft_options), 32);
    CHECK_EQ_U64(sizeof(weft_message), 176);
    CHECK_EQ_U64(sizeof(weft_summary), 376);
    CHECK_EQ_U64(sizeof(weft_receipt), 144);
    CHECK_EQ_U64(sizeof(weft_log), 64);
    CHECK_EQ_U64(sizeof(weft_account_change), 136);
    CHECK_EQ_U64(sizeof(weft_stats), 96);
    CHECK_EQ_U64(sizeof(weft_conflict), 80);
    CHECK_EQ_U64(weft_abi_version(), WEFT_ABI_VERSION);
    CHECK_TEXT(weft_version(), WEFT_VERSION);
}

TEST(api_structures_of_other_versions)
{
    weft_error error;
    weft_engine *engine;
    weft_options options = {.threads = 1};
    CHECK_FAILS(weft_engine_new(&options, &engine, &error), WEFT_INVALID_ARGUMENT, "API_STRUCT_SIZE");

    /* From a newer program: good as long as what we do not know is zero. */
    struct {
        weft_options known;
        uint64_t unknown;
    } newer = {{.struct_size = sizeof newer, .threads = 1}, 0};
    CHECK_OK(weft_engine_new(&newer.known, &engine, &error));
    weft_engine_free(engine);
    /* From an older one, whose structure ends earlier: what stands behind it is not looked at. */
    weft_options older = {.struct_size = 16, .threads = 1, .code_bytes = 1, .reserved = {9}};
    CHECK_OK(weft_engine_new(&older, &engine, &error));
    weft_engine_free(engine);
    newer.unknown = 1;
    CHECK_FAILS(weft_engine_new(&newer.known, &engine, &error), WEFT_INVALID_ARGUMENT, "API_STRUCT_SIZE");
    CHECK(engine == NULL);

    /* Output: what we do not know becomes zero, and what is too small is refused untouched. */
    weft_block *block = block_of(3);
    struct {
        weft_header known;
        uint64_t unknown;
    } header = {{.struct_size = sizeof header}, 7};
    CHECK(weft_block_header(block, &header.known) == WEFT_OK);
    CHECK_EQ_U64(header.known.number, 3);
    CHECK_EQ_U64(header.unknown, 0);
    CHECK_EQ_U64(header.known.struct_size, sizeof header);
    weft_header small = {.struct_size = 8, .number = 99};
    CHECK(weft_block_header(block, &small) == WEFT_INVALID_ARGUMENT);
    CHECK_EQ_U64(small.number, 99);
    weft_block_free(block);
}

TEST(api_statuses_have_names)
{
    CHECK_TEXT(weft_status_name(WEFT_OK), "WEFT_OK");
    CHECK_TEXT(weft_status_name(WEFT_NO_RESOURCES), "WEFT_NO_RESOURCES");
    CHECK_TEXT(weft_status_name(1000), "unknown");
}

TEST(api_null_is_refused_or_ignored)
{
    weft_error error;
    weft_engine *engine = engine_of(1, 0);
    weft_chain *chain = chain_named("Osaka");
    weft_state *state = weft_state_new();
    weft_block *block = block_of(1);
    weft_result *result;
    CHECK_FAILS(weft_execute_block(NULL, chain, state, block, 0, &result, &error), WEFT_INVALID_ARGUMENT,
                "API_BAD_ARGUMENT");
    CHECK(weft_execute_block(engine, NULL, state, block, 0, &result, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_execute_block(engine, chain, NULL, block, 0, &result, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_execute_block(engine, chain, state, NULL, 0, &result, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_execute_block(engine, chain, state, block, 0, NULL, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_execute_block(engine, chain, state, block, 1u << 31, &result, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_call(engine, chain, state, NULL, NULL, 0, &result, NULL) == WEFT_INVALID_ARGUMENT);
    weft_block *decoded = block;
    CHECK(weft_block_decode(NULL, 5, &decoded, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(decoded == NULL);
    CHECK(weft_block_add_transaction(block, NULL, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_state_set_code(state, NULL, NULL, 0, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_result_receipt(NULL, 0, NULL) == WEFT_INVALID_ARGUMENT);
    weft_chain *none = chain;
    CHECK(weft_chain_new(NULL, &none, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(none == NULL);
    /* Those that return no status. */
    weft_word word = word_of(7);
    weft_keccak256(NULL, 0, NULL);
    weft_keccak256(NULL, 1, &word);
    weft_block_hash(NULL, &word);
    weft_block_hash(block, NULL);
    CHECK_EQ_U64(low_of(&word), 7);
    CHECK(weft_chain_id(NULL) == 0 && weft_chain_fork(NULL, 0, 0) == NULL);
    CHECK(weft_block_transaction_count(NULL) == 0 && weft_engine_threads(NULL) == 0);
    CHECK(weft_state_copy(NULL) == NULL);
    CHECK(weft_state_root(state, NULL, NULL, NULL) == WEFT_INVALID_ARGUMENT);
    weft_chain_free(chain);
    weft_engine_free(engine);
    weft_state_free(state);
    weft_block_free(block);
    weft_engine_free(NULL);
    weft_chain_free(NULL);
    weft_state_free(NULL);
    weft_block_free(NULL);
    weft_result_free(NULL);
}

/* ---- chains ---------------------------------------------------------------------------------- */

TEST(api_chains_by_name_and_id)
{
    weft_error error;
    weft_chain *chain = chain_named("mainnet");
    CHECK_EQ_U64(weft_chain_id(chain), 1);
    CHECK_TEXT(weft_chain_fork(chain, 12965000, 1628166822), "London");
    CHECK_TEXT(weft_chain_fork(chain, 20000000, 1717281407), "Cancun");
    weft_chain_free(chain);
    CHECK_OK(weft_chain_by_id(11155111, &chain, &error));
    CHECK_EQ_U64(weft_chain_id(chain), 11155111);
    weft_chain_free(chain);
    CHECK_FAILS(weft_chain_by_id(4242, &chain, &error), WEFT_UNKNOWN_NAME, "UNKNOWN_CHAIN");
    CHECK_FAILS(weft_chain_by_name("Narnia", &chain, &error), WEFT_UNKNOWN_NAME, "UNKNOWN_FORK");
    CHECK(chain == NULL);
    for (size_t i = 0; weft_fork_name(i) != NULL; i++) {
        chain = chain_named(weft_fork_name(i));
        CHECK_TEXT(weft_chain_fork(chain, 0, 0), weft_fork_name(i));
        weft_chain_free(chain);
    }
}

TEST(api_chains_of_ones_own)
{
    weft_error error;
    weft_chain *chain;
    weft_activation forks[] = {
        {"London", 0, WEFT_BY_NUMBER, 0}, {"Paris", 100, WEFT_BY_NUMBER, 0}, {"Cancun", 5000, WEFT_BY_TIMESTAMP, 0}};
    weft_chain_options options = {
        .struct_size = sizeof options, .id = 77, .activations = forks, .activation_count = COUNT_OF(forks)};
    CHECK_OK(weft_chain_new(&options, &chain, &error));
    CHECK_TEXT(weft_chain_fork(chain, 99, 1), "London");
    CHECK_TEXT(weft_chain_fork(chain, 100, 4999), "Paris");
    CHECK_TEXT(weft_chain_fork(chain, 100, 5000), "Cancun");
    weft_chain_free(chain);

    forks[0].at = 1;
    CHECK_FAILS(weft_chain_new(&options, &chain, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    forks[0] = (weft_activation){"London", 0, WEFT_BY_TIMESTAMP, 0}; /* then one by number: out of order */
    CHECK_FAILS(weft_chain_new(&options, &chain, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    forks[0] = (weft_activation){"Londinium", 0, WEFT_BY_NUMBER, 0};
    CHECK_FAILS(weft_chain_new(&options, &chain, &error), WEFT_UNKNOWN_NAME, "UNKNOWN_FORK");
    options.activation_count = 0;
    CHECK_FAILS(weft_chain_new(&options, &chain, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    options.activation_count = 33;
    CHECK_FAILS(weft_chain_new(&options, &chain, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
}
