/* fetch: blocks from a node with the debug API, as bundles in a cache folder.
 *
 *     --rpc, "N-M" ──► block N ──► cached? ── yes ───────────────────────────────────────────────────► bundle
 *                                     └─ no ──► trace ──► executed, asking for what is missing ──► written ──► bundle
 *
 * The cache holds what the network says and nothing that an option says: a block is kept once it has been executed to
 * what its header says, by the rules of its chain or, where weft does not know the chain, those of a fork that fit. With
 * --fork its state is collected for these rules, too, and kept under a name of its own, since other rules may look at
 * other accounts. Where the cache cannot be written, one line says so and bundles live in a temporary folder. */
#ifndef WEFT_CLI_RPC_FETCH_H
#define WEFT_CLI_RPC_FETCH_H

#include "cli/cli.h"
#include "cli/rpc/rpc.h"
#include "json/bundle.h"

struct fetcher {
    struct rpc rpc;
    const struct fork *fork; /* of --fork; NULL: not given */
    uint64_t chain_id;
    bool knows_chain_id;
    char *cache;     /* folder of bundles; NULL: nothing is kept */
    char *temporary; /* likewise, as long as the fetcher lives; NULL: not needed yet */
};

/* Makes ready; nothing is sent yet. BAD_USAGE as rpc_open gives it. */
enum status fetch_open(struct fetcher *f, const struct options *o, struct error *e);
/* Closes the connection, and removes the temporary folder: bundles must have been loaded. */
void fetch_close(struct fetcher *f);

/* Adds the bundles of blocks "N", "0xN", "N-M" or "latest", fetching those that are not in the cache. A block that cannot
 * be had is added as failed, and the next one is asked for; those behind a block that the node does not have are left
 * out, and so are all when the node does not answer. BAD_USAGE for a malformed operand, with *e set. */
enum status fetch_blocks(struct fetcher *f, struct bundle_list *out, const char *operand, struct error *e);

#endif
