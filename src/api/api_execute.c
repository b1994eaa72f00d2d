/* weft_execute_block: from checked arguments to a result that stands for itself. */
#include "api/api.h"

/* One call of weft_execute_block. */
struct execution {
    weft_engine *engine;
    const struct chain_spec *chain;
    const weft_block *block;
    uint32_t flags;
    weft_error *error;
    weft_status status;
    struct weft_result *result; /* NULL until it is made */
    struct api_view view;
    struct api_job job;
    _Atomic uint8_t cancelled; /* see struct api_job */
    struct block_task task;
    struct block_result out;
};

static void fail(struct execution *x, const struct error *inner, uint32_t transaction)
{
    x->status = api_fail_from(x->error, inner, transaction);
}

/* ---- before ---------------------------------------------------------------------------------- */

/* Rewards are computed from an uncle's age, which must make sense for that. */
static bool check_uncle_ages(struct execution *x)
{
    const struct block *b = &x->block->block;
    for (uint32_t i = 0; i < b->uncle_count; i++) {
        uint64_t age = b->header.number - b->uncles[i].number;
        struct error inner;
        if (age == 0 || age > OMMER_AGE_MAX) {
            error_set(&inner, UNCLE_PARENT, "uncle %u: number %llu, expected 1 to %d less than the block's", i,
                      (unsigned long long)b->uncles[i].number, OMMER_AGE_MAX);
            fail(x, &inner, WEFT_NO_TRANSACTION);
            return false;
        }
    }
    return true;
}

static bool check_before(struct execution *x)
{
    if (!check_uncle_ages(x)) return false;
    if ((x->flags & WEFT_CHECK_HEADER) == 0) return true;
    const struct block *b = &x->block->block;
    uint32_t limit = x->task.fork->limit.block_size;
    struct error inner;
    enum status status = STATUS_OK;
    if (limit != 0 && b->encoded_size > limit)
        status = error_set(&inner, BLOCK_TOO_BIG, "the block has %zu bytes, expected at most %u", b->encoded_size,
                           limit);
    if (status == STATUS_OK) status = block_check_body(b, x->task.fork, &inner);
    if (status != STATUS_OK) fail(x, &inner, WEFT_NO_TRANSACTION);
    return status == STATUS_OK;
}

static bool is_cancelled(const struct execution *x)
{
    return atomic_load_explicit(&x->cancelled, memory_order_relaxed) != 0;
}

/* Recovers in portions, of which none is begun once the block is cancelled. */
struct recovering {
    const struct execution *x;
    struct block_recovery recovery;
};

static void recover_portion(void *context, size_t portion)
{
    struct recovering *r = context;
    if (!is_cancelled(r->x)) block_recovery_portion(&r->recovery, (uint32_t)portion);
}

static enum status recover_signers(struct execution *x, const struct transaction *transactions, uint32_t count,
                                   struct block_signers *out, uint32_t *bad, struct error *error)
{
    struct recovering r = {.x = x};
    block_recovery_begin(&r.recovery, x->task.fork, transactions, count, &x->engine->work);
    pool_for(engine_pool(x->engine->engine), r.recovery.portions, 1, recover_portion, &r);
    return block_recovery_end(&r.recovery, out, bad, error);
}

/* Where some senders are given: recovers those of the others, and the authorities of all. */
static bool recover_some(struct execution *x)
{
    const struct block *b = &x->block->block;
    struct arena *arena = &x->engine->work;
    uint32_t count = b->transaction_count, signed_count = 0, bad;
    struct transaction *signed_ones = ARENA_ARRAY(arena, struct transaction, count);
    uint32_t *places = ARENA_ARRAY(arena, uint32_t, count);
    struct address *senders = ARENA_ARRAY(arena, struct address, count);
    const struct address **authorities = ARENA_ARRAY(arena, const struct address *, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct transaction *tx = &b->transactions[i];
        authorities[i] = NULL;
        if (!x->block->senders[i].given) {
            places[signed_count] = i;
            signed_ones[signed_count++] = *tx;
            continue;
        }
        senders[i] = x->block->senders[i].address;
        if (tx->authorization_count != 0) {
            struct address *found = ARENA_ARRAY(arena, struct address, tx->authorization_count);
            tx_authorities(tx, found);
            authorities[i] = found;
        }
    }
    struct block_signers signers;
    struct error inner;
    enum status s = recover_signers(x, signed_ones, signed_count, &signers, &bad, NULL);
    if (s != STATUS_OK) {
        error_set(&inner, s, "transaction %u: %s", places[bad], status_text(s));
        fail(x, &inner, places[bad]);
        return false;
    }
    for (uint32_t i = 0; i < signed_count; i++) {
        senders[places[i]] = signers.senders[i];
        if (signers.authorities != NULL) authorities[places[i]] = signers.authorities[i];
    }
    x->task.senders = senders;
    x->task.authorities = authorities;
    return true;
}

