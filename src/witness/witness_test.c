/* Witnesses: a partial state answers as the whole one does, or says what is missing; whatever is taken away or mangled
 * is noticed. */
#include "witness/witness.h"

#include <stdlib.h>

#include "harness.h"

enum { ACCOUNTS = 40, SLOTS = 20 };

static struct address address_of(uint64_t number)
{
    struct address a = {{0}};
    store_be64(a.b, number);
    return a;
}

static struct state_memory *random_state(void)
{
    struct state_memory *m = state_memory_new();
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        struct address address = address_of(i);
        struct memory_account *a = state_memory_account(m, &address);
        a->nonce = harness_random_below(3);
        a->balance = U256(1 + harness_random_below(1000));
        for (uint64_t k = 0; i % 3 == 0 && k < SLOTS; k++) {
            struct u256 key = U256(k), value = U256(harness_random_below(3));
            state_memory_set_slot(m, &address, &key, &value);
        }
    }
    return m;
}

/* A random change of the state: accounts and slots changed, made, gone. */
static struct state_diff random_diff(const struct state_memory *m, struct arena *arena)
{
    struct state_diff diff = {ARENA_ARRAY(arena, struct account_change, ACCOUNTS + 5), 0};
    for (uint64_t i = 0; i < ACCOUNTS + 5; i++) {
        if (harness_random_below(4) != 0) continue;
        struct address address = address_of(i);
        struct account_change change = {.address = address,
                                        .exists = i >= ACCOUNTS || harness_random_below(4) != 0,
                                        .balance = U256(harness_random_below(100)),
                                        .nonce = 1,
                                        .code_hash = keccak_empty};
        change.slots = ARENA_ARRAY(arena, struct slot_change, SLOTS + 5);
        for (uint64_t k = 0; change.exists && k < SLOTS + 5; k++) {
            struct u256 key = U256(k), value = U256(harness_random_below(3));
            if (harness_random_below(5) == 0 && !u256_equal(state_memory_slot(m, &address, &key), value))
                change.slots[change.slot_count++] = (struct slot_change){key, value};
        }
        diff.accounts[diff.count++] = change;
    }
    return diff;
}

/* The diff's accounts and slots, and some that are only read. */
static struct block_access_list accesses_of(const struct state_diff *diff, struct arena *arena)
{
    struct bal_account *accounts = ARENA_ARRAY(arena, struct bal_account, diff->count + 1);
    for (size_t i = 0; i < diff->count; i++) {
        const struct account_change *change = &diff->accounts[i];
        struct u256 *reads = ARENA_ARRAY(arena, struct u256, change->slot_count + 1);
        for (size_t k = 0; k < change->slot_count; k++) reads[k] = change->slots[k].key;
        reads[change->slot_count] = U256(SLOTS + 100);
        accounts[i] = (struct bal_account){
            .address = change->address, .reads = reads, .read_count = (uint32_t)change->slot_count + 1};
    }
    accounts[diff->count] = (struct bal_account){.address = address_of(77)};
    return (struct block_access_list){accounts, (uint32_t)diff->count + 1};
}

static struct rlp_writer parent_writer;

static bool give_code(void *context, const struct hash *hash, struct bytes *out)
{
    (void)context, (void)hash, (void)out;
    return false;
}

static bool give_parent(void *context, uint64_t number, struct bytes *out)
{
    (void)context, (void)number;
    *out = rlp_written(&parent_writer);
    return true;
}

/* Applies the diff from the witness alone. */
static enum status apply(const struct witness *w, const struct hash *parent_hash, const struct state_diff *diff,
                         struct hash *root)
{
    struct witness_state *state;
    struct error e;
    enum status s = witness_state_new(&state, w, parent_hash, NULL, &e);
    if (s != STATUS_OK) return s;
    struct trie_source nodes = witness_state_nodes(state);
    struct state_tries *tries = state_tries_new(&witness_state_parent(state)->state_root, &nodes);
    s = state_tries_apply(tries, diff);
    state_tries_root(tries, NULL, root);
    state_tries_free(tries);
    witness_state_free(state);
    return s;
}

static void check_view(const struct witness *w, const struct hash *parent_hash, const struct state_memory *m,
                       const struct block_access_list *l)
{
    struct witness_state *state;
    struct error e;
    CHECK_STATUS(witness_state_new(&state, w, parent_hash, NULL, &e), STATUS_OK);
    struct state_view view = witness_state_view(state);
    for (uint32_t i = 0; i < l->account_count; i++) {
        const struct bal_account *a = &l->accounts[i];
        const struct memory_account *expected = state_memory_find(m, &a->address);
        struct account_data found;
        CHECK_STATUS(view.account(view.context, &a->address, &found), STATUS_OK);
        CHECK(found.exists == (expected != NULL));
        CHECK(expected == NULL || (found.nonce == expected->nonce && u256_equal(found.balance, expected->balance)));
        for (uint32_t k = 0; k < a->read_count; k++) {
            struct u256 value;
            CHECK_STATUS(view.storage(view.context, &a->address, &a->reads[k], &value), STATUS_OK);
            CHECK(u256_equal(value, state_memory_slot(m, &a->address, &a->reads[k])));
        }
    }
    CHECK_STATUS(witness_state_check(state, NULL, &e), STATUS_OK);
    witness_state_free(state);
}

