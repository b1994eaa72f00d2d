/* bundle: a block with all that is needed to execute it, as three files in a folder.
 *
 *     block.json          as eth_getBlockByNumber gives it, with full transactions
 *     prestate.json       as the prestateTracer gives it: the accounts and slots that the block touches, before it
 *     block_hashes.json   {"number": "0xhash"}: what BLOCKHASH may ask
 *     chain.json          optional: {"chainId": "0x1", "fork": "Osaka"}; mainnet without it
 *
 * Uncles are known by their hashes alone, so their rewards are not paid when a bundle is executed; nothing that is
 * checked depends on them. */
#ifndef WEFT_CLI_BUNDLE_H
#define WEFT_CLI_BUNDLE_H

#include "base/base.h"
#include "block/block.h"
#include "cli/form.h"

struct bundle {
    struct block block;         /* without uncles; block.hash is what the file says */
    const struct address *from; /* the senders that the file names */
    struct chain_spec chain;
    const struct fork *fork;
    struct state_memory *state;
    struct arena arena;
    struct form form; /* owns the bytes of block.json */
};

/* Reads a bundle. Free with bundle_free in any case. `fork` overrides the chain's rules unless NULL. FILE_*,
 * BAD_JSON, BAD_FIELD, UNKNOWN_FORK with *e set. */
enum status bundle_load(struct bundle *out, const char *folder, const struct fork *fork, struct error *e);
void bundle_free(struct bundle *b);

/* Checks what header and body must satisfy by themselves, recovers the senders on `engine` and compares them with those
 * that the file names, and makes the task; `view` must stay where it is as long as the task. BLOCK_*, TX_BAD_SIGNATURE
 * with *e set. */
enum status bundle_prepare(struct bundle *b, struct engine *engine, struct state_view *view, struct block_task *out,
                           struct error *e);

/* Folders of bundles with their block numbers. */
struct bundle_entry {
    char *folder;
    uint64_t number;
};
struct bundle_list {
    struct bundle_entry *entries;
    size_t count, capacity;
};
/* Adds `path` if it is a bundle, else the bundles in it. FILE_UNREADABLE, and what reading block.json may give,
 * with *e set. */
enum status bundles_find(struct bundle_list *out, const char *path, const char *filter, struct error *e);
/* Adds one bundle. */
enum status bundles_add(struct bundle_list *out, const char *folder, struct error *e);
void bundles_sort(struct bundle_list *l);
void bundles_free(struct bundle_list *l);

#endif
