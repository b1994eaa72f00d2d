/* networks: the first blocks of the public networks, which are packed with the program.
 *
 * networks/NAME.json.gz is a genesis file in geth's form without a configuration, made by tools/genesis.py; `zcat` shows
 * it, and where it comes from. The rules are those of src/fork/chains.c. */
#ifndef WEFT_JSON_NETWORKS_H
#define WEFT_JSON_NETWORKS_H

#include "base/base.h"

/* A network, and the hash of its first block. */
struct network {
    const char *name; /* as chain_find knows it */
    const char *hash; /* 64 hex digits */
    const uint8_t *packed, *packed_end;
};
/* All that there are. */
extern const struct network networks[];
extern const size_t network_count;

/* The network of that name, in any case of letters; NULL if its first block is not here. */
const struct network *network_find(const char *name);
/* Appends the text of its file to `out`. */
void network_unpack(const struct network *n, struct buffer *out);

#endif
