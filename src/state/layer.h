/* layer: what is different from the state below: overrides, results that are tried out, blocks on top of blocks.
 *
 *     layer ──► accounts and slots that were set here; everything else is asked of what is below, by the caller
 *       │
 *       └─ undo: what was there before each change since the oldest snapshot
 *
 * Looking something up, setting it and taking it back cost the same however large the state below is. A layer never reads
 * what is below: whoever sets something in an account that is not here yet brings the account along.
 *
 * Threads: any number may look things up while nobody changes the layer. */
#ifndef WEFT_STATE_LAYER_H
#define WEFT_STATE_LAYER_H

#include "state/memory.h"
#include "state/state.h"

struct state_layer;
struct state_layer *state_layer_new(void);
void state_layer_free(struct state_layer *l); /* may be NULL */
/* The same content, without the snapshots. */
struct state_layer *state_layer_copy(const struct state_layer *l);

/* ---- looking up: false where the layer does not say, so that it is as it is below ---------------------------------- */

/* `hash` is hash_of_address of the address. */
bool state_layer_account(const struct state_layer *l, const struct address *a, uint64_t hash, struct account_data *out);
bool state_layer_storage(const struct state_layer *l, const struct address *a, uint64_t hash, const struct u256 *key,
                         struct u256 *out);
/* The bytes live as long as the layer. */
bool state_layer_code(const struct state_layer *l, const struct address *a, uint64_t hash, struct bytes *out);
bool state_layer_block_hash(const struct state_layer *l, uint64_t number, struct hash *out);

/* ---- changing ------------------------------------------------------------------------------------------------------ */

/* Sets an account; its storage stays, and so does its code unless `code` (NULL: it stays) is given, whose hash is then
 * data->code_hash. The code is copied. */
void state_layer_set_account(struct state_layer *l, const struct address *a, const struct account_data *data,
                             const struct bytes *code);
/* Sets a slot of an account that the layer has. */
void state_layer_set_slot(struct state_layer *l, const struct address *a, const struct u256 *key,
                          const struct u256 *value);
/* Forgets all slots of an account that the layer has, those below as well. */
void state_layer_wipe(struct state_layer *l, const struct address *a);
void state_layer_set_block_hash(struct state_layer *l, uint64_t number, const struct hash *hash);

/* ---- snapshots ----------------------------------------------------------------------------------------------------- */

/* Remembers the layer as it is, under a number that no other snapshot of it had. */
uint64_t state_layer_snapshot(struct state_layer *l);
/* Brings it back to what it was then. The snapshot stays, later ones are gone. False: there is no such snapshot. */
bool state_layer_revert(struct state_layer *l, uint64_t snapshot);
/* Forgets a snapshot and all later ones; the layer stays as it is. False: there is no such snapshot. */
bool state_layer_forget(struct state_layer *l, uint64_t snapshot);

#endif