TEST(a_witness_is_enough_and_nothing_in_it_can_be_spared)
{
    struct arena arena = {0};
    for (unsigned round = 0; round < 30; round++) {
        struct state_memory *before = random_state();
        struct state_diff diff = random_diff(before, &arena);
        struct block_access_list accesses = accesses_of(&diff, &arena);
        struct witness_store *store = witness_store_new(before);
        struct header parent = {.field_count = HEADER_FIELDS_MIN, .number = 5};
        struct hash parent_hash, expected, found;
        state_memory_root(before, NULL, &parent.state_root);
        rlp_rewind(&parent_writer, 0);
        header_encode(&parent_writer, &parent);
        header_hash(&parent_hash, &parent);
        struct witness_provider provider = {witness_store_nodes(store), NULL, give_code, give_parent};
        struct witness_touched touched = {.accesses = &accesses, .oldest_hash = 5};
        struct witness w;
        CHECK_STATUS(witness_make(&w, &provider, &parent, &touched, &diff, &arena), STATUS_OK);
        check_view(&w, &parent_hash, before, &accesses);

        struct state_memory *after = state_memory_copy(before);
        state_memory_apply(after, &diff);
        state_memory_root(after, NULL, &expected);
        CHECK_STATUS(apply(&w, &parent_hash, &diff, &found), STATUS_OK);
        CHECK_BYTES(found.b, expected.b, 32);

        /* Without one node, or with one bit of it changed, something fails: the reads or the changes. */
        for (unsigned i = 0; i < 10 && w.node_count > 0; i++) {
            struct bytes *nodes = arena_copy(&arena, w.nodes, w.node_count * sizeof *w.nodes);
            size_t victim = harness_random_below(w.node_count);
            uint8_t *mangled = arena_copy(&arena, nodes[victim].data, nodes[victim].size);
            mangled[harness_random_below(nodes[victim].size)] ^= (uint8_t)(1u << harness_random_below(8));
            nodes[victim].data = mangled;
            struct witness worse = w;
            worse.nodes = nodes;
            struct witness_state *state;
            struct error e;
            CHECK_STATUS(witness_state_new(&state, &worse, &parent_hash, NULL, &e), STATUS_OK);
            struct trie_source source = witness_state_nodes(state);
            struct state_tries *tries = state_tries_new(&parent.state_root, &source);
            enum status s = STATUS_OK;
            for (uint32_t k = 0; k < accesses.account_count && s == STATUS_OK; k++) {
                s = state_tries_visit_account(tries, &accesses.accounts[k].address);
                for (uint32_t j = 0; j < accesses.accounts[k].read_count && s == STATUS_OK; j++)
                    s = state_tries_visit_slot(tries, &accesses.accounts[k].address, &accesses.accounts[k].reads[j]);
            }
            if (s == STATUS_OK) s = state_tries_apply(tries, &diff);
            CHECK_STATUS(s, STATE_MISSING);
            state_tries_free(tries);
            witness_state_free(state);
        }
        state_memory_free(before);
        state_memory_free(after);
        witness_store_free(store);
        arena_reset(&arena);
    }
    rlp_writer_free(&parent_writer);
    arena_free(&arena);
}

TEST(a_witness_without_the_parents_header_is_refused)
{
    struct header parent = {.field_count = HEADER_FIELDS_MIN, .number = 5}, child = parent;
    struct rlp_writer first = {0}, second = {0};
    struct hash parent_hash, child_hash;
    struct witness_state *state;
    struct error e;
    header_encode(&first, &parent);
    header_hash(&parent_hash, &parent);
    child.parent_hash = parent_hash;
    child.number = 6;
    header_encode(&second, &child);
    header_hash(&child_hash, &child);
    struct bytes headers[2] = {rlp_written(&first), rlp_written(&second)}, backwards[2] = {headers[1], headers[0]};
    struct witness w = {.headers = headers, .header_count = 2};
    CHECK_STATUS(witness_state_new(&state, &w, &child_hash, NULL, &e), STATUS_OK);
    struct state_view view = witness_state_view(state);
    struct hash found;
    CHECK_STATUS(view.block_hash(view.context, 5, &found), STATUS_OK);
    CHECK_BYTES(found.b, parent_hash.b, 32);
    CHECK_STATUS(view.block_hash(view.context, 4, &found), STATE_MISSING);
    witness_state_free(state);
    CHECK_STATUS(witness_state_new(&state, &w, &parent_hash, NULL, &e), WITNESS_HEADERS);
    w.headers = backwards;
    CHECK_STATUS(witness_state_new(&state, &w, &child_hash, NULL, &e), WITNESS_HEADERS);
    w.header_count = 0;
    CHECK_STATUS(witness_state_new(&state, &w, &child_hash, NULL, &e), WITNESS_HEADERS);
    rlp_writer_free(&first);
    rlp_writer_free(&second);
}

