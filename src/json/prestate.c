#include "json/prestate.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "json/genesis.h"
#include "json/json.h"

/* EIP-1559: of the first block, and of any other that does not say. */
#define BASE_FEE 1000000000

static void read_header(struct json_reader *f, yyjson_val *v, struct prestate *out)
{
    struct header *h = &out->header;
    h->number = json_optional_u64(f, v, "number");
    h->timestamp = json_optional_u64(f, v, "timestamp");
    h->gas_limit = json_optional_u64(f, v, "gasLimit");
    h->difficulty = json_optional_u256(f, v, "difficulty");
    h->excess_blob_gas = json_optional_u64(f, v, "excessBlobGas");
    out->has_excess_blob_gas = json_optional(v, "excessBlobGas") != NULL;
    if (json_optional(v, "baseFeePerGas") != NULL) h->base_fee = json_u256(f, v, "baseFeePerGas");
    if (json_optional(v, "coinbase") != NULL) h->beneficiary = json_address(f, v, "coinbase");
    if (json_optional(v, "mixHash") != NULL) h->prev_randao = json_hash(f, v, "mixHash");
}

/* Whether a document is nothing but accounts: its first name is an address. */
static bool is_alloc(yyjson_val *root)
{
    yyjson_obj_iter i = yyjson_obj_iter_with(root);
    size_t size = yyjson_get_len(yyjson_obj_iter_next(&i));
    return size == 2 * sizeof(struct address) || size == 2 * sizeof(struct address) + 2;
}

void prestate_default(struct prestate *out)
{
    *out = (struct prestate){.state = state_memory_new(), .chain = {.name = "run", .id = 1337, .dao_block = NEVER}};
    out->header.base_fee = U256(BASE_FEE);
}

enum status prestate_read(struct prestate *out, const char *path, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    prestate_default(out);
    if (!yyjson_is_obj(f.root)) json_expect(&f, "document", "an object with the member alloc");
    struct buffer unknown = {0};
    if (!is_alloc(f.root)) genesis_fix_names(&f, &unknown);
    if (json_optional(f.root, "config") != NULL) genesis_read_chain(&f, json_object(&f, f.root, "config"), &out->chain);
    yyjson_val *alloc = json_optional(f.root, "alloc");
    if (alloc == NULL && json_optional(f.root, "config") == NULL) alloc = f.root;
    if (alloc != NULL && !yyjson_is_obj(alloc)) json_expect(&f, "alloc", "an object");
    if (alloc != f.root) read_header(&f, f.root, out);
    if (alloc != NULL) json_accounts(&f, alloc, out->state);
    genesis_warn(&f, &unknown);
    s = f.status;
    json_close(&f);
    if (s != STATUS_OK) prestate_free(out);
    return s;
}

void prestate_free(struct prestate *p)
{
    state_memory_free(p->state);
    p->state = NULL;
}

enum status prestate_block_hash(void *context, uint64_t number, struct hash *out)
{
    (void)context;
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    keccak256(out, text, (size_t)size);
    return STATUS_OK;
}
