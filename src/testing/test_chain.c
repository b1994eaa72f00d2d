/* test_chain: importing a block, from its header to its state root. */
#include "testing/test_chain.h"
#include "block/root_recorder.h"
#include "testing/test_store.h"

#include <stdlib.h>

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

static struct chain_node *add_node(struct test_chain *c)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity == 0 ? 8 : c->capacity * 2;
        c->nodes = base_realloc(c->nodes, c->capacity * sizeof *c->nodes);
    }
    return &c->nodes[c->count++];
}

void test_chain_begin(struct test_chain *c, struct tester *t, const struct chain_spec *spec,
                      const struct header *genesis, struct state_memory *state)
{
    *c = (struct test_chain){.tester = t, .spec = spec};
    struct chain_node *n = add_node(c);
    *n = (struct chain_node){.header = *genesis, .total_difficulty = genesis->difficulty, .state = state};
    header_hash(&n->hash, genesis);
    state_memory_set_block_hash(state, genesis->number, &n->hash);
}

void test_chain_free(struct test_chain *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->nodes[i].state != NULL) state_memory_free(c->nodes[i].state);
    free(c->nodes);
}

struct chain_node *test_chain_node_of(const struct test_chain *c, const struct hash *hash)
{
    for (uint32_t i = c->count; i-- > 0;)
        if (hash_equal(&c->nodes[i].hash, hash)) return &c->nodes[i];
    return NULL;
}

const struct fork *test_chain_fork_of(const struct test_chain *c, const struct chain_node *parent,
                                      const struct block *b)
{
    return chain_fork_after(c->spec, b->header.number, b->header.timestamp, parent->total_difficulty);
}

/* ---- importing --------------------------------------------------------------------------------------------------- */

static enum status check_block(const struct test_chain *c, const struct block *b, const struct chain_node *parent,
                               const struct fork *fork, struct error *e)
{
    if (b->has_withdrawals != fork->withdrawals)
        return error_set(e, BLOCK_FIELDS, "%s: withdrawals", status_text(BLOCK_FIELDS));
    if (fork->limit.block_size != 0 && b->encoded_size > fork->limit.block_size)
        return error_set(e, BLOCK_TOO_BIG, "%s: %zu bytes, expected at most %u", status_text(BLOCK_TOO_BIG),
                         b->encoded_size, fork->limit.block_size);
    enum status s = block_check_header(&b->header, &parent->header, fork, c->spec, e);
    if (s == STATUS_OK) s = block_check_body(b, fork, e);
    if (s != STATUS_OK || b->uncle_count == 0) return s;
    struct block_ancestor ancestors[OMMER_AGE_MAX + 1];
    uint32_t count = 0;
    for (const struct chain_node *n = parent; count < COUNT_OF(ancestors); n = &c->nodes[n->parent]) {
        ancestors[count++] = (struct block_ancestor){&n->header, n->hash, n->uncles, n->uncle_count};
        if (n == c->nodes) break;
    }
    return block_check_uncles(b, c->spec, ancestors, count, e);
}

/* Executes and compares with the header, up to the state root. */
static enum status execute_block(struct test_chain *c, const struct block *b,
                                 const struct block_access_list *access_list, struct state_memory *parent_state,
                                 const struct fork *fork, struct block_result *result, struct error *e)
{
    struct tester *t = c->tester;
    struct state_view view = c->store != NULL ? store_view(c->store) : state_memory_view(parent_state);
    struct root_recorder recorder = {.result = result, .parent = parent_state, .arena = &t->arena};
    struct block_task task;
    struct pool *pool = engine_pool(tester_engine(t, EXECUTOR_SERIAL));
    enum status s = block_prepare(pool, c->spec, fork, b, &view, &t->arena, &task, e);
    if (s != STATUS_OK) return s;
    if (fork->block_access_list) task.access_list = access_list;
    if (!fork->receipt_status && tester_wants(t, EXECUTOR_SERIAL)) root_recorder_begin(&recorder, &task);
    struct error difference;
    s = tester_execute(t, &task, true, result, e, &difference);
    if (difference.status != STATUS_OK) {
        *e = difference;
        return difference.status;
    }
    return s == STATUS_OK ? block_check(result, e) : s;
}

/* Compares the root of the state after the block with the header's. */
static enum status check_root(const struct state_memory *state, const struct block *b, struct error *e)
{
    struct hash root;
    state_memory_root(state, NULL, &root);
    if (hash_equal(&root, &b->header.state_root)) return STATUS_OK;
    char found[65], expected[65];
    hex_encode(found, root.b, sizeof root.b);
    hex_encode(expected, b->header.state_root.b, sizeof root.b);
    return error_set(e, BLOCK_STATE_ROOT, "block %llu: %s: computed 0x%s, header has 0x%s",
                     (unsigned long long)b->header.number, status_text(BLOCK_STATE_ROOT), found, expected);
}

enum status test_chain_import(struct test_chain *c, const struct block *b, const struct block_access_list *access_list,
                              bool last_child, struct error *e)
{
    struct chain_node *parent = test_chain_node_of(c, &b->header.parent_hash);
    if (parent == NULL) return error_set(e, BLOCK_UNKNOWN_PARENT, "%s", status_text(BLOCK_UNKNOWN_PARENT));
    if (test_chain_node_of(c, &b->hash) != NULL) return STATUS_OK; /* known already */
    const struct fork *fork = test_chain_fork_of(c, parent, b);
    enum status s = check_block(c, b, parent, fork, e);
    if (s != STATUS_OK) return s;
    ASSERT(parent->state != NULL);
    struct block_result result;
    if (c->store != NULL) s = test_store_move(c, (uint32_t)(parent - c->nodes), e);
    if (s != STATUS_OK) return s;
    s = execute_block(c, b, access_list, parent->state, fork, &result, e);
    if (s != STATUS_OK) return s;
    struct state_memory *state = parent->state;
    if (last_child)
        parent->state = NULL;
    else
        state = state_memory_copy(state);
    struct chain_node node = {.header = b->header,
                              .hash = b->hash,
                              .uncles = b->uncles,
                              .uncle_count = b->uncle_count,
                              .parent = (uint32_t)(parent - c->nodes),
                              .total_difficulty = u256_add(parent->total_difficulty, b->header.difficulty),
                              .state = state};
    state_memory_apply(state, &result.diff);
    s = c->store != NULL ? test_store_apply(c, b, &result, &node, e) : check_root(state, b, e);
    if (s != STATUS_OK) {
        state_memory_free(state);
        return s;
    }
    state_memory_set_block_hash(state, b->header.number, &b->hash);
    *add_node(c) = node;
    /* The heaviest chain, the first seen of equals; after the merge each block is the new head. */
    if (fork->difficulty == DIFFICULTY_NONE || u256_less(c->nodes[c->head].total_difficulty, node.total_difficulty))
        c->head = c->count - 1;
    return STATUS_OK;
}
