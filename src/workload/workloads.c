/* The workloads, one function each, from those without dependencies to those with nothing else. */
#include <strings.h>

#include "workload/private.h"

enum {
    TRANSFER_GAS = 21000,
    TOKEN_GAS = 100000, /* limits, not what is used */
    SWAP_GAS = 400000,
    SMALL_CALL_GAS = 100000,
    CREATE_GAS = 200000,
};

/* Who sends transaction `i`, with money. */
static struct address sender(struct workload_block *b, uint64_t i)
{
    struct address a = workload_address(ADDRESS_SENDER, i);
    workload_fund(b, &a);
    return a;
}

static uint64_t below(uint64_t *random, uint64_t bound)
{
    return random_next(random) % bound;
}

/* ---- ether ------------------------------------------------------------------------------------------------------- */

static void make_transfers(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    for (uint64_t i = 0; i < size; i++)
        workload_add(b, &(struct call){.from = sender(b, i),
                                       .to = workload_address(ADDRESS_RECIPIENT, i),
                                       .value = 1,
                                       .gas = TRANSFER_GAS});
}

static void make_pay_one(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address shop = workload_address(ADDRESS_RECIPIENT, random_next(random));
    for (uint64_t i = 0; i < size; i++)
        workload_add(b, &(struct call){.from = sender(b, i), .to = shop, .value = 1, .gas = TRANSFER_GAS});
}

static void make_nonce_chain(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address from = sender(b, random_next(random));
    for (uint64_t i = 0; i < size; i++)
        workload_add(b, &(struct call){.from = from,
                                       .to = workload_address(ADDRESS_RECIPIENT, i),
                                       .nonce = i,
                                       .value = 1,
                                       .gas = TRANSFER_GAS});
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* The word under which a holder has tokens; much more than the workloads move. */
static const struct u256 many_tokens = {{0, 1, 0, 0}};

static struct bytes transfer_data(struct workload_block *b, const struct address *to, uint64_t amount)
{
    struct u256 words[] = {address_word(to), U256(amount)};
    return workload_data(b, SELECTOR_TRANSFER, words, COUNT_OF(words));
}

static void give_tokens(struct workload_block *b, const struct address *token, const struct address *holder,
                        struct u256 amount)
{
    workload_mapping(b, token, address_word(holder), 0, amount);
}

static void add_token_transfer(struct workload_block *b, const struct address *token, const struct address *from,
                               const struct address *to, uint64_t amount, uint32_t after)
{
    workload_add(
        b, &(struct call){
               .from = *from, .to = *token, .gas = TOKEN_GAS, .data = transfer_data(b, to, amount), .after = after});
}

static struct address new_token(struct workload_block *b, uint64_t number)
{
    struct address token = workload_address(ADDRESS_TOKEN, number);
    workload_contract(b, &token, token_source);
    return token;
}

static void make_erc20(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address token = new_token(b, 0);
    for (uint64_t i = 0; i < size; i++) {
        struct address from = sender(b, i), to = workload_address(ADDRESS_RECIPIENT, i);
        give_tokens(b, &token, &from, many_tokens);
        add_token_transfer(b, &token, &from, &to, 1 + below(random, 1000000), 0);
    }
}

/* Holder i has nothing before holder i - 1 pays him, and passes it on, less one. */
static void add_link(struct workload_block *b, const struct address *token, uint64_t link, uint32_t after)
{
    enum { FIRST_AMOUNT = 100000000 };
    struct address from = sender(b, link), to = workload_address(ADDRESS_SENDER, link + 1);
    if (link == 0) give_tokens(b, token, &from, U256(FIRST_AMOUNT));
    add_token_transfer(b, token, &from, &to, FIRST_AMOUNT - link, after);
}

static void make_chain(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    struct address token = new_token(b, 0);
    for (uint64_t i = 0; i < size; i++) add_link(b, &token, i, (uint32_t)i);
}

static void make_half_chain(struct workload_block *b, uint64_t size, uint64_t *random)
{
    enum { FREE = 1 << 30 }; /* numbers of the holders outside the chain */
    struct address token = new_token(b, 0);
    uint32_t last = 0;
    uint64_t links = 0;
    for (uint64_t i = 0; i < size; i++) {
        if (below(random, 2) == 0) {
            add_link(b, &token, links++, last);
            last = b->count;
            continue;
        }
        struct address from = sender(b, FREE + i), to = workload_address(ADDRESS_RECIPIENT, i);
        give_tokens(b, &token, &from, many_tokens);
        add_token_transfer(b, &token, &from, &to, 1, 0);
    }
}

/* ---- an exchange ------------------------------------------------------------------------------------------------- */

/* A pool for so many swaps; every pool has a token of its own and one that all share. */
enum { SWAPS_PER_POOL = 16 };

struct pool_accounts {
    struct address pool, tokens[2];
};

static struct pool_accounts new_pool(struct workload_block *b, const struct address *shared, uint64_t number)
{
    struct pool_accounts p = {workload_address(ADDRESS_POOL, number), {*shared, new_token(b, number + 1)}};
    struct u256 reserve = {{0, 1u << 16, 0, 0}};
    workload_contract(b, &p.pool, pool_source);
    for (uint64_t side = 0; side < 2; side++) {
        workload_slot(b, &p.pool, side, reserve);
        workload_slot(b, &p.pool, 2 + side, address_word(&p.tokens[side]));
        give_tokens(b, &p.tokens[side], &p.pool, reserve);
    }
    return p;
}

/* One of `count`, the first most often: about as traffic on pools is spread (Zipf, s = 1). */
static uint64_t popular(uint64_t *random, uint64_t count)
{
    double harmonic = 0;
    for (uint64_t i = 1; i <= count; i++) harmonic += 1.0 / (double)i;
    double left = (double)(random_next(random) >> 11) / (double)((uint64_t)1 << 53) * harmonic;
    for (uint64_t i = 1; i < count; i++) {
        left -= 1.0 / (double)i;
        if (left < 0) return i - 1;
    }
    return count - 1;
}

static void make_uniswap(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address shared = new_token(b, 0);
    uint64_t count = 1 + size / SWAPS_PER_POOL;
    struct pool_accounts *pools = ARENA_ARRAY(&b->arena, struct pool_accounts, count);
    uint32_t *last = ARENA_ARRAY(&b->arena, uint32_t, count);
    for (uint64_t i = 0; i < count; i++) {
        pools[i] = new_pool(b, &shared, i);
        last[i] = 0;
    }
    for (uint64_t i = 0; i < size; i++) {
        uint64_t n = popular(random, count), direction = below(random, 2);
        const struct pool_accounts *p = &pools[n];
        struct address from = sender(b, i);
        give_tokens(b, &p->tokens[direction], &from, many_tokens);
        workload_mapping(b, &p->tokens[direction], address_word(&from), 1, U256_MAX);
        struct u256 words[] = {U256(1 + below(random, 1000000000)), U256(direction)};
        workload_add(b, &(struct call){.from = from,
                                       .to = p->pool,
                                       .gas = SWAP_GAS,
                                       .data = workload_data(b, SELECTOR_SWAP, words, COUNT_OF(words)),
                                       .after = last[n]});
        last[n] = b->count;
    }
}

/* ---- contracts that get in each other's way
 * ------------------------------------------------------------------------ */

static void make_hot_counter(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address counter = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &counter, counter_source);
    for (uint64_t i = 0; i < size; i++)
        workload_add(b,
                     &(struct call){.from = sender(b, i), .to = counter, .gas = SMALL_CALL_GAS, .after = (uint32_t)i});
}

