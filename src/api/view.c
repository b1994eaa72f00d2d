/* States as the executors see them: in memory, behind callbacks, and in layers over either. */
#include <stdio.h>

#include "api/api.h"
#include "base/hash.h"

/* ---- callbacks ------------------------------------------------------------------------------- */

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

/* ---- layers ---------------------------------------------------------------------------------- */

/* Each asks the layers from the top, and then what is below them. */

static enum status layered_account(void *context, const struct address *address, struct account_data *out)
{
    struct api_view *v = context;
    uint64_t hash = hash_of_address(address);
    for (const weft_state *s = v->state; s->layer != NULL; s = s->base)
        if (state_layer_account(s->layer, address, hash, out)) return STATUS_OK;
    return v->below.account(v->below.context, address, out);
}

static enum status layered_storage(void *context, const struct address *address, const struct u256 *key,
                                   struct u256 *out)
{
    struct api_view *v = context;
    uint64_t hash = hash_of_address(address);
    for (const weft_state *s = v->state; s->layer != NULL; s = s->base)
        if (state_layer_storage(s->layer, address, hash, key, out)) return STATUS_OK;
    return v->below.storage(v->below.context, address, key, out);
}

static enum status layered_code(void *context, const struct address *address, const struct hash *code_hash,
                                struct bytes *out)
{
    struct api_view *v = context;
    uint64_t hash = hash_of_address(address);
    for (const weft_state *s = v->state; s->layer != NULL; s = s->base)
        if (state_layer_code(s->layer, address, hash, out)) return STATUS_OK;
    return v->below.code(v->below.context, address, code_hash, out);
}

static enum status layered_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct api_view *v = context;
    for (const weft_state *s = v->state; s->layer != NULL; s = s->base)
        if (state_layer_block_hash(s->layer, number, out)) return STATUS_OK;
    return v->below.block_hash(v->below.context, number, out);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const weft_state *lowest(const weft_state *state)
{
    while (state->layer != NULL) state = state->base;
    return state;
}

bool api_state_calls_back(const weft_state *state)
{
    return lowest(state)->memory == NULL;
}

void api_view_open(struct api_view *v, const weft_state *state, const weft_engine *engine)
{
    const weft_state *base = lowest(state);
    *v = (struct api_view){
        .state = state, .callbacks = base->callbacks, .inside = {.engine = engine, .outer = inside_now}};
    v->below = base->memory != NULL ? state_memory_view(base->memory)
                                    : (struct state_view){v, view_account, view_storage, view_code, view_block_hash};
    v->view = state->layer == NULL
                  ? v->below
                  : (struct state_view){v, layered_account, layered_storage, layered_code, layered_block_hash};
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