/* ---- hostile witnesses ------------------------------------------------------------------------------------------- */

/* A chain of nodes of which each names the next; counts how often somebody looks. */
struct hostile_chain {
    struct hash names[1000];
    uint8_t nodes[1000][40];
    size_t sizes[1000];
    size_t looks;
};

static bool give_link(void *context, const struct hash *hash, struct bytes *out)
{
    struct hostile_chain *c = context;
    c->looks++;
    for (size_t i = 0; i < COUNT_OF(c->names); i++)
        if (hash_equal(&c->names[i], hash)) {
            *out = (struct bytes){c->nodes[i], c->sizes[i]};
            return true;
        }
    return false;
}

/* Extensions with this path, as the node has it. */
static void make_chain(struct hostile_chain *c, const uint8_t *path, size_t path_size)
{
    struct rlp_writer w = {0};
    struct hash next = {{7}};
    c->looks = 0;
    for (size_t i = 0; i < COUNT_OF(c->names); i++) {
        rlp_rewind(&w, 0);
        rlp_put_hash(&w, &next);
        rlp_put_bytes(&w, path, path_size);
        rlp_put_list(&w, 0);
        struct bytes node = rlp_written(&w);
        CHECK(node.size <= sizeof c->nodes[i]);
        memcpy(c->nodes[i], node.data, node.size);
        c->sizes[i] = node.size;
        next = keccak256_bytes(node);
        c->names[i] = next;
    }
    rlp_writer_free(&w);
}

/* A hostile parent header may name any root: a lookup takes no more steps than the key has nibbles. */
TEST(a_lookup_in_a_hostile_trie_is_short)
{
    static struct hostile_chain chain;
    static const uint8_t paths[][2] = {{0x00}, {0x10}, {0x00, 0x00}};
    static const size_t sizes[] = {1, 1, 2};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        make_chain(&chain, paths[i], sizes[i]);
        struct trie_source source = {.context = &chain, .node = give_link};
        const uint8_t key[32] = {0};
        struct bytes value;
        CHECK_STATUS(trie_lookup(&source, &chain.names[999], key, sizeof key, &value), TRIE_BAD_NODE);
        CHECK(chain.looks <= 2 * sizeof key);

        chain.looks = 0;
        struct state_tries *tries = state_tries_new(&chain.names[999], &source);
        (void)state_tries_visit_account(tries, &(struct address){{0}}); /* is refused, or ends where the paths part */
        CHECK(chain.looks <= 2 * sizeof key);
        state_tries_free(tries);
    }
}

/* A list of a million items under the parent's state root is not read again for every account. */
TEST(a_witness_with_a_huge_node_is_as_one_without_it)
{
    enum { HUGE = 1 << 20 };
    uint8_t *huge = base_calloc(1, HUGE);
    static const uint8_t list_of_huge[] = {0xfa, 0x0f, 0xff, 0xfc}; /* and 2^20 - 4 zero bytes */
    memcpy(huge, list_of_huge, sizeof list_of_huge);
    struct bytes nodes[] = {{huge, HUGE}};
    struct header parent = {.field_count = HEADER_FIELDS_MIN, .number = 5, .state_root = keccak256_bytes(nodes[0])};
    struct rlp_writer w = {0};
    struct hash parent_hash;
    header_encode(&w, &parent);
    header_hash(&parent_hash, &parent);
    struct bytes headers[WITNESS_HEADERS_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(headers); i++) headers[i] = rlp_written(&w);
    struct witness witness = {.nodes = nodes, .node_count = 1, .headers = headers, .header_count = 1};
    struct witness_state *state;
    struct error e;
    CHECK_STATUS(witness_state_new(&state, &witness, &parent_hash, NULL, &e), STATUS_OK);
    struct trie_source source = witness_state_nodes(state);
    struct bytes found;
    CHECK(!source.node(source.context, &parent.state_root, &found));
    struct state_view view = witness_state_view(state);
    struct account_data account;
    CHECK_STATUS(view.account(view.context, &(struct address){{1}}, &account), STATUS_OK);
    CHECK(!account.exists);
    CHECK_STATUS(witness_state_check(state, NULL, &e), STATE_MISSING);
    witness_state_free(state);

    witness.header_count = COUNT_OF(headers);
    CHECK_STATUS(witness_state_new(&state, &witness, &parent_hash, NULL, &e), WITNESS_HEADERS);
    rlp_writer_free(&w);
    free(huge);
}
