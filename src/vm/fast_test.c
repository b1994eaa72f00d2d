/* The fast interpreter against its slow twin: random programs that look a little like real ones must do exactly the
 * same in both. */
#include "vm_test.h"

#include "program_test.h"
#include "vm/private.h"

/* Everything that a message may leave behind. */
static void compare_worlds(struct world *fast, struct world *plain)
{
    const struct state *a = fast->state, *b = plain->state;
    CHECK_TEXT(vm_status_text(fast->result.status), vm_status_text(plain->result.status));
    CHECK_EQ_I64(fast->result.gas.execution, plain->result.gas.execution);
    CHECK_EQ_U64(fast->result.output.size, plain->result.output.size);
    CHECK_BYTES(fast->result.output.data, plain->result.output.data, plain->result.output.size);
    CHECK_EQ_I64(a->refund, b->refund);
    CHECK_EQ_U64(a->log_count, b->log_count);
    for (uint32_t i = 0; i < a->log_count; i++) {
        CHECK_EQ_U64(a->logs[i].data.size, b->logs[i].data.size);
        CHECK_BYTES(a->logs[i].data.data, b->logs[i].data.data, b->logs[i].data.size);
        CHECK_BYTES(a->logs[i].topics, b->logs[i].topics, sizeof(struct u256) * b->logs[i].topic_count);
    }
    CHECK_EQ_U64(a->account_count, b->account_count);
    for (uint32_t i = 0; i < a->account_count; i++) {
        const struct account *x = a->accounts[i], *y = b->accounts[i];
        CHECK_BYTES(x->entry->address.b, y->entry->address.b, 20);
        CHECK_EQ_U64(x->flags, y->flags);
        CHECK(u256_equal(x->balance_delta, y->balance_delta));
    }
    CHECK_EQ_U64(a->slot_count, b->slot_count);
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const struct slot *x = a->slots[i], *y = b->slots[i];
        CHECK(u256_equal(x->key, y->key));
        CHECK(u256_equal(x->current, y->current));
        CHECK_EQ_U64(x->warm, y->warm);
        CHECK_EQ_U64(x->read, y->read);
    }
}

static void open_pair(struct world w[2], const struct fork *fork, const struct program *programs)
{
    for (int i = 0; i < 2; i++) {
        world_open(&w[i]);
        for (uint32_t k = 0; k < CONTRACTS; k++)
            world_code(&w[i], k + 1, (struct bytes){programs[k].code, programs[k].size});
        world_start(&w[i], fork);
        vm_set_plain(w[i].vm, i == 1);
    }
}

TEST(vm_fast_does_what_plain_does)
{
    static const struct fork *const some[] = {&fork_frontier, &fork_byzantium, &fork_istanbul,
                                              &fork_london,   &fork_osaka,     &fork_osaka};
    static struct program programs[CONTRACTS];
    uint64_t successes = 0;
    for (int round = 0; round < 3000; round++) {
        const struct fork *fork = some[harness_random_below(COUNT_OF(some))];
        for (size_t i = 0; i < CONTRACTS; i++) make_program(&programs[i]);
        struct world w[2];
        open_pair(w, fork, programs);
        w[0].vm->heat = (uint32_t)harness_random_below(3);
        w[0].vm->patience = 1 + (int64_t)harness_random_below(5);
        uint8_t input[64];
        harness_random_edge_bytes(input, sizeof input);
        for (int run = 0; run < 4; run++) {
            int64_t gas = (int64_t)harness_random_below(run == 0 ? 200000 : 20000);
            uint64_t size = harness_random_below(sizeof input);
            for (int i = 0; i < 2; i++) {
                state_begin(w[i].state, 1, false);
                world_call(&w[i], 1, gas, 3, (struct bytes){input, size});
            }
            compare_worlds(&w[0], &w[1]);
            successes += w[0].result.status == VM_SUCCESS;
        }
        world_close(&w[0]);
        world_close(&w[1]);
    }
    CHECK(successes > 3000); /* the generator makes programs that do something */
}
