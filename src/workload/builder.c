/* Building blocks: addresses, accounts, transactions. */
#include <stdlib.h>

#include "workload/private.h"

#define GAS_PRICE 10000000000u /* wei */

/* Ether and tokens that nobody spends up. */
static const struct u256 plenty = {{0, (uint64_t)1 << 36, 0, 0}};

struct address workload_address(enum address_kind kind, uint64_t number)
{
    uint8_t name[16];
    store_be64(name, (uint64_t)kind);
    store_be64(name + 8, number);
    struct hash h;
    keccak256(&h, name, sizeof name);
    struct address a;
    memcpy(a.b, h.b + 12, sizeof a.b);
    return a;
}

struct u256 address_word(const struct address *a)
{
    uint8_t word[32] = {0};
    memcpy(word + 12, a->b, sizeof a->b);
    return u256_load_be(word);
}

void workload_fund(struct workload_block *b, const struct address *a)
{
    state_memory_account(b->state, a)->balance = plenty;
}

struct bytes workload_code(struct workload_block *b, const char *source)
{
    struct buffer code = {0};
    workload_assemble(&code, source);
    struct bytes copy = {arena_copy(&b->arena, code.data, code.size), code.size};
    buffer_free(&code);
    return copy;
}

void workload_contract(struct workload_block *b, const struct address *a, const char *source)
{
    workload_install(b, a, workload_code(b, source));
}

void workload_install(struct workload_block *b, const struct address *a, struct bytes code)
{
    struct hash hash = keccak256_bytes(code);
    struct memory_account *account = state_memory_account(b->state, a);
    account->nonce = 1;
    state_memory_set_code(b->state, account, &hash, code);
}

void workload_slot(struct workload_block *b, const struct address *a, uint64_t slot, struct u256 value)
{
    struct u256 key = U256(slot);
    state_memory_set_slot(b->state, a, &key, &value);
}

void workload_mapping(struct workload_block *b, const struct address *a, struct u256 key, uint64_t slot,
                      struct u256 value)
{
    uint8_t preimage[64];
    u256_store_be(preimage, key);
    u256_store_be(preimage + 32, U256(slot));
    struct hash h;
    keccak256_64(&h, preimage);
    struct u256 place = u256_load_be(h.b);
    state_memory_set_slot(b->state, a, &place, &value);
}

struct bytes workload_data(struct workload_block *b, uint32_t selector, const struct u256 *words, size_t count)
{
    size_t size = 4 + 32 * count;
    uint8_t *data = arena_alloc(&b->arena, size, 1);
    uint32_t big_endian = __builtin_bswap32(selector);
    memcpy(data, &big_endian, 4);
    for (size_t i = 0; i < count; i++) u256_store_be(data + 4 + 32 * i, words[i]);
    return (struct bytes){data, size};
}

void workload_add(struct workload_block *b, const struct call *c)
{
    if (b->count == b->capacity) {
        b->capacity = b->capacity == 0 ? 1024 : b->capacity * 2;
        b->transactions = base_realloc(b->transactions, b->capacity * sizeof *b->transactions);
        b->senders = base_realloc(b->senders, b->capacity * sizeof *b->senders);
        b->after = base_realloc(b->after, b->capacity * sizeof *b->after);
        b->authorities = base_realloc(b->authorities, b->capacity * sizeof *b->authorities);
    }
    struct transaction tx = {.type = TX_LEGACY,
                             .is_create = c->is_create,
                             .nonce = c->nonce,
                             .gas_limit = c->gas,
                             .max_fee = U256(c->price == 0 ? GAS_PRICE : c->price),
                             .max_priority_fee = U256(c->price == 0 ? GAS_PRICE : c->price),
                             .to = c->to,
                             .value = U256(c->value),
                             .data = c->data};
    b->transactions[b->count] = tx;
    b->senders[b->count] = c->from;
    b->authorities[b->count] = NULL;
    b->after[b->count++] = c->after;
    b->header.gas_limit += c->gas;
}

void workload_add_growing(struct workload_block *b, const struct call *c)
{
    enum { STATE_BYTES = 6000 };
    struct call roomy = *c;
    roomy.gas += (uint64_t)STATE_BYTES * b->fork->state_growth.byte_gas;
    workload_add(b, &roomy);
}

enum { HOT_PERCENT = 30 };

enum status workload_make(struct workload_block *out, const struct workload *w, const struct fork *fork,
                          const struct workload_shape *shape, struct error *e)
{
    *out = (struct workload_block){.fork = fork, .state = state_memory_new(), .shape = *shape};
    if (out->shape.size == 0) out->shape.size = w->default_size;
    if (out->shape.hot_percent == 0) out->shape.hot_percent = HOT_PERCENT;
    if (out->shape.hot_percent > 100) out->shape.hot_percent = 0;
    out->chain = (struct chain_spec){
        .name = "workload", .id = 1, .dao_block = NEVER, .activations = {{fork, BY_NUMBER, 0}}, .activation_count = 1};
    out->header = (struct header){.field_count = block_header_fields(fork),
                                  .beneficiary = {{0xbe, 0xef}},
                                  .number = 1000000,
                                  .timestamp = 1700000000,
                                  .gas_limit = GAS_LIMIT_MIN};
    if (fork->difficulty != DIFFICULTY_NONE) out->header.difficulty = U256(fork->min_difficulty);
    if (fork->base_fee.elasticity != 0) out->header.base_fee = U256(7);
    workload_fund(out, &out->header.beneficiary);
    /* System contracts must be there where a fork calls them for requests; an empty answer is enough. */
    for (size_t i = 0; i < REQUEST_TYPES; i++)
        if ((fork->requests & 1u << i) != 0 && request_contracts[i] != NULL)
            workload_contract(out, request_contracts[i], "STOP");
    ASSERT(out->shape.size <= WORKLOAD_SIZE_MAX);
    enum status s = w->prepare == NULL ? STATUS_OK : w->prepare(out, e);
    uint64_t random = shape->seed;
    if (s == STATUS_OK) w->make(out, out->shape.size, &random);
    return s;
}

double workload_conflict_share(const struct workload_block *b)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < b->count; i++)
        waiting += b->after[i] != 0 && (i != 0 || b->after[i] != WORKLOAD_AFTER_ALL);
    return b->count == 0 ? 0 : (double)waiting / b->count;
}

void workload_free(struct workload_block *b)
{
    free(b->transactions);
    free(b->senders);
    free(b->after);
    free(b->authorities);
    state_memory_free(b->state);
    arena_free(&b->arena);
    *b = (struct workload_block){0};
}

struct block_task workload_task(const struct workload_block *b, const struct state_view *view)
{
    return (struct block_task){.chain = &b->chain,
                               .fork = b->fork,
                               .header = &b->header,
                               .transactions = b->transactions,
                               .senders = b->senders,
                               .authorities = b->authorities,
                               .transaction_count = b->count,
                               .transactions_only = b->transactions_only,
                               .view = view};
}
