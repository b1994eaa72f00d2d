/* States: in memory, and through the caller's callbacks. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "crypto/crypto.h"

/* ---- making ---------------------------------------------------------------------------------- */

weft_state *weft_state_new(void)
{
    if (api_has_memory(0, NULL) != WEFT_OK) return NULL;
    weft_state *s = base_calloc(1, sizeof *s);
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
    *state = base_calloc(1, sizeof **state);
    (*state)->callbacks = c;
    return WEFT_OK;
}

weft_state *weft_state_copy(const weft_state *state)
{
    if (state == NULL || api_has_memory(0, NULL) != WEFT_OK) return NULL;
    weft_state *s = base_alloc(sizeof *s);
    *s = *state;
    if (state->memory != NULL) s->memory = state_memory_copy(state->memory);
    return s;
}

void weft_state_free(weft_state *state)
{
    if (state == NULL) return;
    state_memory_free(state->memory);
    free(state);
}

/* ---- writing and reading what is in memory --------------------------------------------------- */

/* What every function on a state in memory asks first: the state, and the (up to three) pointers that it is
 * given. */
static weft_status check(const weft_state *state, const void *a, const void *b, const void *c, weft_error *error)
{
    if (state == NULL || a == NULL || b == NULL || c == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (state->memory == NULL)
        return api_fail(error, API_READ_ONLY_STATE, WEFT_NO_TRANSACTION, "%s", status_text(API_READ_ONLY_STATE));
    return WEFT_OK;
}

weft_status weft_state_set_account(weft_state *state, const weft_address *address, uint64_t nonce,
                                   const weft_word *balance, weft_error *error)
{
    weft_status status = check(state, address, balance, balance, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    struct memory_account *account = state_memory_account(state->memory, &a);
    account->nonce = nonce;
    account->balance = api_number(balance);
    return WEFT_OK;
}

weft_status weft_state_set_code(weft_state *state, const weft_address *address, const void *code, size_t size,
                                weft_error *error)
{
    weft_status status = check(state, address, address, address, error);
    if (status != WEFT_OK) return status;
    if (!api_is_range(code, size) || size > UINT32_MAX) return API_MISTAKE(error, "code is NULL or has 4 GiB");
    status = api_has_memory(size, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    struct bytes bytes = {code, size};
    struct hash hash = keccak256_bytes(bytes);
    state_memory_set_code(state->memory, state_memory_account(state->memory, &a), &hash, bytes);
    return WEFT_OK;
}

weft_status weft_state_set_storage(weft_state *state, const weft_address *address, const weft_word *key,
                                   const weft_word *value, weft_error *error)
{
    weft_status status = check(state, address, key, value, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    struct u256 k = api_number(key), v = api_number(value);
    state_memory_set_slot(state->memory, &a, &k, &v);
    return WEFT_OK;
}

weft_status weft_state_set_block_hash(weft_state *state, uint64_t number, const weft_word *hash, weft_error *error)
{
    weft_status status = check(state, hash, hash, hash, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct hash h = api_hash(hash);
    state_memory_set_block_hash(state->memory, number, &h);
    return WEFT_OK;
}

weft_status weft_state_account(const weft_state *state, const weft_address *address, weft_account *out,
                               weft_error *error)
{
    weft_status status = check(state, address, out, out, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    const struct memory_account *account = state_memory_find(state->memory, &a);
    *out = (weft_account){0};
    if (account != NULL)
        *out = (weft_account){.nonce = account->nonce,
                              .balance = api_word(account->balance),
                              .code_hash = api_hash_out(&account->code_hash),
                              .exists = 1,
                              .has_storage = account->live_slots != 0};
    return WEFT_OK;
}

weft_status weft_state_storage(const weft_state *state, const weft_address *address, const weft_word *key,
                               weft_word *out, weft_error *error)
{
    weft_status status = check(state, address, key, out, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    struct u256 k = api_number(key);
    *out = api_word(state_memory_slot(state->memory, &a, &k));
    return WEFT_OK;
}

weft_status weft_state_code(const weft_state *state, const weft_address *address, weft_bytes *out, weft_error *error)
{
    weft_status status = check(state, address, out, out, error);
    if (status != WEFT_OK) return status;
    struct address a = api_address(address);
    const struct memory_account *account = state_memory_find(state->memory, &a);
    *out = (weft_bytes){0};
    if (account != NULL) *out = (weft_bytes){account->code.data, account->code.size};
    return WEFT_OK;
}

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
    weft_status status = check(state, root, root, root, error);
    if (status != WEFT_OK) return status;
    struct root_job job = {.state = state, .engine = engine};
    if (engine != NULL)
        status = api_engine_run(engine, compute_root, &job, error);
    else
        compute_root(&job);
    if (status != WEFT_OK) return status;
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

weft_status weft_state_apply(weft_state *state, const weft_result *result, weft_error *error)
{
    weft_status status = check(state, result, result, result, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct arena arena = {0};
    for (size_t i = 0; i < result->summary.account_count; i++) {
        struct account_change change;
        change_in(&change, &result->accounts[i], &arena);
        state_memory_apply(state->memory, &(struct state_diff){&change, 1});
        arena_reset(&arena);
    }
    arena_free(&arena);
    return WEFT_OK;
}

/* ---- callbacks as a view --------------------------------------------------------------------- */

static _Thread_local struct api_inside *inside_now;

struct api_inside *api_inside_now(void)
{
    return inside_now;
}

/* A callback that runs: its thread is inside the engine, and no longer inside what it was before. */
struct callback {
    struct api_inside *before;
};

static void callback_begin(struct callback *c, struct api_view *v)
{
    c->before = inside_now;
    inside_now = &v->inside;
}

static void callback_end(const struct callback *c)
{
    inside_now = c->before;
}

/* The answer of a callback that did answer, but gave code that is NULL or has 4 GiB. */
#define BAD_CODE 0

/* Notes the first failure; which of several threads is first is chance, and does not matter. */
static enum status unanswered(struct api_view *v, const char *which, int32_t answer)
{
    const char *none = NULL;
    if (atomic_compare_exchange_strong(&v->failed, &none, which)) atomic_store(&v->answer, answer);
    return STATE_UNAVAILABLE;
}

static enum status view_account(void *context, const struct address *address, struct account_data *out)
{
    struct api_view *v = context;
    const weft_state_callbacks *c = &v->callbacks;
    weft_address a = api_address_out(address);
    weft_account account = {0};
    struct callback running;
    callback_begin(&running, v);
    int32_t answer = c->account(c->context, &a, &account);
    callback_end(&running);
    if (answer != 0) return unanswered(v, "account", answer);
    *out = (struct account_data){0};
    if (account.exists == 0) return STATUS_OK;
    out->exists = true;
    out->has_storage = account.has_storage != 0;
    out->nonce = account.nonce;
    out->balance = api_number(&account.balance);
    out->code_hash = api_hash(&account.code_hash);
    if (u256_is_zero(api_number(&account.code_hash))) out->code_hash = keccak_empty;
    return STATUS_OK;
}

static enum status view_storage(void *context, const struct address *address, const struct u256 *key, struct u256 *out)
{
    struct api_view *v = context;
    const weft_state_callbacks *c = &v->callbacks;
    weft_address a = api_address_out(address);
    weft_word k = api_word(*key), value = {{0}};
    struct callback running;
    callback_begin(&running, v);
    int32_t answer = c->storage(c->context, &a, &k, &value);
    callback_end(&running);
    if (answer != 0) return unanswered(v, "storage", answer);
    *out = api_number(&value);
    return STATUS_OK;
}

static enum status view_code(void *context, const struct address *address, const struct hash *code_hash,
                             struct bytes *out)
{
    struct api_view *v = context;
    const weft_state_callbacks *c = &v->callbacks;
    weft_address a = api_address_out(address);
    weft_word h = api_hash_out(code_hash);
    weft_bytes code = {0};
    struct callback running;
    callback_begin(&running, v);
    int32_t answer = c->code(c->context, &a, &h, &code);
    callback_end(&running);
    if (answer != 0) return unanswered(v, "code", answer);
    if (!api_is_range(code.data, code.size) || code.size > UINT32_MAX) return unanswered(v, "code", BAD_CODE);
    *out = (struct bytes){code.data, code.size};
    return STATUS_OK;
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct api_view *v = context;
    const weft_state_callbacks *c = &v->callbacks;
    weft_word hash = {{0}};
    struct callback running;
    callback_begin(&running, v);
    int32_t answer = c->block_hash(c->context, number, &hash);
    callback_end(&running);
    if (answer != 0) return unanswered(v, "block_hash", answer);
    *out = api_hash(&hash);
    return STATUS_OK;
}

void api_view_open(struct api_view *v, const struct weft_state *state, const struct weft_engine *engine)
{
    *v = (struct api_view){.callbacks = state->callbacks, .inside = {.engine = engine, .outer = inside_now}};
    v->view = state->memory != NULL ? state_memory_view(state->memory)
                                    : (struct state_view){v, view_account, view_storage, view_code, view_block_hash};
}

bool api_state_calls_back(const struct weft_state *state)
{
    return state->memory == NULL;
}

weft_status api_view_end(struct api_view *v, weft_status status, weft_error *error)
{
    if (!atomic_load(&v->inside.freed)) return status;
    return API_MISTAKE(error, "weft_engine_free was called from a callback of the engine: it was not freed");
}

void api_view_explain(struct api_view *v, weft_error *error)
{
    const char *which = atomic_load(&v->failed);
    if (which == NULL || error == NULL) return;
    size_t used = strlen(error->text);
    int answer = atomic_load(&v->answer);
    if (answer == BAD_CODE)
        (void)snprintf(error->text + used, sizeof error->text - used,
                       " (the callback `%s` gave bytes that are NULL or have 4 GiB)", which);
    else
        (void)snprintf(error->text + used, sizeof error->text - used, " (the callback `%s` returned %d)", which,
                       answer);
}
