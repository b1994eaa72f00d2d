/* bundle: a block with all that is needed to execute it, as three files in a folder.
 *
 *     block.json          as eth_getBlockByNumber gives it, with full transactions
 *     prestate.json       as the prestateTracer gives it: the accounts and slots that the block touches, before it
 *     block_hashes.json   {"number": "0xhash"}: what BLOCKHASH may ask
 *     receipts.json       optional: as eth_getBlockReceipts gives them; read where a check fails, to name the
 *                         transaction that differs first
 *     chain.json          optional: {"chainId": "0x1", "fork": "Osaka"}; mainnet without it. The fork counts where the
 *                         chain is none that weft knows
 *
 * Uncles are known by their hashes alone, so their rewards are not paid when a bundle is executed; nothing that is
 * checked depends on them. */
#ifndef WEFT_JSON_BUNDLE_H
#define WEFT_JSON_BUNDLE_H

#include "base/base.h"
#include "block/block.h"
#include "json/json.h"

struct bundle {
    struct block block;         /* without uncles; block.hash is what the file says */
    const struct address *from; /* the senders that the file names */
    struct chain_spec chain;
    const struct fork *fork;
    struct state_memory *state;
    const char *folder; /* the entry's */
    struct arena arena;
    struct json_reader reader; /* owns the bytes of block.json */
};

/* Folders of bundles with their block numbers. */
struct bundle_entry {
    char *folder;       /* NULL: there is none, and `error` says why */
    uint64_t number;    /* 0: unknown */
    struct error error; /* that the bundle cannot be loaded is known already; else STATUS_OK */
};

/* Reads a bundle. Free with bundle_free in any case. `fork` overrides the chain's rules unless NULL. FILE_*,
 * BAD_JSON, BAD_FIELD, UNKNOWN_FORK, the entry's own error, with *e set. */
enum status bundle_load(struct bundle *out, const struct bundle_entry *entry, const struct fork *fork, struct error *e);
void bundle_free(struct bundle *b);

/* Chains: the one with that id; for one that weft does not know mainnet's rules for everything but the fork. False: it
 * is not known. */
bool bundle_chain(struct chain_spec *out, uint64_t id);
/* Looks for system contracts of `fork` that a chain lacks which weft does not know: private chains seldom have them.
 * They are then not called (chain->lacks_request_contracts), and the first time a line names them. Errors of the
 * view. */
enum status bundle_find_system_contracts(struct chain_spec *chain, const struct fork *fork,
                                         const struct state_view *view);
/* Checks what header and body must satisfy by themselves; uncles are left alone. BLOCK_* with *e set. */
enum status bundle_check_block(const struct block *block, const struct fork *fork, struct error *e);

/* Checks what header and body must satisfy by themselves, recovers the senders on `engine` and compares them with those
 * that the file names, and makes the task; `view` must stay where it is as long as the task. BLOCK_*, TX_BAD_SIGNATURE
 * with *e set. */
enum status bundle_prepare(struct bundle *b, struct engine *engine, struct state_view *view, struct block_task *out,
                           struct error *e);

/* block_check of a sealed result; where receipts.json can tell, the error says which transaction differs first. */
enum status bundle_check_result(const struct bundle *b, const struct block_result *result, struct error *e);

/* After an execution that failed with *e: where the bundle lacks the hash of a block, that is said instead. */
void bundle_explain(const struct bundle *b, struct error *e);

struct bundle_list {
    struct bundle_entry *entries;
    size_t count, capacity;
};
/* Adds `path` if it is a bundle, else the bundles in it. FILE_UNREADABLE with *e set when there is none; one whose
 * block.json is malformed is added with that error. */
enum status bundles_find(struct bundle_list *out, const char *path, const char *filter, struct error *e);
/* Adds the bundle in a folder. */
void bundles_add(struct bundle_list *out, const char *folder);
/* Adds a block that has no bundle, and why. */
void bundles_add_failed(struct bundle_list *out, uint64_t number, const struct error *why);
void bundles_sort(struct bundle_list *l);
void bundles_free(struct bundle_list *l);

#endif
