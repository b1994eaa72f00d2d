/* Calls: a transaction that nobody signed, on the state after a block, of which nothing is kept. */
#include <stdlib.h>

#include "node/private.h"

struct node_caller {
    struct state_table *table;
    struct tx_worker worker;
};

void node_caller_free(struct node_caller *c)
{
    if (c == NULL) return;
    vm_free(c->worker.vm);
    state_free(c->worker.state);
    state_table_free(c->table);
    arena_free(&c->worker.results);
    free(c);
}

/* The node's caller, over another state. */
static struct node_caller *caller_of(struct node *n, const struct state_view *view)
{
    struct node_caller *c = n->caller;
    code_cache_begin_block(engine_codes(n->engine)); /* no block and no call holds a code */
    if (c == NULL) {
        n->caller = c = base_calloc(1, sizeof *c);
        c->table = state_table_new(view, engine_codes(n->engine));
        c->worker.state = state_new(c->table);
        c->worker.vm = vm_new();
    } else {
        state_table_reset(c->table, view);
        arena_reset(&c->worker.results);
    }
    return c;
}

/* ---- a state with changes ----------------------------------------------------------------------------------------- */

struct overridden {
    struct state_view base;
    const struct node_override *all;
    uint32_t count;
};

static const struct node_override *find(const struct overridden *o, const struct address *a)
{
    for (uint32_t i = 0; i < o->count; i++)
        if (address_equal(&o->all[i].address, a)) return &o->all[i];
    return NULL;
}

static enum status over_account(void *context, const struct address *a, struct account_data *out)
{
    const struct overridden *o = context;
    const struct node_override *x = find(o, a);
    enum status s = o->base.account(o->base.context, a, out);
    if (s != STATUS_OK || x == NULL) return s;
    if (!out->exists) *out = (struct account_data){.exists = true, .code_hash = keccak_empty};
    if (x->has_balance) out->balance = x->balance;
    if (x->has_nonce) out->nonce = x->nonce;
    if (x->has_code) out->code_hash = x->code_hash;
    out->has_storage = (out->has_storage && !x->replaces_storage) || x->slot_count != 0;
    return s;
}

static enum status over_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    const struct overridden *o = context;
    const struct node_override *x = find(o, a);
    *out = U256_ZERO;
    for (uint32_t i = 0; x != NULL && i < x->slot_count; i++)
        if (u256_equal(x->slots[i].key, *key)) {
            *out = x->slots[i].value;
            return STATUS_OK;
        }
    return x != NULL && x->replaces_storage ? STATUS_OK : o->base.storage(o->base.context, a, key, out);
}

static enum status over_code(void *context, const struct address *a, const struct hash *hash, struct bytes *out)
{
    const struct overridden *o = context;
    const struct node_override *x = find(o, a);
    if (x == NULL || !x->has_code) return o->base.code(o->base.context, a, hash, out);
    *out = x->code;
    return STATUS_OK;
}

static enum status over_block_hash(void *context, uint64_t number, struct hash *out)
{
    const struct overridden *o = context;
    return o->base.block_hash(o->base.context, number, out);
}

