/* What the files of genesis share: members by name, and forks by their first blocks. */
#ifndef WEFT_JSON_GENESIS_PRIVATE_H
#define WEFT_JSON_GENESIS_PRIVATE_H

#include "json/genesis.h"

/* ---- names (genesis_names.c) ------------------------------------------------------------------------------------- */

enum { GENESIS_NAMES_MAX = 128 };

/* Names that nobody knows, each once. */
struct genesis_unknown {
    struct buffer *text;
    const char *prefix;
    bool is_full;
};

/* Gives the members of an object the letters of `names`, which ends with NULL; of several that are one name the last
 * counts. Others are noted, with `prefix`. And the same for each object that is a member of `objects`. */
void genesis_fix_object(struct json_reader *f, yyjson_val *object, const char *const *names, const char *prefix,
                        struct genesis_unknown *unknown);
void genesis_fix_objects(struct json_reader *f, yyjson_val *objects, const char *const *names, const char *prefix,
                         struct genesis_unknown *unknown);
extern const char *const genesis_blob_names[];

/* ---- rules (genesis_chain.c) ------------------------------------------------------------------------------------- */

/* The first block of each of genesis_forks, as far as a file names it. */
struct genesis_point {
    const char *key; /* the member that says so; NULL: none does */
    uint64_t at;
};

/* Puts the forks that have a point into s->activations, and the merge at a total difficulty of `terminal`, which may be
 * NULL. Complains about two that are not in order, with both names. */
void genesis_activate(struct json_reader *f, struct chain_spec *s, const struct genesis_point points[GENESIS_FORKS],
                      const struct u256 *terminal);
/* The place of a key in genesis_forks, which must be one. */
size_t genesis_fork_index(const char *key);

/* ---- the first block (genesis.c) --------------------------------------------------------------------------------- */

/* What all forms have in common: `extra` outlives the file afterwards. */
void genesis_keep_extra_data(struct json_reader *f, yyjson_val *extra, struct chain_genesis *g);

/* ---- Nethermind's form (genesis_chainspec.c) --------------------------------------------------------------------- */

/* Whether a document is a chain specification in the form of Parity and Nethermind; reads one. */
bool genesis_is_chainspec(yyjson_val *root);
void genesis_read_chainspec(struct json_reader *f, struct chain_genesis *out, struct buffer *unknown);

#endif
