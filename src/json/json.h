/* json: reads the JSON of tests, bundles, genesis files and payloads into weft's own types.
 *
 * A `struct json_reader` belongs to one document. Its first complaint sticks: functions that find something missing or
 * malformed note file, place and what was expected, and return zero; callers read a whole object and look at
 * reader->status once.
 *
 *     file ──json_open──► document ──json_u64(form, object, "currentNumber")──► 7
 *
 * The document is parsed in place over the file's bytes, and byte strings are decoded in place as well: json_bytes
 * returns memory of the document and may be asked once for each value. Everything is valid until json_close.
 *
 * Numbers are hex digits behind 0x, of any length that fits, leading zeros allowed, or decimal digits, or JSON numbers,
 * also with a fraction or an exponent (5.875e22) where that makes a whole number; an empty text is zero, or no bytes; fixtures are not strict. One thread. */
#ifndef WEFT_JSON_JSON_H
#define WEFT_JSON_JSON_H

#include <yyjson.h>

#include "base/base.h"
#include "fork/fork.h"
#include "state/memory.h"
#include "types/types.h"
#include "u256/u256.h"

/* Largest document. */
#define JSON_SIZE_MAX ((size_t)4 << 30)

struct json_reader {
    /* what is being read, for complaints; NULL for none */
    const char *file;
    const char *place;          /* the name of a case */
    yyjson_val *account, *slot; /* names in a state */
    enum status status;
    struct error *error; /* may be NULL */
    struct buffer text;
    yyjson_doc *document;
    yyjson_val *root;
};

/* Reads and parses `path`. FILE_UNREADABLE, FILE_TOO_BIG, BAD_JSON with *e set; then nothing is open. */
enum status json_open(struct json_reader *f, const char *path, struct error *e);
/* The same for a text that is in f->text already; f->file names where it came from. BAD_JSON. */
enum status json_parse(struct json_reader *f);
void json_close(struct json_reader *f);

/* Complains about `key`, unless there was a complaint before. */
void json_expect(struct json_reader *f, const char *key, const char *expected);

/* The member `key`, or NULL with a complaint when it is not there. */
yyjson_val *json_member(struct json_reader *f, yyjson_val *object, const char *key);
/* The member, or NULL when it is missing or null. */
yyjson_val *json_optional(yyjson_val *object, const char *key);
/* The member, which must be an object or an array. */
yyjson_val *json_object(struct json_reader *f, yyjson_val *object, const char *key);
yyjson_val *json_array(struct json_reader *f, yyjson_val *object, const char *key);
/* The text of a member; "" with a complaint. */
const char *json_text(struct json_reader *f, yyjson_val *object, const char *key);

/* Members of an object by name. */
uint64_t json_u64(struct json_reader *f, yyjson_val *object, const char *key);
struct u256 json_u256(struct json_reader *f, yyjson_val *object, const char *key);
struct hash json_hash(struct json_reader *f, yyjson_val *object, const char *key);
struct address json_address(struct json_reader *f, yyjson_val *object, const char *key);
struct bytes json_bytes(struct json_reader *f, yyjson_val *object, const char *key);
/* As above, 0 when the member is missing. */
uint64_t json_optional_u64(struct json_reader *f, yyjson_val *object, const char *key);
struct u256 json_optional_u256(struct json_reader *f, yyjson_val *object, const char *key);

/* Values themselves; `key` is for the complaint. */
uint64_t json_value_u64(struct json_reader *f, yyjson_val *v, const char *key);
struct u256 json_value_u256(struct json_reader *f, yyjson_val *v, const char *key);
/* Storage keys and values: always hex digits, with or without 0x. */
struct u256 json_value_word(struct json_reader *f, yyjson_val *v, const char *key);
struct hash json_value_hash(struct json_reader *f, yyjson_val *v, const char *key);
struct address json_value_address(struct json_reader *f, yyjson_val *v, const char *key);
struct bytes json_value_bytes(struct json_reader *f, yyjson_val *v, const char *key);

