#include "sim/world.h"

#include <stdlib.h>

#include "crypto/crypto.h"

/* ---- the world ---- */

static const struct code *make_code(struct code_cache *codes, unsigned i)
{
    uint8_t bytes[23] = {0xef, 0x01, 0x00, [22] = 1};
    size_t size = i == SIM_CODES - 1 ? sizeof bytes : 1 + i;
    if (size != sizeof bytes) memset(bytes, 0x5b, size);
    struct hash hash;
    keccak256(&hash, bytes, size);
    return code_cache_put(codes, &hash, (struct bytes){bytes, size});
}

static void keep_no_plan(void *plan)
{
    (void)plan;
}

struct sim_world *sim_world_new(void)
{
    static const struct state_view no_view;
    struct sim_world *w = base_calloc(1, sizeof *w);
    w->codes = code_cache_new(keep_no_plan);
    w->table = state_table_new(&no_view, w->codes);
    for (unsigned i = 0; i < SIM_CODES; i++) w->code[i] = make_code(w->codes, i);
    for (unsigned i = 0; i < PICKER_WORKERS_MAX; i++) w->state[i] = state_new(w->table);
    return w;
}

void sim_world_free(struct sim_world *w)
{
    for (unsigned i = 0; i < PICKER_WORKERS_MAX; i++) {
        state_free(w->state[i]);
        arena_free(&w->versions[i]);
        arena_free(&w->machine[i].logs);
    }
    state_table_free(w->table);
    code_cache_free(w->codes);
    arena_free(&w->scratch);
    free(w);
}

/* ---- the state before the block ---- */

static uint64_t below(uint64_t *random, uint64_t bound)
{
    return random_next(random) % bound;
}

static struct u256 draw_balance(uint64_t *random)
{
    switch (below(random, 16)) {
    case 0: return u256_sub(U256_ZERO, U256(1 + below(random, 40))); /* one credit more and it overflows */
    case 1: return u256_shl(U256_ONE, (unsigned)(250 + below(random, 6)));
    case 2:
    case 3: return U256_ZERO;
    default: return U256(below(random, 800));
    }
}

static void make_account(struct sim_world *w, struct sim_block *b, uint64_t *random, unsigned i)
{
    uint64_t kind = below(random, 8);
    if (kind == 0) return; /* not there */
    struct address address = sim_address(i);
    struct memory_account *a = state_memory_account(b->memory, &address);
    if (kind == 1) return; /* there, and empty */
    a->balance = draw_balance(random);
    a->nonce = below(random, 4) == 0 ? UINT64_C(1) << 40 : below(random, 3);
    if (kind <= 4) return;
    const struct code *code = w->code[below(random, SIM_CODES)];
    if (below(random, 8) != 0) /* else storage without code: what EIP-7610 is about */
        state_memory_set_code(b->memory, a, &code->hash, (struct bytes){code->bytes, code->size});
    for (unsigned k = 0; k < SIM_KEYS; k++) {
        struct u256 key = U256(k), value = U256(below(random, 5));
        state_memory_set_slot(b->memory, &address, &key, &value);
    }
}

/* The memory, but for the one account that it cannot tell about. */
static bool fails(const struct sim_block *b, const struct address *a)
{
    return b->failing < SIM_ACCOUNTS && a->b[19] == b->failing + 1;
}

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct sim_block *b = context;
    struct state_view v = state_memory_view(b->memory);
    return v.account(v.context, a, out);
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct sim_block *b = context;
    struct state_view v = state_memory_view(b->memory);
    return fails(b, a) ? STATE_MISSING : v.storage(v.context, a, key, out);
}

static enum status view_code(void *context, const struct address *a, const struct hash *hash, struct bytes *out)
{
    struct sim_block *b = context;
    struct state_view v = state_memory_view(b->memory);
    return fails(b, a) ? STATE_MISSING : v.code(v.context, a, hash, out);
}

/* ---- transactions ---- */

static struct sim_op draw_op(uint64_t *random, const struct sim_block *b)
{
    struct sim_op op = {.kind = (uint8_t)below(random, SIM_OP_KINDS),
                        .a = (uint8_t)below(random, b->rules.accounts),
                        .b = (uint8_t)below(random, b->rules.accounts),
                        .key = (uint8_t)below(random, SIM_KEYS),
                        .computed = below(random, 3) == 0,
                        .v = below(random, 40)};
    if (below(random, 8) == 0) op.a = b->rules.beneficiary;
    if (op.kind == OP_SKIP) op.v %= 4;
    if (op.kind == OP_STORE) op.v %= 4;
    /* Rare, or soon nothing is left. */
    if ((op.kind == OP_DESTROY || op.kind == OP_SET_CODE) && below(random, 2) == 0) op.kind = OP_LOAD;
    return op;
}

/* The nonce is filled in later: the one that makes it valid is known only when its turn has come. */
static void draw_tx(uint64_t *random, const struct sim_block *b, struct sim_tx *tx, uint32_t ops)
{
    *tx = (struct sim_tx){.sender = (uint8_t)below(random, b->rules.accounts),
                          .op_count = 1 + (uint32_t)below(random, ops)};
    for (uint32_t i = 0; i < tx->op_count; i++) tx->op[i] = draw_op(random, b);
}

/* ---- the serial execution ---- */

static void give(struct state *s, unsigned account, struct u256 amount)
{
    struct address address = sim_address(account);
    struct account *a = state_account(s, &address);
    state_credit(s, a, &amount);
    state_touch(s, a);
}

