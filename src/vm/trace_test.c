#include "vm/trace.h"

#include "vm_test.h"

/* The trace of a call to account 1 with this code. */
static void trace_code(const char *code, int64_t gas, struct vm_trace_options options, const char *expected)
{
    struct world w;
    struct vm_trace trace;
    world_open(&w);
    world_code(&w, 1, test_bytes(&w, code));
    world_start(&w, &fork_osaka);
    vm_trace_init(&trace, options);
    vm_set_tracer(w.vm, &trace.tracer);
    world_call(&w, 1, gas, 0, (struct bytes){0});
    buffer_append(&trace.text, "", 1);
    CHECK_TEXT((const char *)trace.text.data, expected);
    vm_trace_free(&trace);
    world_close(&w);
}

static const struct vm_trace_options plain;

TEST(trace_has_a_line_for_each_instruction_and_the_end)
{
    trace_code("600160020100", 100, plain,
               "{\"pc\":0,\"op\":96,\"gas\":\"0x64\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":[],\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH1\"}\n"
               "{\"pc\":2,\"op\":96,\"gas\":\"0x61\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":[\"0x1\"],\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH1\"}\n"
               "{\"pc\":4,\"op\":1,\"gas\":\"0x5e\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":[\"0x1\",\"0x2\"],"
               "\"depth\":1,\"refund\":0,\"opName\":\"ADD\"}\n"
               "{\"pc\":5,\"op\":0,\"gas\":\"0x5b\",\"gasCost\":\"0x0\",\"memSize\":0,\"stack\":[\"0x3\"],\"depth\":1,"
               "\"refund\":0,\"opName\":\"STOP\"}\n"
               "{\"output\":\"\",\"gasUsed\":\"0x9\"}\n");
}

TEST(trace_shows_memory_as_it_was_before)
{
    trace_code("60aa5f5300", 100, (struct vm_trace_options){.memory = true, .no_stack = true},
               "{\"pc\":0,\"op\":96,\"gas\":\"0x64\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":null,\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH1\"}\n"
               "{\"pc\":2,\"op\":95,\"gas\":\"0x61\",\"gasCost\":\"0x2\",\"memSize\":0,\"stack\":null,\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH0\"}\n"
               "{\"pc\":3,\"op\":83,\"gas\":\"0x5f\",\"gasCost\":\"0x6\",\"memSize\":0,\"stack\":null,\"depth\":1,"
               "\"refund\":0,\"opName\":\"MSTORE8\"}\n"
               "{\"pc\":4,\"op\":0,\"gas\":\"0x59\",\"gasCost\":\"0x0\",\"memory\":"
               "\"0xaa00000000000000000000000000000000000000000000000000000000000000\",\"memSize\":32,\"stack\":null,"
               "\"depth\":1,\"refund\":0,\"opName\":\"STOP\"}\n"
               "{\"output\":\"\",\"gasUsed\":\"0xb\"}\n");
}

/* What fails only when it runs has two lines, the second as its operands have left things. */
TEST(trace_names_why_a_frame_ends)
{
    trace_code("600956", 100, plain,
               "{\"pc\":0,\"op\":96,\"gas\":\"0x64\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":[],\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH1\"}\n"
               "{\"pc\":2,\"op\":86,\"gas\":\"0x61\",\"gasCost\":\"0x8\",\"memSize\":0,\"stack\":[\"0x9\"],\"depth\":1,"
               "\"refund\":0,\"opName\":\"JUMP\"}\n"
               "{\"pc\":2,\"op\":86,\"gas\":\"0x61\",\"gasCost\":\"0x8\",\"memSize\":0,\"stack\":[],\"depth\":1,"
               "\"refund\":0,\"opName\":\"JUMP\",\"error\":\"invalid jump destination\"}\n"
               "{\"output\":\"\",\"gasUsed\":\"0x64\",\"error\":\"invalid jump destination\"}\n");
    trace_code("01", 100, plain,
               "{\"pc\":0,\"op\":1,\"gas\":\"0x64\",\"gasCost\":\"0x3\",\"memSize\":0,\"stack\":[],\"depth\":1,"
               "\"refund\":0,\"opName\":\"ADD\",\"error\":\"stack underflow (0 \\u003c=\\u003e 2)\"}\n"
               "{\"output\":\"\",\"gasUsed\":\"0x64\",\"error\":\"stack underflow (0 \\u003c=\\u003e 2)\"}\n");
    trace_code("5f5f3e", 1, plain,
               "{\"pc\":0,\"op\":95,\"gas\":\"0x1\",\"gasCost\":\"0x2\",\"memSize\":0,\"stack\":[],\"depth\":1,"
               "\"refund\":0,\"opName\":\"PUSH0\",\"error\":\"out of gas\"}\n"
               "{\"output\":\"\",\"gasUsed\":\"0x1\",\"error\":\"out of gas\"}\n");
}

/* A tally of pairs: messages that cannot start begin and end as well. */
struct pairs {
    unsigned entered, left, refused;
};
static void count_enter(void *context, const struct vm_message *message)
{
    (void)message;
    ((struct pairs *)context)->entered++;
}
static void count_exit(void *context, const struct vm_message *message, const struct vm_result *result)
{
    struct pairs *p = context;
    p->left++;
    p->refused += result->status == VM_INSUFFICIENT_BALANCE && result->gas.execution == message->gas.execution;
}

TEST(tracer_sees_messages_that_cannot_start)
{
    struct world w;
    world_open(&w);
    /* A call with value, and a create with value, of an account that has none. */
    world_code(&w, 1, test_bytes(&w, "5f5f5f5f600160045af15f5f6001f000"));
    world_start(&w, &fork_osaka);
    struct pairs pairs = {0};
    struct vm_tracer tracer = {.context = &pairs, .enter = count_enter, .exit = count_exit};
    vm_set_tracer(w.vm, &tracer);
    world_call(&w, 1, 100000, 0, (struct bytes){0});
    CHECK(w.result.status == VM_SUCCESS);
    CHECK_EQ_U64(pairs.entered, 3);
    CHECK_EQ_U64(pairs.left, 3);
    CHECK_EQ_U64(pairs.refused, 2);
    world_close(&w);
}
