/* genesis: a geth genesis file as a chain's rules and first block. */
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

/* Reads a genesis file, or makes the genesis that NAME stands for: `dev-FORK` (dev-Osaka, dev-Prague, ...), an empty
 * state with that fork from the start, or dev for the newest settled one. Public networks need their file: their first
 * state is not in weft. BAD_FIELD, BAD_JSON, FILE_UNREADABLE, CHAIN_CONFIG, with *e set. Free with
 * chain_genesis_free. */
enum status genesis_load(struct chain_genesis *out, const char *name, struct error *e);

/* Gives the members of a genesis file (f->root) the case of letters that the readers below expect. Those that nobody
 * knows are added to *names; genesis_warn frees it, and names them once where the file could be read. */
void genesis_fix_names(struct json_reader *f, struct buffer *names);
void genesis_warn(const struct json_reader *f, struct buffer *names);
/* Reads a chain's configuration. s->id is the chain id where the file has none; 0: it must have one. */
void genesis_read_chain(struct json_reader *f, yyjson_val *config, struct chain_spec *s);

#endif