static struct state_view override_view(struct overridden *o)
{
    return (struct state_view){o, over_account, over_storage, over_code, over_block_hash};
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

/* One execution of c->tx on `view`. */
static enum status run(struct node *n, const struct node_call *c, const struct state_view *view,
                       struct node_call_result *out)
{
    struct node_caller *caller = caller_of(n, view);
    struct state *s = caller->worker.state;
    const struct fork *fork = node_fork_of(n, &c->header);
    struct tx_context context = {.fork = fork,
                                 .chain = &n->genesis.spec,
                                 .env = block_env(&n->genesis.spec, fork, &c->header),
                                 .is_unsigned = true};
    if (u256_is_zero(c->tx.max_fee)) context.env.base_fee = U256_ZERO; /* as geth: a call that pays nothing is valid */
    struct transaction tx = c->tx;
    struct address *authorities = NULL;
    if (tx.authorization_count != 0) {
        authorities = ARENA_ARRAY(&caller->worker.results, struct address, tx.authorization_count);
        tx_authorities(&tx, authorities);
    }
    s->clear_empty = fork->clear_empty;
    state_begin(s, 0, false);
    s->cancelled = &n->stop;
    vm_begin_block(caller->worker.vm);
    struct account *sender = state_account(s, &c->sender);
    tx.nonce = state_nonce(s, sender);
    out->balance = state_balance(s, sender);
    state_begin(s, 0, false);
    s->cancelled = &n->stop;
    tx_execute(&caller->worker, &context, &tx, &c->sender, authorities, &out->outcome);
    out->invalid = out->outcome.invalid;
    out->needed = u256_add(u256_mul(tx.max_fee, U256(tx.gas_limit)), tx.value);
    if (atomic_load_explicit(&n->stop, memory_order_relaxed) != 0) return NODE_STOPPED;
    return s->failure;
}

static const struct state_view *prepare(struct node *n, struct node_call *c, struct history_view *v,
                                        struct state_view *plain, struct overridden *o, struct state_view *changed)
{
    *plain = node_view(n, v, c->at);
    if (c->override_count == 0) return plain;
    for (uint32_t i = 0; i < c->override_count; i++)
        if (c->overrides[i].has_code) c->overrides[i].code_hash = keccak256_bytes(c->overrides[i].code);
    *o = (struct overridden){*plain, c->overrides, c->override_count};
    *changed = override_view(o);
    return changed;
}

enum status node_call(struct node *n, struct node_call *c, struct node_call_result *out)
{
    struct history_view v;
    struct state_view plain, changed;
    struct overridden o;
    return run(n, c, prepare(n, c, &v, &plain, &o, &changed), out);
}

/* ---- how much gas ------------------------------------------------------------------------------------------------- */

/* Whether it succeeds with that much gas. Gas that does not cover what is paid in any case is too little, no mistake. */
static enum status succeeds(struct node *n, struct node_call *c, const struct state_view *view, uint64_t gas, bool *ok,
                            struct node_call_result *out)
{
    c->tx.gas_limit = gas;
    enum status s = run(n, c, view, out);
    if (out->invalid == TX_INTRINSIC_GAS_TOO_LOW || out->invalid == TX_GAS_BELOW_FLOOR) out->invalid = STATUS_OK;
    *ok = s == STATUS_OK && out->invalid == STATUS_OK && out->outcome.invalid == STATUS_OK && out->outcome.succeeded;
    return s;
}

/* Bisection between what fails and what succeeds, as geth's: it begins near what was used, and ends within 1.5 percent. */
static enum status bisect(struct node *n, struct node_call *c, const struct state_view *view, uint64_t high,
                          const struct tx_result *first, uint64_t *gas)
{
    enum { STIPEND = 2300 };
    struct node_call_result result;
    uint64_t low = first->gas_used - 1;
    uint64_t guess = (first->gas_used + first->gas_refunded + STIPEND) * 64 / 63;
    for (bool is_first = true; low + 1 < high; is_first = false) {
        if (!is_first && (high - low) * 1000 < high * 15) break;
        uint64_t middle = low + (high - low) / 2;
        if (middle > low * 2) middle = low * 2;
        if (is_first && guess < high) middle = guess;
        bool ok;
        enum status s = succeeds(n, c, view, middle, &ok, &result);
        if (s != STATUS_OK) return s;
        if (ok)
            high = middle;
        else
            low = middle;
    }
    *gas = high;
    return STATUS_OK;
}

/* Whether nothing but value moves: then the base gas is all that it takes. */
static bool is_plain_transfer(const struct node_call *c, const struct state_view *view)
{
    struct account_data to;
    bool has_code = view->account(view->context, &c->tx.to, &to) == STATUS_OK && to.exists &&
                    !hash_equal(&to.code_hash, &keccak_empty);
    return !c->tx.is_create && c->tx.data.size == 0 && c->tx.access_count == 0 && c->tx.authorization_count == 0 &&
           !has_code;
}

enum status node_estimate(struct node *n, struct node_call *c, uint64_t *gas, struct node_call_result *out)
{
    struct history_view v;
    struct state_view plain, changed;
    struct overridden o;
    const struct state_view *view = prepare(n, c, &v, &plain, &o, &changed);
    uint64_t high = c->tx.gas_limit, base = node_fork_of(n, &c->header)->tx.base;
    bool ok;
    *gas = 0;
    if (is_plain_transfer(c, view) && base <= high) {
        enum status plain_status = succeeds(n, c, view, base, &ok, out);
        if (ok) *gas = base;
        if (ok || plain_status != STATUS_OK) return plain_status;
    }
    enum status s = succeeds(n, c, view, high, &ok, out);
    if (s != STATUS_OK || !ok) return s;
    struct tx_result first = out->outcome;
    return bisect(n, c, view, high, &first, gas);
}
