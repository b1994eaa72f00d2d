/* bundle: blocks as JSON-RPC shows them, and the state beside them. */
#define _GNU_SOURCE 1
#include "cli/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

/* Optional header fields in the order in which they were added, and how many fields a header has with them. */
static const struct {
    const char *name;
    enum header_field count;
} optional_fields[] = {
    {"baseFeePerGas", HEADER_BASE_FEE},         {"withdrawalsRoot", HEADER_WITHDRAWALS_ROOT},
    {"excessBlobGas", HEADER_BLOB_GAS},         {"parentBeaconBlockRoot", HEADER_PARENT_BEACON_ROOT},
    {"requestsHash", HEADER_REQUESTS_HASH},     {"blockAccessListHash", HEADER_ACCESS_LIST_HASH},
    {"slotNumber", HEADER_SLOT_NUMBER},
};

static void read_fixed_bytes(struct form *f, yyjson_val *v, const char *key, void *out, size_t size)
{
    struct bytes b = form_bytes(f, v, key);
    if (b.size == size)
        memcpy(out, b.data, size);
    else
        form_expect(f, key, "another number of bytes");
}

static void read_header(struct form *f, yyjson_val *v, struct header *h)
{
    *h = (struct header){.field_count = HEADER_FIELDS_MIN};
    for (size_t i = 0; i < COUNT_OF(optional_fields) && form_optional(v, optional_fields[i].name) != NULL; i++)
        h->field_count = optional_fields[i].count;
    h->parent_hash = form_hash(f, v, "parentHash");
    h->uncles_hash = form_hash(f, v, "sha3Uncles");
    h->beneficiary = form_address(f, v, "miner");
    h->state_root = form_hash(f, v, "stateRoot");
    h->transactions_root = form_hash(f, v, "transactionsRoot");
    h->receipts_root = form_hash(f, v, "receiptsRoot");
    read_fixed_bytes(f, v, "logsBloom", h->bloom.b, sizeof h->bloom.b);
    h->difficulty = form_u256(f, v, "difficulty");
    h->number = form_u64(f, v, "number");
    h->gas_limit = form_u64(f, v, "gasLimit");
    h->gas_used = form_u64(f, v, "gasUsed");
    h->timestamp = form_u64(f, v, "timestamp");
    h->extra_data = form_bytes(f, v, "extraData");
    h->prev_randao = form_hash(f, v, "mixHash");
    read_fixed_bytes(f, v, "nonce", h->nonce, sizeof h->nonce);
    if (header_has(h, HEADER_BASE_FEE))
        h->base_fee = form_u256(f, v, "baseFeePerGas");
    if (header_has(h, HEADER_WITHDRAWALS_ROOT))
        h->withdrawals_root = form_hash(f, v, "withdrawalsRoot");
    if (header_has(h, HEADER_BLOB_GAS)) {
        h->blob_gas_used = form_u64(f, v, "blobGasUsed");
        h->excess_blob_gas = form_u64(f, v, "excessBlobGas");
    }
    if (header_has(h, HEADER_PARENT_BEACON_ROOT))
        h->parent_beacon_root = form_hash(f, v, "parentBeaconBlockRoot");
    if (header_has(h, HEADER_REQUESTS_HASH))
        h->requests_hash = form_hash(f, v, "requestsHash");
    if (header_has(h, HEADER_ACCESS_LIST_HASH))
        h->access_list_hash = form_hash(f, v, "blockAccessListHash");
    if (header_has(h, HEADER_SLOT_NUMBER))
        h->slot_number = form_u64(f, v, "slotNumber");
}

/* A legacy v says which chain, if any (EIP-155): 27 + parity, or 35 + parity + 2 * chain id. */
static void read_signature(struct form *f, yyjson_val *v, struct transaction *tx)
{
    tx->signature.r = form_u256(f, v, "r");
    tx->signature.s = form_u256(f, v, "s");
    if (tx->type != TX_LEGACY) {
        tx->has_chain_id = true;
        tx->chain_id = form_u64(f, v, "chainId");
        tx->signature.y_parity = (uint8_t)(form_u64(f, v, form_optional(v, "yParity") != NULL ? "yParity" : "v") & 1);
        return;
    }
    uint64_t n = form_u64(f, v, "v");
    if (n < 27 || (n > 28 && n < 35))
        form_expect(f, "v", "27, 28, or 35 and more");
    tx->has_chain_id = n >= 35;
    tx->chain_id = tx->has_chain_id ? (n - 35) / 2 : 0;
    tx->signature.y_parity = (uint8_t)((n + 1) & 1);
}

