/* genesis: the first block and state of a chain, from a file, a name, or what is packed with the program. */
#include <strings.h>

#include "json/genesis_private.h"
#include "json/networks.h"

/* ---- the first block --------------------------------------------------------------------------------------------- */

enum { DEFAULT_GAS_LIMIT = 4712388 }; /* geth's, where the file says 0 */

static void read_header(struct json_reader *f, yyjson_val *v, struct chain_genesis *g)
{
    struct header *h = &g->header;
    *h = (struct header){.timestamp = json_optional_u64(f, v, "timestamp"),
                         .gas_limit = json_u64(f, v, "gasLimit"),
                         .gas_used = json_optional_u64(f, v, "gasUsed"),
                         .number = json_optional_u64(f, v, "number"),
                         .difficulty = json_u256(f, v, "difficulty"),
                         .base_fee = json_optional_u256(f, v, "baseFeePerGas"),
                         .blob_gas_used = json_optional_u64(f, v, "blobGasUsed"),
                         .excess_blob_gas = json_optional_u64(f, v, "excessBlobGas"),
                         .slot_number = json_optional_u64(f, v, "slotNumber")};
    if (h->gas_limit == 0) h->gas_limit = DEFAULT_GAS_LIMIT;
    g->has_base_fee = json_optional(v, "baseFeePerGas") != NULL;
    store_be64(h->nonce, json_optional_u64(f, v, "nonce"));
    if (json_optional(v, "parentHash") != NULL) h->parent_hash = json_hash(f, v, "parentHash");
    if (json_optional(v, "mixHash") != NULL) h->prev_randao = json_hash(f, v, "mixHash");
    if (json_optional(v, "coinbase") != NULL) h->beneficiary = json_address(f, v, "coinbase");
    if (h->number != 0) json_expect(f, "number", "0");
}

void genesis_keep_extra_data(struct json_reader *f, yyjson_val *extra, struct chain_genesis *g)
{
    if (extra == NULL || yyjson_is_null(extra)) return;
    struct bytes bytes = json_value_bytes(f, extra, "extraData");
    g->header.extra_data = (struct bytes){arena_copy(&g->state->codes, bytes.data, bytes.size), bytes.size};
}

/* The header and the state of a document in geth's form. */
static void read_block(struct json_reader *f, struct chain_genesis *out)
{
    read_header(f, f->root, out);
    genesis_keep_extra_data(f, json_optional(f->root, "extraData"), out);
    json_accounts(f, json_object(f, f->root, "alloc"), out->state);
}

/* ---- where it comes from ----------------------------------------------------------------------------------------- */

static enum status load_file(struct chain_genesis *out, const char *path, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    struct buffer unknown = {0};
    f.place = "genesis";
    if (genesis_is_chainspec(f.root)) {
        genesis_read_chainspec(&f, out, &unknown);
    } else {
        genesis_fix_names(&f, &unknown);
        genesis_read_chain(&f, json_object(&f, f.root, "config"), &out->spec);
        read_block(&f, out);
    }
    genesis_warn(&f, &unknown);
    s = f.status;
    json_close(&f);
    return s;
}

static enum status load_network(struct chain_genesis *out, const struct network *n, struct error *e)
{
    struct json_reader f = {.file = n->name, .place = "genesis", .error = e};
    network_unpack(n, &f.text);
    ASSERT(json_parse(&f) == STATUS_OK);
    out->spec = *chain_find(n->name);
    read_block(&f, out);
    ASSERT(f.status == STATUS_OK);
    json_close(&f);
    return STATUS_OK;
}

static enum status load_dev(struct chain_genesis *out, const char *name, struct error *e)
{
    const char *fork = strncasecmp(name, "dev-", 4) == 0 ? name + 4 : "Osaka";
    enum status s = chain_from_network(&out->spec, fork, e);
    if (s != STATUS_OK) return s;
    out->spec.id = 1337;
    out->header.gas_limit = 30000000;
    if (fork_find(fork)->difficulty != DIFFICULTY_NONE) out->header.difficulty = U256(fork_find(fork)->min_difficulty);
    return STATUS_OK;
}

enum status genesis_load(struct chain_genesis *out, const char *name, struct error *e)
{
    enum status s;
    *out = (struct chain_genesis){.state = state_memory_new()};
    if (network_find(name) != NULL)
        s = load_network(out, network_find(name), e);
    else if (strcasecmp(name, "dev") == 0 || strncasecmp(name, "dev-", 4) == 0)
        s = load_dev(out, name, e);
    else
        s = load_file(out, name, e);
    if (s == STATUS_OK)
        chain_genesis_seal(out, NULL);
    else
        chain_genesis_free(out);
    return s;
}
