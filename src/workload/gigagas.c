/* The three blocks of 1 Ggas that parallel engines are compared by (risechain/pevm, benches/gigagas.rs), after their
 * published description: same environment, same state, same transactions, but addresses from a seed. Every transaction
 * is independent of all others.
 *
 *     gigagas-transfers   47,620 transfers of one wei from an account to itself
 *     gigagas-erc20       33,628 transfers within one token, each from a holder to himself
 *     gigagas-uniswap      6,413 swaps, each on a private deployment: two tokens, WETH9, factory, pool, router,
 *                          SingleSwap
 *
 * Uniswap's contracts and WETH9 are the published ones (tools/contracts.sh); token and SingleSwap are own ones with the
 * same storage, calls and logs, so gas per transaction is near the original's, not equal to it. */
#define _GNU_SOURCE 1 /* memmem */
#include <string.h>

#include "workload/private.h"

enum { FIRST_ACCOUNT = 1000, TOKEN_GAS_LIMIT = 35000, SWAP_GAS_LIMIT = 200000, SOLD = 2000, POOL_FEE = 3000 };
#define GIGAGAS_PRICE 3000000007u

/* Environment of all three: what revm has by default. */
static void set_environment(struct workload_block *b)
{
    b->transactions_only = true;
    b->header = (struct header){.field_count = b->header.field_count,
                                .difficulty = b->header.difficulty,
                                .timestamp = 1,
                                .gas_limit = UINT64_MAX};
}

static struct address address_of_index(uint64_t index)
{
    struct address a = {{0}};
    store_be64(a.b + 12, index);
    return a;
}

static struct address random_address(uint64_t *random)
{
    uint8_t bytes[24];
    for (int i = 0; i < 3; i++) store_be64(bytes + 8 * i, random_next(random));
    struct address a;
    memcpy(a.b, bytes, sizeof a.b);
    return a;
}

/* So many whole tokens or ether, of 18 decimals. */
static struct u256 whole(uint64_t n)
{
    return u256_mul(U256(n), U256(1000000000000000000u));
}

static struct address new_person(struct workload_block *b, uint64_t *random)
{
    struct address person = random_address(random);
    state_memory_account(b->state, &person)->balance = whole(4567);
    return person;
}

/* ---- transfers --------------------------------------------------------------------------------------------------- */

void make_gigagas_transfers(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    set_environment(b);
    struct u256 half = {{0, 0, 0, (uint64_t)1 << 63}};
    for (uint64_t i = 0; i <= size; i++) {
        struct address a = address_of_index(i == 0 ? 0 : FIRST_ACCOUNT + i - 1); /* the first is the beneficiary */
        struct memory_account *account = state_memory_account(b->state, &a);
        account->balance = half;
        account->nonce = 1;
        if (i == 0) continue;
        workload_add_growing(b, &(struct call){.from = a, .to = a, .nonce = 1, .value = 1, .gas = 21000, .price = 1});
    }
    b->header.gas_limit = UINT64_MAX;
}

/* ---- a token ----------------------------------------------------------------------------------------------------- */

/* A string of at most 31 bytes, as Solidity stores it. */
static struct u256 short_string(const char *text)
{
    uint8_t word[32] = {0};
    size_t size = strlen(text);
    memcpy(word, text, size);
    word[31] = (uint8_t)(2 * size);
    return u256_load_be(word);
}

static struct address new_erc20(struct workload_block *b, struct address token, struct bytes code, const char *name,
                                const char *symbol)
{
    workload_install(b, &token, code);
    workload_slot(b, &token, 2, whole(222222));
    workload_slot(b, &token, 3, short_string(name));
    workload_slot(b, &token, 4, short_string(symbol));
    workload_slot(b, &token, 5, U256(18));
    return token;
}

void make_gigagas_erc20(struct workload_block *b, uint64_t size, uint64_t *random)
{
    set_environment(b);
    (void)state_memory_account(b->state, &b->header.beneficiary);
    struct address token = new_erc20(b, random_address(random), workload_code(b, erc20_source), "Gold Token", "GLD");
    for (uint64_t i = 0; i < size; i++) {
        struct address person = new_person(b, random);
        workload_mapping(b, &token, address_word(&person), 0, whole(1));
        struct u256 words[] = {address_word(&person), U256(random_next(random) % 256)};
        workload_add_growing(b, &(struct call){.from = person,
                                               .to = token,
                                               .gas = TOKEN_GAS_LIMIT,
                                               .price = GIGAGAS_PRICE,
                                               .data = workload_data(b, SELECTOR_TRANSFER, words, COUNT_OF(words))});
    }
    b->header.gas_limit = UINT64_MAX;
}

