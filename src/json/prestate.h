/* prestate: the state and the block that a single call runs in, from a genesis file as geth has them:
 *
 *     { "config": { "chainId": 1, "londonBlock": 0, "cancunTime": 0, ... },
 *       "alloc": { "0xaddress": { "balance", ... } },
 *       "number", "timestamp", "gasLimit", "coinbase", "difficulty", "baseFeePerGas", "mixHash", "excessBlobGas" }
 *
 * Everything but alloc may be missing. A file that is nothing but accounts by address is an alloc. */
#ifndef WEFT_JSON_PRESTATE_H
#define WEFT_JSON_PRESTATE_H

#include "fork/fork.h"
#include "state/memory.h"
#include "types/types.h"

struct prestate {
    struct state_memory *state;
    struct chain_spec chain; /* no activations: the file has no config */
    struct header header;    /* of the block that the call is in; gas_limit 0: not given */
    bool has_excess_blob_gas;
};

/* An empty state, in a block numbered 0 with a base fee of 1 gwei, on chain 1337, as geth's `evm run` has it. */
void prestate_default(struct prestate *out);
/* Reads `path`. FILE_UNREADABLE, FILE_TOO_BIG, BAD_JSON, BAD_FIELD with *e set; nothing is to be freed then. */
enum status prestate_read(struct prestate *out, const char *path, struct error *e);
void prestate_free(struct prestate *p);

/* For a state_view: where there is no chain, the hash of a block is that of its number in decimal. */
enum status prestate_block_hash(void *context, uint64_t number, struct hash *out);

#endif
