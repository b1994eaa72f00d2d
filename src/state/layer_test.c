/* Layers beside their slow twin: a whole state in memory that is copied at each snapshot. */
#include "state/layer.h"

#include "base/hash.h"
#include "crypto/crypto.h"
#include "harness.h"

enum { ACCOUNTS = 6, KEYS = 5, SNAPSHOTS = 8, STEPS = 4000 };

static struct address address_at(uint64_t n)
{
    struct address a = {{0xaa}};
    a.b[19] = (uint8_t)n;
    return a;
}

/* The layer over `below`, and what it should read. */
struct twin {
    struct state_memory *below, *whole;
    struct state_layer *layer;
    uint64_t numbers[SNAPSHOTS];
    struct state_memory *copies[SNAPSHOTS];
    size_t count;
};

static struct account_data data_of(struct state_memory *m, const struct address *a)
{
    struct account_data data = {0};
    struct state_view view = state_memory_view(m);
    CHECK(view.account(view.context, a, &data) == STATUS_OK);
    if (!data.exists) data.code_hash = code_empty.hash;
    return data;
}

static void check_equal(const struct twin *t)
{
    struct state_view below = state_memory_view(t->below), whole = state_memory_view(t->whole);
    for (uint64_t n = 0; n < ACCOUNTS; n++) {
        struct address a = address_at(n);
        uint64_t hash = hash_of_address(&a);
        struct account_data expected = data_of(t->whole, &a), found;
        if (!state_layer_account(t->layer, &a, hash, &found)) found = data_of(t->below, &a);
        CHECK(found.exists == expected.exists && found.nonce == expected.nonce);
        CHECK(u256_equal(found.balance, expected.balance));
        CHECK(found.has_storage || !expected.has_storage); /* it may have become empty without the layer knowing */
        if (!found.exists) continue;
        CHECK(hash_equal(&found.code_hash, &expected.code_hash));
        struct bytes code = {0}, expected_code = {0};
        bool is_empty = hash_equal(&found.code_hash, &code_empty.hash); /* nobody asks for that code */
        if (!state_layer_code(t->layer, &a, hash, &code) && !is_empty)
            CHECK(below.code(below.context, &a, &found.code_hash, &code) == STATUS_OK);
        CHECK(whole.code(whole.context, &a, &expected.code_hash, &expected_code) == STATUS_OK);
        CHECK(bytes_equal(code, expected_code));
        for (uint64_t k = 0; k < KEYS; k++) {
            struct u256 key = U256(k), value;
            if (!state_layer_storage(t->layer, &a, hash, &key, &value)) value = state_memory_slot(t->below, &a, &key);
            CHECK(u256_equal(value, state_memory_slot(t->whole, &a, &key)));
        }
    }
}

/* Sets the account as the twin has it. */
static void carry_over(struct twin *t, const struct address *a, bool with_code)
{
    struct account_data data = data_of(t->whole, a);
    const struct memory_account *account = state_memory_find(t->whole, a);
    struct bytes code = account == NULL ? (struct bytes){0} : account->code;
    state_layer_set_account(t->layer, a, &data, with_code || !data.exists ? &code : NULL);
}

static void change(struct twin *t, uint64_t *seed)
{
    struct address a = address_at(random_next(seed) % ACCOUNTS);
    struct memory_account *account = state_memory_account(t->whole, &a);
    switch (random_next(seed) % 6) {
    case 0:
        account->nonce++;
        account->balance = U256(random_next(seed));
        carry_over(t, &a, false);
        break;
    case 1: {
        uint8_t code[3] = {(uint8_t)random_next(seed), 1, 2};
        struct bytes bytes = {code, random_next(seed) % 4};
        struct hash hash = keccak256_bytes(bytes);
        state_memory_set_code(t->whole, account, &hash, bytes);
        carry_over(t, &a, true);
        break;
    }
    case 2:
        state_memory_wipe(t->whole, account);
        carry_over(t, &a, false);
        state_layer_wipe(t->layer, &a);
        break;
    case 3: {
        struct account_change gone = {.address = a};
        state_memory_apply(t->whole, &(struct state_diff){&gone, 1});
        carry_over(t, &a, true);
        state_layer_wipe(t->layer, &a);
        break;
    }
    default: {
        struct u256 key = U256(random_next(seed) % KEYS), value = U256(random_next(seed) % 3);
        carry_over(t, &a, false);
        state_memory_set_slot(t->whole, &a, &key, &value);
        state_layer_set_slot(t->layer, &a, &key, &value);
    }
    }
}

