/* The store against a state in memory: random blocks, commits, reopenings, reverts, looks back. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "block/block.h"
#include "harness.h"

enum { ACCOUNTS = 40, SLOTS = 30, BLOCKS = 60, HISTORY = 12 };

/* A chain of states in memory beside one in a store. */
struct twin {
    char folder[64];
    struct store *store;
    struct store_options options;
    struct state_memory *states[BLOCKS + 1]; /* after each block */
    struct hash hashes[BLOCKS + 1];
    uint64_t head;
    struct code_cache *codes;
    struct pool *pool;
};

static struct address address_number(uint64_t n)
{
    struct address a = {{0}};
    store_be64(a.b + 12, n * 0x9e3779b97f4a7c15u);
    return a;
}

static struct u256 random_word(void)
{
    return (struct u256){{harness_random(), harness_random_below(2) == 0 ? 0 : harness_random(), 0, 0}};
}

static int by_address(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address));
}

static int by_slot(const void *a, const void *b)
{
    return u256_compare(((const struct slot_change *)a)->key, ((const struct slot_change *)b)->key);
}

static void random_slots(const struct state_memory *m, struct account_change *c, bool fresh, struct arena *arena)
{
    size_t count = harness_random_below(harness_random_below(4) == 0 ? SLOTS : 4);
    c->slots = ARENA_ARRAY(arena, struct slot_change, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct slot_change s = {U256(harness_random_below(SLOTS)),
                                harness_random_below(3) == 0 ? U256_ZERO : random_word()};
        bool known = false;
        for (size_t k = 0; k < c->slot_count; k++) known = known || u256_equal(c->slots[k].key, s.key);
        struct u256 old = fresh ? U256_ZERO : state_memory_slot(m, &c->address, &s.key);
        if (!known && !u256_equal(old, s.value)) c->slots[c->slot_count++] = s;
    }
    qsort(c->slots, c->slot_count, sizeof *c->slots, by_slot);
}

/* Something that a block could have done to some accounts. */
static struct state_diff random_diff(struct twin *t, const struct state_memory *m, struct arena *arena)
{
    struct state_diff d = {ARENA_ARRAY(arena, struct account_change, ACCOUNTS), 0};
    for (uint64_t n = 0; n < ACCOUNTS; n++) {
        if (harness_random_below(3) != 0) continue;
        struct account_change c = {.address = address_number(n), .exists = harness_random_below(6) != 0};
        const struct memory_account *old = state_memory_find(m, &c.address);
        if (old == NULL && !c.exists) continue;
        c.code_hash = old == NULL ? keccak_empty : old->code_hash;
        if (c.exists) {
            c.nonce = harness_random_below(1000);
            c.balance = random_word();
            if (harness_random_below(4) == 0) {
                uint8_t code[40];
                for (size_t i = 0; i < sizeof code; i++) code[i] = (uint8_t)harness_random();
                keccak256(&c.code_hash, code, sizeof code);
                c.code_changed = true;
                c.code = code_cache_put(t->codes, &c.code_hash, (struct bytes){code, sizeof code});
            }
            c.storage_wiped = old != NULL && old->live_slots != 0 && harness_random_below(8) == 0;
            random_slots(m, &c, c.storage_wiped || old == NULL, arena);
        }
        d.accounts[d.count++] = c;
    }
    qsort(d.accounts, d.count, sizeof *d.accounts, by_address);
    return d;
}

static void open_store(struct twin *t)
{
    struct error e;
    enum status s = store_open(&t->store, t->folder, &t->options, &e);
    if (s != STATUS_OK) FAIL("%s", e.text);
}

/* `applying`: the newest block's tries are still being changed, when an account that has nonce or code may seem to have
 * storage that it has not. */
