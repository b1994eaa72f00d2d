/* exceptions: what execution-spec-tests calls the reasons for refusing a transaction or block, and what weft calls them. This is the only
 * place that knows both. A name may stand for several of ours where weft distinguishes more. */
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
    {"INTRINSIC_GAS_TOO_LOW", {TX_INTRINSIC_GAS_TOO_LOW}},
    {"INTRINSIC_GAS_BELOW_FLOOR_GAS_COST", {TX_GAS_BELOW_FLOOR}},
    {"SENDER_NOT_EOA", {TX_SENDER_HAS_CODE}},
    {"INSUFFICIENT_MAX_FEE_PER_GAS", {TX_FEE_BELOW_BASE_FEE}},
    {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", {TX_PRIORITY_FEE_OVER_MAX_FEE}},
    {"INITCODE_SIZE_EXCEEDED", {TX_INITCODE_TOO_BIG}},
    {"GAS_LIMIT_EXCEEDS_MAXIMUM", {TX_GAS_OVER_CAP}},
    {"GAS_ALLOWANCE_EXCEEDED", {TX_GAS_OVER_BLOCK}},
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
    {"TYPE_3_TX_BLOB_COUNT_EXCEEDED", {TX_TOO_MANY_BLOBS}},
    {"TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", {TX_BLOBS_OVER_BLOCK}},
    {"TYPE_3_TX_CONTRACT_CREATION", {TX_BAD_RECIPIENT}},
    {"TYPE_3_TX_WITH_FULL_BLOBS", {RLP_WRONG_COUNT, RLP_IS_LIST, RLP_IS_STRING, RLP_TRAILING}},
    {"INSUFFICIENT_MAX_FEE_PER_BLOB_GAS", {TX_BLOB_FEE_TOO_LOW}},
    {"TYPE_4_TX_CONTRACT_CREATION", {TX_BAD_RECIPIENT}},
    {"TYPE_4_EMPTY_AUTHORIZATION_LIST", {TX_NO_AUTHORIZATIONS}},
    {"TYPE_4_INVALID_AUTHORITY_SIGNATURE", {TX_BAD_SIGNATURE}},
};

static const struct exception *find_exception(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(exceptions); i++)
        if (strlen(exceptions[i].name) == size && memcmp(exceptions[i].name, name, size) == 0)
            return &exceptions[i];
    return NULL;
}

bool exception_matches(const char *expected, enum status found)
{
    for (const char *at = expected; *at != 0;) {
        size_t size = strcspn(at, "|");
        const char *dot = memchr(at, '.', size);
        const char *name = dot == NULL ? at : dot + 1;
        const struct exception *x = find_exception(name, size - (size_t)(name - at));
        for (size_t i = 0; x != NULL && i < REASONS_MAX && x->reasons[i] != STATUS_OK; i++)
            if (x->reasons[i] == found)
                return true;
        at += size;
        at += *at == '|';
    }
    return false;
}
