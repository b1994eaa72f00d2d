/* Blocks from seeds: senders with little to spend, few contracts, transactions that depend on each other in ways that
 * other runs do not. */
#include "crypto/crypto.h"
#include "explore.h"
#include "program.h"

const char *const profile_names[PROFILES] = {"any", "mix", "spend", "chain", "reborn", "counter", "switch"};

enum { BASE_FEE = 7, PLENTY = 1000000000 };

static void set_code(struct scenario *s, struct address a, const uint8_t *code, size_t size)
{
    struct hash hash;
    keccak256(&hash, code, size);
    state_memory_set_code(s->memory, state_memory_account(s->memory, &a), &hash, (struct bytes){code, size});
}

static void set_slot(struct scenario *s, struct address a, uint64_t slot, uint64_t word)
{
    struct u256 key = U256(slot), value = U256(word);
    state_memory_set_slot(s->memory, &a, &key, &value);
}

/* ---- the state before the block ------------------------------------------------------------------------------ */

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct scenario *s = context;
    return s->behind.account(s->behind.context, a, out);
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct scenario *s = context;
    if (s->is_failing && address_equal(a, &s->fails)) return STORE_IO;
    return s->behind.storage(s->behind.context, a, key, out);
}

static enum status view_code(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out)
{
    struct scenario *s = context;
    return s->behind.code(s->behind.context, a, code_hash, out);
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct scenario *s = context;
    return s->behind.block_hash(s->behind.context, number, out);
}

static void make_contract(struct scenario *s, uint64_t *random, uint32_t i)
{
    struct program p;
    switch (s->profile) {
    case PROFILE_SPEND: program_spending(&p, random); break;
    case PROFILE_CHAIN: program_passing(&p, random); break;
    case PROFILE_REBORN: program_reborn(&p, random, i); break;
    case PROFILE_SWITCH: program_switching(&p); break;
    case PROFILE_COUNTER:
        if (i != 0)
            program_mixed(&p, random);
        else
            program_counting(&p, random);
        break;
    default: program_mixed(&p, random); break;
    }
    struct address a = contract_address(i);
    struct memory_account *account = state_memory_account(s->memory, &a);
    account->balance = U256(40 + random_below(random, 80));
    account->nonce = 1;
    set_code(s, a, p.bytes, p.size);
    for (uint32_t slot = 0; slot < SLOTS; slot++) set_slot(s, a, slot, random_below(random, 3));
    set_slot(s, a, 99, 1); /* so that it has storage of its own in any case */
}

static void make_state(struct scenario *s, uint64_t *random)
{
    s->memory = state_memory_new();
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct address a = sender_address(i);
        struct memory_account *account = state_memory_account(s->memory, &a);
        /* Sometimes just enough for a transaction or two. */
        account->balance = random_below(random, 16) == 0 ? U256(4000000 + random_below(random, 6000000))
                                                         : U256((uint64_t)PLENTY * PLENTY);
    }
    for (uint32_t i = 0; i < CONTRACTS; i++) make_contract(s, random, i);
    /* What is called after the transactions, from Prague on. */
    static const char *const requests[] = {"00000961ef480eb55e80d19ad83579a64c007002",
                                           "0000bbddc7ce488642fb579f8b00f3a590007251"};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        static const uint8_t stop[1];
        struct address a;
        ASSERT(hex_decode(a.b, requests[i], 40));
        state_memory_account(s->memory, &a)->nonce = 1;
        set_code(s, a, stop, sizeof stop);
    }
    s->behind = state_memory_view(s->memory);
    s->view = (struct state_view){s, view_account, view_storage, view_code, view_block_hash};
    s->is_failing = random_below(random, 40) == 0;
    s->fails = contract_address(random_below(random, CONTRACTS));
}