static void read_transaction(struct form *f, yyjson_val *v, struct arena *arena, struct transaction *tx)
{
    *tx = (struct transaction){0};
    uint64_t type = form_optional_u64(f, v, "type");
    if (type > TX_SET_CODE)
        form_expect(f, "type", "a transaction type from 0 to 4");
    tx->type = (enum transaction_type)type;
    tx->nonce = form_u64(f, v, "nonce");
    tx->gas_limit = form_u64(f, v, "gas");
    if (type >= TX_FEE_MARKET) {
        tx->max_fee = form_u256(f, v, "maxFeePerGas");
        tx->max_priority_fee = form_u256(f, v, "maxPriorityFeePerGas");
    } else {
        tx->max_fee = tx->max_priority_fee = form_u256(f, v, "gasPrice");
    }
    tx->is_create = form_optional(v, "to") == NULL;
    if (!tx->is_create)
        tx->to = form_address(f, v, "to");
    tx->value = form_u256(f, v, "value");
    tx->data = form_bytes(f, v, "input");
    if (type >= TX_ACCESS_LIST)
        form_access_list(f, form_array(f, v, "accessList"), arena, tx);
    if (type == TX_BLOB) {
        tx->max_blob_fee = form_u256(f, v, "maxFeePerBlobGas");
        form_blob_hashes(f, form_array(f, v, "blobVersionedHashes"), arena, tx);
    }
    if (type == TX_SET_CODE)
        form_authorizations(f, form_array(f, v, "authorizationList"), arena, tx);
    read_signature(f, v, tx);
}

void form_block(struct form *f, yyjson_val *v, struct arena *arena, struct block *out, const struct address **from)
{
    *out = (struct block){0};
    read_header(f, v, &out->header);
    out->hash = form_hash(f, v, "hash");

    yyjson_val *list = form_array(f, v, "transactions"), *item;
    size_t i, count = yyjson_arr_size(list);
    struct transaction *transactions = ARENA_ARRAY(arena, struct transaction, count + 1);
    struct address *senders = ARENA_ARRAY(arena, struct address, count + 1);
    char place[48];
    f->place = place;
    yyjson_arr_foreach(list, i, count, item)
    {
        (void)snprintf(place, sizeof place, "transaction %zu", i);
        read_transaction(f, item, arena, &transactions[i]);
        senders[i] = form_address(f, item, "from");
    }
    f->place = NULL;
    out->transactions = transactions;
    out->transaction_count = (uint32_t)count;
    *from = senders;

    list = form_optional(v, "withdrawals");
    struct withdrawal *withdrawals = ARENA_ARRAY(arena, struct withdrawal, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach(list, i, count, item)
    {
        withdrawals[i] = (struct withdrawal){.index = form_u64(f, item, "index"),
                                             .validator_index = form_u64(f, item, "validatorIndex"),
                                             .address = form_address(f, item, "address"),
                                             .amount = form_u64(f, item, "amount")};
    }
    out->has_withdrawals = list != NULL;
    out->withdrawals = withdrawals;
    out->withdrawal_count = (uint32_t)yyjson_arr_size(list);
}

/* ---- bundles --------------------------------------------------------------------------------------------------- */

/* folder/name, in `out`. */
static const char *path_of(struct buffer *out, const char *folder, const char *name)
{
    out->size = 0;
    buffer_printf(out, "%s/%s", folder, name);
    buffer_append(out, "", 1);
    return (const char *)out->data;
}

static enum status load_state(struct bundle *b, const char *path, struct error *e)
{
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK)
        return s;
    if (!yyjson_is_obj(f.root))
        form_expect(&f, "document", "an object of accounts");
    form_accounts(&f, f.root, b->state);
    form_close(&f);
    return f.status;
}

static enum status load_block_hashes(struct bundle *b, const char *path, struct error *e)
{
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK)
        return s;
    yyjson_obj_iter i = yyjson_obj_iter_with(f.root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        char *end;
        uint64_t number = strtoull(yyjson_get_str(key), &end, 0);
        if (*end != 0 || end == yyjson_get_str(key))
            form_expect(&f, yyjson_get_str(key), "a block number");
        struct hash hash = form_value_hash(&f, yyjson_obj_iter_get_val(key), yyjson_get_str(key));
        state_memory_set_block_hash(b->state, number, &hash);
    }
    form_close(&f);
    if (b->block.header.number > 0)
        state_memory_set_block_hash(b->state, b->block.header.number - 1, &b->block.header.parent_hash);
    return f.status;
}