/* ---- swaps: the codes -------------------------------------------------------------------------------------------- */

/* The codes of one deployment, made by running the constructors once; where its addresses stand in them is then
 * overwritten for each of the others. */
struct deployment {
    struct address factory, weth, router, pool, tokens[2];
};
struct uniswap {
    struct deployment model;
    struct bytes factory, weth, router, pool, erc20, single_swap;
};

/* keccak256 of UniswapV3Pool's creation code, which the router knows, too (PoolAddress.POOL_INIT_CODE_HASH). */
static const struct hash pool_init_hash = {{0xe3, 0x4f, 0x19, 0x9b, 0x19, 0xb2, 0xb4, 0xf4, 0x7f, 0x68, 0x44,
                                            0x26, 0x19, 0xd5, 0x55, 0x52, 0x7d, 0x24, 0x4f, 0x78, 0xa3, 0x29,
                                            0x7e, 0xa8, 0x93, 0x25, 0xf8, 0x43, 0xf8, 0x7b, 0x8b, 0x54}};

static enum status read_code(struct workload_block *b, const char *name, struct bytes *out, struct error *e)
{
    const char *folder = b->shape.contracts == NULL ? ".cache/contracts" : b->shape.contracts;
    struct buffer path = {0}, text = {0};
    buffer_printf(&path, "%s/%s.hex", folder, name);
    buffer_append(&path, "", 1);
    enum { CODE_FILE_MAX = 1 << 20 };
    enum status s = file_read(&text, (const char *)path.data, CODE_FILE_MAX, e);
    if (s == STATUS_OK) {
        while (text.size > 0 && text.data[text.size - 1] <= ' ') text.size--;
        uint8_t *code = arena_alloc(&b->arena, text.size / 2 + 1, 1);
        if (text.size % 2 != 0 || !hex_decode(code, (const char *)text.data, text.size))
            s = error_set(e, BAD_FIELD, "%s: expected hex digits", (const char *)path.data);
        *out = (struct bytes){code, text.size / 2};
    } else {
        s = error_set(e, FILE_UNREADABLE, "%s: expected the code of a contract; tools/contracts.sh fetches it",
                      (const char *)path.data);
    }
    buffer_free(&path);
    buffer_free(&text);
    return s;
}

static struct bytes with_arguments(struct workload_block *b, struct bytes code, const struct address *x,
                                   const struct address *y)
{
    uint8_t *data = arena_alloc(&b->arena, code.size + 64, 1);
    memcpy(data, code.data, code.size);
    memset(data + code.size, 0, 64);
    memcpy(data + code.size + 12, x->b, sizeof x->b);
    memcpy(data + code.size + 44, y->b, sizeof y->b);
    return (struct bytes){data, code.size + 64};
}

static struct address pool_address(const struct address *factory, const struct address tokens[2])
{
    uint8_t words[96];
    u256_store_be(words, address_word(&tokens[0]));
    u256_store_be(words + 32, address_word(&tokens[1]));
    u256_store_be(words + 64, U256(POOL_FEE));
    struct hash salt;
    keccak256(&salt, words, sizeof words);
    return create2_address(factory, &salt, &pool_init_hash);
}