static void drop_copies(struct twin *t, size_t count)
{
    while (t->count > count) state_memory_free(t->copies[--t->count]);
}

static void use_snapshots(struct twin *t, uint64_t *seed)
{
    uint64_t what = random_next(seed) % 3;
    if (what == 0 && t->count < SNAPSHOTS) {
        t->numbers[t->count] = state_layer_snapshot(t->layer);
        t->copies[t->count++] = state_memory_copy(t->whole);
    } else if (what == 1 && t->count != 0) {
        size_t at = random_next(seed) % t->count;
        CHECK(state_layer_revert(t->layer, t->numbers[at]));
        drop_copies(t, at + 1);
        state_memory_free(t->whole);
        t->whole = state_memory_copy(t->copies[at]);
    } else if (what == 2 && t->count != 0) {
        size_t at = random_next(seed) % t->count;
        uint64_t number = t->numbers[at];
        CHECK(state_layer_forget(t->layer, number));
        drop_copies(t, at);
        CHECK(!state_layer_forget(t->layer, number) && !state_layer_revert(t->layer, number));
    }
}

TEST(layer_reads_what_a_whole_copy_reads)
{
    for (int round = 0; round < 8; round++) {
        uint64_t seed = harness_random();
        struct twin t = {.below = state_memory_new(), .layer = state_layer_new()};
        for (uint64_t n = 0; n < ACCOUNTS / 2; n++) {
            struct address a = address_at(n);
            struct u256 key = U256(n), value = U256(7);
            static const uint8_t code[] = {1, 2, 3};
            struct hash hash = keccak256_bytes((struct bytes){code, n});
            state_memory_set_code(t.below, state_memory_account(t.below, &a), &hash, (struct bytes){code, n});
            state_memory_set_slot(t.below, &a, &key, &value);
        }
        t.whole = state_memory_copy(t.below);
        for (int i = 0; i < STEPS; i++) {
            change(&t, &seed);
            if (random_next(&seed) % 8 == 0) use_snapshots(&t, &seed);
            check_equal(&t);
        }
        struct state_layer *copy = state_layer_copy(t.layer), *original = t.layer;
        t.layer = copy;
        check_equal(&t);
        change(&t, &seed);
        check_equal(&t);
        drop_copies(&t, 0);
        state_layer_free(original);
        state_layer_free(copy);
        state_memory_free(t.below);
        state_memory_free(t.whole);
    }
}

TEST(layer_takes_block_hashes_back)
{
    struct state_layer *l = state_layer_new();
    struct hash one = {{1}}, two = {{2}}, found;
    CHECK(!state_layer_block_hash(l, 5, &found));
    state_layer_set_block_hash(l, 5, &one);
    uint64_t snapshot = state_layer_snapshot(l);
    state_layer_set_block_hash(l, 5, &two);
    state_layer_set_block_hash(l, 6, &two);
    CHECK(state_layer_block_hash(l, 5, &found) && hash_equal(&found, &two));
    CHECK(state_layer_revert(l, snapshot));
    CHECK(state_layer_block_hash(l, 5, &found) && hash_equal(&found, &one));
    CHECK(!state_layer_block_hash(l, 6, &found));
    state_layer_free(l);
}
