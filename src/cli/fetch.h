/* fetch: blocks from a node with the debug API, as bundles in the user's cache folder. */
#ifndef WEFT_CLI_FETCH_H
#define WEFT_CLI_FETCH_H

#include "cli/bundle.h"
#include "cli/rpc.h"

/* Adds the bundles of blocks "N", "0xN", "N-M" or "latest", fetching those that are not in the cache. `fork`
 * overrides the rules of chains that weft does not know; NULL: those are tried that the header allows. Errors of
 * the node, BAD_USAGE for a malformed or unknown block, FILE_UNWRITABLE, and STATE_DIFFERS when a fetched block
 * cannot be executed to what its header says, with *e set. */
enum status fetch_blocks(struct bundle_list *out, struct rpc *r, const char *operand, const struct fork *fork,
                         struct error *e);

#endif
