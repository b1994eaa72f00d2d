/* Blocks executed from a witness. A whole one gives what the full state gave; one that was mangled gives the same, or is
 * refused, and never another result.
 *
 *     kind, place, how (three bytes) | a block as in made_block.h */
#include "witness/witness.h"
#include "made_block.h"

static struct engine *engine;
static struct arena arena;
static struct rlp_writer parent_writer;

static bool give_parent(void *context, uint64_t number, struct bytes *out)
{
    (void)context, (void)number;
    *out = rlp_written(&parent_writer);
    return true;
}

static struct hash parent_hash;
static uint64_t parent_number;

static enum status hash_of_parent(void *context, uint64_t number, struct hash *out)
{
    (void)context;
    *out = parent_hash;
    return number == parent_number ? STATUS_OK : STATE_MISSING;
}

/* Takes away, doubles, cuts or changes one of the parts. */
static void mangle(struct bytes *parts, size_t *count, uint8_t place, uint8_t how)
{
    if (*count == 0) return;
    struct bytes *part = &parts[place % *count];
    switch (how % 4) {
    case 0: *part = parts[--*count]; break;
    case 1: *part = parts[how / 4 % *count]; break;
    case 2: part->size = part->size * how / 256; break;
    default: {
        uint8_t *copy = arena_copy(&arena, part->data, part->size);
        if (part->size != 0) copy[(size_t)how * 7 % part->size] ^= (uint8_t)(1 << place % 8);
        part->data = copy;
    }
    }
}

/* The parts as arrays of our own, with room. */
static struct bytes *copy_parts(const struct bytes *parts, size_t count)
{
    struct bytes *out = ARENA_ARRAY(&arena, struct bytes, count + 1);
    if (count != 0) memcpy(out, parts, count * sizeof *out);
    return out;
}

/* What the state is after a block that the witness alone carried. */
static enum status execute_from(const struct fuzz_block *b, const struct witness *w, struct block_result *out,
                                struct hash *root)
{
    struct witness_state *state;
    struct error e = {STATUS_OK, ""};
    enum status s = witness_state_new(&state, w, &parent_hash, NULL, &e);
    FUZZ_CHECK(s == STATUS_OK || e.text[0] != 0);
    if (s != STATUS_OK) return s;
    struct state_view view = witness_state_view(state);
    struct block_task task = made_task(b);
    task.view = &view;
    task.transactions_only = task.keep_accesses = true;
    s = block_execute(engine, EXECUTOR_PARALLEL, &task, out, &e);
    if (s == STATUS_OK) {
        block_seal(engine, out);
        s = witness_state_check(state, &out->access_list, &e);
    }
    if (s == STATUS_OK) {
        struct trie_source nodes = witness_state_nodes(state);
        struct state_tries *tries = state_tries_new(&witness_state_parent(state)->state_root, &nodes);
        s = state_tries_apply(tries, &out->diff);
        if (s == STATUS_OK) state_tries_root(tries, NULL, root);
        state_tries_free(tries);
    }
    witness_state_free(state);
    return s;
}

static void root_after(const struct state_memory *before, const struct state_diff *diff, struct hash *out)
{
    struct state_memory *after = state_memory_copy(before);
    state_memory_apply(after, diff);
    state_memory_root(after, NULL, out);
    state_memory_free(after);
}

/* The header that the state stands under, as the witness carries it. */
static void make_parent(struct header *parent, const struct fuzz_block *b)
{
    *parent = (struct header){.field_count = HEADER_FIELDS_MIN, .number = b->header.number - 1};
    parent_number = parent->number;
    state_memory_root(b->memory, NULL, &parent->state_root);
    rlp_rewind(&parent_writer, 0);
    header_encode(&parent_writer, parent);
    header_hash(&parent_hash, parent);
}

static void mangle_one(struct witness *w, const uint8_t choice[3])
{
    struct bytes *nodes = copy_parts(w->nodes, w->node_count), *codes = copy_parts(w->codes, w->code_count);
    struct bytes *headers = copy_parts(w->headers, w->header_count);
    if (choice[0] % 4 < 2) mangle(nodes, &w->node_count, choice[1], choice[2]);
    if (choice[0] % 4 == 2) mangle(codes, &w->code_count, choice[1], choice[2]);
    if (choice[0] % 4 == 3) mangle(headers, &w->header_count, choice[1], choice[2]);
    w->nodes = nodes;
    w->codes = codes;
    w->headers = headers;
}

static void check_block(struct fuzz_block *b, const uint8_t choice[3])
{
    struct header parent;
    struct block_result r;
    struct hash root, expected;
    make_parent(&parent, b);
    struct state_memory *memory = b->memory;
    struct block_task task = made_task(b);
    task.transactions_only = task.keep_accesses = true;
    if (block_execute(engine, EXECUTOR_SERIAL, &task, &r, NULL) != STATUS_OK) return;
    block_seal(engine, &r);
    struct hash receipts = r.receipts_root;
    root_after(memory, &r.diff, &expected);
    struct witness_store *store = witness_store_new(memory);
    struct witness_provider provider = {witness_store_nodes(store), store, witness_store_code, give_parent};
    struct witness_touched touched = {&r.access_list, r.codes_read, r.code_read_count, parent.number};
    struct witness w;
    FUZZ_CHECK(witness_make(&w, &provider, &parent, &touched, &r.diff, &arena) == STATUS_OK);
    FUZZ_CHECK(execute_from(b, &w, &r, &root) == STATUS_OK);
    FUZZ_CHECK(hash_equal(&r.receipts_root, &receipts) && hash_equal(&root, &expected));
    mangle_one(&w, choice);
    if (execute_from(b, &w, &r, &root) == STATUS_OK)
        FUZZ_CHECK(hash_equal(&r.receipts_root, &receipts) && hash_equal(&root, &expected));
    witness_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    struct fuzz_input in = {data, data + size};
    struct fuzz_block b;
    if (runs++ % 4000 == 0) {
        engine_free(engine);
        engine = engine_new(1);
        engine_share_always(engine, true);
    }
    uint8_t choice[3] = {fuzz_byte(&in), fuzz_byte(&in), fuzz_byte(&in)};
    make_block(&b, &in, NULL);
    b.view.block_hash = hash_of_parent;
    check_block(&b, choice);
    state_memory_free(b.memory);
    arena_reset(&arena);
    return 0;
}
