/* Making, comparing and using witnesses of test blocks. */
#include "testing/stateless.h"

/* ---- the full state as a provider -------------------------------------------------------------------------------- */

struct provider {
    struct witness_store *store;
    const struct test_chain *chain;
    const struct chain_node *parent;
    struct rlp_writer writer;
};

static bool find_header(void *context, uint64_t number, struct bytes *out)
{
    struct provider *p = context;
    const struct chain_node *n = p->parent;
    while (n->header.number > number && n != p->chain->nodes) n = &p->chain->nodes[n->parent];
    if (n->header.number != number) return false;
    rlp_rewind(&p->writer, 0);
    header_encode(&p->writer, &n->header);
    *out = rlp_written(&p->writer);
    return true;
}

static bool find_code(void *context, const struct hash *hash, struct bytes *out)
{
    return witness_store_code(((struct provider *)context)->store, hash, out);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* What of the block's ancestry is there. */
enum extent { WITH_ANCESTORS, WITHOUT_ANCESTORS };

static enum status make(struct tester *t, const struct chain_spec *chain, const struct fork *fork, struct provider *p,
                        const struct block *b, enum extent extent, enum executor_kind kind, struct witness *out,
                        struct error *e)
{
    struct engine *engine = tester_engine(t, kind);
    struct state_view view = state_memory_view(p->parent->state);
    struct block_task task;
    struct block_result r;
    enum status s = block_prepare(engine_pool(engine), chain, fork, b, &view, &t->arena, &task, e);
    if (s != STATUS_OK) return s;
    task.keep_accesses = true;
    s = block_execute(engine, kind, &task, &r, e);
    if (s != STATUS_OK) return s;
    block_seal(engine, &r);
    struct witness_provider provider = {witness_store_nodes(p->store), p, find_code, find_header};
    struct witness_touched touched = {&r.access_list, r.codes_read, r.code_read_count, p->parent->header.number};
    if (extent == WITH_ANCESTORS && r.oldest_hash < touched.oldest_hash) touched.oldest_hash = r.oldest_hash;
    s = witness_make(out, &provider, &p->parent->header, &touched, &r.diff, &t->arena);
    return s == STATUS_OK ? s : error_set(e, s, "making the witness: %s", status_text(s));
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static enum status compare_lists(const char *what, const struct bytes *made, size_t made_count,
                                 const struct bytes *expected, size_t expected_count, struct error *e)
{
    for (size_t i = 0; i < made_count || i < expected_count; i++) {
        if (i < made_count && i < expected_count && bytes_equal(made[i], expected[i])) continue;
        char found[33] = "nothing", wanted[33] = "nothing";
        if (i < made_count) hex_encode(found, made[i].data, made[i].size < 16 ? made[i].size : 16);
        if (i < expected_count) hex_encode(wanted, expected[i].data, expected[i].size < 16 ? expected[i].size : 16);
        return error_set(e, WITNESS_DIFFERS, "%s: %s %zu of %zu is %s..., expected %zu, there %s...",
                         status_text(WITNESS_DIFFERS), what, i, made_count, found, expected_count, wanted);
    }
    return STATUS_OK;
}

static enum status compare_witnesses(const struct witness *made, const struct witness *expected, struct error *e)
{
    enum status s = compare_lists("node", made->nodes, made->node_count, expected->nodes, expected->node_count, e);
    if (s == STATUS_OK)
        s = compare_lists("code", made->codes, made->code_count, expected->codes, expected->code_count, e);
    if (s == STATUS_OK)
        s = compare_lists("header", made->headers, made->header_count, expected->headers, expected->header_count, e);
    return s;
}

/* ---- a test's own witness ---------------------------------------------------------------------------------------- */

static const struct bytes *read_list(struct json_reader *f, yyjson_val *v, const char *key, struct arena *arena,
                                     size_t *count)
{
    yyjson_val *list = json_array(f, v, key);
    struct bytes *out = ARENA_ARRAY(arena, struct bytes, yyjson_arr_size(list) + 1);
    *count = yyjson_arr_size(list);
    for (size_t i = 0; i < *count; i++) out[i] = json_value_bytes(f, yyjson_arr_get(list, i), key);
    return out;
}

/* Whether the test says that the block can be checked with its witness: a flag behind the 32-byte root of the
 * request. */
static bool says_valid(struct json_reader *f, yyjson_val *v)
{
    enum { FLAG_AT = 32 };
    if (json_optional(v, "statelessOutputBytes") == NULL) return true;
    struct bytes output = json_bytes(f, v, "statelessOutputBytes");
    return output.size > FLAG_AT && output.data[FLAG_AT] == 1;
}

static enum status use_declared(struct test_chain *c, const struct chain_spec *rules, const struct block *b,
                                const struct witness *declared, bool valid, enum executor_kind kind, struct error *e)
{
    enum status s = witness_execute(tester_engine(c->tester, kind), kind, rules, b, declared, NULL, e);
    if ((s == STATUS_OK) == valid) return STATUS_OK;
    return valid ? s : error_set(e, WITNESS_DIFFERS, "a witness that lacks something was good enough");
}

enum status stateless_check(struct test_chain *c, const struct block *b, struct json_reader *f, yyjson_val *v,
                            bool compare, struct witness *out, struct error *e)
{
    struct provider p = {.chain = c, .parent = test_chain_node_of(c, &b->header.parent_hash)};
    if (p.parent == NULL) return error_set(e, BLOCK_UNKNOWN_PARENT, "%s", status_text(BLOCK_UNKNOWN_PARENT));
    const struct fork *fork = test_chain_fork_of(c, p.parent, b);
    struct chain_spec rules = *c->spec; /* a witness knows no total difficulty, so it gets the rules of this block */
    rules.activations[0] = (struct activation){fork, BY_NUMBER, 0};
    rules.activation_count = 1;
    struct witness declared, made[2];
    yyjson_val *given = json_optional(v, "executionWitness");
    bool valid = says_valid(f, v);
    if (given != NULL) {
        struct arena *arena = &c->tester->arena;
        declared.nodes = read_list(f, given, "state", arena, &declared.node_count);
        declared.codes = read_list(f, given, "codes", arena, &declared.code_count);
        declared.headers = read_list(f, given, "headers", arena, &declared.header_count);
        if (f->status != STATUS_OK) return f->status;
    }
    p.store = witness_store_new(p.parent->state);
    enum status s = STATUS_OK;
    unsigned count = 0;
    for (enum executor_kind kind = EXECUTOR_SERIAL; kind <= EXECUTOR_PARALLEL && s == STATUS_OK; kind++) {
        if (!tester_wants(c->tester, kind)) continue;
        s = make(c->tester, &rules, fork, &p, b, WITH_ANCESTORS, kind, &made[count], e);
        if (s == STATUS_OK && count > 0) s = compare_witnesses(&made[1], &made[0], e);
        if (s == STATUS_OK && given != NULL && compare && valid) s = compare_witnesses(&made[count], &declared, e);
        if (s == STATUS_OK) s = witness_execute(tester_engine(c->tester, kind), kind, &rules, b, &made[count], NULL, e);
        if (s == STATUS_OK && given != NULL) s = use_declared(c, &rules, b, &declared, valid, kind, e);
        count++;
    }
    if (s == STATUS_OK && out != NULL) *out = made[0];
    witness_store_free(p.store);
    rlp_writer_free(&p.writer);
    return s;
}

enum status stateless_make_part(struct tester *t, const struct chain_spec *chain, const struct fork *fork,
                                const struct block *b, struct state_memory *state, struct witness *out, struct error *e)
{
    struct chain_node parent = {.header = {.field_count = HEADER_FIELDS_MIN, .number = b->header.number - 1},
                                .state = state};
    state_memory_root(state, NULL, &parent.header.state_root);
    struct test_chain alone = {.tester = t, .spec = chain, .nodes = &parent, .count = 1};
    struct provider p = {.chain = &alone, .parent = &parent, .store = witness_store_new(state)};
    struct witness made[2];
    enum status s = STATUS_OK;
    unsigned count = 0;
    for (enum executor_kind kind = EXECUTOR_SERIAL; kind <= EXECUTOR_PARALLEL && s == STATUS_OK; kind++) {
        if (!tester_wants(t, kind)) continue;
        s = make(t, chain, fork, &p, b, WITHOUT_ANCESTORS, kind, &made[count], e);
        if (s == STATUS_OK && count > 0) s = compare_witnesses(&made[1], &made[0], e);
        count++;
    }
    witness_store_free(p.store);
    rlp_writer_free(&p.writer);
    if (s != STATUS_OK) return s;
    *out = made[0];
    out->header_count = 0;
    return STATUS_OK;
}