static void compare_states(const struct state_view *view, const struct state_memory *m, bool applying)
{
    for (uint64_t n = 0; n < ACCOUNTS; n++) {
        struct address a = address_number(n);
        struct account_data found;
        const struct memory_account *expected = state_memory_find(m, &a);
        CHECK_STATUS(view->account(view->context, &a, &found), STATUS_OK);
        CHECK(found.exists == (expected != NULL));
        if (expected == NULL) continue;
        CHECK_EQ_U64(found.nonce, expected->nonce);
        CHECK(u256_equal(found.balance, expected->balance));
        CHECK(hash_equal(&found.code_hash, &expected->code_hash));
        bool seems = applying && (expected->nonce != 0 || expected->code.size != 0);
        CHECK(found.has_storage == (expected->live_slots != 0) || (seems && found.has_storage));
        struct bytes code;
        CHECK_STATUS(view->code(view->context, &a, &found.code_hash, &code), STATUS_OK);
        CHECK(bytes_equal(code, expected->code));
        for (uint64_t k = 0; k < SLOTS; k++) {
            struct u256 key = U256(k), value;
            CHECK_STATUS(view->storage(view->context, &a, &key, &value), STATUS_OK);
            CHECK(u256_equal(value, state_memory_slot(m, &a, &key)));
        }
    }
}

static void compare_state(const struct state_view *view, const struct state_memory *m)
{
    compare_states(view, m, false);
}

static void check_store(struct twin *t)
{
    struct store_check_result result;
    struct error e;
    if (store_check(t->store, &result, &e) != STATUS_OK) FAIL("%s", e.text);
    CHECK_BYTES(result.state_root.b, store_head(t->store)->state_root.b, 32);
    CHECK_EQ_U64(result.blocks, t->head + 1);
}

/* In one step, or in two, with a look in between. */
static enum status apply(struct twin *t, const struct store_block *b, const struct state_diff *diff,
                         const struct state_memory *after, struct error *e)
{
    if (harness_random_below(3) == 0) return store_apply(t->store, b, diff, t->pool, e);
    enum status s = store_apply_begin(t->store, b, diff, t->pool, NULL, harness_random_below(4) != 0, e);
    if (s != STATUS_OK) return s;
    struct state_view view = store_view(t->store);
    struct hash hash;
    CHECK_STATUS(view.block_hash(view.context, b->header->number, &hash), STATUS_OK);
    CHECK_BYTES(hash.b, b->hash.b, 32);
    compare_states(&view, after, true);
    if (harness_random_below(2) == 0)
        while (!store_apply_is_done(t->store)) cpu_relax();
    return store_apply_end(t->store, e);
}

static enum status add_block(struct twin *t, const struct state_diff *diff, bool lie)
{
    struct state_memory *m = state_memory_copy(t->states[t->head]);
    state_memory_apply(m, diff);
    struct header h = {.field_count = HEADER_FIELDS_MIN,
                       .number = t->head + 1,
                       .parent_hash = t->hashes[t->head],
                       .uncles_hash = uncles_hash_empty,
                       .transactions_root = keccak_empty_trie,
                       .receipts_root = keccak_empty_trie,
                       .timestamp = harness_random()};
    state_memory_root(m, NULL, &h.state_root);
    if (lie) h.state_root.b[7] ^= 1;
    struct rlp_writer w = {0};
    header_encode(&w, &h);
    static const uint8_t body[] = {0xc2, 0xc0, 0xc0}, receipts[] = {0xc0};
    struct store_block b = {.header = &h,
                            .header_bytes = rlp_written(&w),
                            .body_bytes = {body, sizeof body},
                            .receipts_bytes = {receipts, sizeof receipts}};
    header_hash(&b.hash, &h);
    struct error e;
    enum status s = apply(t, &b, diff, m, &e);
    rlp_writer_free(&w);
    if (s != STATUS_OK) {
        state_memory_free(m);
        return s;
    }
    t->head++;
    if (t->states[t->head] != NULL) state_memory_free(t->states[t->head]);
    t->states[t->head] = m;
    t->hashes[t->head] = b.hash;
    return s;
}

