/* memory: a whole state in memory, as a state_view: pre-states of tests and bundles, and small chains.
 *
 * Accounts and slots live in two growing arrays, found through open-addressing indexes; the slots of an account are
 * linked, so that its storage can be walked for the state root. Reading is safe from many threads while nobody
 * writes. */
#ifndef WEFT_STATE_MEMORY_H
#define WEFT_STATE_MEMORY_H

#include "state/state.h"

struct memory_account {
    struct address address;
    bool exists;
    uint64_t nonce;
    struct u256 balance;
    struct hash code_hash;
    struct bytes code;   /* owned by the memory */
    uint32_t first_slot; /* index + 1; 0 ends the list */
    uint32_t live_slots; /* slots that are not zero */
};

struct memory_slot {
    uint32_t account;
    uint32_t next; /* index + 1 of the account's next slot */
    struct u256 key, value;
};

struct memory_index {
    uint32_t *cells; /* index + 1; 0 is free */
    size_t mask;
};

struct state_memory {
    struct memory_account *accounts;
    struct memory_slot *slots;
    uint32_t account_count, slot_count, account_capacity, slot_capacity;
    struct memory_index account_index, slot_index;
    struct arena codes;
    struct hash *block_hashes; /* hash_count of them, of the blocks with the numbers beside them */
    uint64_t *block_numbers;
    size_t hash_count, hash_capacity;
    _Atomic uint64_t missing_hash; /* number + 1 of the last block whose hash was asked for and is not there; 0: none */
};

struct state_memory *state_memory_new(void);
void state_memory_free(struct state_memory *m);
/* A view of the memory; valid while it lives and is not changed. */
struct state_view state_memory_view(struct state_memory *m);

/* The account; made (as existing, empty) when it is not there. Valid until the next account is added. */
struct memory_account *state_memory_account(struct state_memory *m, const struct address *a);
/* NULL when the account does not exist. */
const struct memory_account *state_memory_find(const struct state_memory *m, const struct address *a);
void state_memory_set_code(struct state_memory *m, struct memory_account *a, const struct hash *hash,
                           struct bytes code);
void state_memory_set_slot(struct state_memory *m, const struct address *a, const struct u256 *key,
                           const struct u256 *value);
/* Makes all slots of an account zero. */
void state_memory_wipe(struct state_memory *m, struct memory_account *a);
struct u256 state_memory_slot(const struct state_memory *m, const struct address *a, const struct u256 *key);
void state_memory_set_block_hash(struct state_memory *m, uint64_t number, const struct hash *hash);
/* Brings the memory to the state after a block. */
void state_memory_apply(struct state_memory *m, const struct state_diff *diff);
/* A copy that shares nothing. */
struct state_memory *state_memory_copy(const struct state_memory *m);

#endif
