/* db_show: one transaction, one block, as a store has them; private to cli/. */
#ifndef WEFT_CLI_CHAIN_DB_SHOW_H
#define WEFT_CLI_CHAIN_DB_SHOW_H

#include "cli/cli.h"
#include "store/store.h"

/* Print what operand 1 names: the transaction with a hash, the block with a hash or number. BAD_USAGE, STORE_UNKNOWN
 * when it is not in the chain, STORE_DAMAGED. */
enum status db_show_transaction(struct store *store, const struct options *o, struct error *e);
enum status db_show_block(struct store *store, const struct options *o, struct error *e);

#endif
