/* Whether hostile blocks do what they are for: counted by a tracer, in the plain interpreter. */
#include "workload/private.h"

struct count {
    const struct hostile *of;
    struct vm_tracer tracer;
    uint8_t op; /* of the instruction that runs */
    uint64_t found;
};

static const uint8_t op_of_message[] = {
    [VM_CALL] = OP_CALL,
    [VM_CALLCODE] = OP_CALLCODE,
    [VM_DELEGATECALL] = OP_DELEGATECALL,
    [VM_STATICCALL] = OP_STATICCALL,
    [VM_CREATE] = OP_CREATE,
    [VM_CREATE2] = OP_CREATE2,
};

static bool is_message(uint8_t op)
{
    return memchr(op_of_message, op, sizeof op_of_message) != NULL;
}

static void note_step(void *context, const struct vm_step *step)
{
    struct count *c = context;
    c->op = step->op;
}

static void note_cost(void *context, const struct vm_cost *cost)
{
    struct count *c = context;
    c->found += c->op == c->of->op && !is_message(c->op) && cost->error == c->of->outcome;
}

static void note_exit(void *context, const struct vm_message *message, const struct vm_result *result)
{
    struct count *c = context;
    c->found += op_of_message[message->kind] == c->of->op && result->status == c->of->outcome;
}

static struct vm_tracer *begin(void *context, uint32_t index)
{
    (void)index;
    struct count *c = context;
    return &c->tracer;
}

static void end(void *context, uint32_t index, struct vm_tracer *tracer)
{
    (void)context, (void)index, (void)tracer;
}

static enum status judge(const struct count *c, const struct workload_block *b, const struct block_result *r,
                         struct error *e)
{
    const struct hostile *h = c->of;
    for (uint32_t i = 0; i < b->count; i++)
        if (!r->transactions[i].succeeded)
            return error_set(e, STATE_DIFFERS, "%s: transaction %u: %s", h->workload.name, i,
                             vm_status_text(r->transactions[i].outcome));
    uint64_t least = r->gas_used / h->gas_each * 4 / 5;
    if (c->found >= least && c->found > 0) return STATUS_OK;
    return error_set(e, STATE_DIFFERS, "%s: expected %s to end with \"%s\" %llu times, not %llu times",
                     h->workload.name, opcode_infos[h->op].name, vm_status_text(h->outcome), (unsigned long long)least,
                     (unsigned long long)c->found);
}

enum status hostile_check(const struct hostile *h, const struct workload_block *b, struct error *e)
{
    struct count c = {.of = h};
    c.tracer = (struct vm_tracer){.context = &c, .step = note_step, .cost = note_cost, .exit = note_exit};
    struct block_tracing tracing = {.context = &c, .begin = begin, .commit = end, .drop = end};
    struct state_view view = state_memory_view(b->state);
    struct block_task task = workload_task(b, &view);
    task.tracing = &tracing;
    struct engine *engine = engine_new(1);
    struct block_result r;
    enum status s = block_execute(engine, EXECUTOR_SERIAL, &task, &r, e);
    if (s == STATUS_OK) s = judge(&c, b, &r, e);
    engine_free(engine);
    return s;
}