static bool recover(struct execution *x)
{
    if (x->block->has_given_senders) return recover_some(x);
    const struct block *b = &x->block->block;
    struct block_signers signers;
    struct error inner;
    uint32_t bad;
    if (recover_signers(x, b->transactions, b->transaction_count, &signers, &bad, &inner) != STATUS_OK) {
        fail(x, &inner, bad);
        return false;
    }
    x->task.senders = signers.senders;
    x->task.authorities = signers.authorities;
    return true;
}

static enum executor_kind choose_executor(const struct execution *x)
{
    bool serial = x->engine->executor == WEFT_EXECUTOR_SERIAL || (x->flags & WEFT_SKIP_INVALID) != 0;
    if (serial) return EXECUTOR_SERIAL;
    return x->task.access_list != NULL ? EXECUTOR_ACCESS_LIST
                                       : EXECUTOR_PARALLEL; /* both find out themselves whether sharing pays */
}

/* ---- after ----------------------------------------------------------------------------------- */

/* The block without the transactions that were left out, which is what receipts and roots are made of. */
static void leave_out_skipped(struct execution *x, struct block_task *kept_task)
{
    const struct block_task *task = &x->task;
    struct arena *arena = &x->engine->work;
    struct transaction *transactions = ARENA_ARRAY(arena, struct transaction, task->transaction_count);
    struct tx_result *results = ARENA_ARRAY(arena, struct tx_result, task->transaction_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < task->transaction_count; i++)
        if (x->out.transactions[i].invalid == STATUS_OK) {
            transactions[count] = task->transactions[i];
            results[count++] = x->out.transactions[i];
        }
    *kept_task = *task;
    kept_task->transactions = transactions;
    kept_task->transaction_count = count;
    x->out.transactions = results;
    x->out.task = kept_task;
}

/* `all` are the results of all transactions, x->out has those that were not left out. */
static void take_receipts(struct execution *x, const struct tx_result *all)
{
    struct weft_result *r = x->result;
    uint32_t kept = 0;
    api_result_make_receipts(r, x->task.transaction_count);
    for (uint32_t i = 0; i < x->task.transaction_count; i++) {
        weft_receipt *shown = &r->receipts[i].shown;
        if (all[i].invalid != STATUS_OK) {
            shown->skipped = 1;
            shown->cause = status_name(all[i].invalid);
            shown->outcome = "skipped";
            shown->outcome_code = WEFT_OUTCOME_SKIPPED;
        } else {
            api_result_take_receipt(r, i, &all[i], &x->out.receipts[kept++].bloom);
        }
        shown->type = (uint32_t)x->task.transactions[i].type;
        shown->sender = api_address_out(&x->task.senders[i]);
    }
    r->stats.transactions = kept;
}

static void take_totals(struct execution *x)
{
    const struct block_result *out = &x->out;
    weft_summary *s = &x->result->summary;
    s->gas_used = out->gas_used;
    s->blob_gas_used = out->blob_gas_used;
    s->requests_hash = api_hash_out(&out->requests_hash);
    memcpy(s->bloom.b, out->bloom.b, sizeof s->bloom.b);
    x->result->has_state_roots = !x->task.fork->receipt_status;
    if (!x->result->has_state_roots) s->receipts_root = api_hash_out(&out->receipts_root);

    weft_stats *t = &x->result->stats;
    t->executor = out->stats.executor;
    t->fallback = out->stats.fallback;
    t->wall_ns = out->stats.wall_ns;
    t->cpu_ns = out->stats.cpu_ns;
    t->threads = out->stats.threads;
    t->speculated = out->stats.speculated;
    t->reruns = out->stats.reruns;
    t->conflicts = out->stats.conflicts;
}

