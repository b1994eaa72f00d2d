/* payload: blocks as the Engine API carries them (engine_newPayload), which lack what can be computed: the roots of
 * transactions and withdrawals, and what comes beside them: versioned hashes, beacon root, requests. */
#ifndef WEFT_JSON_PAYLOAD_H
#define WEFT_JSON_PAYLOAD_H

#include "fork/fork.h"
#include "json/json.h"

/* A block made from the parameters of engine_newPayload.
 *
 * Form errors are in f->status. Else STATUS_OK, or why the payload is refused, with *e set: a transaction that
 * cannot be decoded, BLOCK_HASH, PAYLOAD_VERSION, PAYLOAD_FIELDS, PAYLOAD_VERSIONED_HASHES, PAYLOAD_REQUESTS. `chain`
 * tells which fork the payload is of. *access_list is the encoded block access list (EIP-7928); empty when there is none. */
enum status payload_read(struct json_reader *f, yyjson_val *parameters, uint64_t version,
                         const struct chain_spec *chain, struct arena *arena, struct block *out,
                         struct bytes *access_list, struct error *e);

#endif