/* A block that deploys factory, WETH9 and router, and makes a pool. */
static void make_setup(struct workload_block *setup, const struct fork *fork, struct uniswap *u, struct bytes codes[3])
{
    enum { SETUP_GAS = 12000000 };
    *setup = (struct workload_block){.fork = fork, .state = state_memory_new()};
    setup->chain = (struct chain_spec){
        .name = "setup", .id = 1, .dao_block = NEVER, .activations = {{fork, BY_NUMBER, 0}}, .activation_count = 1};
    setup->header.field_count = block_header_fields(fork);
    setup->transactions_only = true;
    struct address deployer = workload_address(ADDRESS_SENDER, 0);
    workload_fund(setup, &deployer);
    struct deployment *m = &u->model;
    m->factory = create_address(&deployer, 0);
    m->weth = create_address(&deployer, 1);
    m->router = create_address(&deployer, 2);
    m->tokens[0] = (struct address){{0x11, [19] = 0x11}};
    m->tokens[1] = (struct address){{0x22, [1] = 0x22, [19] = 0x22}};
    m->pool = pool_address(&m->factory, m->tokens);
    codes[2] = with_arguments(setup, codes[2], &m->factory, &m->weth);
    for (uint64_t i = 0; i < 3; i++)
        workload_add_growing(
            setup, &(struct call){.from = deployer, .is_create = true, .nonce = i, .gas = SETUP_GAS, .data = codes[i]});
    struct u256 words[] = {address_word(&m->tokens[0]), address_word(&m->tokens[1]), U256(POOL_FEE)};
    workload_add_growing(setup,
                         &(struct call){.from = deployer,
                                        .to = m->factory,
                                        .nonce = 3,
                                        .gas = SETUP_GAS,
                                        .data = workload_data(setup, SELECTOR_CREATE_POOL, words, COUNT_OF(words))});
    setup->header.gas_limit = 4 * (uint64_t)SETUP_GAS;
}

/* The code that the setup left at an address, copied; empty when there is none. */
static struct bytes code_at(struct workload_block *b, const struct state_diff *diff, const struct address *a)
{
    for (size_t i = 0; i < diff->count; i++)
        if (address_equal(&diff->accounts[i].address, a) && diff->accounts[i].code_changed)
            return (struct bytes){arena_copy(&b->arena, diff->accounts[i].code->bytes, diff->accounts[i].code->size),
                                  diff->accounts[i].code->size};
    return (struct bytes){NULL, 0};
}

static enum status run_setup(struct workload_block *b, struct workload_block *setup, struct uniswap *u, struct error *e)
{
    struct state_view view = state_memory_view(setup->state);
    struct block_task task = workload_task(setup, &view);
    struct engine *engine = engine_new(1);
    struct block_result result;
    enum status s = block_execute(engine, EXECUTOR_SERIAL, &task, &result, e);
    if (s == STATUS_OK) {
        block_seal(engine, &result);
        u->factory = code_at(b, &result.diff, &u->model.factory);
        u->weth = code_at(b, &result.diff, &u->model.weth);
        u->router = code_at(b, &result.diff, &u->model.router);
        u->pool = code_at(b, &result.diff, &u->model.pool);
        if (u->factory.size == 0 || u->weth.size == 0 || u->router.size == 0 || u->pool.size == 0)
            s = error_set(e, BAD_FIELD, "the contracts cannot be deployed by the rules of %s", b->fork->name);
    }
    engine_free(engine);
    return s;
}

/* Kept in front of the arena until the block is made. */
enum status prepare_gigagas_uniswap(struct workload_block *b, struct error *e)
{
    static const char *const names[] = {"UniswapV3Factory", "WETH9", "SwapRouter"};
    struct uniswap *u = ARENA_NEW(&b->arena, struct uniswap);
    *u = (struct uniswap){0};
    struct bytes codes[3];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        enum status s = read_code(b, names[i], &codes[i], e);
        if (s != STATUS_OK) return s;
    }
    struct workload_block setup;
    make_setup(&setup, b->fork, u, codes);
    enum status s = run_setup(b, &setup, u, e);
    workload_free(&setup);
    u->erc20 = workload_code(b, erc20_source);
    u->single_swap = workload_code(b, single_swap_source);
    b->prepared = u;
    return s;
}

/* ---- swaps: the state -------------------------------------------------------------------------------------------- */

/* A copy of `code` in which all of the model's addresses are those of `d`. */
static struct bytes patched(struct workload_block *b, const struct uniswap *u, const struct deployment *d,
                            struct bytes code)
{
    const struct address *from[] = {&u->model.factory, &u->model.weth,      &u->model.router,
                                    &u->model.pool,    &u->model.tokens[0], &u->model.tokens[1]};
    const struct address *to[] = {&d->factory, &d->weth, &d->router, &d->pool, &d->tokens[0], &d->tokens[1]};
    uint8_t *copy = arena_copy(&b->arena, code.data, code.size);
    for (size_t k = 0; k < COUNT_OF(from); k++) {
        uint8_t *end = copy + code.size;
        for (uint8_t *at = copy; (at = memmem(at, (size_t)(end - at), from[k]->b, 20)) != NULL; at += 20)
            memcpy(at, to[k]->b, 20);
    }
    return (struct bytes){copy, code.size};
}