static enum status load_chain(struct bundle *b, const char *path, const struct fork *fork, struct error *e)
{
    b->chain = chain_mainnet;
    b->fork = fork;
    if (access(path, F_OK) == 0) {
        struct form f;
        enum status s = form_open(&f, path, e);
        if (s != STATUS_OK)
            return s;
        uint64_t id = form_u64(&f, f.root, "chainId");
        const struct chain_spec *known = chain_with_id(id);
        if (known != NULL) {
            b->chain = *known;
        } else {
            b->chain.name = "unknown";
            b->chain.id = id;
            b->chain.dao_block = NEVER;
            const char *name = form_text(&f, f.root, "fork");
            if (b->fork == NULL)
                b->fork = fork_find(name);
            if (b->fork == NULL)
                form_expect(&f, "fork", "the name of a fork");
        }
        form_close(&f);
        if (f.status != STATUS_OK)
            return f.status;
    }
    if (b->fork == NULL)
        b->fork = chain_fork_at(&b->chain, b->block.header.number, b->block.header.timestamp);
    return STATUS_OK;
}

enum status bundle_load(struct bundle *out, const char *folder, const struct fork *fork, struct error *e)
{
    *out = (struct bundle){.state = state_memory_new()};
    struct buffer path = {0};
    char *block_path = base_strdup(path_of(&path, folder, "block.json"));
    enum status s = form_open(&out->form, block_path, e);
    if (s == STATUS_OK) {
        form_block(&out->form, out->form.root, &out->arena, &out->block, &out->from);
        s = out->form.status;
    }
    if (s == STATUS_OK)
        s = load_state(out, path_of(&path, folder, "prestate.json"), e);
    if (s == STATUS_OK)
        s = load_block_hashes(out, path_of(&path, folder, "block_hashes.json"), e);
    if (s == STATUS_OK)
        s = load_chain(out, path_of(&path, folder, "chain.json"), fork, e);
    buffer_free(&path);
    free(block_path);
    return s;
}

void bundle_free(struct bundle *b)
{
    state_memory_free(b->state);
    form_close(&b->form);
    arena_free(&b->arena);
    *b = (struct bundle){0};
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

enum status bundles_add(struct bundle_list *out, const char *folder, struct error *e)
{
    struct buffer path = {0};
    struct form f;
    enum status s = form_open(&f, path_of(&path, folder, "block.json"), e);
    if (s == STATUS_OK) {
        uint64_t number = form_u64(&f, f.root, "number");
        s = f.status;
        form_close(&f);
        if (out->count == out->capacity) {
            out->capacity = out->capacity == 0 ? 16 : out->capacity * 2;
            out->entries = base_realloc(out->entries, out->capacity * sizeof *out->entries);
        }
        out->entries[out->count++] = (struct bundle_entry){base_strdup(folder), number};
    }
    buffer_free(&path);
    return s;
}

static bool is_bundle(struct buffer *path, const char *folder)
{
    return access(path_of(path, folder, "block.json"), F_OK) == 0;
}

enum status bundles_find(struct bundle_list *out, const char *path, const char *filter, struct error *e)
{
    struct buffer place = {0};
    enum status s = STATUS_OK;
    size_t before = out->count;
    if (is_bundle(&place, path)) {
        s = bundles_add(out, path, e);
        buffer_free(&place);
        return s;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        buffer_free(&place);
        return error_set(e, FILE_UNREADABLE, "%s: %s", path, strerror(errno));
    }
    bool any = false;
    for (struct dirent *d; (d = readdir(folder)) != NULL && s == STATUS_OK;) {
        char *inner = base_strdup(path_of(&place, path, d->d_name));
        if (d->d_name[0] != '.' && is_bundle(&place, inner)) {
            any = true;
            if (filter == NULL || strstr(d->d_name, filter) != NULL)
                s = bundles_add(out, inner, e);
        }
        free(inner);
    }
    (void)closedir(folder);
    buffer_free(&place);
    if (s == STATUS_OK && !any && out->count == before)
        return error_set(e, FILE_UNREADABLE, "%s: expected a bundle (block.json, prestate.json, block_hashes.json) or a "
                         "folder of bundles", path);
    return s;
}

static int by_number(const void *a, const void *b)
{
    const struct bundle_entry *x = a, *y = b;
    return x->number != y->number ? (x->number < y->number ? -1 : 1) : strcmp(x->folder, y->folder);
}

void bundles_sort(struct bundle_list *l)
{
    qsort(l->entries, l->count, sizeof *l->entries, by_number);
}

void bundles_free(struct bundle_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].folder);
    free(l->entries);
    *l = (struct bundle_list){0};
}
