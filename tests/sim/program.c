#include "sim/program.h"

struct address sim_address(unsigned account)
{
    return (struct address){
        {[19] = (uint8_t)(account + 1)}}; /* the third is RIPEMD-160, whose touch outlives reverts */
}

static void mix(struct sim_machine *m, uint64_t v)
{
    m->digest = hash_mix(m->digest ^ v, 0x9e3779b97f4a7c15u) + m->at;
}

static void mix_word(struct sim_machine *m, struct u256 v)
{
    mix(m, v.w[0]);
    mix(m, v.w[1] ^ v.w[2] ^ v.w[3]);
}

static struct account *account_of(struct sim_machine *m, unsigned account)
{
    struct address address = sim_address(account);
    struct account *a = state_account(m->s, &address);
    mix(m, state_warm_account(m->s, a));
    return a;
}

/* ---- one operation each ---- */

/* Mostly small; the largest stand for amounts that no real balance reaches. */
static struct u256 amount_of(const struct sim_op *op)
{
    return op->v < 36 ? U256(op->v) : u256_sub(u256_shl(U256(op->v - 35), 253), U256(op->key));
}

static void transfer(struct sim_machine *m, struct account *from, struct account *to, struct u256 amount)
{
    if (!state_balance_at_least(m->s, from, &amount)) {
        mix(m, 1);
        return;
    }
    if (!state_exists(m->s, to)) mix(m, 2);
    state_touch(m->s, to);
    if (u256_is_zero(amount)) return;
    state_debit(m->s, from, &amount);
    state_credit(m->s, to, &amount);
}

static void store(struct sim_machine *m, struct account *a, const struct sim_op *op)
{
    /* Only contracts have storage. */
    if (!state_has_code(m->s, a) && (a->flags & ACCOUNT_CREATED) == 0) {
        mix(m, 3);
        return;
    }
    struct u256 key = U256(op->key), value = U256(op->v);
    struct slot *slot = state_slot(m->s, a, &key);
    mix(m, state_warm_slot(m->s, slot));
    if (op->kind == OP_STORE_SAME) value = slot->current;
    if (op->kind == OP_STORE_BACK) value = slot->original;
    if (op->kind == OP_ADD) value = u256_add(value, slot->current);
    if (!u256_equal(slot->current, value)) state_set_slot(m->s, slot, &value);
}

static void load(struct sim_machine *m, struct account *a, const struct sim_op *op)
{
    struct u256 key = U256(op->key);
    struct slot *slot = state_slot(m->s, a, &key);
    mix(m, state_warm_slot(m->s, slot));
    mix_word(m, slot->current);
}

/* As an authorization of EIP-7702 does. */
static void delegate(struct sim_machine *m, struct account *a, const struct sim_op *op)
{
    if (state_has_code(m->s, a) && !state_code(m->s, a)->is_delegation) return;
    uint64_t nonce = state_nonce(m->s, a);
    mix(m, nonce);
    if (!state_is_empty(m->s, a)) m->s->refund += 2;
    state_set_code(m->s, a, op->v % 3 == 0 ? &code_empty : m->rules->code[SIM_CODES - 1]);
    state_set_nonce(m->s, a, nonce + 1);
    state_touch(m->s, a);
}

static void create(struct sim_machine *m, struct account *creator, struct account *a, const struct sim_op *op)
{
    struct u256 value = U256(op->v % 8);
    if (state_create_collides(m->s, a) || !state_balance_at_least(m->s, creator, &value)) {
        mix(m, 4);
        return;
    }
    state_mark_created(m->s, a);
    if (m->s->clear_empty)
        state_set_nonce(m->s, a, 1);
    else
        state_touch(m->s, a);
    state_debit(m->s, creator, &value);
    state_credit(m->s, a, &value);
    store(m, a, op);
    if (op->v % 5 != 0) state_set_code(m->s, a, m->rules->code[op->v % (SIM_CODES - 1)]);
}