/* Names of header fields that differ from format to format. */
struct header_names {
    const char *uncles_hash, *beneficiary, *transactions_root, *receipts_root, *bloom;
};
extern const struct header_names header_names_rpc, header_names_tests;
/* Reads a header; field_count follows from which optional fields are there. */
void json_header(struct json_reader *f, yyjson_val *v, const struct header_names *names, struct header *h);
/* Reads the header and the body of a block in the form of eth_getBlockByNumber, with full transactions. Arrays come
 * from `arena`; `*from` are the senders as the document has them. */
void json_block(struct json_reader *f, yyjson_val *v, struct arena *arena, struct block *out,
                const struct address **from);
/* A transaction without its signature: as JSON-RPC names the fields, or the tests ("gasLimit", "data"). */
void json_transaction(struct json_reader *f, yyjson_val *v, struct arena *arena, struct transaction *tx);
/* The signature of `tx`, whose type is known, and the chain id that comes with it. */
void json_signature(struct json_reader *f, yyjson_val *v, struct transaction *tx);
/* {"index", "validatorIndex", "address", "amount"}, and a list of them. */
struct withdrawal json_withdrawal(struct json_reader *f, yyjson_val *v);
void json_withdrawals(struct json_reader *f, yyjson_val *list, struct arena *arena, struct block *out);

/* The first field in which two transactions differ, signatures and chain ids aside, or two headers; NULL when there is
 * none. */
const char *json_transactions_differ(const struct transaction *a, const struct transaction *b);
const char *json_headers_differ(const struct header *a, const struct header *b);
/* Compares a block with what an official test shows of it: {"blockHeader", "transactions", "uncleHeaders",
 * "withdrawals"}, each of which may be missing. False with the first difference in *difference. */
bool json_block_equals(struct json_reader *f, yyjson_val *v, struct arena *arena, const struct block *b,
                       struct error *difference);

/* Adds the accounts of {"0xaddress": {"balance", "nonce", "code", "storage"}, ...} to `out`; missing fields are
 * zero. One that has nothing but "builtin" is a precompiled contract in a chain specification, and no account. */
void json_accounts(struct json_reader *f, yyjson_val *accounts, struct state_memory *out);
/* Compares a state with accounts of that form, all of them and nothing else. False with the first difference in
 * *difference. */
bool json_state_equals(struct json_reader *f, yyjson_val *accounts, const struct state_memory *state,
                       struct error *difference);
/* The same for what changed since `before`: accounts of that form, null for one that is gone; all others must be as
 * they were. */
bool json_state_diff_equals(struct json_reader *f, yyjson_val *accounts, const struct state_memory *before,
                            const struct state_memory *state, struct error *difference);

/* [{"address", "storageKeys"}, ...]: an access list (EIP-2930). */
void json_access_list(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out);
/* [{"address", "storageChanges", "storageReads", "balanceChanges", "nonceChanges", "codeChanges"}, ...]: a block
 * access list (EIP-7928), in the order in which it stands there, canonical or not. */
void json_block_access_list(struct json_reader *f, yyjson_val *list, struct arena *arena,
                            struct block_access_list *out);
/* [{"chainId", "address", "nonce", "yParity", "r", "s"}, ...]: authorizations (EIP-7702). */
void json_authorizations(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out);
/* ["0x...", ...]: blob hashes (EIP-4844). */
void json_blob_hashes(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out);

/* {"Cancun": {"target", "max", "baseFeeUpdateFraction"}, ...} (EIP-7840): gives the forks of a chain that have blobs
 * these numbers. One without an entry has those of the fork before it; without any, and for a NULL schedule, its own.
 * Or [{"timestamp", "target", "max", "baseFeeUpdateFraction"}, ...] (EIP-7892): from each time on these numbers, whatever
 * the fork; a time at which no fork begins is a change of blobs alone. */
void json_blob_schedule(struct json_reader *f, yyjson_val *schedule, struct chain_spec *s);

#endif
