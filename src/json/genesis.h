/* genesis: a genesis file as a chain's rules and first block.
 *
 *     file ──► names put right, unknown ones noted ──► rules (config, or params) ──► header ──► accounts ──► sealed
 *
 * Numbers are JSON numbers, or texts of hex digits behind 0x or of decimal digits; "" is zero, or no bytes; null is as if
 * the member were not there. Members that say something about rules that weft cannot follow are refused; names that
 * nobody knows are warned of, once, all together. */
#ifndef WEFT_JSON_GENESIS_H
#define WEFT_JSON_GENESIS_H

#include "chain/chain.h"
#include "json/json.h"

/* Forks in their order, under the names that geth's chain configuration has for their first blocks. Those that change
 * no rule stand for their own. */
enum { GENESIS_FORKS = 23 };
extern const struct genesis_fork {
    const char *key;
    const struct fork *fork;
    enum activation_by by;
} genesis_forks[GENESIS_FORKS];

/* Reads a genesis file: in geth's form, which Besu, Erigon and reth have as well, or a chain specification of Nethermind.
 * Or gives the genesis that NAME stands for: `mainnet`, `sepolia`, `holesky` or `hoodi`, whose first blocks are packed
 * with the program; `dev-FORK` (dev-Osaka, dev-Prague, ...), an empty state with that fork from the start, or dev for the
 * newest settled one. BAD_FIELD, BAD_JSON, FILE_UNREADABLE, UNKNOWN_FORK, with *e set. Free with chain_genesis_free. */
enum status genesis_load(struct chain_genesis *out, const char *name, struct error *e);

/* Gives the members of a genesis file (f->root) the case of letters that the readers below expect. Those that nobody
 * knows are added to *names; genesis_warn frees it, and names them once where the file could be read. */
void genesis_fix_names(struct json_reader *f, struct buffer *names);
void genesis_warn(const struct json_reader *f, struct buffer *names);
/* Reads a chain's configuration. s->id is the chain id where the file has none; 0: it must have one. */
void genesis_read_chain(struct json_reader *f, yyjson_val *config, struct chain_spec *s);

#endif