static void destroy(struct sim_machine *m, struct account *a, struct account *heir)
{
    struct u256 balance = state_balance(m->s, a);
    mix_word(m, balance);
    bool removed = m->rules->destroys_always || (a->flags & ACCOUNT_CREATED) != 0;
    if (heir != a || removed) state_debit(m->s, a, &balance);
    if (heir != a) state_credit(m->s, heir, &balance);
    state_touch(m->s, heir);
    if (removed && state_mark_destructed(m->s, a)) m->s->refund += 3;
}

static void transient(struct sim_machine *m, struct account *a, const struct sim_op *op)
{
    struct u256 key = U256(op->key), value = U256(op->v);
    mix_word(m, state_transient(m->s, a, &key));
    if (op->v % 2 != 0) state_set_transient(m->s, a, &key, &value);
}

static void nest(struct sim_machine *m, enum sim_op_kind kind)
{
    if (kind == OP_CHECKPOINT) {
        if (m->depth < SIM_DEPTH_MAX) m->mark[m->depth++] = state_checkpoint(m->s);
    } else if (m->depth != 0) {
        m->depth--;
        if (kind == OP_REVERT) state_revert(m->s, m->mark[m->depth]);
    }
}

static void on_account(struct sim_machine *m, const struct sim_op *op, struct account *a)
{
    struct u256 v = amount_of(op);
    switch (op->kind) {
    case OP_BALANCE: mix_word(m, state_balance(m->s, a)); break;
    case OP_AT_LEAST: mix(m, state_balance_at_least(m->s, a, &v)); break;
    case OP_NONCE: mix(m, state_nonce(m->s, a)); break;
    case OP_BUMP_NONCE: state_set_nonce(m->s, a, state_nonce(m->s, a) + 1); break;
    case OP_CODE:
        mix(m, state_has_code(m->s, a));
        mix(m, load_be64(state_code_hash(m->s, a)->b));
        mix(m, state_code(m->s, a)->size);
        break;
    case OP_SET_CODE: state_set_code(m->s, a, m->rules->code[op->v % SIM_CODES]); break;
    case OP_TOUCH: state_touch(m->s, a); break;
    case OP_EXISTS: mix(m, state_exists(m->s, a)); break;
    case OP_EMPTY: mix(m, state_is_empty(m->s, a)); break;
    default: state_log(m->s, a, &v, 1, (struct bytes){(const uint8_t *)"log", 3});
    }
}

static void perform(struct sim_machine *m, const struct sim_op *op)
{
    struct account *a = account_of(m, op->a);
    switch ((enum sim_op_kind)op->kind) {
    case OP_TRANSFER: transfer(m, a, account_of(m, op->b), amount_of(op)); break;
    case OP_TRANSFER_ALL: transfer(m, a, account_of(m, op->b), state_balance(m->s, a)); break;
    case OP_DELEGATE: delegate(m, a, op); break;
    case OP_CREATE: create(m, a, account_of(m, op->b), op); break;
    case OP_DESTROY: destroy(m, a, account_of(m, op->b)); break;
    case OP_LOAD: load(m, a, op); break;
    case OP_STORE:
    case OP_STORE_SAME:
    case OP_STORE_BACK:
    case OP_ADD: store(m, a, op); break;
    case OP_TRANSIENT: transient(m, a, op); break;
    default: on_account(m, op, a);
    }
}

/* ---- a transaction ---- */

void sim_begin(struct sim_machine *m, struct state *s, const struct sim_rules *rules, const struct sim_tx *tx)
{
    m->s = s;
    m->rules = rules;
    m->tx = tx;
    m->at = m->depth = 0;
    m->digest = 0;
    m->finished = false;
    m->result = (struct sim_result){0};
    s->log_data = &m->logs;
    arena_reset(&m->logs);
}