/* A system contract writes a slot of its own. */
static void system_call(struct sim_world *w, const struct sim_block *b, uint32_t number, uint64_t value)
{
    struct state *s = w->state[0];
    struct address address = sim_address(b->seed % SIM_ACCOUNTS);
    state_begin(s, number, false);
    s->beneficiary = NULL;
    struct account *a = state_account(s, &address);
    if (state_has_code(s, a) && b->seed % SIM_ACCOUNTS != b->failing) {
        struct u256 key = U256(b->seed % SIM_KEYS), word = U256(value);
        state_set_slot(s, state_slot(s, a, &key), &word);
    }
    state_finalize(s);
    state_commit(s);
}

void sim_block_open(struct sim_world *w, const struct sim_block *b)
{
    state_table_reset(w->table, &b->view);
    for (unsigned i = 0; i < PICKER_WORKERS_MAX; i++) {
        w->state[i]->clear_empty = b->clear_empty;
        arena_reset(&w->versions[i]);
    }
    system_call(w, b, 0, 3);
}

void sim_block_close(struct sim_world *w, const struct sim_block *b, struct u256 fees)
{
    struct state *s = w->state[0];
    state_begin(s, b->tx_count + 1, false);
    s->beneficiary = NULL;
    give(s, b->rules.beneficiary, fees);
    give(s, b->seed / 8 % SIM_ACCOUNTS, U256(7));
    state_finalize(s);
    state_commit(s);
    system_call(w, b, b->tx_count + 1, b->seed % 5);
}

struct account_entry *sim_account_entry(struct sim_world *w, unsigned account)
{
    enum status why = STATUS_OK;
    struct address address = sim_address(account);
    struct account_entry *e = state_table_account(w->table, &address, &why);
    ASSERT(e != NULL);
    return e;
}

struct sim_result sim_execute_in_place(struct sim_world *w, const struct sim_block *b,
                                       struct account_entry *beneficiary, struct u256 *fees, uint32_t tx)
{
    struct state *s = w->state[0];
    struct sim_machine *m = &w->machine[0];
    state_begin(s, 0, false);
    s->beneficiary = beneficiary;
    s->beneficiary_fees = *fees;
    sim_begin(m, s, &b->rules, &b->tx[tx]);
    while (!m->finished) sim_step(m);
    if (m->result.invalid == STATUS_OK) {
        state_commit(s);
        state_bring_into_existence(s, beneficiary);
        *fees = u256_add(*fees, U256(m->result.fee));
    }
    return m->result;
}

static void draw_and_execute(struct sim_world *w, struct sim_block *b, uint64_t *random, struct sim_shape shape)
{
    struct account_entry *beneficiary = sim_account_entry(w, b->rules.beneficiary);
    struct u256 fees = U256_ZERO;
    uint32_t drawn = shape.txs_least + (uint32_t)below(random, shape.txs - shape.txs_least + 1);
    for (uint32_t i = 0; i < 8 * drawn && b->tx_count < drawn && b->status == STATUS_OK; i++) {
        struct sim_tx *tx = &b->tx[b->tx_count];
        draw_tx(random, b, tx, shape.ops);
        tx->nonce = location_find(&sim_account_entry(w, tx->sender)->nonce, 0)->value.w[0] + (below(random, 64) == 0);
        struct sim_result result = sim_execute_in_place(w, b, beneficiary, &fees, b->tx_count);
        if (result.invalid != STATUS_OK && below(random, 64) != 0) continue; /* mostly left out */
        if (result.invalid != STATUS_OK) {
            b->status = result.invalid;
            b->bad = b->tx_count;
        } else if (b->checks_each) {
            state_table_diff(w->table, UINT32_MAX, b->clear_empty, &b->arena, &b->after[b->tx_count]);
        }
        b->result[b->tx_count++] = result;
    }
    if (b->status != STATUS_OK) {
        /* More after the bad one, which nobody may see. */
        while (b->tx_count < drawn) draw_tx(random, b, &b->tx[b->tx_count++], shape.ops);
        return;
    }
    sim_block_close(w, b, fees);
    state_table_diff(w->table, UINT32_MAX, b->clear_empty, &b->arena, &b->after[b->tx_count]);
}

void sim_block_make(struct sim_world *w, struct sim_block *b, uint64_t seed, struct sim_shape shape)
{
    uint64_t random = seed;
    if (b->memory != NULL) state_memory_free(b->memory);
    arena_reset(&b->arena);
    *b = (struct sim_block){.seed = seed, .arena = b->arena, .memory = state_memory_new()};
    b->view = (struct state_view){.context = b, .account = view_account, .storage = view_storage, .code = view_code};
    b->failing = below(&random, 32) == 0 ? (uint8_t)below(&random, SIM_ACCOUNTS) : SIM_ACCOUNTS;
    b->clear_empty = below(&random, 4) != 0;
    b->checks_each = shape.checks_each;
    b->rules.accounts = shape.accounts;
    b->rules.beneficiary = (uint8_t)below(&random, shape.accounts);
    b->rules.destroys_always = below(&random, 2) == 0;
    for (unsigned i = 0; i < SIM_CODES; i++) b->rules.code[i] = w->code[i];
    for (unsigned i = 0; i < SIM_ACCOUNTS; i++) make_account(w, b, &random, i);
    sim_block_open(w, b);
    draw_and_execute(w, b, &random, shape);
}

void sim_block_free(struct sim_block *b)
{
    if (b->memory != NULL) state_memory_free(b->memory);
    arena_free(&b->arena);
}