static struct u256 int_word(int64_t n)
{
    uint64_t sign = n < 0 ? UINT64_MAX : 0;
    return (struct u256){{(uint64_t)n, sign, sign, sign}};
}

/* The slot behind keccak256(key . slot). */
static void set_mapping_word(struct workload_block *b, const struct address *a, struct u256 key, uint64_t slot,
                             uint64_t behind, struct u256 value)
{
    uint8_t preimage[64];
    u256_store_be(preimage, key);
    u256_store_be(preimage + 32, U256(slot));
    struct hash h;
    keccak256_64(&h, preimage);
    struct u256 place = u256_add(u256_load_be(h.b), U256(behind));
    state_memory_set_slot(b->state, a, &place, &value);
}

/* What is at mapping[outer][inner]. */
static void set_nested(struct workload_block *b, const struct address *a, struct u256 outer, struct u256 inner,
                       uint64_t slot, struct u256 value)
{
    uint8_t preimage[64];
    u256_store_be(preimage, outer);
    u256_store_be(preimage + 32, U256(slot));
    struct hash h;
    keccak256_64(&h, preimage);
    u256_store_be(preimage, inner);
    memcpy(preimage + 32, h.b, sizeof h.b);
    keccak256_64(&h, preimage);
    struct u256 place = u256_load_be(h.b);
    state_memory_set_slot(b->state, a, &place, &value);
}

/* One position over all prices, made by nobody in particular, gives the pool its liquidity. */
static void set_pool(struct workload_block *b, const struct address *pool)
{
    enum { TICK = 600000, SPACING = 60, SLOT_TICKS = 5, SLOT_BITMAP = 6 };
    const struct u256 liquidity = {{0x56e190b388651605u, 0x1787, 0, 0}};
    const struct u256 minus = {{0xa91e6f4c779ae9fbu, 0xffffffffffffe878u, 0, 0}};
    workload_slot(b, pool, 0, (struct u256){{0, (uint64_t)1 << 32, 0, 0x0001000001000100u}});
    workload_slot(b, pool, 4, liquidity);
    workload_slot(b, pool, 8, (struct u256){{1, 0, 0, (uint64_t)1 << 56}});
    struct u256 low = {{liquidity.w[0], liquidity.w[1], liquidity.w[0], liquidity.w[1]}};
    struct u256 high = {{liquidity.w[0], liquidity.w[1], minus.w[0], minus.w[1]}};
    set_mapping_word(b, pool, int_word(-TICK), SLOT_TICKS, 0, low);
    set_mapping_word(b, pool, int_word(-TICK), SLOT_TICKS, 3, (struct u256){{0, 0, 0, 0x0100000001000000u}});
    set_mapping_word(b, pool, int_word(TICK), SLOT_TICKS, 0, high);
    set_mapping_word(b, pool, int_word(TICK), SLOT_TICKS, 3, (struct u256){{0, 0, 0, (uint64_t)1 << 56}});
    int compressed[] = {-TICK / SPACING, TICK / SPACING};
    for (size_t i = 0; i < COUNT_OF(compressed); i++) {
        struct u256 bit = U256_ZERO;
        unsigned at = (unsigned)compressed[i] & 0xff;
        bit.w[at / 64] = (uint64_t)1 << at % 64;
        set_mapping_word(b, pool, int_word(compressed[i] >> 8), SLOT_BITMAP, 0, bit);
    }
}

