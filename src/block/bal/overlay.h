/* declared: a block access list as the source of what transactions read, and as what is checked (EIP-7928). Private to
 * block/.
 *
 *     list ──► declared_load: versions in the table, numbered by index ──► a transaction reads below its own number
 *                                                                           │
 *     list ◄── declared_holds: is all that it accessed in the list, and all that it changed as the list says? ◄──┘
 *          ◄── declared_is_complete: was all that is in the list accessed, and changed? */
#ifndef WEFT_BLOCK_BAL_OVERLAY_H
#define WEFT_BLOCK_BAL_OVERLAY_H

#include "block/private.h"

/* A declared list while its block is executed along it. Slots are numbered through all accounts: those of an account
 * that are written, then those that are only read. */
struct declared {
    const struct block_access_list *list;
    struct account_entry **accounts;
    struct slot_entry **slots;
    uint32_t *first_slot; /* of each account */
    uint32_t slot_count;
    uint64_t change_count;         /* of all fields and slots, at all indices */
    _Atomic uint8_t *account_seen; /* 1: somebody accessed it */
    _Atomic uint8_t *slot_seen;
};

/* Puts the list's values into the table as versions, and fetches everything it names from the view, on so many workers.
 * The list is in canonical form (bal_check). A status of the view, or STATUS_OK. `d` lives as long as the block. */
enum status declared_load(struct block_run *run, struct declared *d, unsigned workers);

/* Whether the finalized records of `s` agree with the list: everything accessed is in it, and what has changed has
 * changed as it says. `fee` is due to the beneficiary. Marks what was accessed as seen, and adds the number of changes
 * to *changes. Any thread. */
bool declared_holds(struct declared *d, const struct state *s, const struct account_entry *beneficiary, struct u256 fee,
                    uint64_t *changes);

/* Whether nothing is declared that was not found: `changes` are those that declared_holds has counted for the
 * transactions, `others` what was accessed before and after them. */
bool declared_is_complete(struct declared *d, uint64_t changes, const struct block_access_list *others);

/* Puts what the list changes on the table's lists of changes. */
void declared_list_changes(const struct declared *d, struct state_table *t);

#endif
