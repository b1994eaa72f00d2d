/* exceptions: what execution-spec-tests calls the reasons for refusing a transaction or block, and what weft calls
 * them. This is the only place that knows both. A name may stand for several of ours where weft distinguishes more.
 * */
#include "cli/suite.h"

/* Reasons for one name; the list ends with STATUS_OK. */
enum { REASONS_MAX = 8 };

struct exception {
    const char *name; /* without the class in front */
    enum status reasons[REASONS_MAX];
};

static const struct exception exceptions[] = {
    /* TransactionException */
    {"INSUFFICIENT_ACCOUNT_FUNDS", {TX_INSUFFICIENT_FUNDS}},
    {"GASLIMIT_PRICE_PRODUCT_OVERFLOW", {TX_INSUFFICIENT_FUNDS}},
    {"INTRINSIC_GAS_TOO_LOW", {TX_INTRINSIC_GAS_TOO_LOW, TX_GAS_BELOW_FLOOR, TX_INTRINSIC_GAS_OVER_CAP}},
    {"INTRINSIC_GAS_BELOW_FLOOR_GAS_COST", {TX_GAS_BELOW_FLOOR}},
    {"SENDER_NOT_EOA", {TX_SENDER_HAS_CODE}},
    {"INSUFFICIENT_MAX_FEE_PER_GAS", {TX_FEE_BELOW_BASE_FEE}},
    {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", {TX_PRIORITY_FEE_OVER_MAX_FEE}},
    {"INITCODE_SIZE_EXCEEDED", {TX_INITCODE_TOO_BIG}},
    {"GAS_LIMIT_EXCEEDS_MAXIMUM", {TX_GAS_OVER_CAP}},
    /* A block whose gas limit is tiny has no room for its access list either, which is seen first. */
    {"GAS_ALLOWANCE_EXCEEDED", {TX_GAS_OVER_BLOCK, BLOCK_ACCESS_LIST_TOO_BIG}},
    {"NONCE_IS_MAX", {TX_NONCE_MAX}},
    {"NONCE_MISMATCH_TOO_LOW", {TX_NONCE_TOO_LOW}},
    {"NONCE_MISMATCH_TOO_HIGH", {TX_NONCE_TOO_HIGH}},
    {"INVALID_CHAINID", {TX_WRONG_CHAIN_ID}},
    {"INVALID_SIGNATURE_VRS", {TX_BAD_SIGNATURE}},
    {"TYPE_NOT_SUPPORTED", {TX_TYPE_NOT_SUPPORTED, TX_UNKNOWN_TYPE}},
    {"TYPE_1_TX_PRE_FORK", {TX_TYPE_NOT_SUPPORTED}},
    {"TYPE_2_TX_PRE_FORK", {TX_TYPE_NOT_SUPPORTED}},
    {"TYPE_3_TX_PRE_FORK", {TX_TYPE_NOT_SUPPORTED}},
    {"TYPE_4_TX_PRE_FORK", {TX_TYPE_NOT_SUPPORTED}},
    {"TYPE_3_TX_ZERO_BLOBS", {TX_NO_BLOBS}},
    {"TYPE_3_TX_ZERO_BLOBS_PRE_FORK", {TX_TYPE_NOT_SUPPORTED}},
    {"TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH", {TX_BLOB_VERSION}},
    /* Before blobs were limited for each transaction, the block's limit was meant. */
    {"TYPE_3_TX_BLOB_COUNT_EXCEEDED", {TX_TOO_MANY_BLOBS, TX_BLOBS_OVER_BLOCK}},
    {"TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", {TX_BLOBS_OVER_BLOCK, BLOCK_BLOB_GAS_OVER_MAX}},
    {"TYPE_3_TX_CONTRACT_CREATION", {TX_BAD_RECIPIENT}},
    {"TYPE_3_TX_WITH_FULL_BLOBS", {RLP_WRONG_COUNT, RLP_IS_LIST, RLP_IS_STRING, RLP_TRAILING}},
    {"INSUFFICIENT_MAX_FEE_PER_BLOB_GAS", {TX_BLOB_FEE_TOO_LOW}},
    {"RLP_INVALID_VALUE", {RLP_WRONG_SIZE, RLP_NUMBER_TOO_BIG}},
    {"TYPE_4_TX_CONTRACT_CREATION", {TX_BAD_RECIPIENT}},
    {"TYPE_4_EMPTY_AUTHORIZATION_LIST", {TX_NO_AUTHORIZATIONS}},
    {"TYPE_4_INVALID_AUTHORITY_SIGNATURE", {TX_BAD_SIGNATURE}},

    /* BlockException */
    {"TOO_MANY_UNCLES", {UNCLE_TOO_MANY}},
    {"UNCLE_IN_CHAIN", {UNCLE_DUPLICATE}},
    {"UNCLE_IS_ANCESTOR", {UNCLE_IS_ANCESTOR}},
    {"UNCLE_IS_BROTHER", {UNCLE_PARENT}},
    {"UNCLE_PARENT_INCORRECT", {UNCLE_PARENT}},
    {"UNCLE_UNKNOWN_PARENT", {UNCLE_PARENT}},
    {"EXTRA_DATA_TOO_BIG", {BLOCK_EXTRA_DATA}},
    {"EXTRA_DATA_INVALID_DAO", {BLOCK_EXTRA_DATA}},
    {"UNKNOWN_PARENT", {BLOCK_UNKNOWN_PARENT}},
    {"UNKNOWN_PARENT_ZERO", {BLOCK_UNKNOWN_PARENT}},
    {"GASLIMIT_TOO_BIG", {BLOCK_GAS_LIMIT}},
    /* A block of London before London, with twice the gas limit: its fields are seen first. */
    {"INVALID_GASLIMIT", {BLOCK_GAS_LIMIT, BLOCK_HEADER_FIELDS}},
    {"INVALID_BLOCK_NUMBER", {BLOCK_NUMBER}},
    {"INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT", {BLOCK_TIMESTAMP}},
    {"INVALID_DIFFICULTY", {BLOCK_DIFFICULTY}},
    {"INVALID_STATE_ROOT", {BLOCK_STATE_ROOT}},
    {"INVALID_RECEIPTS_ROOT", {BLOCK_RECEIPTS_ROOT}},
    {"INVALID_TRANSACTIONS_ROOT", {BLOCK_TRANSACTIONS_ROOT}},
    {"INVALID_WITHDRAWALS_ROOT", {BLOCK_WITHDRAWALS_ROOT}},
    {"INVALID_UNCLES_HASH", {BLOCK_UNCLES_HASH}},
    {"INVALID_LOG_BLOOM", {BLOCK_BLOOM}},
    {"INVALID_GAS_USED", {BLOCK_GAS_USED}},
    {"INVALID_GAS_USED_ABOVE_LIMIT", {BLOCK_GAS_OVER_LIMIT}},
    {"GAS_USED_OVERFLOW", {TX_GAS_OVER_BLOCK, BLOCK_GAS_OVER_LIMIT}},
    {"INVALID_BASEFEE_PER_GAS", {BLOCK_BASE_FEE}},
    {"INVALID_BLOCK_HASH", {BLOCK_HASH}},
    {"INCORRECT_BLOB_GAS_USED", {BLOCK_BLOB_GAS_USED, BLOCK_BLOB_GAS_UNEVEN}},
    {"BLOB_GAS_USED_ABOVE_LIMIT", {BLOCK_BLOB_GAS_OVER_MAX}},
    {"INCORRECT_EXCESS_BLOB_GAS", {BLOCK_EXCESS_BLOB_GAS}},
    {"INVALID_VERSIONED_HASHES", {PAYLOAD_VERSIONED_HASHES}},
    {"INVALID_REQUESTS", {BLOCK_REQUESTS_HASH, PAYLOAD_REQUESTS}},
    {"INVALID_DEPOSIT_EVENT_LAYOUT", {BLOCK_DEPOSIT_LAYOUT}},
    {"SYSTEM_CONTRACT_EMPTY", {BLOCK_SYSTEM_CONTRACT_EMPTY}},
    {"SYSTEM_CONTRACT_CALL_FAILED", {BLOCK_SYSTEM_CALL_FAILED}},
    /* A field that is missing in the middle makes those behind it look malformed. */
    {"INCORRECT_BLOCK_FORMAT",
     {BLOCK_HEADER_FIELDS, BLOCK_FIELDS, RLP_WRONG_COUNT, RLP_WRONG_SIZE, RLP_LEADING_ZERO, RLP_NUMBER_TOO_BIG,
      BAL_NOT_SORTED}},
    {"INVALID_BLOCK_ACCESS_LIST",
     {BLOCK_ACCESS_LIST_HASH, BLOCK_ACCESS_LIST_INDEX, BLOCK_ACCESS_LIST_VALUE, BLOCK_ACCESS_LIST_MISSING,
      BLOCK_ACCESS_LIST_EXTRA, BAL_NOT_SORTED, BAL_READ_AND_WRITTEN}},
    {"INVALID_BAL_HASH", {BLOCK_ACCESS_LIST_HASH}},
    {"BLOCK_ACCESS_LIST_GAS_LIMIT_EXCEEDED", {BLOCK_ACCESS_LIST_TOO_BIG, BLOCK_ACCESS_LIST_GAS}},
    {"RLP_BLOCK_LIMIT_EXCEEDED", {BLOCK_TOO_BIG}},
    {"RLP_STRUCTURES_ENCODING",
     {RLP_TRUNCATED, RLP_NOT_CANONICAL, RLP_LEADING_ZERO, RLP_IS_LIST, RLP_IS_STRING, RLP_WRONG_SIZE, RLP_TRAILING,
      RLP_WRONG_COUNT}},
};

/* Blocks of older tests have a transaction that cannot be in them behind a header that was made without it: the root is
 * wrong as well, and seen first. */
static bool is_left_out(const char *expected, size_t size, enum status found)
{
    static const char class[] = "TransactionException.";
    return found == BLOCK_TRANSACTIONS_ROOT && size > sizeof class && memcmp(expected, class, sizeof class - 1) == 0;
}

static const struct exception *find_exception(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(exceptions); i++)
        if (strlen(exceptions[i].name) == size && memcmp(exceptions[i].name, name, size) == 0) return &exceptions[i];
    return NULL;
}

/* A name that is not in the table, as older tests have many, says only that there must be a reason. */
bool exception_matches(const char *expected, enum status found)
{
    for (const char *at = expected; *at != 0;) {
        size_t size = strcspn(at, "|");
        const char *dot = memchr(at, '.', size);
        const char *name = dot == NULL ? at : dot + 1;
        const struct exception *x = find_exception(name, size - (size_t)(name - at));
        if (x == NULL) return found != STATUS_OK;
        if (is_left_out(at, size, found)) return true;
        for (size_t i = 0; i < REASONS_MAX && x->reasons[i] != STATUS_OK; i++)
            if (x->reasons[i] == found) return true;
        at += size;
        at += *at == '|';
    }
    return false;
}
