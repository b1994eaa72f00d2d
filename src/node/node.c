/* The chain: made, looked into, taken back. */
#include "node/node.h"

#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "node/private.h"
#include "json/genesis.h"

#define ETHER UINT64_C(1000000000000000000)

/* ---- blocks by number and hash ------------------------------------------------------------------------------------ */

static size_t place_cell(const struct node *n, const struct hash *hash)
{
    size_t i = hash_of_hash(0, hash) & n->place_mask;
    while (n->places[i].used && !hash_equal(&n->places[i].hash, hash)) i = (i + 1) & n->place_mask;
    return i;
}

static void place_all(struct node *n, const struct node_block *b)
{
    uint64_t number = b->block.header.number;
    n->places[place_cell(n, &b->block.hash)] = (struct node_place){true, UINT32_MAX, number, b->block.hash};
    for (uint32_t i = 0; i < b->block.transaction_count; i++)
        n->places[place_cell(n, &b->hashes[i])] = (struct node_place){true, i, number, b->hashes[i]};
    n->place_count += 1 + b->block.transaction_count;
}

/* Fills the table anew, with at least `more` free cells. */
static void place_again(struct node *n, size_t more)
{
    size_t cells = 256;
    while (cells < 2 * (n->place_count + more)) cells *= 2;
    free(n->places);
    n->places = base_calloc(cells, sizeof *n->places);
    n->place_mask = cells - 1;
    n->place_count = 0;
    for (uint64_t i = 0; i < n->block_count; i++) place_all(n, n->blocks[i]);
}

static const struct node_place *find_place(const struct node *n, const struct hash *hash)
{
    const struct node_place *p = &n->places[place_cell(n, hash)];
    return p->used ? p : NULL;
}

void node_add_block(struct node *n, struct node_block *b)
{
    if (n->block_count == n->block_capacity) {
        n->block_capacity = n->block_capacity == 0 ? 64 : n->block_capacity * 2;
        n->blocks = base_realloc(n->blocks, n->block_capacity * sizeof(struct node_block *));
    }
    size_t more = 1 + b->block.transaction_count;
    if (n->places == NULL || 2 * (n->place_count + more) > n->place_mask) place_again(n, n->place_count + more);
    n->blocks[n->block_count++] = b;
    place_all(n, b);
}

void node_drop_blocks(struct node *n, uint64_t number)
{
    while (n->block_count > number + 1) node_block_free(n->blocks[--n->block_count]);
    place_again(n, 0);
}

struct node_block *node_head(const struct node *n)
{
    return n->blocks[n->block_count - 1];
}

struct node_block *node_block_at(const struct node *n, uint64_t number)
{
    return number < n->block_count ? n->blocks[number] : NULL;
}

struct node_block *node_find_block(const struct node *n, const struct hash *hash)
{
    const struct node_place *p = find_place(n, hash);
    return p == NULL || p->index != UINT32_MAX ? NULL : n->blocks[p->number];
}

struct node_block *node_find_transaction(const struct node *n, const struct hash *hash, uint32_t *index)
{
    const struct node_place *p = find_place(n, hash);
    if (p == NULL || p->index == UINT32_MAX) return NULL;
    *index = p->index;
    return n->blocks[p->number];
}

void node_block_free(struct node_block *b)
{
    arena_free(&b->arena);
    free(b);
}

const struct fork *node_fork_of(const struct node *n, const struct header *h)
{
    return chain_fork_at(&n->genesis.spec, h->number, h->timestamp);
}

static enum status block_hash_of(void *context, uint64_t number, struct hash *out)
{
    const struct node *n = context;
    const struct node_block *b = node_block_at(n, number);
    if (b == NULL) return STATE_MISSING;
    *out = b->block.hash;
    return STATUS_OK;
}

struct state_view node_view(const struct node *n, struct history_view *v, const struct node_block *b)
{
    *v = (struct history_view){n->history, b->version, block_hash_of, (void *)(uintptr_t)n};
    return history_state_view(v);
}

/* ---- time, snapshots, changes from outside ------------------------------------------------------------------------ */

uint64_t node_time(const struct node *n)
{
    return (uint64_t)time(NULL) + n->time_offset;
}

uint64_t node_snapshot(struct node *n)
{
    if (n->snapshot_count == NODE_SNAPSHOTS_MAX)
        memmove(n->snapshots, n->snapshots + 1, --n->snapshot_count * sizeof *n->snapshots);
    n->snapshots[n->snapshot_count++] = (struct node_snapshot){++n->snapshot_id, node_head(n)->block.header.number,
                                                               node_head(n)->version, n->time_offset};
    return n->snapshot_id;
}

