/* weft_call and weft_call_many: single messages, each in a context of its own (contexts.c). */
#include <stdio.h>

#include "api/api.h"

/* What weft_message was before it grew. */
#define MESSAGE_FIRST offsetof(weft_message, timeout_ns)

_Static_assert(sizeof(_Atomic uint8_t) == 1, "the caller's word is looked at as it is");

/* What messages have in common. */
struct surroundings {
    weft_engine *engine;
    const struct chain_spec *chain;
    const struct fork *fork;
    const weft_state *state;
    struct header header;
    struct vm_env env;        /* without the message's part */
    struct api_inside *outer; /* of the thread that called the library */
};

/* One message. */
struct call {
    const struct surroundings *around;
    struct api_context *on;
    struct api_view view;
    weft_message message;
    const _Atomic uint8_t *cancelled; /* what is looked at while it runs */
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

static struct vm_env make_env(const struct call *c)
{
    struct vm_env env = c->around->env;
    env.origin = api_address(&c->message.from);
    env.gas_price = api_number(&c->message.gas_price);
    env.blob_hashes = (const struct hash *)c->message.blob_hashes;
    env.blob_hash_count = (uint32_t)c->message.blob_hash_count;
    return env;
}

_Static_assert(sizeof(struct hash) == sizeof(weft_word), "blob hashes are used as they are");

/* Warms what a transaction would warm, and runs the message. */
static enum status run_message(const struct call *c, struct tx_worker *w, const struct vm_env *env,
                               struct vm_result *out)
{
    const weft_message *in = &c->message;
    const struct fork *fork = c->around->fork;
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

static void take_results(struct call *c, const struct vm_result *vm)
{
    struct api_context *on = c->on;
    struct state *s = on->worker.state;
    uint64_t left = (uint64_t)(vm->gas.execution + vm->gas.state);
    struct tx_result outcome = {.gas_used = c->message.gas - left,
                                .gas_refunded = s->refund < 0 ? 0 : (uint64_t)s->refund};
    tx_keep_results(&on->worker, vm, &outcome);
    state_finalize(s);
    state_commit(s);
    struct state_diff diff;
    state_table_diff(on->table, UINT32_MAX, c->around->fork->clear_empty, &on->changes, &diff);

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

static void run(void *argument)
{
    struct call *c = argument;
    struct api_context *on = c->on;
    uint64_t wall = clock_wall_ns();
    state_table_reset(on->table, &c->view.view);
    arena_reset(&on->worker.results);
    arena_reset(&on->changes);
    struct state *s = on->worker.state;
    s->clear_empty = c->around->fork->clear_empty;
    s->destructed_keep_balance = c->around->fork->selfdestruct_keeps_balance;
    state_begin(s, 0, false);
    s->cancelled = c->cancelled;
    s->log_data = &on->worker.results;
    struct vm_env env = make_env(c);
    struct vm_result result;
    enum status status = run_message(c, &on->worker, &env, &result);
    if (UNLIKELY(state_is_cancelled(s))) {
        c->status = api_cancelled(atomic_load(&on->cancelled), c->error);
        return;
    }
    if (status != STATUS_OK) {
        c->status = api_fail(c->error, status, WEFT_NO_TRANSACTION, "message: %s", status_text(status));
        if (status == STATE_UNAVAILABLE) api_view_explain(&c->view, c->error);
        return;
    }
    take_results(c, &result);
    c->result->stats = (weft_stats){
        .executor = "serial", .wall_ns = clock_wall_ns() - wall, .threads = 1, .transactions = 1};
}

/* In a context: most messages have nothing to look at but the context's own word. */
static void run_controlled(struct call *c)
{
    weft_engine *engine = c->around->engine;
    struct api_control *control = &engine->control;
    bool calls_back = api_state_calls_back(c->around->state);
    struct api_job job = {.cancelled = &c->on->cancelled, .told = c->message.cancel};
    atomic_store(&c->on->cancelled, 0);
    c->cancelled = job.told == NULL ? job.cancelled : (const _Atomic uint8_t *)job.told;
    /* Relaxed: for what begins later. */
    bool limited = c->message.timeout_ns != 0 || atomic_load_explicit(&control->timeout_ns, memory_order_relaxed) != 0;
    if (!limited && job.told == NULL) {
        api_context_run(engine, c->on, calls_back, run, c);
        return;
    }
    c->status = api_job_begin(control, &job, c->message.timeout_ns, c->error);
    if (c->status != WEFT_OK) return;
    api_context_run(engine, c->on, calls_back, run, c);
    api_job_end(control, &job);
}

/* Executes a message, which is in c->message; leaves its result or its failure in *c. */
static void execute(struct call *c, const weft_message *message, bool must_live)
{
    const struct surroundings *around = c->around;
    c->result = NULL;
    c->status = api_read_grown(&c->message, sizeof c->message, MESSAGE_FIRST, message, "weft_message", c->error);
    if (c->status == WEFT_OK) c->status = check_message(&c->message, c->error);
    if (c->status == WEFT_OK) c->status = api_context_enter(around->engine, must_live, &c->on, c->error);
    if (c->status != WEFT_OK) return;
    api_view_open(&c->view, around->state, around->engine);
    c->view.inside.outer = around->outer;
    run_controlled(c);
    api_context_leave(around->engine, c->on);
    c->status = api_view_end(&c->view, c->status, c->error);
    if (c->status == WEFT_OK) return;
    weft_result_free(c->result);
    c->result = NULL;
}

static weft_status surround(struct surroundings *out, weft_engine *engine, const weft_chain *chain,
                            const weft_state *state, const weft_header *header, uint32_t flags, weft_error *error)
{
    if (engine == NULL || chain == NULL || state == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (flags != 0) return API_MISTAKE(error, "flags 0x%x: unknown flag", flags);
    out->engine = engine;
    out->chain = &chain->spec;
    out->state = state;
    out->outer = api_inside_now();
    weft_status status = api_header_in(&out->header, header, error);
    if (status == WEFT_OK) status = api_engine_check(engine, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    out->fork = chain_fork_at(out->chain, out->header.number, out->header.timestamp);
    out->env = block_env(out->chain, out->fork, &out->header);
    return WEFT_OK;
}

weft_status weft_call(weft_engine *engine, const weft_chain *chain, const weft_state *state, const weft_header *header,
                      const weft_message *message, uint32_t flags, weft_result **result, weft_error *error)
{
    if (result == NULL) return API_MISTAKE(error, "result is NULL");
    *result = NULL;
    struct surroundings around;
    weft_status status = surround(&around, engine, chain, state, header, flags, error);
    if (status != WEFT_OK) return status;
    struct call c;
    c.around = &around;
    c.error = error;
    execute(&c, message, true);
    *result = c.result;
    return c.status;
}

/* ---- many ------------------------------------------------------------------------------------ */

struct many {
    struct surroundings around;
    const weft_message *const *messages;
    size_t count;
    weft_result **results;
    weft_error *errors;    /* NULL: not wanted */
    _Atomic size_t failed; /* the first that did; count: none */
    weft_error failure;    /* of it; guarded by the lock */
    pthread_mutex_t lock;
};

static void execute_one(void *argument, size_t i)
{
    struct many *m = argument;
    weft_error error = {0};
    struct call c;
    c.around = &m->around;
    c.error = &error;
    execute(&c, m->messages[i], false);
    m->results[i] = c.result;
    if (m->errors != NULL) m->errors[i] = error;
    if (c.status == WEFT_OK) return;
    ASSERT(pthread_mutex_lock(&m->lock) == 0);
    if (i < atomic_load(&m->failed)) {
        atomic_store(&m->failed, i);
        m->failure = error;
    }
    ASSERT(pthread_mutex_unlock(&m->lock) == 0);
}

static void execute_all(void *argument)
{
    struct many *m = argument;
    struct pool *pool = engine_pool(m->around.engine->engine);
    enum { PORTIONS = 16, PORTION_MAX = 64 }; /* for each thread; messages */
    size_t portion = m->count / (pool_workers(pool) * PORTIONS);
    pool_for(pool, m->count, portion < PORTION_MAX ? portion : PORTION_MAX, execute_one, m);
}

weft_status weft_call_many(weft_engine *engine, const weft_chain *chain, const weft_state *state,
                           const weft_header *header, const weft_message *const *messages, size_t count, uint32_t flags,
                           weft_result **results, weft_error *errors, weft_error *error)
{
    if (count != 0 && (messages == NULL || results == NULL)) return API_MISTAKE(error, "messages or results is NULL");
    if (count > SIZE_MAX / 2 / sizeof *results) return API_MISTAKE(error, "%zu messages: too many", count);
    for (size_t i = 0; i < count; i++) results[i] = NULL;
    struct many m = {.messages = messages, .count = count, .results = results, .errors = errors};
    weft_status status = surround(&m.around, engine, chain, state, header, flags, error);
    if (status != WEFT_OK || count == 0) return status;
    atomic_init(&m.failed, count);
    ASSERT(pthread_mutex_init(&m.lock, NULL) == 0);
    status = api_engine_run(engine, execute_all, &m, error);
    ASSERT(pthread_mutex_destroy(&m.lock) == 0);
    size_t failed = atomic_load(&m.failed);
    if (status != WEFT_OK || failed == count) return status;
    if (error != NULL) {
        *error = m.failure;
        (void)snprintf(error->text, sizeof error->text, "message %zu: %.480s", failed, m.failure.text);
    }
    return m.failure.status;
}
