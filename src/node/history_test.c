#include "node/history.h"

#include "block/block.h"
#include "harness.h"

enum { ACCOUNTS = 6, SLOTS = 5, STEPS = 60 };

static struct address address_of(uint64_t i)
{
    struct address a = {{0xaa}};
    store_be64(a.b + 12, i);
    return a;
}

/* The same change in the history and in a plain state. */
static void change(struct history *h, struct state_memory *m, uint64_t *random)
{
    struct address a = address_of(random_next(random) % ACCOUNTS);
    struct u256 key = U256(random_next(random) % SLOTS), value = U256(random_next(random) % 3);
    struct slot_change slot = {key, value};
    struct account_change c = {.address = a,
                               .exists = random_next(random) % 8 != 0,
                               .nonce = random_next(random) % 9,
                               .balance = U256(1 + random_next(random) % 100),
                               .storage_wiped = random_next(random) % 6 == 0,
                               .slots = &slot,
                               .slot_count = 1};
    struct state_diff diff = {&c, 1};
    history_apply(h, &diff);
    state_memory_apply(m, &diff);
}

static void check_equal(struct history *h, uint64_t version, const struct state_memory *m)
{
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        struct address a = address_of(i);
        const struct memory_account *expected = state_memory_find(m, &a);
        struct history_account found = history_account_at(h, version, &a);
        CHECK_EQ_U64(found.exists, expected != NULL);
        for (uint64_t k = 0; k < SLOTS; k++) {
            struct u256 slot = history_slot_at(h, version, &a, &U256(k));
            CHECK(u256_equal(slot, state_memory_slot(m, &a, &U256(k))));
        }
        if (expected == NULL) continue;
        CHECK_EQ_U64(found.nonce, expected->nonce);
        CHECK(u256_equal(found.balance, expected->balance));
        CHECK_EQ_U64(found.live_slots, expected->live_slots);
    }
}

static void check_root(struct history *h, const struct state_memory *m)
{
    struct hash found, expected;
    history_root(h, NULL, &found);
    state_memory_root(m, NULL, &expected);
    CHECK(hash_equal(&found, &expected));
}

/* Every version reads as the plain state did at that time, also after going back, and the root is that of the plain
 * state. */
TEST(history_is_every_state_there_was)
{
    uint64_t random = harness_random();
    struct history *h = history_new();
    struct state_memory *states[STEPS + 1] = {state_memory_new()};
    for (unsigned round = 0; round < 4; round++) {
        uint64_t start = history_version(h);
        for (uint64_t v = start + 1; v <= STEPS; v++) {
            CHECK_EQ_U64(history_advance(h), v);
            states[v] = state_memory_copy(states[v - 1]);
            for (unsigned i = 0; i < 3; i++) change(h, states[v], &random);
            if (random_next(&random) % 3 == 0) check_root(h, states[v]);
        }
        check_root(h, states[STEPS]);
        for (uint64_t v = 0; v <= STEPS; v++) check_equal(h, v, states[v]);
        uint64_t back = random_next(&random) % STEPS;
        history_revert(h, back);
        CHECK_EQ_U64(history_version(h), back);
        check_equal(h, back, states[back]);
        check_root(h, states[back]);
        for (uint64_t v = back + 1; v <= STEPS; v++) state_memory_free(states[v]);
        for (uint64_t v = back + 1; v <= STEPS; v++) states[v] = NULL;
    }
    for (uint64_t v = 0; v <= STEPS; v++) state_memory_free(states[v]);
    history_free(h);
}