static void begin(struct twin *t, unsigned workers, uint64_t accounts)
{
    *t = (struct twin){.options = {.cache_bytes = (size_t)1 << (14 + harness_random_below(7)),
                                   .history = HISTORY,
                                   .map_bytes = 1 << 28,
                                   .create = true,
                                   .careless = true}};
    (void)snprintf(t->folder, sizeof t->folder, "/tmp/weft-store-XXXXXX");
    CHECK(mkdtemp(t->folder) != NULL);
    t->codes = code_cache_new(free);
    t->pool = workers > 1 ? pool_new(workers) : NULL;
    open_store(t);
    struct state_memory *m = state_memory_new();
    for (uint64_t n = 0; n < accounts; n++) {
        struct address a = address_number(n);
        state_memory_account(m, &a)->balance = U256(n + 1);
        for (uint64_t k = 0; k < n; k++) {
            struct u256 key = U256(k), value = random_word();
            state_memory_set_slot(m, &a, &key, &value);
        }
    }
    struct header h = {.field_count = HEADER_FIELDS_MIN,
                       .uncles_hash = uncles_hash_empty,
                       .transactions_root = keccak_empty_trie,
                       .receipts_root = keccak_empty_trie};
    state_memory_root(m, NULL, &h.state_root);
    struct error e;
    if (store_genesis(t->store, &h, m, &e) != STATUS_OK) FAIL("%s", e.text);
    t->states[0] = m;
    header_hash(&t->hashes[0], &h);
}

static void end(struct twin *t)
{
    char command[128];
    store_close(t->store);
    for (size_t i = 0; i <= BLOCKS; i++)
        if (t->states[i] != NULL) state_memory_free(t->states[i]);
    code_cache_free(t->codes);
    pool_free(t->pool);
    (void)snprintf(command, sizeof command, "rm -rf %s", t->folder);
    CHECK(system(command) == 0);
}

static void look_back(struct twin *t)
{
    for (uint64_t back = 0; back <= HISTORY && back <= t->head; back++) {
        struct store_past *past;
        struct error e;
        enum status s = store_past_new(&past, t->store, t->head - back, &e);
        if (s != STATUS_OK) FAIL("%llu blocks back: %s", (unsigned long long)back, e.text);
        struct state_view view = store_past_view(past);
        compare_state(&view, t->states[t->head - back]);
        store_past_free(past);
    }
}

static void random_life(unsigned workers)
{
    struct twin t;
    struct arena arena = {0};
    struct error e;
    begin(&t, workers, ACCOUNTS / 2);
    uint64_t oldest = 0; /* what can be gone back to */
    bool reverted = false;
    for (unsigned step = 0; step < 150 && t.head < BLOCKS; step++) {
        arena_reset(&arena);
        struct state_diff diff = random_diff(&t, t.states[t.head], &arena);
        struct state_view view = store_view(t.store);
        if (diff.count != 0 && harness_random_below(6) == 0) {
            CHECK_STATUS(add_block(&t, &diff, true), BLOCK_STATE_ROOT);
            CHECK_BYTES(store_head(t.store)->hash.b, t.hashes[t.head].b, 32);
            compare_state(&view, t.states[t.head]);
        }
        CHECK_STATUS(add_block(&t, &diff, false), STATUS_OK);
        if (t.head >= HISTORY && t.head - HISTORY > oldest) oldest = t.head - HISTORY;
        switch (harness_random_below(8)) {
        case 0:
            CHECK_STATUS(store_commit(t.store, &e), STATUS_OK);
            reverted = false;
            break;
        case 1: CHECK_STATUS(store_commit_begin(t.store, &e), STATUS_OK); break;
        case 2: /* what is not committed is gone; but for blocks taken back, whose twins are gone as well */
            if (reverted) CHECK_STATUS(store_commit(t.store, &e), STATUS_OK);
            reverted = false;
            store_close(t.store);
            open_store(&t);
            t.head = store_head(t.store)->number;
            CHECK_BYTES(store_head(t.store)->hash.b, t.hashes[t.head].b, 32);
            view = store_view(t.store);
            break;
        case 3:
            for (uint64_t back = harness_random_below(HISTORY); back > 0 && t.head > oldest; back--) {
                CHECK_STATUS(store_revert(t.store, t.pool, &e), STATUS_OK);
                t.head--;
                reverted = true;
                CHECK_BYTES(store_head(t.store)->hash.b, t.hashes[t.head].b, 32);
            }
            break;
        case 4: check_store(&t); break;
        default: break;
        }
        compare_state(&view, t.states[t.head]);
        if (step % 16 == 0 && oldest + HISTORY <= t.head) look_back(&t);
    }
    check_store(&t);
    arena_free(&arena);
    end(&t);
}

TEST(stores_hold_what_memory_holds)
{
    for (unsigned i = 0; i < 3; i++) random_life(1);
}

