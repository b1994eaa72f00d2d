/* history: every state the dev chain has been in, by version.
 *
 *     account ─► [ version 0 | version 4 | version 9 ]     each key has the values it ever had, oldest first;
 *     slot    ─► [ version 2 | version 9 ]                 a read at version 7 is one binary search
 *
 * A version is a state: each block makes one, and so does each change from outside (a balance that was set). Reads of old
 * states cost the same however old they are. Going back drops what is newer, through a journal of what each version
 * wrote. An account costs 128 bytes for each version in which it changed, a slot 56.
 *
 * Reading is safe from many threads while nobody writes. */
#ifndef WEFT_NODE_HISTORY_H
#define WEFT_NODE_HISTORY_H

#include "state/memory.h"
#include "state/state.h"

/* An account as of some version. */
struct history_account {
    bool exists;
    uint64_t nonce;
    struct u256 balance;
    struct hash code_hash;
    struct bytes code;   /* lives as long as the history */
    uint64_t live_slots; /* that are not zero */
};

struct history;
/* An empty state, as version 0. */
struct history *history_new(void);
void history_free(struct history *h);

/* The newest version. */
uint64_t history_version(const struct history *h);
/* Begins a new version, equal to the newest until something is written. */
uint64_t history_advance(struct history *h);
/* Drops all versions after `version`, which becomes the newest. */
void history_revert(struct history *h, uint64_t version);

/* What was there at a version. */
struct history_account history_account_at(const struct history *h, uint64_t version, const struct address *a);
struct u256 history_slot_at(const struct history *h, uint64_t version, const struct address *a, const struct u256 *key);

/* Write into the newest version; `code` is copied. `exists`, `code_hash` and `live_slots` are not looked at. */
void history_set_account(struct history *h, const struct address *a, const struct history_account *value);
void history_set_slot(struct history *h, const struct address *a, const struct u256 *key, const struct u256 *value);
/* What a block changed. */
void history_apply(struct history *h, const struct state_diff *diff);
/* All of a state; the genesis. */
void history_load(struct history *h, const struct state_memory *m);

/* The state root of the newest version. Costs what changed since the last call. */
void history_root(struct history *h, struct pool *pool, struct hash *out);

/* A version as a state_view. `block_hash` is the caller's. Valid until that version is dropped. */
struct history_view {
    const struct history *history;
    uint64_t version;
    enum status (*block_hash)(void *context, uint64_t number, struct hash *out);
    void *context;
};
struct state_view history_state_view(struct history_view *v);

#endif
