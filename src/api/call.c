/* weft_call: one message on a machine of its own, beside the engine's block execution. */
#include <stdlib.h>

#include "api/api.h"

struct api_caller {
    struct state_table *table;
    struct tx_worker worker;
    struct arena changes;
};

/* Made at the first call; shares the engine's codes. NULL when there is no address space. */
static struct api_caller *caller_of(weft_engine *engine, const struct state_view *view)
{
    struct api_caller *c = engine->caller;
    code_cache_begin_block(engine_codes(engine->engine)); /* no block and no call holds a code */
    if (c != NULL) {
        state_table_reset(c->table, view);
        arena_reset(&c->worker.results);
        arena_reset(&c->changes);
        return c;
    }
    struct vm *vm = vm_try_new();
    if (vm == NULL) return NULL;
    engine->caller = c = base_calloc(1, sizeof *c);
    c->table = state_table_new(view, engine_codes(engine->engine));
    c->worker.state = state_new(c->table);
    c->worker.vm = vm;
    return c;
}

void api_caller_free(struct api_caller *caller)
{
    if (caller == NULL) return;
    vm_free(caller->worker.vm);
    state_free(caller->worker.state);
    state_table_free(caller->table);
    arena_free(&caller->worker.results);
    arena_free(&caller->changes);
    free(caller);
}

/* One call of weft_call. */
struct call {
    weft_engine *engine;
    const struct chain_spec *chain;
    struct api_view view;
    struct header header;
    weft_message message;
    weft_error *error;
    weft_status status;
    struct weft_result *result;
};

static weft_status check_message(const weft_message *m, weft_error *error)
{
    if (m->gas > INT64_MAX) return API_MISTAKE(error, "weft_message: gas is over 2^63 - 1");
    if (!api_is_range(m->input.data, m->input.size) || !api_is_range(m->blob_hashes, m->blob_hash_count) ||
        m->blob_hash_count > UINT32_MAX)
        return API_MISTAKE(error, "weft_message: a pointer is NULL though its size is not 0");
    if (m->is_static != 0 && (m->is_create != 0 || !u256_is_zero(api_number(&m->value))))
        return API_MISTAKE(error, "weft_message: a static call neither creates nor carries value");
    return WEFT_OK;
}

static struct vm_env make_env(const struct call *c, const struct fork *fork)
{
    struct vm_env env = block_env(c->chain, fork, &c->header);
    env.origin = api_address(&c->message.from);
    env.gas_price = api_number(&c->message.gas_price);
    env.blob_hashes = (const struct hash *)c->message.blob_hashes;
    env.blob_hash_count = (uint32_t)c->message.blob_hash_count;
    return env;
}

_Static_assert(sizeof(struct hash) == sizeof(weft_word), "blob hashes are used as they are");

/* Warms what a transaction would warm, and runs the message. */
static enum status run_message(const struct call *c, struct tx_worker *w, const struct fork *fork,
                               const struct vm_env *env, struct vm_result *out)
{
    const weft_message *in = &c->message;
    struct state *s = w->state;
    struct account *sender = state_account(s, &env->origin);
    state_warm_account(s, sender);
    if (fork->warm_coinbase) state_prewarm_account(s, state_account(s, &env->coinbase));
    struct vm_message m = {.kind = in->is_static != 0 ? VM_STATICCALL : VM_CALL,
                           .is_static = in->is_static != 0,
                           .gas = {.execution = (int64_t)in->gas},
                           .sender = sender,
                           .value = api_number(&in->value),
                           .input = {in->input.data, in->input.size}};
    vm_attach(w->vm, fork, s, env);
    if (in->is_create != 0) {
        uint64_t nonce = state_nonce(s, sender);
        if (nonce == UINT64_MAX) return TX_NONCE_MAX;
        state_set_nonce(s, sender, nonce + 1);
        state_touch(s, sender);
        m.kind = VM_CREATE;
    } else {
        struct address to = api_address(&in->to);
        m.recipient = m.code_account = state_account(s, &to);
        state_warm_account(s, m.recipient);
        m.code = vm_code_of(w->vm, m.recipient);
    }
    vm_call(w->vm, &m, out);
    return s->failure;
}

static void take_results(struct call *c, struct api_caller *caller, const struct fork *fork, const struct vm_result *vm)
{
    struct state *s = caller->worker.state;
    uint64_t left = (uint64_t)(vm->gas.execution + vm->gas.state);
    struct tx_result outcome = {.gas_used = c->message.gas - left,
                                .gas_refunded = s->refund < 0 ? 0 : (uint64_t)s->refund};
    tx_keep_results(&caller->worker, vm, &outcome);
    state_finalize(s);
    state_commit(s);
    struct state_diff diff;
    state_table_diff(caller->table, UINT32_MAX, fork->clear_empty, &caller->changes, &diff);

    struct weft_result *r = c->result = api_result_new();
    r->is_call = true;
    r->summary.gas_used = outcome.gas_used;
    api_result_make_receipts(r, 1);
    api_result_take_receipt(r, 0, &outcome, NULL);
    weft_receipt *shown = &r->receipts[0].shown;
    shown->gas_left = left;
    shown->cumulative_gas = outcome.gas_used;
    shown->sender = c->message.from;
    api_result_take_diff(r, &diff);
}

static void run(void *context)
{
    struct call *c = context;
    const struct fork *fork = chain_fork_at(c->chain, c->header.number, c->header.timestamp);
    struct api_caller *caller = caller_of(c->engine, &c->view.view);
    if (caller == NULL) {
        c->status = api_fail(c->error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s", status_text(NO_MEMORY));
        return;
    }
    struct state *s = caller->worker.state;
    uint64_t wall = clock_wall_ns(), cpu = clock_thread_ns();
    s->clear_empty = fork->clear_empty;
    state_begin(s, 0, false);
    s->log_data = &caller->worker.results;
    struct vm_env env = make_env(c, fork);
    struct vm_result result;
    enum status status = run_message(c, &caller->worker, fork, &env, &result);
    if (status != STATUS_OK) {
        c->status = api_fail(c->error, status, WEFT_NO_TRANSACTION, "message: %s", status_text(status));
        if (status == STATE_UNAVAILABLE) api_view_explain(&c->view, c->error);
        return;
    }
    take_results(c, caller, fork, &result);
    c->result->stats = (weft_stats){.executor = "serial",
                                    .wall_ns = clock_wall_ns() - wall,
                                    .cpu_ns = clock_thread_ns() - cpu,
                                    .threads = 1,
                                    .transactions = 1};
}

weft_status weft_call(weft_engine *engine, const weft_chain *chain, const weft_state *state, const weft_header *header,
                      const weft_message *message, uint32_t flags, weft_result **result, weft_error *error)
{
    if (result == NULL) return API_MISTAKE(error, "result is NULL");
    *result = NULL;
    if (engine == NULL || chain == NULL || state == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (flags != 0) return API_MISTAKE(error, "flags 0x%x: unknown flag", flags);
    struct call c = {.engine = engine, .chain = &chain->spec, .error = error, .status = WEFT_OK};
    weft_status status = api_header_in(&c.header, header, error);
    if (status == WEFT_OK) status = api_read_struct(&c.message, sizeof c.message, message, "weft_message", error);
    if (status == WEFT_OK) status = check_message(&c.message, error);
    if (status != WEFT_OK) return status;
    api_view_open(&c.view, state, engine);
    status = api_engine_run(engine, run, &c, error);
    if (status == WEFT_OK) status = c.status;
    if (status == WEFT_OK)
        *result = c.result;
    else
        weft_result_free(c.result);
    return status;
}
