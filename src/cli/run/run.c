/* run: one contract call, without a transaction around it: to look at code, to trace it, to time it. */
#include "cli/run/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "block/block.h"
#include "crypto/crypto.h"

/* Largest file of code or input. */
#define FILE_SIZE_MAX ((size_t)4 << 30)

/* What is given to a call when nobody says. */
#define GAS_DEFAULT UINT64_C(10000000000)
/* More gas than anybody can use; the VM counts with a sign. */
#define GAS_MAX ((uint64_t)INT64_MAX)

/* ---- arguments ------------------------------------------------------------------------------------------------- */

static enum status bad(struct error *e, const char *what, const char *expected, const char *found)
{
    return error_set(e, BAD_USAGE, "run: %s: expected %s, found '%.60s%s'", what, expected, found,
                     strlen(found) > 60 ? "..." : "");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Hex digits, with or without 0x, white space anywhere. `text` has `size` characters and a zero behind them, and is
 * overwritten. */
static enum status read_hex(struct bytes *out, char *text, size_t size, const char *what, struct error *e)
{
    size_t digits = 0;
    const char *from = text, *end = text + size;
    while (is_space(*from)) from++;
    if (from[0] == '0' && (from[1] == 'x' || from[1] == 'X')) from += 2;
    for (; from < end; from++) {
        if (is_space(*from)) continue;
        if (hex_digit(*from) < 0) return bad(e, what, "hex digits", *from == 0 ? "\\0" : from);
        text[digits++] = *from;
    }
    if (digits % 2 != 0)
        return error_set(e, BAD_USAGE, "run: %s: expected an even number of hex digits, found %zu", what, digits);
    /* Byte i is written after digits 2i and 2i + 1 are read. */
    (void)hex_decode((uint8_t *)text, text, digits);
    *out = (struct bytes){(uint8_t *)text, digits / 2};
    return STATUS_OK;
}

/* Bytes that are given as digits or in a file; neither: none. */
static enum status read_bytes(struct run *r, struct bytes *out, const char *text, const char *name, const char *path,
                              struct error *e)
{
    struct buffer file = {0};
    *out = (struct bytes){NULL, 0};
    if (path != NULL) {
        enum status s = file_read(&file, strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_SIZE_MAX, e);
        if (s != STATUS_OK) return s;
        text = (const char *)file.data;
        name = path;
    }
    if (text == NULL) return STATUS_OK;
    size_t size = path != NULL ? file.size : strlen(text);
    char *copy = arena_alloc(&r->arena, size + 1, 1);
    if (size != 0) memcpy(copy, text, size);
    copy[size] = 0;
    buffer_free(&file);
    return read_hex(out, copy, size, name, e);
}

static enum status read_number(struct u256 *out, const char *text, const char *name, struct error *e)
{
    *out = U256_ZERO;
    if (text == NULL) return STATUS_OK;
    size_t size = strlen(text);
    bool is_hex = size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    bool good = is_hex ? u256_from_hex(out, text + 2, size - 2) : u256_from_decimal(out, text, size);
    return good ? STATUS_OK : bad(e, name, "a number below 2^256, decimal or hex digits after 0x", text);
}

/* Without `text`: the letters of `name`, at the end of the address. */
static enum status read_address(struct address *out, const char *text, const char *option, const char *name,
                                struct error *e)
{
    *out = (struct address){{0}};
    if (text == NULL) {
        memcpy(out->b + sizeof out->b - strlen(name), name, strlen(name));
        return STATUS_OK;
    }
    const char *digits = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
    if (strlen(digits) != 2 * sizeof out->b || !hex_decode(out->b, digits, 2 * sizeof out->b))
        return bad(e, option, "an address of 40 hex digits", text);
    return STATUS_OK;
}

static enum status read_arguments(struct run *r, struct error *e)
{
    const struct run_options *o = &r->options->run;
    const char *operand = r->options->operand_count == 0 ? NULL : r->options->operands[0];
    if ((operand != NULL) + (o->code != NULL) + (o->code_file != NULL) > 1)
        return error_set(e, BAD_USAGE, "run: expected the code once: as the operand, by --code or by --codefile");
    if (o->input != NULL && o->input_file != NULL)
        return error_set(e, BAD_USAGE, "run: expected the input once: by --input or by --inputfile");
    enum status s = o->prestate == NULL ? STATUS_OK : prestate_read(&r->pre, o->prestate, e);
    if (s != STATUS_OK) return s;
    if (o->prestate == NULL) prestate_default(&r->pre);
    s = read_bytes(r, &r->code, operand != NULL ? operand : o->code, operand != NULL ? "CODE" : "--code", o->code_file,
                   e);
    if (s == STATUS_OK) s = read_bytes(r, &r->input, o->input, "--input", o->input_file, e);
    if (s == STATUS_OK) s = read_number(&r->value, o->value, "--value", e);
    if (s == STATUS_OK) s = read_number(&r->price, o->price, "--price", e);
    if (s == STATUS_OK) s = read_address(&r->sender, o->sender, "--sender", "sender", e);
    if (s == STATUS_OK) s = read_address(&r->receiver, o->receiver, "--receiver", "receiver", e);
    struct u256 gas;
    if (s == STATUS_OK) s = read_number(&gas, o->gas, "--gas", e);
    if (s != STATUS_OK) return s;
    if (o->gas == NULL) gas = U256(r->pre.header.gas_limit != 0 ? r->pre.header.gas_limit : GAS_DEFAULT);
    if (!u256_fits_u64(gas) || gas.w[0] > GAS_MAX)
        return bad(e, "--gas", "a number below 2^63", o->gas == NULL ? "gasLimit" : o->gas);
    r->gas = gas.w[0];
    if (r->pre.header.gas_limit == 0) r->pre.header.gas_limit = r->gas;
    return STATUS_OK;
}

/* ---- the world ------------------------------------------------------------------------------------------------- */

/* Puts the code that was given where it is called, or in front of the input of a create. */
static void place_code(struct run *r)
{
    if (r->options->run.create) {
        uint8_t *both = arena_alloc(&r->arena, r->code.size + r->input.size + 1, 1);
        if (r->code.size != 0) memcpy(both, r->code.data, r->code.size);
        if (r->input.size != 0) memcpy(both + r->code.size, r->input.data, r->input.size);
        r->input = (struct bytes){both, r->code.size + r->input.size};
    } else if (r->code.size != 0) {
        struct hash hash = keccak256_bytes(r->code);
        state_memory_set_code(r->pre.state, state_memory_account(r->pre.state, &r->receiver), &hash, r->code);
    }
}

void run_open(struct run *r)
{
    const struct prestate *pre = &r->pre;
    r->fork = r->options->fork;
    if (r->fork == NULL)
        r->fork = pre->chain.activation_count == 0
                      ? &fork_osaka
                      : chain_fork_at(&pre->chain, pre->header.number, pre->header.timestamp);
    place_code(r);
    r->env = block_env(&pre->chain, r->fork, &pre->header);
    if (!pre->has_excess_blob_gas) r->env.blob_base_fee = U256_ZERO;
    r->env.origin = r->sender;
    r->env.gas_price = r->price;
    r->view = state_memory_view(pre->state);
    r->view.block_hash = prestate_block_hash;
    r->codes = code_cache_new(vm_plan_free);
    r->table = state_table_new(&r->view, r->codes);
    r->worker.state = state_new(r->table);
    r->worker.state->clear_empty = r->fork->clear_empty;
    r->worker.state->destructed_keep_balance = r->fork->selfdestruct_keeps_balance;
    r->worker.state->log_data = &r->worker.results;
    r->worker.vm = vm_new();
    vm_attach(r->worker.vm, r->fork, r->worker.state, &r->env);
}

void run_close(struct run *r)
{
    if (r->table != NULL) {
        vm_free(r->worker.vm);
        state_free(r->worker.state);
        state_table_free(r->table);
        code_cache_free(r->codes);
    }
    if (r->pre.state != NULL) prestate_free(&r->pre);
    arena_free(&r->worker.results);
    arena_free(&r->arena);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

void run_once(struct run *r)
{
    struct state *s = r->worker.state;
    arena_reset(&r->worker.results);
    vm_begin_block(r->worker.vm); /* nothing is remembered from the run before */
    state_begin(s, 1, false);
    struct account *sender = state_account(s, &r->sender);
    state_warm_account(s, sender);
    if (r->fork->warm_coinbase) state_prewarm_account(s, state_account(s, &r->env.coinbase));
    struct vm_message m = {
        .kind = r->options->run.create ? VM_CREATE : VM_CALL, .sender = sender, .value = r->value, .input = r->input};
    /* EIP-8037: execution gas has the cap of a transaction, the rest is the reservoir. */
    uint64_t cap = r->env.state_byte_gas == 0 ? r->gas : r->fork->limit.tx_gas;
    m.gas.execution = (int64_t)(r->gas < cap ? r->gas : cap);
    m.gas.state = (int64_t)r->gas - m.gas.execution;
    if (m.kind == VM_CREATE) {
        state_set_nonce(s, sender, state_nonce(s, sender) + 1);
    } else {
        m.recipient = m.code_account = state_account(s, &r->receiver);
        state_warm_account(s, m.recipient);
    }
    vm_call(r->worker.vm, &m, &r->outcome);
}

static void drain_to_stderr(void *context, struct buffer *text)
{
    (void)context;
    (void)fwrite(text->data, 1, text->size, stderr);
    text->size = 0;
}

static void run_traced(struct run *r)
{
    struct vm_trace trace;
    vm_trace_init(&trace, r->options->tracing);
    trace.drain = drain_to_stderr;
    vm_set_tracer(r->worker.vm, &trace.tracer);
    run_once(r);
    vm_set_tracer(r->worker.vm, NULL);
    vm_trace_flush(&trace);
    vm_trace_free(&trace);
}

enum exit_code run_command(const struct options *o)
{
    struct run r = {.options = o};
    struct error error;
    enum status s = read_arguments(&r, &error);
    if (s != STATUS_OK) {
        log_line("%s", error.text);
        run_close(&r);
        return EXIT_BAD_INPUT;
    }
    run_open(&r);
    if (o->run.bench_seconds != 0) run_bench(&r, o->run.bench_seconds);
    interrupt_release(); /* one call cannot be stopped half-way */
    if (o->trace)
        run_traced(&r);
    else
        run_once(&r);
    r.refund = r.worker.state->refund;
    tx_keep_results(&r.worker, &r.outcome, &r.result);
    run_print(&r);
    run_close(&r);
    return EXIT_GOOD;
}
