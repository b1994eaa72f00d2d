#include "cli/prestate.h"

#include <stdio.h>

#include "cli/form.h"
#include "cli/genesis.h"
#include "crypto/crypto.h"

/* EIP-1559: of the first block, and of any other that does not say. */
#define BASE_FEE 1000000000

static void read_header(struct form *f, yyjson_val *v, struct prestate *out)
{
    struct header *h = &out->header;
    h->number = form_optional_u64(f, v, "number");
    h->timestamp = form_optional_u64(f, v, "timestamp");
    h->gas_limit = form_optional_u64(f, v, "gasLimit");
    h->difficulty = form_optional_u256(f, v, "difficulty");
    h->excess_blob_gas = form_optional_u64(f, v, "excessBlobGas");
    out->has_excess_blob_gas = form_optional(v, "excessBlobGas") != NULL;
    if (form_optional(v, "baseFeePerGas") != NULL) h->base_fee = form_u256(f, v, "baseFeePerGas");
    if (form_optional(v, "coinbase") != NULL) h->beneficiary = form_address(f, v, "coinbase");
    if (form_optional(v, "mixHash") != NULL) h->prev_randao = form_hash(f, v, "mixHash");
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
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK) return s;
    prestate_default(out);
    if (!yyjson_is_obj(f.root)) form_expect(&f, "document", "an object with the member alloc");
    struct buffer unknown = {0};
    if (!is_alloc(f.root)) genesis_fix_names(&f, &unknown);
    if (form_optional(f.root, "config") != NULL) genesis_read_chain(&f, form_object(&f, f.root, "config"), &out->chain);
    yyjson_val *alloc = form_optional(f.root, "alloc");
    if (alloc == NULL && form_optional(f.root, "config") == NULL) alloc = f.root;
    if (alloc != NULL && !yyjson_is_obj(alloc)) form_expect(&f, "alloc", "an object");
    if (alloc != f.root) read_header(&f, f.root, out);
    if (alloc != NULL) form_accounts(&f, alloc, out->state);
    genesis_warn(&f, &unknown);
    s = f.status;
    form_close(&f);
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