TEST(stores_hold_it_with_many_workers)
{
    random_life(4);
}

/* The trie of accounts is a leaf, which lies nowhere but among the accounts, and becomes a branch. */
TEST(a_store_begins_with_one_account)
{
    struct twin t;
    begin(&t, 1, 1);
    for (uint64_t n = 1; n < 4; n++) {
        struct account_change c = {
            .address = address_number(n), .exists = true, .balance = U256(7), .code_hash = keccak_empty};
        struct state_diff d = {&c, 1};
        CHECK_STATUS(add_block(&t, &d, false), STATUS_OK);
        check_store(&t);
    }
    end(&t);
}

/* One account with thousands of slots, most of which are read from the database: nodes that are taken along with them
 * must be those of the tries, also where a node lies behind what it stands above. The pool also reads ahead. */
static void change_slots(struct twin *t, uint64_t slots, size_t changes)
{
    struct arena arena = {0};
    struct slot_change *all = ARENA_ARRAY(&arena, struct slot_change, changes);
    struct address a = address_number(0);
    const struct memory_account *old = state_memory_find(t->states[t->head], &a);
    size_t count = 0;
    for (size_t i = 0; i < changes; i++)
        all[i] = (struct slot_change){U256(harness_random_below(slots)),
                                      harness_random_below(3) == 0 ? U256_ZERO : random_word()};
    qsort(all, changes, sizeof *all, by_slot);
    for (size_t i = 0; i < changes; i++) {
        struct u256 now = state_memory_slot(t->states[t->head], &a, &all[i].key);
        bool again = count != 0 && u256_equal(all[count - 1].key, all[i].key);
        if (!again && !u256_equal(now, all[i].value)) all[count++] = all[i];
    }
    struct account_change c = {.address = a,
                               .exists = true,
                               .nonce = t->head,
                               .balance = U256(1),
                               .code_hash = old->code_hash,
                               .slots = all,
                               .slot_count = count};
    struct state_diff d = {&c, 1};
    /* execution has read what it changes */
    struct state_view view = store_view(t->store);
    for (size_t i = 0; i < count; i++) {
        struct u256 value;
        CHECK_STATUS(view.storage(view.context, &a, &all[i].key, &value), STATUS_OK);
    }
    CHECK_STATUS(add_block(t, &d, false), STATUS_OK);
    arena_free(&arena);
}

static void big_account(unsigned workers)
{
    enum { MANY_SLOTS = 6000, ROUNDS = 8 };
    struct twin t;
    struct error e;
    begin(&t, workers, 1);
    t.options.cache_bytes = (size_t)8 << 20; /* that there is room for what is taken along */
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 4 == 2) store_set_readers(t.store, t.pool);
        change_slots(&t, MANY_SLOTS, i == 0 ? MANY_SLOTS : MANY_SLOTS / 10);
        if (i % 2 == 0) change_slots(&t, MANY_SLOTS, MANY_SLOTS / 10);
        store_set_readers(t.store, NULL);
        CHECK_STATUS(store_commit(t.store, &e), STATUS_OK);
        check_store(&t);
        store_close(t.store);
        open_store(&t);
    }
    end(&t);
}

TEST(stores_take_nodes_along)
{
    big_account(1);
    big_account(3);
}

TEST(stores_refuse_what_they_should)
{
    struct twin t;
    struct store *second;
    struct error e;
    begin(&t, 1, ACCOUNTS / 2);
    CHECK_STATUS(store_open(&second, t.folder, &t.options, &e), STORE_LOCKED);
    struct header other = {.field_count = HEADER_FIELDS_MIN, .number = 0, .timestamp = 1, .state_root = {{1}}};
    CHECK_STATUS(store_genesis(t.store, &other, t.states[0], &e), STORE_OTHER_CHAIN);
    struct store_past *past;
    CHECK_STATUS(store_past_new(&past, t.store, 1, &e), STORE_NO_HISTORY);
    CHECK_STATUS(store_revert(t.store, NULL, &e), STORE_NO_HISTORY);
    struct store_options read = t.options;
    read.create = false;
    CHECK_STATUS(store_open(&second, "/tmp/weft-there-is-no-such-folder", &read, &e), STORE_NONE);
    end(&t);
}
