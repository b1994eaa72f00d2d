/* States: made, read and changed. */
#include <stdlib.h>

#include "api/api.h"
#include "crypto/crypto.h"

/* ---- making ---------------------------------------------------------------------------------- */

static weft_state *new_state(void)
{
    weft_state *s = base_calloc(1, sizeof *s);
    atomic_init(&s->references, 1);
    return s;
}

weft_state *weft_state_new(void)
{
    if (api_has_memory(0, NULL) != WEFT_OK) return NULL;
    weft_state *s = new_state();
    s->memory = state_memory_new();
    return s;
}

weft_status weft_state_from_callbacks(const weft_state_callbacks *callbacks, weft_state **state, weft_error *error)
{
    if (state == NULL) return API_MISTAKE(error, "state is NULL");
    *state = NULL;
    weft_state_callbacks c;
    weft_status status = api_read_struct(&c, sizeof c, callbacks, "weft_state_callbacks", error);
    if (status != WEFT_OK) return status;
    if (c.account == NULL || c.storage == NULL || c.code == NULL || c.block_hash == NULL)
        return API_MISTAKE(error, "weft_state_callbacks: a callback is NULL");
    status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    *state = new_state();
    (*state)->callbacks = c;
    return WEFT_OK;
}

/* One more handle refers to it: a state lives as long as the layers over it. */
static weft_state *refer(weft_state *state)
{
    atomic_fetch_add(&state->references, 1);
    return state;
}

weft_status weft_state_layer(weft_state *base, weft_state **layer, weft_error *error)
{
    if (layer == NULL) return API_MISTAKE(error, "layer is NULL");
    *layer = NULL;
    if (base == NULL) return API_MISTAKE(error, "base is NULL");
    weft_status status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    *layer = new_state();
    (*layer)->layer = state_layer_new();
    (*layer)->base = refer(base);
    return WEFT_OK;
}

weft_state *weft_state_copy(const weft_state *state)
{
    if (state == NULL || api_has_memory(0, NULL) != WEFT_OK) return NULL;
    weft_state *s = new_state();
    s->callbacks = state->callbacks;
    if (state->memory != NULL) s->memory = state_memory_copy(state->memory);
    if (state->layer != NULL) {
        s->layer = state_layer_copy(state->layer);
        s->base = refer(state->base);
    }
    return s;
}

