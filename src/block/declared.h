/* declared: a block access list as the source of what transactions read, and as what is checked (EIP-7928). Private to
 * block/. */
#ifndef WEFT_BLOCK_DECLARED_H
#define WEFT_BLOCK_DECLARED_H

#include "block/private.h"

/* Puts the list's values into the table as versions, and fetches everything it names from the view, on all workers. The
 * list has passed block_check_access_list_form. A status of the view, or STATUS_OK. */
enum status declared_load(struct block_run *run);

/* Whether the finalized records of `s` differ from the list; `fee` is due to the beneficiary. Any thread. */
bool declared_differs(const struct state *s, const struct account_entry *beneficiary, struct u256 fee);

#endif
