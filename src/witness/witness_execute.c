/* Checking a block with a witness and nothing else. */
#include "witness/witness.h"

static void hex_of(char out[65], const struct hash *h)
{
    hex_encode(out, h->b, sizeof h->b);
}

/* Applies the changes to the partial tries and compares the root. */
static enum status check_state_root(struct witness_state *state, const struct block *b, const struct state_diff *diff,
                                    struct pool *pool, struct error *e)
{
    struct trie_source nodes = witness_state_nodes(state);
    struct state_tries *tries = state_tries_new(&witness_state_parent(state)->state_root, &nodes);
    struct hash root;
    enum status s = state_tries_apply(tries, diff);
    if (s != STATUS_OK) {
        error_set(e, s, "block %llu: %s: a node of the state trie or of a storage trie that the changes need",
                  (unsigned long long)b->header.number, status_text(s));
    } else {
        state_tries_root(tries, pool, &root);
        if (!hash_equal(&root, &b->header.state_root)) {
            char found[65], expected[65];
            hex_of(found, &root);
            hex_of(expected, &b->header.state_root);
            s = error_set(e, BLOCK_STATE_ROOT, "block %llu: %s: computed 0x%s, header has 0x%s",
                          (unsigned long long)b->header.number, status_text(BLOCK_STATE_ROOT), found, expected);
        }
    }
    state_tries_free(tries);
    return s;
}

/* A code that the engine knew from other blocks was not asked of the witness; it has to be there all the same. */
static enum status check_codes(struct witness_state *state, const struct block *b, const struct block_result *r,
                               struct error *e)
{
    for (uint32_t i = 0; i < r->code_read_count; i++)
        if (!witness_state_has_code(state, &r->codes_read[i])) {
            char hash[65];
            hex_of(hash, &r->codes_read[i]);
            return error_set(e, STATE_MISSING, "block %llu: %s: code with hash 0x%s",
                             (unsigned long long)b->header.number, status_text(STATE_MISSING), hash);
        }
    return STATUS_OK;
}

static enum status execute(struct engine *engine, enum executor_kind kind, const struct chain_spec *chain,
                           const struct fork *fork, const struct block *b, struct witness_state *state,
                           struct block_result *out, struct error *e)
{
    struct arena arena = {0};
    struct state_view view = witness_state_view(state);
    struct block_task task;
    enum status s = block_prepare(engine_pool(engine), chain, fork, b, &view, &arena, &task, e);
    if (s != STATUS_OK) {
        arena_free(&arena);
        return s;
    }
    task.keep_accesses = true;
    s = block_execute(engine, kind, &task, out, e);
    /* What fell into a gap may be why the block failed: then the witness is to blame. */
    if (s == STATE_MISSING)
        error_set(e, s, "block %llu: %s: %s", (unsigned long long)b->header.number, status_text(s),
                  witness_state_missing(state));
    enum status gap = witness_state_check(state, s == STATUS_OK ? &out->access_list : NULL, e);
    if (gap != STATUS_OK) s = gap;
    if (s == STATUS_OK) {
        block_seal(engine, out);
        s = block_check(out, e);
    }
    if (s == STATUS_OK) s = check_codes(state, b, out, e);
    if (s == STATUS_OK) s = check_state_root(state, b, &out->diff, engine_pool(engine), e);
    out->task = NULL; /* it was here */
    arena_free(&arena);
    return s;
}

enum status witness_execute(struct engine *engine, enum executor_kind kind, const struct chain_spec *chain,
                            const struct block *block, const struct witness *w, struct block_result *out,
                            struct error *e)
{
    const struct fork *fork = chain_fork_of(chain, &block->header);
    struct witness_state *state;
    struct block_result result;
    if (block->has_withdrawals != fork->withdrawals)
        return error_set(e, BLOCK_FIELDS, "%s: withdrawals", status_text(BLOCK_FIELDS));
    enum status s = witness_state_new(&state, w, &block->header.parent_hash, engine_pool(engine), e);
    if (s != STATUS_OK) return s;
    s = block_check_header(&block->header, witness_state_parent(state), fork, chain, e);
    if (s == STATUS_OK) s = block_check_body(block, fork, e);
    if (s == STATUS_OK) s = execute(engine, kind, chain, fork, block, state, out != NULL ? out : &result, e);
    witness_state_free(state);
    return s;
}