static const struct fork *choose_fork(const struct scenario *s, uint64_t *random)
{
    static const char *const usual[] = {"Prague", "Prague", "Osaka", "Shanghai", "Cancun", "Amsterdam", "Amsterdam"};
    static const char *const old[] = {"Byzantium", "Berlin", "London", "Homestead"};
    static const char *const spend[] = {"Prague", "Prague", "Amsterdam"};
    static const char *const reborn[] = {"Shanghai", "Shanghai", "London", "Cancun", "Amsterdam"};
    if (s->profile == PROFILE_SPEND) return fork_find(spend[random_below(random, COUNT_OF(spend))]);
    if (s->profile == PROFILE_REBORN) return fork_find(reborn[random_below(random, COUNT_OF(reborn))]);
    if (random_below(random, 8) == 0) return fork_find(old[random_below(random, COUNT_OF(old))]);
    return fork_find(usual[random_below(random, COUNT_OF(usual))]);
}

/* Data sizes choose what a contract does. */
static struct bytes make_data(struct scenario *s, uint64_t *random, uint32_t i)
{
    uint8_t *data = s->data[i];
    memset(data, 0, sizeof s->data[i]);
    if (s->profile == PROFILE_SWITCH) return (struct bytes){data, random_below(random, 2)};
    if (s->profile != PROFILE_COUNTER || random_below(random, 3) == 0)
        return (struct bytes){data, random_below(random, 4)};
    struct address to = sender_address(random_below(random, SENDERS));
    memcpy(data + 4 + 12, to.b, sizeof to.b);
    return (struct bytes){data, 36};
}

static void make_authorizations(struct scenario *s, uint64_t *random, uint32_t i)
{
    struct transaction *t = &s->transactions[i];
    t->type = TX_SET_CODE;
    t->has_chain_id = true;
    t->chain_id = 1;
    t->gas_limit += 100000;
    t->authorization_count = 1 + random_below(random, 2);
    t->authorizations = s->authorizations[i];
    for (uint32_t k = 0; k < t->authorization_count; k++) {
        s->authorities[i][k] = random_below(random, 4) != 0 ? sender_address(random_below(random, SENDERS))
                                                            : any_address(random);
        s->authorizations[i][k] = (struct authorization){
            .chain_id = U256(random_below(random, 2)),
            .address = random_below(random, 4) != 0 ? contract_address(random_below(random, CONTRACTS))
                                                    : (struct address){{0}},
            .nonce = random_below(random, 5)};
    }
}

/* Gas limits decide on groups (several transactions of up to 400,000 together), and on who is heavy. */
static uint64_t choose_gas(uint64_t *random, uint32_t style)
{
    static const uint32_t limits[] = {500000, 190000, 95000, 3000000};
    if (style >= COUNT_OF(limits)) return limits[0];
    return style < COUNT_OF(limits) - 1 && random_below(random, 8) != 0
               ? limits[style]
               : limits[random_below(random, COUNT_OF(limits))];
}

static void make_transactions(struct scenario *s, uint64_t *random)
{
    uint64_t nonces[SENDERS] = {0};
    bool set_codes = s->task.fork->delegation && random_below(random, 3) == 0;
    uint32_t senders = 1 + random_below(random, SENDERS) + random_below(random, SENDERS),
             style = random_below(random, 6);
    uint32_t contracts = s->profile == PROFILE_COUNTER || s->profile == PROFILE_SPEND || s->profile == PROFILE_SWITCH
                             ? 1 + random_below(random, 3) / 2
                             : 1 + random_below(random, CONTRACTS);
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t sender = random_below(random, senders < SENDERS ? senders : SENDERS);
        struct transaction *t = &s->transactions[i];
        bool is_transfer = s->profile == PROFILE_CHAIN && random_below(random, 2) == 0;
        s->senders[i] = sender_address(sender);
        *t = (struct transaction){.gas_limit = choose_gas(random, style),
                                  .max_fee = U256(BASE_FEE + random_below(random, 2)),
                                  .nonce = nonces[sender]++,
                                  .data = make_data(s, random, i)};
        t->max_priority_fee = t->max_fee;
        t->to = is_transfer                    ? sender_address(random_below(random, SENDERS))
                : random_below(random, 8) != 0 ? contract_address(random_below(random, contracts))
                                               : any_address(random);
        if (random_below(random, 2) == 0) t->value = U256(random_below(random, 50));
        if (set_codes && random_below(random, 3) == 0) make_authorizations(s, random, i);
        s->authorities_of[i] = s->authorities[i];
        if (random_below(random, 200) == 0) t->nonce += 1 + random_below(random, 2); /* invalid */
        if (random_below(random, 300) == 0) t->max_fee = t->max_priority_fee = U256(1);
    }
    if (set_codes) s->task.authorities = s->authorities_of;
}

