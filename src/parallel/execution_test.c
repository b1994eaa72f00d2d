/* Executions by hand: which changes below a transaction that was executed speculatively invalidate it and which do not. Random blocks:
 * tests/explore. */
#include "parallel/execution.h"

#include "harness.h"
#include "state/memory.h"

static const struct address alice = {{[19] = 0xa1}}, bob = {{[19] = 0xb0}};

/* Transaction 1 is committed at the commit point after transaction 2 was executed speculatively on the state before both. */
struct stage {
    struct state_memory *memory;
    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct state *committed, *speculative;
    struct arena versions;
};

static void keep_no_plan(void *plan)
{
    (void)plan;
}

static void set(struct stage *t)
{
    struct u256 key = U256(1), value = U256(7);
    t->memory = state_memory_new();
    state_memory_account(t->memory, &alice)->balance = U256(100);
    state_memory_account(t->memory, &bob)->balance = u256_sub(U256_ZERO, U256(10));
    state_memory_set_slot(t->memory, &alice, &key, &value);
    t->view = state_memory_view(t->memory);
    t->codes = code_cache_new(keep_no_plan);
    t->table = state_table_new(&t->view, t->codes);
    t->committed = state_new(t->table);
    t->speculative = state_new(t->table);
    t->versions = (struct arena){0};
    t->committed->clear_empty = t->speculative->clear_empty = true;
    state_begin(t->speculative, 2, true);
    state_begin(t->committed, 1, false);
}

/* Whether the speculative execution is still valid after the one at the commit point. */
static bool holds(struct stage *t, const struct account_entry *beneficiary, uint64_t fees, struct conflict *conflict)
{
    state_finalize(t->speculative);
    struct execution *second = execution_publish(t->speculative, NULL, &t->versions);
    state_finalize(t->committed);
    struct execution *first = execution_publish(t->committed, NULL, &t->versions);
    execution_commit(first);
    struct u256 wei = U256(fees);
    *conflict = (struct conflict){0};
    bool held = execution_is_valid(second, beneficiary, &wei, conflict);
    bool depends_on_fees = beneficiary != NULL && execution_saw_balance(second, beneficiary);
    /* What was sure can be spoiled only by somebody who notices it. */
    if (!held && !depends_on_fees) CHECK(!second->validated || first->invalidates);
    return held;
}

static void strike(struct stage *t)
{
    state_free(t->committed);
    state_free(t->speculative);
    state_table_free(t->table);
    code_cache_free(t->codes);
    state_memory_free(t->memory);
    arena_free(&t->versions);
}

static void write_slot(struct state *s, uint64_t value)
{
    struct u256 key = U256(1), word = U256(value);
    state_set_slot(s, state_slot(s, state_account(s, &alice), &key), &word);
}

TEST(execution_the_same_value_again_disturbs_nobody)
{
    struct stage t;
    struct conflict conflict;
    struct u256 key = U256(1);
    for (uint64_t value = 6; value <= 7; value++) {
        set(&t);
        state_slot(t.speculative, state_account(t.speculative, &alice), &key);
        write_slot(t.committed, value);
        CHECK(holds(&t, NULL, 0, &conflict) == (value == 7));
        if (value == 6) {
            CHECK(conflict.location != NULL);
            CHECK_EQ_U64(conflict.seen_tx, 0);
            CHECK_EQ_U64(conflict.found_tx, 1);
        }
        strike(&t);
    }
}

TEST(execution_a_question_about_a_balance_survives_what_does_not_change_the_answer)
{
    struct stage t;
    struct conflict conflict;
    for (uint64_t taken = 39; taken <= 41; taken++) {
        set(&t);
        struct u256 enough = U256(60), wei = U256(taken);
        CHECK(state_balance_at_least(t.speculative, state_account(t.speculative, &alice), &enough));
        state_debit(t.committed, state_account(t.committed, &alice), &wei);
        CHECK(holds(&t, NULL, 0, &conflict) == (taken <= 40));
        strike(&t);
    }
}

TEST(execution_a_balance_that_was_looked_at_counts_the_fees_of_its_owner)
{
    struct stage t;
    struct conflict conflict;
    for (uint64_t fees = 0; fees <= 1; fees++) {
        set(&t);
        struct account *a = state_account(t.speculative, &alice);
        CHECK_EQ_U64(state_balance(t.speculative, a).w[0], 100);
        struct account_entry *e = a->entry;
        CHECK(holds(&t, e, fees, &conflict) == (fees == 0));
        strike(&t);
    }
}

TEST(execution_credits_commute)
{
    struct stage t;
    struct conflict conflict;
    set(&t);
    struct u256 one = U256(1), two = U256(2);
    struct account *a = state_account(t.speculative, &alice);
    state_credit(t.speculative, a, &one);
    state_debit(t.committed, state_account(t.committed, &alice), &two);
    struct account_entry *e = a->entry;
    CHECK(holds(&t, NULL, 0, &conflict));
    CHECK_EQ_U64(location_balance(&e->balance, 3).w[0], 99);
    CHECK_EQ_U64(location_balance(&e->balance, 2).w[0], 98);
    strike(&t);
}

