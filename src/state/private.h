/* What the files of state/ share among themselves. */
#ifndef WEFT_STATE_PRIVATE_H
#define WEFT_STATE_PRIVATE_H

#include "state/state.h"

/* Look-ups with the hash at hand. */
struct account_entry *state_table_account_hashed(struct state_table *t, const struct address *a, uint64_t hash,
                                                 enum status *why);
struct slot_entry *state_table_slot_hashed(struct state_table *t, struct account_entry *a, const struct u256 *key,
                                           uint64_t hash, enum status *why);
/* Entries that stand outside the table, for reads that failed. */
void state_account_entry_init(struct account_entry *e, const struct address *a, uint64_t hash,
                              const struct account_data *data);
void state_slot_entry_init(struct slot_entry *e, struct account_entry *a, const struct u256 *key, uint64_t hash,
                           struct u256 value);

#endif