void weft_state_free(weft_state *state)
{
    while (state != NULL && atomic_fetch_sub(&state->references, 1) == 1) {
        weft_state *base = state->base;
        state_memory_free(state->memory);
        state_layer_free(state->layer);
        free(state);
        state = base;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static weft_status read_failed(struct api_view *v, enum status status, weft_error *error)
{
    weft_status kind = api_fail(error, status, WEFT_NO_TRANSACTION, "%s", status_text(status));
    api_view_explain(v, error);
    return kind;
}

/* An account, from wherever the state has it. */
static weft_status read_account(const weft_state *state, const struct address *a, struct account_data *out,
                                weft_error *error)
{
    struct api_view v;
    api_view_open(&v, state, NULL);
    *out = (struct account_data){0};
    enum status status = v.view.account(v.view.context, a, out);
    if (status != STATUS_OK) return read_failed(&v, status, error);
    if (!out->exists) out->code_hash = code_empty.hash;
    return WEFT_OK;
}

weft_status weft_state_account(const weft_state *state, const weft_address *address, weft_account *out,
                               weft_error *error)
{
    if (state == NULL || address == NULL || out == NULL) return API_MISTAKE(error, "an argument is NULL");
    struct address a = api_address(address);
    struct account_data data;
    weft_status status = read_account(state, &a, &data, error);
    if (status != WEFT_OK) return status;
    *out = (weft_account){0};
    if (data.exists)
        *out = (weft_account){.nonce = data.nonce,
                              .balance = api_word(data.balance),
                              .code_hash = api_hash_out(&data.code_hash),
                              .exists = 1,
                              .has_storage = data.has_storage};
    return WEFT_OK;
}

weft_status weft_state_storage(const weft_state *state, const weft_address *address, const weft_word *key,
                               weft_word *out, weft_error *error)
{
    if (state == NULL || address == NULL || key == NULL || out == NULL)
        return API_MISTAKE(error, "an argument is NULL");
    struct address a = api_address(address);
    struct account_data data;
    weft_status failed = read_account(state, &a, &data, error);
    if (failed != WEFT_OK) return failed;
    struct u256 k = api_number(key), value = U256_ZERO;
    struct api_view v;
    api_view_open(&v, state, NULL);
    enum status status = data.has_storage ? v.view.storage(v.view.context, &a, &k, &value) : STATUS_OK;
    if (status != STATUS_OK) return read_failed(&v, status, error);
    *out = api_word(value);
    return WEFT_OK;
}

weft_status weft_state_code(const weft_state *state, const weft_address *address, weft_bytes *out, weft_error *error)
{
    if (state == NULL || address == NULL || out == NULL) return API_MISTAKE(error, "an argument is NULL");
    struct address a = api_address(address);
    struct account_data data;
    weft_status failed = read_account(state, &a, &data, error);
    if (failed != WEFT_OK) return failed;
    struct bytes code = {0};
    struct api_view v;
    api_view_open(&v, state, NULL);
    enum status status = STATUS_OK;
    if (!hash_equal(&data.code_hash, &code_empty.hash))
        status = v.view.code(v.view.context, &a, &data.code_hash, &code);
    if (status != STATUS_OK) return read_failed(&v, status, error);
    *out = (weft_bytes){code.data, code.size};
    return WEFT_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What every function that changes a state asks first: the state, and the (up to three) pointers that it is
 * given. */
static weft_status check(const weft_state *state, const void *a, const void *b, const void *c, weft_error *error)
{
    if (state == NULL || a == NULL || b == NULL || c == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (state->memory == NULL && state->layer == NULL)
        return api_fail(error, API_READ_ONLY_STATE, WEFT_NO_TRANSACTION, "%s", status_text(API_READ_ONLY_STATE));
    if (atomic_load(&state->references) > 1)
        return API_MISTAKE(error, "the state has layers: it cannot be changed before they are freed");
    return api_has_memory(0, error);
}

/* Parts of an account, each NULL where it stays as it is. */
struct parts {
    const uint64_t *nonce;
    const weft_word *balance;
    const struct bytes *code;
};

/* Sets them; the account begins to exist, and its storage stays. */
static weft_status write_parts(weft_state *state, const weft_address *address, struct parts parts, weft_error *error)
{
    struct address a = api_address(address);
    struct account_data data;
    weft_status status = read_account(state, &a, &data, error);
    if (status != WEFT_OK) return status;
    data.exists = true;
    if (parts.nonce != NULL) data.nonce = *parts.nonce;
    if (parts.balance != NULL) data.balance = api_number(parts.balance);
    if (parts.code != NULL) data.code_hash = keccak256_bytes(*parts.code);
    if (state->layer != NULL) {
        state_layer_set_account(state->layer, &a, &data, parts.code);
        return WEFT_OK;
    }
    struct memory_account *account = state_memory_account(state->memory, &a);
    account->nonce = data.nonce;
    account->balance = data.balance;
    if (parts.code != NULL) state_memory_set_code(state->memory, account, &data.code_hash, *parts.code);
    return WEFT_OK;
}

weft_status weft_state_set_account(weft_state *state, const weft_address *address, uint64_t nonce,
                                   const weft_word *balance, weft_error *error)
{
    weft_status status = check(state, address, balance, balance, error);
    if (status != WEFT_OK) return status;
    return write_parts(state, address, (struct parts){.nonce = &nonce, .balance = balance}, error);
}

weft_status weft_state_set_nonce(weft_state *state, const weft_address *address, uint64_t nonce, weft_error *error)
{
    weft_status status = check(state, address, address, address, error);
    return status != WEFT_OK ? status : write_parts(state, address, (struct parts){.nonce = &nonce}, error);
}

weft_status weft_state_set_balance(weft_state *state, const weft_address *address, const weft_word *balance,
                                   weft_error *error)
{
    weft_status status = check(state, address, balance, balance, error);
    return status != WEFT_OK ? status : write_parts(state, address, (struct parts){.balance = balance}, error);
}

weft_status weft_state_set_code(weft_state *state, const weft_address *address, const void *code, size_t size,
                                weft_error *error)
{
    weft_status status = check(state, address, address, address, error);
    if (status != WEFT_OK) return status;
    if (!api_is_range(code, size) || size > UINT32_MAX) return API_MISTAKE(error, "code is NULL or has 4 GiB");
    status = api_has_memory(size, error);
    if (status != WEFT_OK) return status;
    struct bytes bytes = {code, size};
    return write_parts(state, address, (struct parts){.code = &bytes}, error);
}

weft_status weft_state_set_storage(weft_state *state, const weft_address *address, const weft_word *key,
                                   const weft_word *value, weft_error *error)
{
    weft_status status = check(state, address, key, value, error);
    if (status == WEFT_OK && state->layer != NULL) status = write_parts(state, address, (struct parts){0}, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    struct u256 k = api_number(key), v = api_number(value);
    if (state->layer != NULL)
        state_layer_set_slot(state->layer, &a, &k, &v);
    else
        state_memory_set_slot(state->memory, &a, &k, &v);
    return WEFT_OK;
}

weft_status weft_state_clear_storage(weft_state *state, const weft_address *address, weft_error *error)
{
    weft_status status = check(state, address, address, address, error);
    if (status == WEFT_OK) status = write_parts(state, address, (struct parts){0}, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    if (state->layer != NULL)
        state_layer_wipe(state->layer, &a);
    else
        state_memory_wipe(state->memory, state_memory_account(state->memory, &a));
    return WEFT_OK;
}

weft_status weft_state_set_block_hash(weft_state *state, uint64_t number, const weft_word *hash, weft_error *error)
{
    weft_status status = check(state, hash, hash, hash, error);
    if (status != WEFT_OK) return status;
    struct hash h = api_hash(hash);
    if (state->layer != NULL)
        state_layer_set_block_hash(state->layer, number, &h);
    else
        state_memory_set_block_hash(state->memory, number, &h);
    return WEFT_OK;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static weft_status check_layer(const weft_state *state, weft_error *error)
{
    if (state == NULL) return API_MISTAKE(error, "state is NULL");
    if (state->layer == NULL) return API_MISTAKE(error, "the state is no layer: only layers have snapshots");
    return WEFT_OK;
}

static weft_status no_snapshot(uint64_t snapshot, weft_error *error)
{
    return API_MISTAKE(error, "there is no snapshot %llu: it was dropped, or an earlier one was reverted to",
                       (unsigned long long)snapshot);
}

weft_status weft_state_snapshot(weft_state *layer, uint64_t *snapshot, weft_error *error)
{
    weft_status status = check_layer(layer, error);
    if (status == WEFT_OK && snapshot == NULL) status = API_MISTAKE(error, "snapshot is NULL");
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status == WEFT_OK) *snapshot = state_layer_snapshot(layer->layer);
    return status;
}

weft_status weft_state_revert(weft_state *layer, uint64_t snapshot, weft_error *error)
{
    weft_status status = check_layer(layer, error);
    if (status == WEFT_OK) status = check(layer, layer, layer, layer, error);
    if (status != WEFT_OK || state_layer_revert(layer->layer, snapshot)) return status;
    return no_snapshot(snapshot, error);
}

weft_status weft_state_drop_snapshot(weft_state *layer, uint64_t snapshot, weft_error *error)
{
    weft_status status = check_layer(layer, error);
    if (status != WEFT_OK || state_layer_forget(layer->layer, snapshot)) return status;
    return no_snapshot(snapshot, error);
}

/* ---- the root -------------------------------------------------------------------------------- */

struct root_job {
    const weft_state *state;
    weft_engine *engine; /* NULL: the calling thread does it alone */
    struct hash root;
};

static void compute_root(void *context)
{
    struct root_job *job = context;
    struct pool *pool = job->engine == NULL ? NULL : engine_pool(job->engine->engine);
    state_memory_root(job->state->memory, pool, &job->root);
}

weft_status weft_state_root(const weft_state *state, weft_engine *engine, weft_word *root, weft_error *error)
{
    if (state == NULL || root == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (state->memory == NULL)
        return api_fail(error, API_READ_ONLY_STATE, WEFT_NO_TRANSACTION, "%s", status_text(API_READ_ONLY_STATE));
    weft_status status;
    struct root_job job = {.state = state, .engine = engine};
    status = engine == NULL ? api_has_memory(0, error) : api_engine_run(engine, compute_root, &job, error);
    if (status != WEFT_OK) return status;
    if (engine == NULL) compute_root(&job);
    *root = api_hash_out(&job.root);
    return WEFT_OK;
}

/* ---- after an execution ---------------------------------------------------------------------- */

/* The change as the memory takes it; slots and code are made in `arena`. */
static void change_in(struct account_change *out, const weft_account_change *in, struct arena *arena)
{
    *out = (struct account_change){.address = api_address(&in->address),
                                   .exists = in->exists != 0,
                                   .storage_wiped = in->storage_wiped != 0,
                                   .code_changed = in->code_changed != 0,
                                   .nonce = in->nonce,
                                   .balance = api_number(&in->balance),
                                   .code_hash = api_hash(&in->code_hash),
                                   .slots = ARENA_ARRAY(arena, struct slot_change, in->slot_count),
                                   .slot_count = in->slot_count};
    for (size_t i = 0; i < in->slot_count; i++)
        out->slots[i] = (struct slot_change){api_number(&in->slots[i].key), api_number(&in->slots[i].value)};
    if (!out->code_changed) return;
    struct code *code = arena_alloc(arena, sizeof *code + in->code.size, _Alignof(struct code));
    memset(code, 0, sizeof *code);
    code->hash = out->code_hash;
    code->size = (uint32_t)in->code.size;
    if (code->size != 0) memcpy(code->bytes, in->code.data, code->size);
    out->code = code;
}

/* The same in a layer. `before` is the account as it was. */
static void apply_to_layer(struct state_layer *l, const struct account_change *change,
                           const struct account_data *before)
{
    struct account_data data = {.exists = change->exists,
                                .has_storage = before->has_storage,
                                .nonce = change->nonce,
                                .balance = change->balance,
                                .code_hash = change->exists ? change->code_hash : code_empty.hash};
    struct bytes code = {0};
    if (change->exists && change->code_changed) code = (struct bytes){change->code->bytes, change->code->size};
    state_layer_set_account(l, &change->address, &data, change->code_changed || !change->exists ? &code : NULL);
    if (change->storage_wiped || !change->exists) state_layer_wipe(l, &change->address);
    for (size_t i = 0; i < change->slot_count; i++)
        state_layer_set_slot(l, &change->address, &change->slots[i].key, &change->slots[i].value);
}

weft_status weft_state_apply(weft_state *state, const weft_result *result, weft_error *error)
{
    weft_status status = check(state, result, result, result, error);
    if (status != WEFT_OK) return status;
    struct arena arena = {0};
    for (size_t i = 0; i < result->summary.account_count && status == WEFT_OK; i++) {
        struct account_change change;
        struct account_data before;
        change_in(&change, &result->accounts[i], &arena);
        if (state->layer == NULL) {
            state_memory_apply(state->memory, &(struct state_diff){&change, 1});
        } else {
            status = read_account(state, &change.address, &before, error);
            if (status == WEFT_OK) apply_to_layer(state->layer, &change, &before);
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
    return status;
}