bool node_revert(struct node *n, uint64_t id)
{
    uint32_t i = 0;
    while (i < n->snapshot_count && n->snapshots[i].id != id) i++;
    if (i == n->snapshot_count) return false;
    const struct node_snapshot *s = &n->snapshots[i];
    (void)node_drop(n, NULL);
    node_drop_blocks(n, s->head);
    node_head(n)->version = s->version;
    history_revert(n->history, s->version);
    n->time_offset = s->time_offset;
    n->next_time = 0;
    n->has_next_base_fee = false;
    n->snapshot_count = i;
    return true;
}

void node_edit(struct node *n)
{
    node_head(n)->version = history_advance(n->history);
}

bool node_impersonates(const struct node *n, const struct address *a)
{
    if (n->impersonates_all) return true;
    for (uint32_t i = 0; i < n->impersonated_count; i++)
        if (address_equal(&n->impersonated[i], a)) return true;
    return false;
}

void node_impersonate(struct node *n, const struct address *a, bool on)
{
    uint32_t i = 0;
    while (i < n->impersonated_count && !address_equal(&n->impersonated[i], a)) i++;
    if (on && i == n->impersonated_count) {
        if (n->impersonated_count == n->impersonated_capacity) {
            n->impersonated_capacity = n->impersonated_capacity == 0 ? 16 : n->impersonated_capacity * 2;
            n->impersonated = base_realloc(n->impersonated, n->impersonated_capacity * sizeof *n->impersonated);
        }
        n->impersonated[n->impersonated_count++] = *a;
    } else if (!on && i < n->impersonated_count) {
        n->impersonated[i] = n->impersonated[--n->impersonated_count];
    }
}

/* ---- from nothing to nothing -------------------------------------------------------------------------------------- */

static struct u256 wei_of(uint64_t ether)
{
    return u256_mul(U256(ether), U256(ETHER));
}

static void fund(struct node *n)
{
    struct state_memory *state = n->genesis.state;
    for (unsigned i = 0; i < n->options.accounts; i++) {
        n->accounts[i] = node_account_of(i);
        state_memory_account(state, &n->accounts[i].address)->balance = wei_of(n->options.ether);
    }
    node_deploy_system_contracts(state);
}

static void add_genesis_block(struct node *n)
{
    struct node_block *b = base_calloc(1, sizeof *b);
    b->block.header = n->genesis.header;
    b->block.header.extra_data.data = arena_copy(&b->arena, n->genesis.header.extra_data.data,
                                                 n->genesis.header.extra_data.size);
    header_hash(&b->block.hash, &b->block.header);
    b->block.has_withdrawals = node_fork_of(n, &b->block.header)->withdrawals;
    struct rlp_writer w = {0};
    block_encode(&w, &b->block);
    b->block.encoded_size = rlp_written(&w).size;
    rlp_writer_free(&w);
    b->version = history_version(n->history);
    node_add_block(n, b);
}

enum status node_new(struct node **out, const struct node_options *o, struct error *e)
{
    struct node *n = base_calloc(1, sizeof *n);
    n->options = *o;
    enum status s = genesis_load(&n->genesis, o->genesis, e);
    if (s != STATUS_OK) {
        free(n);
        return s;
    }
    struct chain_genesis *g = &n->genesis;
    if (o->chain_id != 0) g->spec.id = o->chain_id;
    if (o->gas_limit != 0) g->header.gas_limit = o->gas_limit;
    if (g->header.timestamp == 0) g->header.timestamp = o->time != 0 ? o->time : (uint64_t)time(NULL);
    g->spec.lacks_request_contracts = true; /* a genesis file of the user's need not have them */
    fund(n);
    n->engine = engine_new(o->threads);
    engine_never_waits(n->engine, true);
    chain_genesis_seal(g, engine_pool(n->engine));
    n->history = history_new();
    history_load(n->history, g->state);
    n->snapshots = base_alloc(NODE_SNAPSHOTS_MAX * sizeof *n->snapshots);
    n->pool = base_alloc(NODE_POOL_MAX * sizeof(struct node_transaction *));
    n->automine = !o->no_automine;
    n->gas_limit = g->header.gas_limit;
    add_genesis_block(n);
    *out = n;
    return STATUS_OK;
}

void node_free(struct node *n)
{
    if (n == NULL) return;
    (void)node_drop(n, NULL);
    while (n->block_count != 0) node_block_free(n->blocks[--n->block_count]);
    node_caller_free(n->caller);
    engine_free(n->engine);
    history_free(n->history);
    chain_genesis_free(&n->genesis);
    arena_free(&n->work);
    free(n->blocks);
    free(n->places);
    free(n->pool);
    free(n->snapshots);
    free(n->impersonated);
    free(n);
}
