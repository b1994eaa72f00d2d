/* The tracer behind trace.h. A line is written when the price of its instruction is known; how memory and stack looked
 * before it ran is written down when it begins. */
#include "vm/trace.h"

#include <inttypes.h>
#include <stdio.h>

/* Text beyond this goes to the drain. */
#define DRAIN_SIZE ((size_t)1 << 16)

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void put_hex_bytes(struct buffer *out, struct bytes b)
{
    char *to = (char *)buffer_reserve(out, 2 * b.size + 1);
    hex_encode(to, b.data, b.size);
    out->size += 2 * b.size;
}

static void put_stack(struct buffer *out, const struct u256 *stack, uint32_t count)
{
    buffer_append_text(out, ",\"stack\":[");
    for (uint32_t i = 0; i < count; i++) {
        char word[U256_HEX_SIZE];
        size_t size = u256_to_hex(word, &stack[i]);
        buffer_append_text(out, i == 0 ? "\"" : ",\"");
        buffer_append(out, word, size);
        buffer_append(out, "\"", 1);
    }
    buffer_append(out, "]", 1);
}

/* What a line says between "gasCost" and "refund". */
static void put_seen(struct buffer *out, const struct vm_trace_options *options, const struct vm_step *s,
                     struct bytes memory, struct bytes return_data, uint32_t stack_count)
{
    if (options->memory && memory.size != 0) {
        buffer_append_text(out, ",\"memory\":\"0x");
        put_hex_bytes(out, memory);
        buffer_append(out, "\"", 1);
    }
    buffer_printf(out, ",\"memSize\":%zu", memory.size);
    if (options->no_stack)
        buffer_append_text(out, ",\"stack\":null");
    else
        put_stack(out, s->stack, stack_count);
    if (options->return_data && return_data.size != 0) {
        buffer_append_text(out, ",\"returnData\":\"0x");
        put_hex_bytes(out, return_data);
        buffer_append(out, "\"", 1);
    }
    buffer_printf(out, ",\"depth\":%u", s->depth);
}

const char *vm_trace_name(uint8_t op, char *scratch, size_t size)
{
    /* What EIP-4399 made of it is called by its first name in traces. */
    if (op == OP_PREVRANDAO) return "DIFFICULTY";
    if (opcode_infos[op].name != NULL) return opcode_infos[op].name;
    (void)snprintf(scratch, size, "opcode 0x%x not defined", op);
    return scratch;
}

static void put_line(struct vm_trace *t, struct bytes seen, const struct vm_cost *cost, const char *error)
{
    char name[32];
    buffer_printf(&t->text, "{\"pc\":%u,\"op\":%u,\"gas\":\"0x%" PRIx64 "\",\"gasCost\":\"0x%" PRIx64 "\"", t->step.pc,
                  t->step.op, (uint64_t)t->step.gas, (uint64_t)cost->gas);
    buffer_append(&t->text, seen.data, seen.size);
    buffer_printf(&t->text, ",\"refund\":%" PRId64 ",\"opName\":\"%s\"", cost->refund,
                  vm_trace_name(t->step.op, name, sizeof name));
    if (error != NULL) buffer_printf(&t->text, ",\"error\":\"%s\"", error);
    buffer_append(&t->text, "}\n", 2);
}

static void put_address(struct buffer *out, const char *name, const struct address *a)
{
    buffer_printf(out, "\"%s\":\"0x", name);
    put_hex_bytes(out, (struct bytes){a->b, sizeof a->b});
    buffer_append_text(out, "\",");
}

/* A message that begins. `value` is NULL where it has none. */
static void put_frame(struct vm_trace *t, const struct address *from, const struct address *to, struct bytes input,
                      int64_t gas, const struct u256 *value, const char *type)
{
    char digits[U256_HEX_SIZE];
    buffer_append_text(&t->text, "{");
    put_address(&t->text, "from", from);
    put_address(&t->text, "to", to);
    if (t->options.memory && input.size != 0) {
        buffer_append_text(&t->text, "\"input\":\"0x");
        put_hex_bytes(&t->text, input);
        buffer_append_text(&t->text, "\",");
    }
    if (value != NULL) (void)u256_to_hex(digits, value);
    buffer_printf(&t->text, "\"gas\":\"0x%" PRIx64 "\",\"value\":%s%s%s,\"type\":\"%s\"}\n", (uint64_t)gas,
                  value == NULL ? "null" : "\"", value == NULL ? "" : digits, value == NULL ? "" : "\"", type);
}