/* What conflicts say refers to the engine's table, so it is copied. */
static void take_conflicts(struct execution *x)
{
    static const uint32_t fields[] = {[FIELD_BALANCE] = WEFT_FIELD_BALANCE,
                                      [FIELD_NONCE] = WEFT_FIELD_NONCE,
                                      [FIELD_CODE] = WEFT_FIELD_CODE,
                                      [FIELD_SLOT] = WEFT_FIELD_SLOT};
    struct weft_result *r = x->result;
    r->conflicts = ARENA_ARRAY(&r->arena, weft_conflict, x->out.conflict_count);
    r->summary.conflict_count = x->out.conflict_count;
    for (uint32_t i = 0; i < x->out.conflict_count; i++) {
        const struct block_conflict *from = &x->out.conflicts[i];
        weft_conflict *to = &r->conflicts[i];
        *to = (weft_conflict){.transaction = from->tx, .seen = from->seen_tx, .found = from->found_tx};
        if (from->account == NULL) continue;
        to->field = fields[from->field];
        to->address = api_address_out(&from->account->address);
        if (from->slot != NULL) to->slot = api_word(from->slot->key);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void describe_task(struct execution *x)
{
    const struct block *b = &x->block->block;
    const struct header *h = &b->header;
    x->task = block_task_of(x->chain, chain_fork_at(x->chain, h->number, h->timestamp), b, (struct block_signers){0},
                            &x->view.view);
    x->task.transactions_only = (x->flags & WEFT_TRANSACTIONS_ONLY) != 0;
    x->task.skip_invalid = (x->flags & WEFT_SKIP_INVALID) != 0;
    if (!x->task.transactions_only && !x->task.skip_invalid) x->task.access_list = x->block->access_list;
    x->task.keep_accesses = (x->flags & WEFT_LIST_ACCESSES) != 0 && x->task.access_list == NULL;
}

/* Whether what is wrong in parallel is executed once more: then it is sealed and compared, too. */
static bool is_rechecked(const struct execution *x)
{
    const uint32_t both = WEFT_CHECK_HEADER | WEFT_RECHECK;
    return (x->flags & both) == both && !x->task.skip_invalid;
}

static enum status execute_task(struct execution *x, struct error *inner)
{
    struct engine *e = x->engine->engine;
    struct block_doubt doubt;
    if (!is_rechecked(x)) return block_execute(e, choose_executor(x), &x->task, &x->out, inner);
    enum status s = block_execute_checked(e, choose_executor(x), &x->task, true, &x->out, &doubt, inner);
    if (doubt.differed) x->out.stats.fallback = "the parallel result was wrong";
    return s;
}

static void execute(struct execution *x)
{
    struct error inner;
    bool sealed = is_rechecked(x);
    if (execute_task(x, &inner) != STATUS_OK) {
        bool has_bad = x->out.bad < x->task.transaction_count;
        fail(x, &inner, has_bad ? x->out.bad : WEFT_NO_TRANSACTION);
        if (inner.status == STATE_UNAVAILABLE) api_view_explain(&x->view, x->error);
        return;
    }
    uint64_t wall = clock_wall_ns(), cpu = pool_cpu_ns(engine_pool(x->engine->engine));
    const struct tx_result *all = x->out.transactions;
    struct block_task kept;
    if (x->task.skip_invalid) leave_out_skipped(x, &kept);
    if (is_cancelled(x)) return;
    if (!sealed) block_seal(x->engine->engine, &x->out);
    if (!sealed && (x->flags & WEFT_CHECK_HEADER) != 0 && block_check(&x->out, &inner) != STATUS_OK) {
        fail(x, &inner, WEFT_NO_TRANSACTION);
        return;
    }
    take_receipts(x, all);
    take_totals(x);
    take_conflicts(x);
    api_result_take_requests(x->result, x->out.requests, x->out.request_count);
    api_result_take_diff(x->result, &x->out.diff);
    if (x->task.fork->block_access_list || x->task.access_list != NULL || x->task.keep_accesses)
        api_result_take_access_list(x->result, &x->out.access_list);
    x->result->stats.seal_wall_ns = clock_wall_ns() - wall;
    x->result->stats.seal_cpu_ns = pool_cpu_ns(engine_pool(x->engine->engine)) - cpu;
}

static void prepare_and_execute(struct execution *x)
{
    arena_reset(&x->engine->work);
    describe_task(x);
    if (!check_before(x)) return;
    x->result = api_result_new();
    uint64_t wall = clock_wall_ns(), cpu = pool_cpu_ns(engine_pool(x->engine->engine));
    if (!recover(x) || is_cancelled(x)) return;
    x->result->stats.recover_wall_ns = clock_wall_ns() - wall;
    x->result->stats.recover_cpu_ns = pool_cpu_ns(engine_pool(x->engine->engine)) - cpu;
    execute(x);
}

static void run(void *context)
{
    struct execution *x = context;
    struct api_control *control = &x->engine->control;
    x->job = (struct api_job){.cancelled = &x->cancelled, .executes = x->engine->engine};
    engine_resume(x->engine->engine);
    x->status = api_job_begin(control, &x->job, 0, x->error);
    if (x->status != WEFT_OK) return;
    prepare_and_execute(x);
    api_job_end(control, &x->job);
    if (is_cancelled(x)) x->status = api_cancelled(atomic_load(&x->cancelled), x->error);
}

weft_status weft_execute_block(weft_engine *engine, const weft_chain *chain, const weft_state *state,
                               const weft_block *block, uint32_t flags, weft_result **result, weft_error *error)
{
    if (result == NULL) return API_MISTAKE(error, "result is NULL");
    *result = NULL;
    if (engine == NULL || chain == NULL || state == NULL || block == NULL)
        return API_MISTAKE(error, "an argument is NULL");
    const uint32_t known = WEFT_CHECK_HEADER | WEFT_SKIP_INVALID | WEFT_TRANSACTIONS_ONLY | WEFT_LIST_ACCESSES |
                           WEFT_RECHECK;
    if ((flags & ~known) != 0) return API_MISTAKE(error, "flags 0x%x: unknown flag", flags);
    struct execution x = {
        .engine = engine, .chain = &chain->spec, .block = block, .flags = flags, .error = error, .status = WEFT_OK};
    api_view_open(&x.view, state, engine);
    weft_status status = api_engine_run(engine, run, &x, error);
    if (status == WEFT_OK) status = api_view_end(&x.view, x.status, error);
    if (status == WEFT_OK)
        *result = x.result;
    else
        weft_result_free(x.result);
    return status;
}
