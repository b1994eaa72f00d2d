/* make-chain: a chain that anyone can make, the same on every machine: to import, here and with other clients.
 *
 *     genesis     funded accounts, tokens, pools, a contract that fills storage; written as geth reads it
 *     each block  ether and token transfers, swaps, creations, contracts that destroy themselves, delegations; and,
 *                 with --fill and --touch, so many slots written for the first time, or again
 *
 * Blocks are built on a store of their own, beside the file, which is removed at the end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain/chain.h"
#include "cli/cli.h"
#include "workload/private.h"

enum { ACCOUNTS = 1000, POOLS = 4, TOKENS = POOLS + 1, GAS_DEFAULT = 15000000, BLOCKS_DEFAULT = 100 };
enum { SLOTS_IN_TX = 500, FILL_GAS = 22400, TOUCH_GAS = 5500, BASE_GAS = 60000, BLOCK_SECONDS = 12 };
#define CHAIN_ID 7357
#define MAX_FEE 1000000000000u /* wei */

/* Call data: a number, and 0 to write that many new slots or a seed to change that many of those there are. Slot 0
 * counts them. */
static const char filler_source[] = "0 CALLDATALOAD 32 CALLDATALOAD DUP1 @touch JUMPI POP 0 SLOAD  ; n next \n"
                                    "fill: 1 ADD DUP1 DUP1 SSTORE                       ; n next \n"
                                    "SWAP1 1 SWAP1 SUB SWAP1 DUP2 @fill JUMPI 0 SSTORE STOP \n"
                                    "touch: 1 ADD DUP1 0 MSTORE DUP1                    ; n seed seed \n"
                                    "0 SLOAD 32 0 KECCAK256 MOD 1 ADD SSTORE            ; n seed \n"
                                    "SWAP1 1 SWAP1 SUB SWAP1 DUP2 @touch JUMPI STOP";

struct maker {
    const struct options *options;
    struct chain_genesis genesis;
    struct store *store;
    struct chain *chain;
    struct address filler, tokens[TOKENS], pools[POOLS], counter;
    struct address accounts[ACCOUNTS];
    uint64_t nonces[ACCOUNTS];
    uint64_t random, delegations, filled;

    /* of the block that is made */
    struct arena arena;
    struct transaction *transactions;
    struct address *senders;
    struct address **authorities;
    uint32_t *signers; /* numbers of accounts */
    uint32_t count, capacity;
    uint64_t gas;
};

/* ---- gas -------------------------------------------------------------------------------------------------------- */

static uint64_t gas_target(const struct options *o)
{
    return o->gas == 0 ? GAS_DEFAULT : o->gas;
}

/* Of each block. A little less than half is used: the base fee stays low. */
static uint64_t gas_limit(const struct options *o)
{
    return gas_target(o) * 21 / 10;
}

