/* A store under a test chain. */
#include "testing/test_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"

enum { TEST_HISTORY = 1 << 20 };

enum status test_store_begin(struct test_chain *c, const struct header *genesis, const struct state_memory *state,
                             struct error *e)
{
    struct store_options o = {.cache_bytes = 1 << 18,
                              .history = TEST_HISTORY,
                              .map_bytes = (uint64_t)1 << 30,
                              .create = true,
                              .careless = true};
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(c->folder, sizeof c->folder, "%s/weft-blocktest-XXXXXX", temporary == NULL ? "/tmp" : temporary);
    if (mkdtemp(c->folder) == NULL) return error_set(e, STORE_IO, "%s: cannot be made", c->folder);
    enum status s = store_open(&c->store, c->folder, &o, e);
    return s == STATUS_OK ? store_genesis(c->store, genesis, state, e) : s;
}

enum status test_store_end(struct test_chain *c, struct error *e)
{
    static const char *const files[] = {"state.mdb", "state.mdb-lock", "LOCK"};
    struct store_check_result result;
    enum status s = c->store == NULL ? STATUS_OK : store_check(c->store, &result, e);
    store_close(c->store);
    c->store = NULL;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[sizeof c->folder + 32];
        (void)snprintf(path, sizeof path, "%s/%s", c->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(c->folder);
    return s;
}

/* A copy that outlives the engine's results. */
static struct state_diff copy_diff(const struct state_diff *from, struct arena *arena)
{
    struct state_diff to = {ARENA_ARRAY(arena, struct account_change, from->count + 1), from->count};
    if (from->count != 0) memcpy(to.accounts, from->accounts, from->count * sizeof *to.accounts);
    for (size_t i = 0; i < to.count; i++)
        to.accounts[i].slots = arena_copy(arena, to.accounts[i].slots,
                                          to.accounts[i].slot_count * sizeof *to.accounts[i].slots);
    return to;
}

static struct bytes keep(struct arena *arena, struct bytes from)
{
    return (struct bytes){arena_copy(arena, from.data, from.size), from.size};
}

static enum status apply(struct test_chain *c, const struct chain_node *node, struct error *e)
{
    struct store_block record = {.header = &node->header,
                                 .hash = node->hash,
                                 .total_difficulty = node->total_difficulty,
                                 .header_bytes = node->header_bytes,
                                 .body_bytes = node->body_bytes,
                                 .receipts_bytes = node->receipts_bytes};
    return store_apply(c->store, &record, &node->diff, NULL, e);
}

enum status test_store_apply(struct test_chain *c, const struct block *b, const struct block_result *r,
                             struct chain_node *node, struct error *e)
{
    struct arena *arena = &c->tester->arena;
    struct rlp_writer w = {0};
    block_encode(&w, b);
    struct bytes whole = keep(arena, rlp_written(&w));
    ASSERT(chain_split(whole, arena, &node->header_bytes, &node->body_bytes));
    rlp_rewind(&w, 0);
    /* Roots in receipts are not there when only the parallel executor ran. */
    if (r->task->fork->receipt_status || r->task->state_roots != NULL) {
        chain_put_receipts(&w, r);
        node->receipts_bytes = keep(arena, rlp_written(&w));
    }
    rlp_writer_free(&w);
    node->diff = copy_diff(&r->diff, arena);
    return apply(c, node, e);
}

enum status test_store_move(struct test_chain *c, uint32_t to, struct error *e)
{
    uint64_t number;
    uint32_t shared = to;
    enum status s = STATUS_OK;
    while (!store_block_number(c->store, &c->nodes[shared].hash, &number)) shared = c->nodes[shared].parent;
    while (s == STATUS_OK && !hash_equal(&store_head(c->store)->hash, &c->nodes[shared].hash))
        s = store_revert(c->store, NULL, e);
    while (s == STATUS_OK && shared != to) {
        uint32_t next = to;
        while (c->nodes[next].parent != shared) next = c->nodes[next].parent;
        s = apply(c, &c->nodes[next], e);
        shared = next;
    }
    return s;
}
