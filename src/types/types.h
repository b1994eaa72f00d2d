/* types: what Ethereum's wire carries. Headers, transactions, receipts, withdrawals, block access lists, whole blocks.
 *
 *     bytes ──decode──► struct, every field checked ──encode──► the same bytes
 *
 * Decoding is strict (canonical RLP, exact field counts, nothing left over) and says what is wrong by name; a struct
 * that came out of it has no malformed part. Whether its *values* are allowed in a certain block is decided by tx/ and
 * block/.
 *
 * Ownership: a decoded struct borrows from two owners that must outlive it: the bytes it was decoded from (call data,
 * extra data, code) and the arena given by the caller (arrays). Nothing is freed piecewise. Functions keep no state:
 * any thread, as long as arenas and writers are not shared.
 *
 * Amounts are wei unless said otherwise. */
#ifndef WEFT_TYPES_H
#define WEFT_TYPES_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "rlp/rlp.h"
#include "u256/u256.h"

/* ---- logs and bloom (Yellow Paper 4.3.1) ----------------------------------------------------------------------- */

/* 2,048 bits, big-endian: bit 0 is the lowest bit of the last byte. */
struct bloom {
    uint8_t b[256];
};

enum { LOG_TOPICS_MAX = 4 };

struct log {
    struct address address;
    const struct hash *topics;
    uint32_t topic_count;
    struct bytes data;
};

/* Writes [address, topics, data] in front of what `w` holds. */
void log_encode(struct rlp_writer *w, const struct log *l);

/* Sets the three bits of an item (an address, a topic), given its keccak-256. */
void bloom_add_hash(struct bloom *b, const struct hash *keccak);
/* Adds address and topics of each log; hashes eight items at a time. */
void bloom_add_logs(struct bloom *b, const struct log *logs, size_t count);
void bloom_merge(struct bloom *into, const struct bloom *from);

/* ---- transactions ----------------------------------------------------------------------------------------------- */

/* Envelope types (EIP-2718). The number is the type byte on the wire; a legacy transaction has none. */
enum transaction_type {
    TX_LEGACY = 0,
    TX_ACCESS_LIST = 1, /* EIP-2930 */
    TX_FEE_MARKET = 2,  /* EIP-1559 */
    TX_BLOB = 3,        /* EIP-4844 */
    TX_SET_CODE = 4,    /* EIP-7702 */
};

/* An ECDSA signature over secp256k1. y_parity is 0 or 1, except in an authorization, which may carry any byte. */
struct signature {
    struct u256 r, s;
    uint8_t y_parity;
};

struct access_entry {
    struct address address;
    const struct u256 *keys; /* storage slots */
    uint32_t key_count;
};

/* EIP-7702. An authorization that cannot be right (wrong chain, bad signature) is skipped when executed, not
 * refused. */
struct authorization {
    struct u256 chain_id;
    struct address address; /* whose code is to run */
    uint64_t nonce;
    struct signature signature;
};

struct transaction {
    enum transaction_type type;
    bool is_create;    /* no recipient: `to` is zero, data is init code */
    bool has_chain_id; /* false: a legacy transaction that may be replayed on other chains (before EIP-155) */
    uint64_t chain_id;
    uint64_t nonce;
    uint64_t gas_limit;
    struct u256 max_fee;          /* per gas; the gas price of types 0 and 1 */
    struct u256 max_priority_fee; /* per gas; the gas price of types 0 and 1 */
    struct address to;
    struct u256 value;
    struct bytes data;

    const struct access_entry *access_list; /* types 1 and up */
    uint32_t access_count;
    uint32_t access_key_count; /* storage keys of all entries together */

    struct u256 max_blob_fee; /* per blob gas; type 3 */
    const struct hash *blob_hashes;
    uint32_t blob_count;

    const struct authorization *authorizations; /* type 4 */
    uint32_t authorization_count;

    struct signature signature;
    struct bytes encoded; /* the envelope it was decoded from, as it stands in tries; empty if made otherwise */
};

/* Reads a transaction from its envelope: type byte and payload, or the RLP list of a legacy one. `encoded` and the
 * arena must outlive what is written to `out`. Any RLP_* status, TX_UNKNOWN_TYPE, TX_BAD_RECIPIENT (also types 3 and 4
 * without one), TX_BAD_SIGNATURE (v or y parity impossible). */