static void put_end(struct vm_trace *t, struct bytes output, uint64_t gas_used, const char *error)
{
    buffer_append_text(&t->text, "{\"output\":\"");
    put_hex_bytes(&t->text, output);
    buffer_printf(&t->text, "\",\"gasUsed\":\"0x%" PRIx64 "\"", gas_used);
    if (error != NULL) buffer_printf(&t->text, ",\"error\":\"%s\"", error);
    buffer_append(&t->text, "}\n", 2);
    if (t->drain != NULL && t->text.size >= DRAIN_SIZE) t->drain(t->drain_context, &t->text);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* Why a message failed, in geth's words. */
static const char *const error_texts[VM_STATUS_COUNT] = {
    [VM_REVERT] = "execution reverted",
    [VM_OUT_OF_GAS] = "out of gas",
    [VM_STACK_UNDERFLOW] = "stack underflow",
    [VM_STACK_OVERFLOW] = "stack limit reached",
    [VM_BAD_JUMP] = "invalid jump destination",
    [VM_UNDEFINED_INSTRUCTION] = "invalid opcode",
    [VM_INVALID_INSTRUCTION] = "invalid opcode: INVALID",
    [VM_STATIC_VIOLATION] = "write protection",
    [VM_RETURN_DATA_OUT_OF_BOUNDS] = "return data out of bounds",
    [VM_CREATE_COLLISION] = "contract address collision",
    [VM_CODE_TOO_BIG] = "max code size exceeded",
    [VM_CODE_STARTS_WITH_EF] = "invalid code: must not begin with 0xef",
    [VM_CODE_DEPOSIT_OUT_OF_GAS] = "contract creation code storage out of gas",
    [VM_INITCODE_TOO_BIG] = "max initcode size exceeded",
    [VM_PRECOMPILE_FAILED] = "precompile failed",
    [VM_CALL_TOO_DEEP] = "max call depth exceeded",
    [VM_INSUFFICIENT_BALANCE] = "insufficient balance for transfer",
    [VM_NONCE_OVERFLOW] = "nonce uint64 overflow",
};

/* Notes in t->fault why the frame ends at t->step. The VM looks at gas before the stack, geth the other way round; gas
 * is gone in either case, and the trace says what geth says. */
static void name_fault(struct vm_trace *t, enum vm_status error)
{
    const struct opcode_info *info = &opcode_infos[t->step.op];
    uint32_t count = t->step.stack_count;
    bool on_the_way = error == VM_OUT_OF_GAS || error == VM_STACK_UNDERFLOW || error == VM_STACK_OVERFLOW;
    char name[32];
    if (on_the_way && count < info->in) /* The text is escaped as a JSON string: 1 <=> 2. */
        (void)snprintf(t->fault, sizeof t->fault, "stack underflow (%u \\u003c=\\u003e %u)", count, info->in);
    else if (on_the_way && count + info->out > (uint32_t)STACK_ITEMS_MAX + info->in)
        (void)snprintf(t->fault, sizeof t->fault, "stack limit reached %u (%d)", count,
                       STACK_ITEMS_MAX + info->in - info->out);
    else if (error == VM_UNDEFINED_INSTRUCTION)
        (void)snprintf(t->fault, sizeof t->fault, "invalid opcode: %s", vm_trace_name(t->step.op, name, sizeof name));
    else
        (void)snprintf(t->fault, sizeof t->fault, "%s", error_texts[error]);
}

/* Whether the instruction fails only after it has been paid for, and so has two lines; *popped is how many operands it
 * has taken by then. */
static bool fails_when_run(const struct vm_step *s, enum vm_status error, uint32_t *popped)
{
    bool is_log = s->op >= OP_LOG0 && s->op <= OP_LOG4;
    *popped = error == VM_BAD_JUMP || error == VM_RETURN_DATA_OUT_OF_BOUNDS || error == VM_REVERT
                  ? opcode_infos[s->op].in
                  : 0;
    switch (error) {
    case VM_REVERT:
    case VM_BAD_JUMP:
    case VM_UNDEFINED_INSTRUCTION:
    case VM_INVALID_INSTRUCTION:
    case VM_RETURN_DATA_OUT_OF_BOUNDS: return true;
    case VM_STATIC_VIOLATION: return is_log || s->op == OP_TSTORE;
    default: return false;
    }
}

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

static void trace_step(void *context, const struct vm_step *step)
{
    struct vm_trace *t = context;
    t->step = *step;
    t->counts[step->op]++;
    if (step->op == OP_SELFDESTRUCT) t->held = u256_add(step->account->balance_start, step->account->balance_delta);
    t->seen.size = 0;
    put_seen(&t->seen, &t->options, step, step->memory, step->return_data, step->stack_count);
}

static void trace_cost(void *context, const struct vm_cost *cost)
{
    struct vm_trace *t = context;
    if (cost->error == VM_SUCCESS) {
        put_line(t, buffer_bytes(&t->seen), cost, NULL);
        /* A self-destruction counts as a message of its own. */
        if (t->step.op != OP_SELFDESTRUCT) return;
        struct address to = u256_to_address(t->step.stack[t->step.stack_count - 1]);
        if (t->options.call_frames)
            put_frame(t, &t->step.account->entry->address, &to, (struct bytes){NULL, 0}, 0, &t->held, "SELFDESTRUCT");
        put_end(t, (struct bytes){NULL, 0}, 0, NULL);
        return;
    }
    name_fault(t, cost->error);
    uint32_t popped;
    if (fails_when_run(&t->step, cost->error, &popped)) {
        put_line(t, buffer_bytes(&t->seen), cost, NULL);
        t->seen.size = 0;
        put_seen(&t->seen, &t->options, &t->step, cost->memory, (struct bytes){NULL, 0}, t->step.stack_count - popped);
    }
    put_line(t, buffer_bytes(&t->seen), cost, t->fault);
}

/* The address of a contract that a message is to create: its sender's nonce has been raised for it. */
static struct address address_of_create(const struct vm_message *m)
{
    if (m->kind == VM_CREATE) return create_address(&m->sender->entry->address, m->sender->nonce - 1);
    struct hash salt = u256_to_hash(m->salt), code = keccak256_bytes(m->input);
    return create2_address(&m->sender->entry->address, &salt, &code);
}

static void trace_enter(void *context, const struct vm_message *m)
{
    static const char *const types[] = {"CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "CREATE", "CREATE2"};
    bool is_create = m->kind == VM_CREATE || m->kind == VM_CREATE2;
    struct address to = is_create ? address_of_create(m) : m->code_account->entry->address;
    /* Who calls in somebody else's name does so as what it is. */
    const struct account *from = m->kind == VM_DELEGATECALL ? m->recipient : m->sender;
    put_frame(context, &from->entry->address, &to, m->input, m->gas.execution,
              m->kind == VM_STATICCALL ? NULL : &m->value, types[m->kind]);
}

static void trace_exit(void *context, const struct vm_message *message, const struct vm_result *result)
{
    struct vm_trace *t = context;
    int64_t used = message->gas.execution - result->gas.execution;
    const char *error = result->status == VM_SUCCESS ? NULL : error_texts[result->status];
    if (error != NULL && t->fault[0] != 0) error = t->fault;
    put_end(t, result->output, used > 0 ? (uint64_t)used : 0, error);
    t->fault[0] = 0;
}

void vm_trace_init(struct vm_trace *t, struct vm_trace_options options)
{
    *t = (struct vm_trace){.options = options};
    t->tracer = (struct vm_tracer){.context = t, .step = trace_step, .cost = trace_cost, .exit = trace_exit};
    if (options.call_frames) t->tracer.enter = trace_enter;
}

void vm_trace_flush(struct vm_trace *t)
{
    if (t->drain != NULL) t->drain(t->drain_context, &t->text);
}

void vm_trace_free(struct vm_trace *t)
{
    buffer_free(&t->text);
    buffer_free(&t->seen);
}