/* Validity, and the purchase of gas; the first step. */
static void enter(struct sim_machine *m)
{
    struct state *s = m->s;
    struct address address = sim_address(m->tx->sender);
    struct account *sender = state_account(s, &address);
    m->result.invalid = STATUS_OK;
    if (s->speculative)
        state_assume_nonce(s, sender, m->tx->nonce);
    else if (state_nonce(s, sender) != m->tx->nonce)
        m->result.invalid = state_nonce(s, sender) < m->tx->nonce ? TX_NONCE_TOO_HIGH : TX_NONCE_TOO_LOW;
    struct u256 cost = U256(SIM_GAS + m->tx->op[0].v % 4);
    if (m->result.invalid == STATUS_OK && !state_balance_at_least(s, sender, &cost))
        m->result.invalid = TX_INSUFFICIENT_FUNDS;
    if (m->result.invalid != STATUS_OK) {
        m->finished = true;
        return;
    }
    struct u256 gas = U256(SIM_GAS), key = U256(m->tx->op[0].key);
    struct address beneficiary = sim_address(m->rules->beneficiary);
    state_debit(s, sender, &gas);
    state_set_nonce(s, sender, m->tx->nonce + 1);
    state_touch(s, sender);
    state_warm_account(s, sender);
    state_prewarm_account(s, state_account(s, &beneficiary));
    state_prewarm_slot(s, sender, &key);
}

/* What a block access list would be made from, in order of first touch. */
static uint64_t footprint(const struct state *s)
{
    uint64_t h = s->account_count;
    for (uint32_t i = 0; i < s->account_count; i++) {
        const struct account *a = s->accounts[i];
        h = hash_mix(h ^ a->entry->address.b[19], 0x9e3779b97f4a7c15u ^ (a->flags & ACCOUNT_ACCESSED));
        if (a->flags & ACCOUNT_HAS_NONCE) h = hash_mix(h ^ a->nonce, 0xd6e8feb86659fd93u);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        h = hash_mix(h ^ slot->account->entry->address.b[19] ^ slot->key.w[0] << 8, 0xa0761d6478bd642fu ^ slot->read);
        h = hash_mix(h ^ slot->current.w[0], slot->original.w[0] + 0x9e3779b97f4a7c15u);
    }
    return h;
}

/* Refund, fee, and what happens after the last operation. */
static void leave(struct sim_machine *m)
{
    struct state *s = m->s;
    struct address sender = sim_address(m->tx->sender), beneficiary = sim_address(m->rules->beneficiary);
    mix(m, (uint64_t)s->refund);
    uint64_t fee = 1 + m->digest % (SIM_GAS / 2);
    struct u256 back = U256(SIM_GAS - fee);
    state_credit(s, state_account(s, &sender), &back);
    if (s->any_destructed && (state_account(s, &beneficiary)->flags & ACCOUNT_DESTRUCTED)) fee = 0;
    state_finalize(s);
    m->result = (struct sim_result){.digest = m->digest, .footprint = footprint(s), .fee = fee, .logs = s->log_count};
    m->finished = true;
}

void sim_step(struct sim_machine *m)
{
    uint32_t at = m->at++;
    if (at == 0) enter(m);
    if (m->finished) return;
    if (at < m->tx->op_count) {
        struct sim_op op = m->tx->op[at];
        if (op.computed) {
            op.a = (uint8_t)((op.a + m->digest) % m->rules->accounts);
            op.b = (uint8_t)((op.b + (m->digest >> 8)) % m->rules->accounts);
            op.key = (uint8_t)((op.key + (m->digest >> 16)) % SIM_KEYS);
            op.v = op.v ^ (m->digest >> 24) % 8;
        }
        if (op.kind == OP_SKIP)
            m->at += m->digest % 2 != 0 ? (uint32_t)op.v : 0;
        else if (op.kind == OP_CHECKPOINT || op.kind == OP_REVERT || op.kind == OP_ACCEPT)
            nest(m, (enum sim_op_kind)op.kind);
        else
            perform(m, &op);
    }
    if (m->at >= m->tx->op_count) leave(m);
    if (m->s->failure != STATUS_OK) {
        m->finished = true;
        m->result = (struct sim_result){.invalid = m->s->failure};
    }
}