static void set_factory(struct workload_block *b, const struct deployment *d, uint64_t *random)
{
    enum { SLOT_SPACING = 4, SLOT_POOLS = 5 };
    static const uint64_t fees[3][2] = {{500, 10}, {3000, 60}, {10000, 200}};
    struct address owner = random_address(random);
    workload_slot(b, &d->factory, 3, address_word(&owner));
    for (size_t i = 0; i < COUNT_OF(fees); i++)
        workload_mapping(b, &d->factory, U256(fees[i][0]), SLOT_SPACING, U256(fees[i][1]));
    for (int i = 0; i < 2; i++) {
        uint8_t preimage[64];
        struct hash h;
        u256_store_be(preimage, address_word(&d->tokens[i]));
        u256_store_be(preimage + 32, U256(SLOT_POOLS));
        keccak256_64(&h, preimage);
        u256_store_be(preimage, address_word(&d->tokens[1 - i]));
        memcpy(preimage + 32, h.b, sizeof h.b);
        keccak256_64(&h, preimage);
        u256_store_be(preimage, U256(POOL_FEE));
        memcpy(preimage + 32, h.b, sizeof h.b);
        keccak256_64(&h, preimage);
        struct u256 place = u256_load_be(h.b), pool = address_word(&d->pool);
        state_memory_set_slot(b->state, &d->factory, &place, &pool);
    }
}

static void set_token(struct workload_block *b, const struct uniswap *u, const struct deployment *d, int side,
                      const struct address *person, const struct address *single_swap)
{
    const char *name = side == 0 ? "DAI" : "USDC";
    (void)new_erc20(b, d->tokens[side], u->erc20, name, name);
    workload_mapping(b, &d->tokens[side], address_word(&d->pool), 0, whole(111111));
    workload_mapping(b, &d->tokens[side], address_word(person), 0, whole(1));
    set_nested(b, &d->tokens[side], address_word(person), address_word(single_swap), 1, whole(1));
}

/* A whole deployment for one swap. */
static void add_cluster(struct workload_block *b, const struct uniswap *u, uint64_t *random)
{
    struct deployment d = {random_address(random),
                           random_address(random),
                           random_address(random),
                           {{0}},
                           {random_address(random), random_address(random)}};
    if (memcmp(d.tokens[0].b, d.tokens[1].b, 20) > 0) {
        struct address other = d.tokens[0];
        d.tokens[0] = d.tokens[1];
        d.tokens[1] = other;
    }
    d.pool = pool_address(&d.factory, d.tokens);
    struct address person = new_person(b, random), single_swap = random_address(random);
    workload_install(b, &d.weth, u->weth);
    workload_slot(b, &d.weth, 0, short_string("Wrapped Ether"));
    workload_slot(b, &d.weth, 1, short_string("WETH"));
    workload_slot(b, &d.weth, 3, U256(18));
    workload_install(b, &d.factory, patched(b, u, &d, u->factory));
    set_factory(b, &d, random);
    workload_install(b, &d.pool, patched(b, u, &d, u->pool));
    set_pool(b, &d.pool);
    workload_install(b, &d.router, patched(b, u, &d, u->router));
    workload_slot(b, &d.router, 0, U256_MAX);
    for (int side = 0; side < 2; side++) set_token(b, u, &d, side, &person, &single_swap);

    uint8_t placeholder[20];
    memset(placeholder, 0xaa, sizeof placeholder);
    uint8_t *code = arena_copy(&b->arena, u->single_swap.data, u->single_swap.size), *end = code + u->single_swap.size;
    for (uint8_t *at = code; (at = memmem(at, (size_t)(end - at), placeholder, 20)) != NULL; at += 20)
        memcpy(at, d.router.b, 20);
    workload_install(b, &single_swap, (struct bytes){code, u->single_swap.size});
    struct u256 second = address_word(&d.tokens[1]);
    second.w[2] |= (uint64_t)POOL_FEE << 32;
    workload_slot(b, &single_swap, 0, address_word(&d.tokens[0]));
    workload_slot(b, &single_swap, 1, second);
    struct u256 amount = U256(SOLD);
    workload_add_growing(b, &(struct call){.from = person,
                                           .to = single_swap,
                                           .gas = SWAP_GAS_LIMIT,
                                           .price = GIGAGAS_PRICE,
                                           .data = workload_data(b, SELECTOR_SELL_TOKEN0, &amount, 1)});
}

void make_gigagas_uniswap(struct workload_block *b, uint64_t size, uint64_t *random)
{
    set_environment(b);
    (void)state_memory_account(b->state, &b->header.beneficiary);
    for (uint64_t i = 0; i < size; i++) add_cluster(b, b->prepared, random);
    b->header.gas_limit = UINT64_MAX;
}