enum status transaction_decode(struct transaction *out, struct bytes encoded, struct arena *arena);
/* Writes the envelope in front of what `w` holds. */
void transaction_encode(struct rlp_writer *w, const struct transaction *tx);
/* keccak256 of the envelope. */
void transaction_hash(struct hash *out, const struct transaction *tx);
/* What the sender signed: EIP-155 (or its predecessor), 2930, 1559, 4844, 7702. */
void transaction_signing_hash(struct hash *out, const struct transaction *tx);

/* Which signatures count; comes from fork data. */
struct signature_rules {
    bool low_s;    /* s above half the group order is refused (EIP-2) */
    bool chain_id; /* legacy transactions may carry a chain id (EIP-155) */
};
/* Recovers the sender. TX_BAD_SIGNATURE when r, s or the point are impossible or against the rules; *out is then
 * untouched. Takes tens of microseconds. */
enum status transaction_sender(struct address *out, const struct transaction *tx, struct signature_rules rules);

/* transaction_sender for `count` transactions at once, several times as fast. *bad is the first without a sender, or
 * `count`. */
enum status transactions_senders(struct address *out, const struct transaction *transactions, uint32_t count,
                                 struct signature_rules rules, uint32_t *bad);

/* What an authority signs: keccak256(0x05 || rlp([chain_id, address, nonce])). */
void authorization_signing_hash(struct hash *out, const struct authorization *a);
/* Recovers the authority. TX_BAD_SIGNATURE; s must be low. */
enum status authorization_authority(struct address *out, const struct authorization *a);

/* The address of a contract made by CREATE or a creating transaction: low 20 bytes of keccak256(rlp([sender,
 * nonce])). */
struct address create_address(const struct address *sender, uint64_t nonce);
/* CREATE2 (EIP-1014): keccak256(0xff || sender || salt || keccak256(init code)). */
struct address create2_address(const struct address *sender, const struct hash *salt,
                               const struct hash *init_code_hash);

/* ---- receipts --------------------------------------------------------------------------------------------------- */

struct receipt {
    enum transaction_type type;
    bool has_state_root; /* before Byzantium a receipt carries the state root instead of the status (EIP-658) */
    bool succeeded;
    struct hash state_root;
    uint64_t cumulative_gas; /* gas used in the block up to and including this transaction */
    struct bloom bloom;
    const struct log *logs;
    uint32_t log_count;
};

/* Writes the envelope in front of what `w` holds: type byte (none for 0) and list. */
void receipt_encode(struct rlp_writer *w, const struct receipt *r);
/* Reads an envelope. Any RLP_* status, TX_UNKNOWN_TYPE, RECEIPT_BAD_STATUS. */
enum status receipt_decode(struct receipt *out, struct bytes encoded, struct arena *arena);

/* ---- headers ---------------------------------------------------------------------------------------------------- */

/* Fields were only ever added at the end: a header has the first `field_count` of them, and these are the counts at
 * which the optional ones are there. */
enum header_field {
    HEADER_FIELDS_MIN = 15,
    HEADER_BASE_FEE = 16,           /* EIP-1559 */
    HEADER_WITHDRAWALS_ROOT = 17,   /* EIP-4895 */
    HEADER_BLOB_GAS = 19,           /* EIP-4844: blob gas used, excess blob gas */
    HEADER_PARENT_BEACON_ROOT = 20, /* EIP-4788 */
    HEADER_REQUESTS_HASH = 21,      /* EIP-7685 */
    HEADER_ACCESS_LIST_HASH = 22,   /* EIP-7928 */
    HEADER_SLOT_NUMBER = 23,        /* EIP-7843 */
    HEADER_FIELDS_MAX = 23
};

struct header {
    uint32_t field_count; /* optional fields beyond it are zero */
    struct hash parent_hash;
    struct hash uncles_hash;
    struct address beneficiary;
    struct hash state_root;
    struct hash transactions_root;
    struct hash receipts_root;
    struct bloom bloom;
    struct u256 difficulty;
    uint64_t number;
    uint64_t gas_limit;
    uint64_t gas_used;
    uint64_t timestamp; /* seconds */
    struct bytes extra_data;
    struct hash prev_randao; /* the mix hash before the merge */
    uint8_t nonce[8];
    struct u256 base_fee; /* per gas */
    struct hash withdrawals_root;
    uint64_t blob_gas_used;
    uint64_t excess_blob_gas;
    struct hash parent_beacon_root;
    struct hash requests_hash;
    struct hash access_list_hash;
    uint64_t slot_number;
};

