/* What is learnt of contracts, and that blocks are planned by it. */
#include "block/costs.h"
#include "block/plan.h"

#include "harness.h"

static struct transaction call_of(uint8_t contract, uint64_t gas_limit)
{
    return (struct transaction){.to = {{[19] = contract}}, .gas_limit = gas_limit};
}

TEST(costs_of_a_contract_are_learnt_and_bounded)
{
    struct cost_book *b = cost_book_new();
    struct transaction cheap = call_of(1, 200000), dear = call_of(2, 200000), unknown = call_of(3, 200000);
    CHECK(cost_book_factor(b, &dear) == 1);
    for (int i = 0; i < 500; i++) cost_book_note(b, &cheap, 100000, 40000);
    for (int i = 0; i < 4; i++) cost_book_note(b, &dear, 100000, 800000);
    double factor = cost_book_factor(b, &dear);
    CHECK(factor > 5 && factor < 21);
    CHECK(cost_book_factor(b, &cheap) == 1);
    CHECK(cost_book_factor(b, &unknown) == 1);
    cost_book_note(b, &dear, 1, UINT64_MAX);
    CHECK(cost_book_factor(b, &dear) <= 64);
    for (int i = 0; i < 40; i++) cost_book_note(b, &dear, 100000, 40000); /* forgotten again */
    CHECK(cost_book_factor(b, &dear) == 1);
    cost_book_note(b, &unknown, 0, 5); /* nothing can be said of it */
    CHECK(cost_book_factor(b, &unknown) == 1);
    cost_book_free(b);
}

/* A transaction near the end whose gas looks like everybody's is begun first once its contract is known. */
TEST(a_plan_begins_with_what_is_known_to_take_long)
{
    enum { COUNT = 100, LONG = 90 };
    struct cost_book *b = cost_book_new();
    struct arena arena = {0};
    struct transaction txs[COUNT];
    for (unsigned i = 0; i < COUNT; i++) txs[i] = call_of(i == LONG ? 2 : 1, 200000);
    struct header header = {.gas_limit = 30000000, .gas_used = 10000000};
    struct block_task task = {.header = &header, .transactions = txs, .transaction_count = COUNT};
    uint32_t first[COUNT + 1], group_of[COUNT], heavy[PLAN_HEAVY_MAX + 1];
    for (int known = 0; known < 2; known++) {
        struct plan p;
        plan_make(&p, &task, b, &arena);
        uint32_t groups = plan_groups(&p, 0, 2, first, group_of);
        uint32_t count = plan_heavy(&p, first, groups, 2, heavy);
        CHECK((count != 0 && first[heavy[0]] == LONG) == (known == 1));
        for (int i = 0; i < 500; i++) cost_book_note(b, &txs[0], 100000, 40000);
        cost_book_note(b, &txs[LONG], 100000, 2000000);
    }
    arena_free(&arena);
    cost_book_free(b);
}