/* Balances near 2^256 come in tests only, but the answer must be that of serial execution there too: 2^256 - 10 and
 * 20 are 10. */
TEST(execution_a_balance_that_overflows_is_noticed)
{
    struct stage t;
    struct conflict conflict;
    set(&t);
    struct u256 twenty = U256(20), fifteen = U256(15), hundred = U256(100);
    struct account *poor = state_account(t.speculative, &alice);
    state_debit(t.speculative, poor, &hundred);
    state_credit(t.speculative, poor, &hundred);
    state_credit(t.speculative, poor, &twenty);
    CHECK(state_balance_at_least(t.speculative, poor, &fifteen));
    struct account *rich = state_account(t.committed, &bob);
    struct u256 all = u256_sub(state_balance(t.committed, rich), hundred);
    state_debit(t.committed, rich, &all);
    state_credit(t.committed, state_account(t.committed, &alice), &all); /* 100 + 2^256 - 110 = 2^256 - 10 */
    CHECK(!holds(&t, NULL, 0, &conflict));
    strike(&t);
}

/* A credit of 2^256 - 10 takes 10 away; from 5 it leaves nearly 2^256. */
TEST(execution_a_balance_that_overflows_downwards_is_noticed)
{
    struct stage t;
    struct conflict conflict;
    set(&t);
    struct u256 much = u256_sub(U256_ZERO, U256(10)), asked = U256(200), most = U256(95);
    struct account *poor = state_account(t.speculative, &alice);
    state_credit(t.speculative, poor, &much);
    CHECK(!state_balance_at_least(t.speculative, poor, &asked));
    state_debit(t.committed, state_account(t.committed, &alice), &most);
    CHECK(!holds(&t, NULL, 0, &conflict));
    strike(&t);
}

TEST(execution_what_was_given_up_is_not_seen)
{
    struct stage t;
    set(&t);
    write_slot(t.speculative, 9);
    state_finalize(t.speculative);
    struct execution *e = execution_publish(t.speculative, NULL, &t.versions);
    struct u256 key = U256(1);
    struct slot_entry *slot = state_slot(t.committed, state_account(t.committed, &alice), &key)->entry;
    CHECK_EQ_U64(location_find(&slot->location, 3)->value.w[0], 9);
    CHECK_EQ_U64(location_find(&slot->location, 2)->value.w[0], 7);
    execution_withdraw(e);
    CHECK_EQ_U64(location_find(&slot->location, 3)->value.w[0], 7);
    strike(&t);
}

/* Transaction 2 first pays alice 1000 wei; run again it takes 50 of her 100, while transaction 1 takes 80. */
TEST(execution_an_execution_is_not_sure_of_what_its_predecessor_left)
{
    struct stage t;
    set(&t);
    struct u256 paid = U256(1000), taken = U256(50), spent = U256(80);
    state_credit(t.speculative, state_account(t.speculative, &alice), &paid);
    state_finalize(t.speculative);
    struct execution *first = execution_publish(t.speculative, NULL, &t.versions);
    state_begin(t.speculative, 2, true);
    struct account *a = state_account(t.speculative, &alice);
    CHECK(state_balance_at_least(t.speculative, a, &taken));
    state_debit(t.speculative, a, &taken);
    state_finalize(t.speculative);

    state_debit(t.committed, state_account(t.committed, &alice), &spent);
    state_finalize(t.committed);
    execution_commit(execution_publish(t.committed, NULL, &t.versions));
    struct execution *second = execution_publish(t.speculative, first, &t.versions);
    CHECK(!second->validated);
    CHECK(!execution_is_valid(second, NULL, NULL, NULL));
    strike(&t);
}

static uint32_t chain_length(const struct location *l)
{
    uint32_t length = 0;
    for (const struct version *v = atomic_load(&l->top); v != NULL; v = atomic_load(&v->next)) length++;
    return length;
}

TEST(execution_forgotten_versions_are_not_walked_over)
{
    struct stage t;
    set(&t);
    struct execution *last = NULL;
    for (uint64_t run = 0; run < 10; run++) {
        state_begin(t.speculative, 2, true);
        write_slot(t.speculative, 8 + run);
        state_finalize(t.speculative);
        last = execution_publish(t.speculative, last, &t.versions);
    }
    struct u256 key = U256(1);
    struct slot_entry *slot = state_slot(t.committed, state_account(t.committed, &alice), &key)->entry;
    CHECK_EQ_U64(chain_length(&slot->location), 11);
    execution_forget(last);
    CHECK_EQ_U64(chain_length(&slot->location), 2);
    CHECK_EQ_U64(location_find(&slot->location, 3)->value.w[0], 17);
    execution_withdraw(last);
    execution_forget(last);
    CHECK_EQ_U64(chain_length(&slot->location), 1);
    strike(&t);
}