/* What is around the transactions: who gets the fees, withdrawals, what is asked for, and where the scheduler stands. */
static void make_surroundings(struct scenario *s, uint64_t *random)
{
    struct block_task *task = &s->task;
    uint32_t who = random_below(random, 6);
    s->header.beneficiary = who < 4    ? beneficiary_address()
                            : who == 4 ? sender_address(1)
                                       : contract_address(random_below(random, CONTRACTS));
    if (random_below(random, 24) == 0) s->header.gas_limit = 400000 + random_below(random, 2000000);
    task->keep_accesses = random_below(random, 12) == 0;
    task->transactions_only = random_below(random, 3) != 0;
    if (!task->transactions_only && task->fork->withdrawals) {
        for (uint32_t i = 0; i < COUNT_OF(s->withdrawals); i++)
            s->withdrawals[i] = (struct withdrawal){
                .index = i, .address = any_address(random), .amount = random_below(random, 3)};
        task->withdrawals = s->withdrawals;
        task->withdrawal_count = random_below(random, COUNT_OF(s->withdrawals) + 1);
    }
    static const uint32_t confidences[] = {64, 17, 16, 15, 9, 8, 2}, windows[] = {0, 1, 2, 3, 8};
    s->confidence = s->window = UINT32_MAX;
    if (random_below(random, 3) == 0) s->confidence = confidences[random_below(random, COUNT_OF(confidences))];
    if (random_below(random, 6) == 0) s->window = windows[random_below(random, COUNT_OF(windows))];
    /* Closes with the first conflict or is closed, and opens a crack again and again. */
    if (random_below(random, 4) != 0 && s->profile != PROFILE_SWITCH) return;
    s->confidence = 7 + random_below(random, 3);
    s->window = random_below(random, 4);
    s->stretch = 1 + random_below(random, 3);
    s->pause = random_below(random, 7);
}

void scenario_make(struct scenario *s, uint64_t seed, enum profile profile, uint32_t count)
{
    static const enum profile often[] = {PROFILE_MIX,   PROFILE_MIX,    PROFILE_SPEND,   PROFILE_SPEND, PROFILE_SPEND,
                                         PROFILE_CHAIN, PROFILE_REBORN, PROFILE_COUNTER, PROFILE_SWITCH};
    uint64_t random = seed;
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->profile = often[random_below(&random, COUNT_OF(often))];
    if (profile != PROFILE_ANY) s->profile = profile;
    s->count = count;
    s->chain = chain_mainnet;
    s->chain.dao_block = NEVER;
    s->header = (struct header){.number = 10, .timestamp = 1000, .gas_limit = 30000000, .base_fee = U256(BASE_FEE)};
    make_state(s, &random);
    s->task = (struct block_task){.chain = &s->chain,
                                  .header = &s->header,
                                  .fork = choose_fork(s, &random),
                                  .transactions = s->transactions,
                                  .senders = s->senders,
                                  .transaction_count = count,
                                  .view = &s->view};
    if (s->task.fork->base_fee.elasticity == 0) s->header.base_fee = U256_ZERO;
    make_surroundings(s, &random);
    make_transactions(s, &random);
}

void scenario_free(struct scenario *s)
{
    if (s->memory != NULL) state_memory_free(s->memory);
    s->memory = NULL;
}
