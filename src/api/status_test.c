/* What failures look like from outside: every status has a kind that weft.h names, and its name fits. */
#include "api/api.h"
#include "harness.h"

TEST(api_every_status_is_a_documented_kind)
{
    for (enum status s = 0; s < STATUS_COUNT; s++) {
        weft_error error = {.status = -1};
        weft_status kind = api_fail(&error, s, 3, "text %d", 5);
        CHECK((kind == WEFT_OK) == (s == STATUS_OK));
        CHECK(kind >= WEFT_OK && kind <= WEFT_CANCELLED);
        CHECK(strcmp(weft_status_name(kind), "unknown") != 0);
        CHECK_EQ_I64(error.status, kind);
        CHECK_EQ_U64(error.transaction, 3);
        CHECK_TEXT(error.cause, status_name(s)); /* not cut off */
        CHECK_TEXT(error.text, "text 5");
    }
}

TEST(api_kinds_say_whose_fault_it_is)
{
    static const struct {
        enum status status;
        weft_status kind;
    } rows[] = {{RLP_TRUNCATED, WEFT_MALFORMED},
                {BAD_JSON, WEFT_MALFORMED},
                {RECEIPT_BAD_STATUS, WEFT_MALFORMED},
                {TX_NONCE_TOO_LOW, WEFT_INVALID_TRANSACTION},
                {BLOCK_GAS_USED, WEFT_INVALID_BLOCK},
                {BAL_EMPTY_SLOT, WEFT_INVALID_BLOCK},
                {UNCLE_PARENT, WEFT_INVALID_BLOCK},
                {PAYLOAD_REQUESTS, WEFT_INVALID_BLOCK},
                {STATE_DIFFERS, WEFT_INVALID_BLOCK},
                {WITNESS_DIFFERS, WEFT_INVALID_BLOCK},
                {STATE_UNAVAILABLE, WEFT_STATE_UNAVAILABLE},
                {STATE_MISSING, WEFT_STATE_UNAVAILABLE},
                {TRIE_BAD_NODE, WEFT_STATE_UNAVAILABLE},
                {STORE_IO, WEFT_STATE_UNAVAILABLE},
                {UNKNOWN_FORK, WEFT_UNKNOWN_NAME},
                {API_STRUCT_SIZE, WEFT_INVALID_ARGUMENT},
                {BAD_USAGE, WEFT_INVALID_ARGUMENT},
                {API_NO_THREAD, WEFT_NO_RESOURCES},
                {NO_MEMORY, WEFT_NO_RESOURCES},
                {STORE_FULL, WEFT_NO_RESOURCES},
                {EXECUTION_TIMED_OUT, WEFT_CANCELLED},
                {EXECUTORS_DIFFER, WEFT_INTERNAL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) CHECK_EQ_I64(api_kind(rows[i].status), rows[i].kind);
}