static void make_coinbase_readers(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address reader = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &reader, coinbase_reader_source);
    for (uint64_t i = 0; i < size; i++)
        workload_add(
            b, &(struct call){.from = sender(b, i), .to = reader, .gas = SMALL_CALL_GAS, .after = WORKLOAD_AFTER_ALL});
}

static void make_giant(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address burner = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &burner, burner_source);
    /* As much gas as all the others together, where the fork lets one transaction have that much. */
    uint64_t gas = size * TRANSFER_GAS, most = b->fork->limit.tx_gas;
    gas = most != 0 && gas > most ? most : gas;
    for (uint64_t i = 0; i < size; i++) {
        if (i == size / 2)
            workload_add(b, &(struct call){.from = sender(b, size), .to = burner, .gas = gas});
        else
            workload_add(b, &(struct call){.from = sender(b, i),
                                           .to = workload_address(ADDRESS_RECIPIENT, i),
                                           .value = 1,
                                           .gas = TRANSFER_GAS});
    }
}

static void make_selfdestruct_storm(struct workload_block *b, uint64_t size, uint64_t *random)
{
    for (uint64_t i = 0; i < size; i++) {
        if (below(random, 2) == 0) {
            workload_add(b, &(struct call){.from = sender(b, i),
                                           .is_create = true,
                                           .value = 1,
                                           .gas = CREATE_GAS,
                                           .data = workload_code(b, suicidal_init_source)});
            continue;
        }
        struct address victim = workload_address(ADDRESS_CONTRACT, i);
        workload_contract(b, &victim, suicidal_source);
        workload_fund(b, &victim);
        workload_slot(b, &victim, 1, U256(i + 1));
        workload_add(b, &(struct call){.from = sender(b, i), .to = victim, .gas = SMALL_CALL_GAS});
    }
}

static void make_deploy_then_call(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    for (uint64_t i = 0; i + 1 < size || i == 0; i += 2) {
        struct address deployer = sender(b, i);
        workload_add(b, &(struct call){.from = deployer,
                                       .is_create = true,
                                       .gas = CREATE_GAS,
                                       .data = workload_code(b, counter_init_source)});
        workload_add(b, &(struct call){.from = sender(b, i + 1),
                                       .to = create_address(&deployer, 0),
                                       .gas = SMALL_CALL_GAS,
                                       .after = b->count});
    }
}

/* ---- the list
 * ------------------------------------------------------------------------------------------------------ */

const struct workload workloads[] = {
    {"transfers", "ether from n senders to n recipients", 40000, make_transfers},
    {"erc20", "one token, n senders, n recipients", 20000, make_erc20},
    {"uniswap-like", "swaps on pools, a few of them popular", 4000, make_uniswap},
    {"pay-one", "ether from n senders to one recipient", 40000, make_pay_one},
    {"nonce-chain", "ether from one sender to n recipients", 40000, make_nonce_chain},
    {"half-chain", "every second token transfer passes on what the one before it paid", 20000, make_half_chain},
    {"chain", "every token transfer passes on what the one before it paid", 20000, make_chain},
    {"hot-counter", "one counter that everybody raises", 20000, make_hot_counter},
    {"coinbase-readers", "every transaction stores the beneficiary's balance", 20000, make_coinbase_readers},
    {"giant", "one very long transaction among short ones", 800, make_giant},
    {"selfdestruct-storm", "contracts that destroy themselves, old ones and new ones", 20000, make_selfdestruct_storm},
    {"deploy-then-call", "contracts are made, and called by the next transaction", 20000, make_deploy_then_call},
    {NULL, NULL, 0, NULL},
};

const struct workload *workload_find(const char *name)
{
    for (const struct workload *w = workloads; w->name != NULL; w++)
        if (strcasecmp(w->name, name) == 0) return w;
    return NULL;
}