/* Whether the optional field is there. */
static inline bool header_has(const struct header *h, enum header_field field)
{
    return h->field_count >= (uint32_t)field;
}
/* Reads one header and moves behind it; extra data is borrowed. Any RLP_* status; RLP_WRONG_COUNT for a number of
 * fields that no header has. */
enum status header_decode(struct header *out, struct rlp *in);
void header_encode(struct rlp_writer *w, const struct header *h);
/* keccak256 of the encoded header: the block's hash. */
void header_hash(struct hash *out, const struct header *h);

/* ---- withdrawals (EIP-4895) -------------------------------------------------------------------------------------- */

struct withdrawal {
    uint64_t index;
    uint64_t validator_index;
    struct address address;
    uint64_t amount; /* gwei */
};
enum status withdrawal_decode(struct withdrawal *out, struct rlp *in);
void withdrawal_encode(struct rlp_writer *w, const struct withdrawal *x);

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

struct block {
    struct header header;
    struct hash hash; /* of the header */
    const struct transaction *transactions;
    uint32_t transaction_count;
    const struct header *uncles;
    uint32_t uncle_count;
    bool has_withdrawals;
    const struct withdrawal *withdrawals;
    uint32_t withdrawal_count;
    size_t encoded_size; /* bytes; EIP-7934 bounds it */
};

/* Reads a whole block and moves behind it: [header, transactions, uncles] and, since EIP-4895, withdrawals. The bytes
 * and the arena must outlive *out. On failure *e (may be NULL) says which part, e.g. "transaction 3: ...". */
enum status block_decode(struct block *out, struct rlp *in, struct arena *arena, struct error *e);
void block_encode(struct rlp_writer *w, const struct block *b);
/* keccak256 of the list of uncle headers, and what it is for no uncles. */
void uncles_hash(struct hash *out, const struct header *uncles, size_t count);
extern const struct hash uncles_hash_empty;

/* ---- block access lists (EIP-7928) ------------------------------------------------------------------------------- */

/* An index says when: 0 before the transactions, i after transaction i (from 1), count + 1 after all of them. */
struct bal_word_change {
    uint32_t index;
    struct u256 value; /* balance or storage word after it */
};
struct bal_nonce_change {
    uint32_t index;
    uint64_t nonce;
};
struct bal_code_change {
    uint32_t index;
    struct bytes code;
};
struct bal_slot {
    struct u256 key;
    const struct bal_word_change *changes;
    uint32_t change_count; /* at least 1 */
};
struct bal_account {
    struct address address;
    const struct bal_slot *slots; /* written, in ascending order */
    uint32_t slot_count;
    const struct u256 *reads; /* only read, in ascending order */
    uint32_t read_count;
    const struct bal_word_change *balances;
    uint32_t balance_count;
    const struct bal_nonce_change *nonces;
    uint32_t nonce_count;
    const struct bal_code_change *codes;
    uint32_t code_count;
};
/* Accounts in ascending order. */
struct block_access_list {
    const struct bal_account *accounts;
    uint32_t account_count;
};

/* Reads a list and checks its canonical form: ascending addresses, slots and indices, no duplicates, no slot both
 * written and read. Codes are borrowed. Any RLP_* status, BAL_NOT_SORTED, BAL_EMPTY_SLOT, BAL_READ_AND_WRITTEN; *e (may
 * be NULL) names the account. */
enum status bal_decode(struct block_access_list *out, struct bytes encoded, struct arena *arena, struct error *e);
/* The same check of a list that was not decoded: BAL_* with the account in *e (may be NULL). */
enum status bal_check(const struct block_access_list *l, struct error *e);
void bal_encode(struct rlp_writer *w, const struct block_access_list *l);
void bal_hash(struct hash *out, const struct block_access_list *l);
/* What an account of a canonical list says of a slot: written, or only read; NULL: not so. */
const struct bal_slot *bal_find_slot(const struct bal_account *a, const struct u256 *key);
const struct u256 *bal_find_read(const struct bal_account *a, const struct u256 *key);
/* Number of items that EIP-7928 bounds by the gas limit: addresses and slots, written or read. */
uint64_t bal_items(const struct block_access_list *l);

#endif
