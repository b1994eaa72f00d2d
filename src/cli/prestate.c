#include "cli/prestate.h"

#include <stdio.h>

#include "cli/form.h"
#include "cli/genesis.h"
#include "crypto/crypto.h"

/* EIP-1559: of the first block, and of any other that does not say. */
#define BASE_FEE 1000000000

static bool merged_from_the_start(yyjson_val *config)
{
    yyjson_val *difficulty = form_optional(config, "terminalTotalDifficulty");
    return yyjson_is_uint(difficulty) && yyjson_get_uint(difficulty) == 0;
}

static void read_config(struct form *f, yyjson_val *config, struct chain_spec *chain)
{
    if (form_optional(config, "chainId") != NULL) chain->id = form_u64(f, config, "chainId");
    chain->activations[chain->activation_count++] = (struct activation){&fork_frontier, BY_NUMBER, 0};
    for (size_t i = 0; i < GENESIS_FORKS; i++) {
        uint64_t at = 0;
        if (form_optional(config, genesis_forks[i].key) != NULL)
            at = form_u64(f, config, genesis_forks[i].key);
        else if (genesis_forks[i].fork != &fork_paris || !merged_from_the_start(config))
            continue;
        chain->activations[chain->activation_count++] = (struct activation){genesis_forks[i].fork, genesis_forks[i].by,
                                                                            at};
    }
}

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
    if (form_optional(f.root, "config") != NULL) read_config(&f, form_object(&f, f.root, "config"), &out->chain);
    yyjson_val *alloc = form_optional(f.root, "alloc");
    if (alloc == NULL && form_optional(f.root, "config") == NULL) alloc = f.root;
    if (alloc != f.root) read_header(&f, f.root, out);
    if (alloc != NULL) form_accounts(&f, alloc, out->state);
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