/* What writing so many slots takes, in transactions of SLOTS_IN_TX. */
static uint64_t slots_gas(uint64_t slots, bool again)
{
    return (slots + SLOTS_IN_TX - 1) / SLOTS_IN_TX * BASE_GAS + slots * (again ? TOUCH_GAS : FILL_GAS);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

/* The key of an account, or (from ACCOUNTS on) of somebody who delegates. */
static struct hash secret_of(uint64_t number)
{
    uint8_t text[16] = "chain of";
    struct hash secret;
    store_be64(text + 8, number);
    keccak256(&secret, text, sizeof text);
    return secret;
}

static struct address address_of(uint64_t number)
{
    struct hash secret = secret_of(number);
    struct address a;
    ASSERT(secp256k1_address_of_secret(&a, secret.b));
    return a;
}

static struct signature sign(const struct hash *digest, uint64_t number)
{
    struct hash secret = secret_of(number);
    struct secp256k1_signature s;
    ASSERT(secp256k1_sign(&s, digest, secret.b));
    return (struct signature){u256_load_be(s.r), u256_load_be(s.s), s.recovery_id};
}

static void sign_task(void *context, size_t i)
{
    struct maker *m = context;
    struct hash digest;
    transaction_signing_hash(&digest, &m->transactions[i]);
    m->transactions[i].signature = sign(&digest, m->signers[i]);
}

static uint64_t below(struct maker *m, uint64_t bound)
{
    return random_next(&m->random) % bound;
}

/* ---- genesis ----------------------------------------------------------------------------------------------------- */

static void make_genesis(struct maker *m, const struct fork *fork)
{
    struct chain_genesis *g = &m->genesis;
    *g = (struct chain_genesis){.state = state_memory_new()};
    g->spec = (struct chain_spec){.name = "made", .id = CHAIN_ID, .dao_block = NEVER, .activation_count = 1};
    g->spec.activations[0] = (struct activation){fork, BY_NUMBER, 0};
    g->spec.deposit_contract = chain_mainnet.deposit_contract;
    g->header.gas_limit = gas_limit(m->options);
    struct workload_block b = {.state = g->state};
    const struct u256 reserve = {{0, 1u << 16, 0, 0}}, many = {{0, 1, 0, 0}};
    for (uint64_t i = 0; i < TOKENS; i++) {
        m->tokens[i] = workload_address(ADDRESS_TOKEN, i);
        workload_contract(&b, &m->tokens[i], token_source);
    }
    for (uint64_t i = 0; i < POOLS; i++) {
        m->pools[i] = workload_address(ADDRESS_POOL, i);
        workload_contract(&b, &m->pools[i], pool_source);
        for (uint64_t side = 0; side < 2; side++) {
            const struct address *token = &m->tokens[side == 0 ? 0 : i + 1];
            workload_slot(&b, &m->pools[i], side, reserve);
            workload_slot(&b, &m->pools[i], 2 + side, address_word(token));
            workload_mapping(&b, token, address_word(&m->pools[i]), 0, reserve);
        }
    }
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        m->accounts[i] = address_of(i);
        workload_fund(&b, &m->accounts[i]);
        for (uint64_t t = 0; t < TOKENS; t++) {
            workload_mapping(&b, &m->tokens[t], address_word(&m->accounts[i]), 0, many);
            workload_mapping(&b, &m->tokens[t], address_word(&m->accounts[i]), 1, U256_MAX);
        }
    }
    m->filler = workload_address(ADDRESS_CONTRACT, 0);
    m->counter = workload_address(ADDRESS_CONTRACT, 1);
    workload_contract(&b, &m->filler, filler_source);
    workload_contract(&b, &m->counter, counter_source);
    /* System contracts, as far as a block without requests needs them; the first two keep what they are given. */
    workload_contract(&b, &history_storage_address, "0 CALLDATALOAD NUMBER SSTORE STOP");
    workload_contract(&b, &beacon_roots_address, "0 CALLDATALOAD TIMESTAMP SSTORE STOP");
    for (size_t i = 0; i < REQUEST_TYPES; i++)
        if (request_contracts[i] != NULL) workload_contract(&b, request_contracts[i], "STOP");
    arena_free(&b.arena);
    chain_genesis_seal(g, NULL);
}

static void put_word(struct buffer *out, struct u256 v)
{
    uint8_t bytes[32];
    u256_store_be(bytes, v);
    json_put_hex(out, bytes, sizeof bytes);
}

static void put_alloc(struct buffer *out, const struct state_memory *state)
{
    for (uint32_t i = 0; i < state->account_count; i++) {
        const struct memory_account *a = &state->accounts[i];
        buffer_append_text(out, i == 0 ? "" : ",\n");
        json_put_hex(out, a->address.b, 20);
        buffer_printf(out, ":{\"nonce\":\"0x%llx\",\"balance\":", (unsigned long long)a->nonce);
        /* Quantities have no leading zeros; an address's worth of digits is enough for any of these. */
        buffer_printf(out, "\"0x%llx%016llx\"", (unsigned long long)a->balance.w[1],
                      (unsigned long long)a->balance.w[0]);
        if (a->code.size != 0) {
            buffer_append_text(out, ",\"code\":");
            json_put_hex(out, a->code.data, a->code.size);
        }
        buffer_append_text(out, ",\"storage\":{");
        bool first = true;
        for (uint32_t id = a->first_slot; id != 0; id = state->slots[id - 1].next) {
            buffer_append_text(out, first ? "" : ",");
            put_word(out, state->slots[id - 1].key);
            buffer_append_text(out, ":");
            put_word(out, state->slots[id - 1].value);
            first = false;
        }
        buffer_append_text(out, "}}");
    }
}

