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
        workload_add_growing(b, &(struct call){.from = sender(b, i),
                                               .to = workload_address(ADDRESS_RECIPIENT, i),
                                               .value = 1,
                                               .gas = TRANSFER_GAS});
}

static void make_pay_one(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address shop = workload_address(ADDRESS_RECIPIENT, random_next(random));
    for (uint64_t i = 0; i < size; i++)
        workload_add_growing(b, &(struct call){.from = sender(b, i), .to = shop, .value = 1, .gas = TRANSFER_GAS});
}

static void make_nonce_chain(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address from = sender(b, random_next(random));
    for (uint64_t i = 0; i < size; i++)
        workload_add_growing(b, &(struct call){.from = from,
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
    workload_add_growing(
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

static void add_swap(struct workload_block *b, const struct pool_accounts *p, uint64_t i, uint32_t *last,
                     uint64_t *random)
{
    uint64_t direction = below(random, 2);
    struct address from = sender(b, i);
    give_tokens(b, &p->tokens[direction], &from, many_tokens);
    workload_mapping(b, &p->tokens[direction], address_word(&from), 1, U256_MAX);
    struct u256 words[] = {U256(1 + below(random, 1000000000)), U256(direction)};
    workload_add_growing(b, &(struct call){.from = from,
                                           .to = p->pool,
                                           .gas = SWAP_GAS,
                                           .data = workload_data(b, SELECTOR_SWAP, words, COUNT_OF(words)),
                                           .after = *last});
    *last = b->count;
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
        uint64_t n = popular(random, count);
        add_swap(b, &pools[n], i, &last[n], random);
    }
}

/* ---- everything at once ------------------------------------------------------------------------------------------ */

/* As blocks are mixed: of ten transactions six pay ether, two move tokens, two swap. Some of them meet in hot places:
 * one of a few recipients, one pool. */
enum { HYBRID_TOKENS = 3, HOT_RECIPIENTS = 10 };

struct hybrid {
    struct workload_block *block;
    struct address tokens[HYBRID_TOKENS];
    uint32_t last_paid[HYBRID_TOKENS][HOT_RECIPIENTS]; /* number of the transaction that did, or 0 */
    struct pool_accounts *pools;                       /* the first is the hot one */
    uint32_t *last_swap;
    uint64_t pool_count;
};

static void add_hybrid_transfer(struct hybrid *h, uint64_t i, bool hot, uint64_t *random)
{
    struct address to = workload_address(ADDRESS_RECIPIENT, hot ? below(random, HOT_RECIPIENTS) : HOT_RECIPIENTS + i);
    workload_add_growing(h->block,
                         &(struct call){.from = sender(h->block, i), .to = to, .value = 1, .gas = TRANSFER_GAS});
}

static void add_hybrid_token(struct hybrid *h, uint64_t i, bool hot, uint64_t *random)
{
    uint64_t n = below(random, HYBRID_TOKENS), who = hot ? below(random, HOT_RECIPIENTS) : HOT_RECIPIENTS + i;
    struct address from = sender(h->block, i), to = workload_address(ADDRESS_RECIPIENT, who);
    give_tokens(h->block, &h->tokens[n], &from, many_tokens);
    add_token_transfer(h->block, &h->tokens[n], &from, &to, 1 + below(random, 1000), hot ? h->last_paid[n][who] : 0);
    if (hot) h->last_paid[n][who] = h->block->count;
}

static void make_hybrid(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct hybrid h = {.block = b, .pool_count = 1 + size / 5};
    struct address shared = new_token(b, 0);
    for (uint64_t i = 0; i < HYBRID_TOKENS; i++) h.tokens[i] = new_token(b, 1 + i);
    h.pools = ARENA_ARRAY(&b->arena, struct pool_accounts, h.pool_count);
    h.last_swap = ARENA_ARRAY(&b->arena, uint32_t, h.pool_count);
    for (uint64_t i = 0; i < h.pool_count; i++) {
        h.pools[i] = new_pool(b, &shared, HYBRID_TOKENS + i);
        h.last_swap[i] = 0;
    }
    uint64_t next_pool = 1;
    for (uint64_t i = 0; i < size; i++) {
        uint64_t kind = below(random, 10);
        bool hot = below(random, 100) < b->shape.hot_percent;
        if (kind < 6) {
            add_hybrid_transfer(&h, i, hot, random);
        } else if (kind < 8) {
            add_hybrid_token(&h, i, hot, random);
        } else {
            uint64_t n = hot || h.pool_count == 1 ? 0 : next_pool;
            if (n != 0) next_pool = next_pool + 1 < h.pool_count ? next_pool + 1 : 1;
            add_swap(b, &h.pools[n], i, &h.last_swap[n], random);
        }
    }
}

/* ---- contracts that get in each other's way ---------------------------------------------------------------------- */

static void make_hot_counter(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address counter = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &counter, counter_source);
    for (uint64_t i = 0; i < size; i++)
        workload_add_growing(
            b, &(struct call){.from = sender(b, i), .to = counter, .gas = SMALL_CALL_GAS, .after = (uint32_t)i});
}

static void make_late_chain(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address counter = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &counter, late_counter_source);
    for (uint64_t i = 0; i < size; i++)
        workload_add_growing(
            b, &(struct call){.from = sender(b, i), .to = counter, .gas = SMALL_CALL_GAS, .after = (uint32_t)i});
}

static void make_coinbase_readers(struct workload_block *b, uint64_t size, uint64_t *random)
{
    struct address reader = workload_address(ADDRESS_CONTRACT, random_next(random));
    workload_contract(b, &reader, coinbase_reader_source);
    for (uint64_t i = 0; i < size; i++)
        workload_add_growing(
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
            workload_add_growing(b, &(struct call){.from = sender(b, size), .to = burner, .gas = gas});
        else
            workload_add_growing(b, &(struct call){.from = sender(b, i),
                                                   .to = workload_address(ADDRESS_RECIPIENT, i),
                                                   .value = 1,
                                                   .gas = TRANSFER_GAS});
    }
}

static void make_selfdestruct_storm(struct workload_block *b, uint64_t size, uint64_t *random)
{
    for (uint64_t i = 0; i < size; i++) {
        if (below(random, 2) == 0) {
            workload_add_growing(b, &(struct call){.from = sender(b, i),
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
        workload_add_growing(b, &(struct call){.from = sender(b, i), .to = victim, .gas = SMALL_CALL_GAS});
    }
}

static void make_deploy_then_call(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    for (uint64_t i = 0; i + 1 < size || i == 0; i += 2) {
        struct address deployer = sender(b, i);
        workload_add_growing(b, &(struct call){.from = deployer,
                                               .is_create = true,
                                               .gas = CREATE_GAS,
                                               .data = workload_code(b, counter_init_source)});
        workload_add_growing(b, &(struct call){.from = sender(b, i + 1),
                                               .to = create_address(&deployer, 0),
                                               .gas = SMALL_CALL_GAS,
                                               .after = b->count});
    }
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

const struct workload workloads[] = {
    {"transfers", "ether from n senders to n recipients", 40000, make_transfers, NULL},
    {"erc20", "one token, n senders, n recipients", 20000, make_erc20, NULL},
    {"uniswap-like", "swaps on pools, a few of them popular", 4000, make_uniswap, NULL},
    {"hybrid", "ether, tokens and swaps, a share of them in hot places (--hot)", 20000, make_hybrid, NULL},
    {"gigagas-transfers", "the public block of 47,620 transfers of an account to itself", 47620, make_gigagas_transfers,
     NULL},
    {"gigagas-erc20", "the public block of 33,628 token transfers", 33628, make_gigagas_erc20, NULL},
    {"gigagas-uniswap", "the public block of 6,413 Uniswap v3 swaps, each on its own deployment", 6413,
     make_gigagas_uniswap, prepare_gigagas_uniswap},
    {"pay-one", "ether from n senders to one recipient", 40000, make_pay_one, NULL},
    {"nonce-chain", "ether from one sender to n recipients", 40000, make_nonce_chain, NULL},
    {"half-chain", "every second token transfer passes on what the one before it paid", 20000, make_half_chain, NULL},
    {"chain", "every token transfer passes on what the one before it paid", 20000, make_chain, NULL},
    {"late-chain", "a counter that everybody raises, at the end of long computing", 2000, make_late_chain, NULL},
    {"hot-counter", "one counter that everybody raises", 20000, make_hot_counter, NULL},
    {"coinbase-readers", "every transaction stores the beneficiary's balance", 20000, make_coinbase_readers, NULL},
    {"giant", "one very long transaction among short ones", 800, make_giant, NULL},
    {"selfdestruct-storm", "contracts that destroy themselves, old ones and new ones", 20000, make_selfdestruct_storm,
     NULL},
    {"deploy-then-call", "contracts are made, and called by the next transaction", 20000, make_deploy_then_call, NULL},
    {NULL, NULL, 0, NULL, NULL},
};

const struct workload *workload_find(const char *name)
{
    for (const struct workload *w = workloads; w->name != NULL; w++)
        if (strcasecmp(w->name, name) == 0) return w;
    return NULL;
}