static enum status write_genesis(const struct maker *m, const char *path, struct error *e)
{
    const struct fork *fork = m->genesis.spec.activations[0].fork;
    struct buffer out = {0};
    buffer_printf(&out, "{\"config\":{\"chainId\":%d", CHAIN_ID);
    static const char *const blocks[] = {"homestead",  "eip150",   "eip155", "eip158", "byzantium",    "constantinople",
                                         "petersburg", "istanbul", "berlin", "london", "mergeNetsplit"};
    for (size_t i = 0; i < COUNT_OF(blocks); i++) buffer_printf(&out, ",\"%sBlock\":0", blocks[i]);
    buffer_append_text(&out, ",\"terminalTotalDifficulty\":0");
    static const struct {
        const char *time, *blobs;
        const struct fork *fork;
    } timed[] = {{"shanghaiTime", NULL, &fork_shanghai},
                 {"cancunTime", "cancun", &fork_cancun},
                 {"pragueTime", "prague", &fork_prague},
                 {"osakaTime", "osaka", &fork_osaka}};
    size_t last = 0;
    while (timed[last].fork != fork) last++;
    for (size_t i = 0; i <= last; i++) buffer_printf(&out, ",\"%s\":0", timed[i].time);
    buffer_append_text(&out, ",\"blobSchedule\":{");
    for (size_t i = 1; i <= last; i++)
        buffer_printf(&out, "%s\"%s\":{\"target\":%u,\"max\":%u,\"baseFeeUpdateFraction\":%u}", i == 1 ? "" : ",",
                      timed[i].blobs, timed[i].fork->blob.target, timed[i].fork->blob.max,
                      timed[i].fork->blob.update_fraction);
    const struct header *h = &m->genesis.header;
    buffer_printf(&out,
                  "}},\n\"nonce\":\"0x0\",\"timestamp\":\"0x0\",\"extraData\":\"0x\",\"gasLimit\":\"0x%llx\","
                  "\"difficulty\":\"0x0\",\"coinbase\":\"0x0000000000000000000000000000000000000000\","
                  "\"baseFeePerGas\":\"0x%llx\",\n\"alloc\":{",
                  (unsigned long long)h->gas_limit, (unsigned long long)h->base_fee.w[0]);
    put_alloc(&out, m->genesis.state);
    buffer_append_text(&out, "}}\n");
    enum status s = file_write(path, buffer_bytes(&out), e);
    buffer_free(&out);
    return s;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

static struct transaction *add(struct maker *m, enum transaction_type type, uint64_t gas)
{
    if (m->count == m->capacity) {
        m->capacity = m->capacity == 0 ? 1024 : 2 * m->capacity;
        m->transactions = base_realloc(m->transactions, m->capacity * sizeof *m->transactions);
        m->senders = base_realloc(m->senders, m->capacity * sizeof *m->senders);
        m->signers = base_realloc(m->signers, m->capacity * sizeof *m->signers);
        m->authorities = base_realloc(m->authorities, m->capacity * sizeof(struct address *));
    }
    uint32_t who = (uint32_t)below(m, ACCOUNTS);
    struct transaction *tx = &m->transactions[m->count];
    *tx = (struct transaction){.type = type,
                               .has_chain_id = true,
                               .chain_id = CHAIN_ID,
                               .nonce = m->nonces[who]++,
                               .gas_limit = gas,
                               .max_fee = U256(MAX_FEE),
                               .max_priority_fee = U256(type >= TX_FEE_MARKET ? 1 + below(m, 1000) : MAX_FEE)};
    m->senders[m->count] = m->accounts[who];
    m->signers[m->count] = who;
    m->authorities[m->count++] = NULL;
    return tx;
}

/* Call data of a selector (none when 0) and words. */
static struct bytes data_of(struct maker *m, uint32_t selector, const struct u256 *words, size_t count)
{
    size_t before = selector == 0 ? 0 : 4;
    uint8_t *data = arena_alloc(&m->arena, before + 32 * count, 1);
    for (size_t i = 0; i < before; i++) data[i] = (uint8_t)(selector >> (24 - 8 * i));
    for (size_t i = 0; i < count; i++) u256_store_be(data + before + 32 * i, words[i]);
    return (struct bytes){data, before + 32 * count};
}

static void add_transfer(struct maker *m)
{
    struct transaction *tx = add(m, below(m, 2) == 0 ? TX_LEGACY : TX_FEE_MARKET, 21000);
    tx->to = below(m, 2) == 0 ? m->accounts[below(m, ACCOUNTS)]
                              : workload_address(ADDRESS_RECIPIENT, below(m, 1u << 20));
    tx->value = U256(1 + below(m, 1000000));
    m->gas += 21000;
}

static void add_token(struct maker *m)
{
    struct transaction *tx = add(m, TX_FEE_MARKET, 100000);
    bool known = below(m, 2) == 0;
    struct address to = known ? m->accounts[below(m, ACCOUNTS)]
                              : workload_address(ADDRESS_RECIPIENT, below(m, 1u << 20));
    struct u256 words[] = {address_word(&to), U256(1 + below(m, 1000))};
    tx->to = m->tokens[below(m, TOKENS)];
    tx->data = data_of(m, SELECTOR_TRANSFER, words, COUNT_OF(words));
    m->gas += known ? 35000 : 52000;
}

static void add_swap(struct maker *m)
{
    struct transaction *tx = add(m, TX_ACCESS_LIST, 400000);
    uint64_t pool = below(m, POOLS);
    struct u256 words[] = {U256(1000 + below(m, 1000000)), U256(below(m, 2))};
    tx->to = m->pools[pool];
    tx->data = data_of(m, SELECTOR_SWAP, words, COUNT_OF(words));
    struct u256 *keys = ARENA_ARRAY(&m->arena, struct u256, 4);
    for (uint64_t i = 0; i < 4; i++) keys[i] = U256(i);
    struct access_entry *list = ARENA_ARRAY(&m->arena, struct access_entry, 2);
    list[0] = (struct access_entry){m->pools[pool], keys, 4};
    list[1] = (struct access_entry){m->tokens[pool + 1], NULL, 0};
    tx->access_list = list;
    tx->access_count = 2;
    tx->access_key_count = 4;
    m->gas += 110000;
}

static void add_creation(struct maker *m)
{
    bool lives = below(m, 2) == 0;
    struct transaction *tx = add(m, TX_FEE_MARKET, 200000);
    struct buffer code = {0};
    workload_assemble(&code, lives ? counter_init_source : suicidal_init_source);
    tx->is_create = true;
    tx->value = U256(lives ? 0 : 5);
    tx->data = (struct bytes){arena_copy(&m->arena, code.data, code.size), code.size};
    buffer_free(&code);
    m->gas += 75000;
}

/* Somebody new lets his account run the counter's code, or somebody who does is called. */
static void add_delegation(struct maker *m)
{
    if (m->delegations != 0 && below(m, 2) == 0) {
        struct transaction *tx = add(m, TX_FEE_MARKET, 100000);
        tx->to = address_of(ACCOUNTS + below(m, m->delegations));
        m->gas += 35000;
        return;
    }
    uint64_t number = ACCOUNTS + m->delegations++;
    struct transaction *tx = add(m, TX_SET_CODE, 200000);
    struct authorization *a = ARENA_NEW(&m->arena, struct authorization);
    struct address *authority = ARENA_NEW(&m->arena, struct address);
    struct hash digest;
    *a = (struct authorization){.chain_id = U256(CHAIN_ID), .address = m->counter};
    authorization_signing_hash(&digest, a);
    a->signature = sign(&digest, number);
    *authority = address_of(number);
    tx->to = *authority;
    tx->authorizations = a;
    tx->authorization_count = 1;
    m->authorities[m->count - 1] = authority;
    m->gas += 80000;
}

static void add_slots(struct maker *m, uint64_t slots, bool again)
{
    while (slots != 0) {
        uint64_t n = slots < SLOTS_IN_TX ? slots : SLOTS_IN_TX;
        uint64_t gas = slots_gas(n, again);
        struct transaction *tx = add(m, TX_FEE_MARKET, gas);
        struct u256 words[] = {U256(n), again ? U256(1 + (random_next(&m->random) >> 1)) : U256_ZERO};
        tx->to = m->filler;
        tx->data = data_of(m, 0, words, COUNT_OF(words));
        m->gas += gas;
        m->filled += again ? 0 : n;
        slots -= n;
    }
}

static void make_transactions(struct maker *m, uint64_t number)
{
    const struct options *o = m->options;
    uint64_t target = gas_target(o);
    m->count = 0;
    m->gas = 0;
    arena_reset(&m->arena);
    bool parted = o->fill_blocks != 0, fills = !parted || number <= o->fill_blocks;
    if (fills) add_slots(m, o->fill, false);
    if (parted ? !fills : m->filled != o->fill) add_slots(m, o->touch, true); /* there must be some */
    while (fills && m->gas < target) {
        uint64_t dice = below(m, 100);
        if (dice < 40)
            add_transfer(m);
        else if (dice < 75)
            add_token(m);
        else if (dice < 90)
            add_swap(m);
        else if (dice < 95)
            add_creation(m);
        else
            add_delegation(m);
    }
    pool_for(engine_pool(chain_engine(m->chain)), m->count, 4, sign_task, m);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static enum status make_block(struct maker *m, uint64_t number, FILE *file, const char *path, struct error *e)
{
    make_transactions(m, number);
    struct chain_template t = {.timestamp = number * BLOCK_SECONDS,
                               .gas_limit = m->genesis.header.gas_limit,
                               .beneficiary = {{0xfe, 0xe5}},
                               .transactions = m->transactions,
                               .senders = m->senders,
                               .authorities = (const struct address *const *)m->authorities,
                               .transaction_count = m->count};
    struct rlp_writer w = {0};
    enum status s = chain_build(m->chain, &t, &w, NULL, e);
    struct bytes block = rlp_written(&w);
    if (s == STATUS_OK && fwrite(block.data, 1, block.size, file) != block.size)
        s = error_set(e, FILE_UNWRITABLE, "%s: %s", path, strerror(errno));
    rlp_writer_free(&w);
    size_t batch = (size_t)(m->options->cache_mb / 6 < 64 ? 64 : m->options->cache_mb / 6) << 20;
    if (s == STATUS_OK && store_pending_bytes(m->store) > batch) s = store_commit_begin(m->store, e);
    return s;
}

/* Where the blocks go until all are made: a file beside that is renamed, or what `path` already is and must stay (a
 * device, a pipe, a link). */
static char *place_of(const char *path)
{
    struct stat st;
    struct buffer place = {0};
    bool as_it_is = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
    buffer_printf(&place, as_it_is ? "%s" : "%s.%ld.tmp", path, (long)getpid());
    buffer_append(&place, "", 1);
    return (char *)place.data;
}

static enum status make_blocks(struct maker *m, FILE *file, const char *path, struct error *e)
{
    uint64_t blocks = m->options->blocks == 0 ? BLOCKS_DEFAULT : m->options->blocks;
    struct progress progress;
    enum status s = STATUS_OK;
    progress_begin(&progress, "blocks", blocks);
    for (uint64_t n = 1; n <= blocks && s == STATUS_OK && !interrupted(); n++) {
        s = make_block(m, n, file, path, e);
        progress_step(&progress);
    }
    progress_clear(&progress);
    return s;
}

/* Closes the file, and puts it in its place or, after a failure, away. */
static enum status finish_file(FILE *file, enum status s, const char *place, const char *path, struct error *e)
{
    bool renames = strcmp(place, path) != 0;
    bool written = fclose(file) == 0;
    if (written && s == STATUS_OK && renames) written = rename(place, path) == 0;
    if (!written && s == STATUS_OK) s = error_set(e, FILE_UNWRITABLE, "%s: %s", path, strerror(errno));
    if (s != STATUS_OK && renames) (void)unlink(place);
    return s;
}

static void remove_store(const char *folder)
{
    static const char *const files[] = {"state.mdb", "state.mdb-lock", "LOCK"};
    char path[4200];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void print_result(const struct maker *m)
{
    const struct store_head *h = store_head(m->store);
    struct buffer out = {0};
    buffer_append_text(&out, "{\"head\":");
    json_put_hex(&out, h->hash.b, 32);
    buffer_printf(&out, ",\"number\":%llu,\"state_root\":", (unsigned long long)h->number);
    json_put_hex(&out, h->state_root.b, 32);
    buffer_printf(&out, ",\"slots_filled\":%llu}", (unsigned long long)m->filled);
    printf("%.*s\n", (int)out.size, (const char *)out.data);
    buffer_free(&out);
}

static enum status check_options(const struct options *o, const struct fork *fork, struct error *e)
{
    if (o->genesis == NULL) return error_set(e, BAD_USAGE, "make-chain: expected --genesis, the file that is written");
    if (fork != &fork_osaka && fork != &fork_prague)
        return error_set(e, BAD_USAGE, "make-chain: --fork: expected Prague or Osaka");
    if (slots_gas(o->fill, false) + slots_gas(o->touch, true) > gas_limit(o))
        return error_set(e, BAD_USAGE, "make-chain: --fill, --touch: expected what --gas-per-block has room for");
    return STATUS_OK;
}

enum exit_code make_chain_command(const struct options *o)
{
    struct error e = {STATUS_OK, ""};
    char folder[4096];
    const struct fork *fork = o->fork == NULL ? &fork_osaka : o->fork;
    if (check_options(o, fork, &e) != STATUS_OK) {
        log_line("%s", e.text);
        return EXIT_BAD_INPUT;
    }
    struct maker *m = base_calloc(1, sizeof *m);
    m->options = o;
    m->random = o->seed;
    (void)snprintf(folder, sizeof folder, "%s.store", o->operands[0]);
    struct store_options so = {.create = true, .careless = true, .cache_bytes = (size_t)o->cache_mb << 20};
    struct chain_options co = {.threads = o->threads[0], .executor = EXECUTOR_PARALLEL};
    const char *path = o->operands[0];
    char *place = place_of(path);
    FILE *file = fopen(place, "wb");
    remove_store(folder);
    make_genesis(m, fork);
    enum status s = STATUS_OK;
    if (file == NULL) s = error_set(&e, FILE_UNWRITABLE, "%s: %s", path, strerror(errno));
    if (s == STATUS_OK) s = write_genesis(m, o->genesis, &e);
    if (s == STATUS_OK) s = store_open(&m->store, folder, &so, &e);
    if (s == STATUS_OK) s = store_genesis(m->store, &m->genesis.header, m->genesis.state, &e);
    if (s == STATUS_OK) s = chain_new(&m->chain, m->store, &m->genesis, &co, &e);
    if (s == STATUS_OK) s = make_blocks(m, file, path, &e);
    if (file != NULL) s = finish_file(file, s, place, path, &e);
    if (s == STATUS_OK) print_result(m);
    if (s != STATUS_OK) log_line("%s", e.text);
    chain_free(m->chain);
    store_close(m->store);
    remove_store(folder);
    chain_genesis_free(&m->genesis);
    arena_free(&m->arena);
    free(m->transactions);
    free(m->senders);
    free(m->signers);
    free(m->authorities);
    free(m);
    free(place);
    if (s != STATUS_OK) return EXIT_BAD_INPUT;
    return interrupted() ? EXIT_INTERRUPTED : EXIT_GOOD;
}
