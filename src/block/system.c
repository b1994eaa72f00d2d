/* What a block does besides its transactions: system calls, rewards, withdrawals, requests. Everything here is executed
 * on one thread and writes the table in place. */
#include "block/private.h"
#include "crypto/crypto.h"

/* Gas of a system call (EIP-4788 and successors); it does not count against the block. */
enum { SYSTEM_CALL_GAS = 30000000 };
#define WEI_PER_GWEI 1000000000u /* withdrawals are in gwei (EIP-4895) */

/* The number under which in-place work reads: below the transactions at the start, above them at the end. */
static uint32_t last_number(const struct block_run *run)
{
    return run->task->transaction_count + 1;
}

static struct state *begin_in_place(struct block_run *run, uint32_t number)
{
    struct state *s = run_worker(run)->state;
    state_begin(s, number, false);
    s->beneficiary = NULL;
    s->log_data = &run->engine->block;
    return s;
}

/* Commits what was done in place; `index` is where the block access list has it. */
static enum status end_in_place(struct block_run *run, uint32_t index)
{
    struct state *s = run_worker(run)->state;
    state_finalize(s);
    struct state_accesses accesses = {0};
    if (s->list_accesses) {
        accesses = state_accesses(s, &run->engine->block);
        block_note_before(run, &accesses, index);
    }
    state_commit(s);
    if (s->list_accesses) block_list_accesses(run, &accesses, index);
    return s->failure;
}

static void give(struct state *s, const struct address *to, struct u256 amount)
{
    struct account *a = state_account(s, to);
    state_credit(s, a, &amount);
    state_touch(s, a);
    a->flags |= ACCOUNT_ACCESSED;
}

/* ---- system calls ------------------------------------------------------------------------------------------------ */

/* Calls a system contract with `input`. A contract without code does nothing, *ran says so. */
static enum vm_status system_call(struct block_run *run, struct state *s, const struct address *contract,
                                  struct bytes input, bool *ran, struct bytes *output)
{
    struct vm *vm = run_worker(run)->vm;
    struct account *a = state_account(s, contract);
    state_warm_account(s, a);
    *ran = state_has_code(s, a);
    if (!*ran) return VM_SUCCESS;
    struct vm_env env = run->context.env;
    env.origin = system_address;
    env.gas_price = U256_ZERO;
    vm_attach(vm, run->context.fork, s, &env);
    uint64_t reservoir = run->context.fork->state_growth.system_slots * run->context.fork->state_growth.slot;
    struct vm_message m = {.kind = VM_CALL,
                           .gas = {.execution = SYSTEM_CALL_GAS, .state = (int64_t)(reservoir * env.state_byte_gas)},
                           .sender = state_account(s, &system_address),
                           .recipient = a,
                           .code_account = a,
                           .code = state_code(s, a),
                           .input = input};
    struct vm_result result;
    vm_call(vm, &m, &result);
    *output = result.output;
    return result.status;
}

/* A system call at the start of the block, whose failure does not matter. */
static enum status opening_call(struct block_run *run, const struct address *contract, const struct hash *input)
{
    struct state *s = begin_in_place(run, 0);
    bool ran;
    struct bytes output;
    system_call(run, s, contract, (struct bytes){input->b, sizeof input->b}, &ran, &output);
    return end_in_place(run, 0);
}

enum status block_start(struct block_run *run)
{
    const struct fork *f = run->context.fork;
    const struct header *h = run->task->header;
    enum status status = STATUS_OK;
    if (run->task->chain->dao_block == h->number) {
        struct state *s = begin_in_place(run, 0);
        for (size_t i = 0; i < dao_account_count; i++) {
            struct account *from = state_account(s, &dao_accounts[i]);
            struct u256 balance = state_balance(s, from);
            state_debit(s, from, &balance);
            state_touch(s, from); /* an account with nothing comes into existence: it is written, too */
            give(s, &dao_refund_address, balance);
        }
        status = end_in_place(run, 0);
    }
    if (status == STATUS_OK && f->beacon_root)
        status = opening_call(run, &beacon_roots_address, &h->parent_beacon_root);
    if (status == STATUS_OK && f->parent_hash) status = opening_call(run, &history_storage_address, &h->parent_hash);
    return status;
}

/* ---- rewards and withdrawals ------------------------------------------------------------------------------------- */

static void reward(struct block_run *run, struct state *s)
{
    const struct block_task *task = run->task;
    uint64_t base = run->context.fork->block_reward;
    struct u256 whole = u256_add(U256(base), u256_mul(U256(base / 32), U256(task->uncle_count)));
    for (uint32_t i = 0; i < task->uncle_count; i++) {
        uint64_t age = task->header->number - task->uncles[i].number;
        give(s, &task->uncles[i].beneficiary, u256_shr(u256_mul(U256(base), U256(8 - age)), 3));
    }
    give(s, &task->header->beneficiary, whole);
}

static void touch_rewarded(struct block_run *run, struct state *s)
{
    const struct block_task *task = run->task;
    for (uint32_t i = 0; i < task->uncle_count; i++) state_touch(s, state_account(s, &task->uncles[i].beneficiary));
    state_touch(s, state_account(s, &task->header->beneficiary));
}

/* Credits the fees of the transactions. The block access list has them where they were earned. Before EIP-161 the
 * transactions have brought the beneficiary into existence themselves, unless it destroyed itself in the last one: then
 * there is nothing to touch. */
static enum status pay_fees(struct block_run *run)
{
    if (run->committed == 0) return STATUS_OK;
    struct state *s = begin_in_place(run, last_number(run));
    if (run->context.fork->clear_empty)
        give(s, &run->task->header->beneficiary, run->fees);
    else
        state_credit(s, state_account(s, &run->task->header->beneficiary), &run->fees);
    state_finalize(s);
    state_commit(s);
    run->fees = U256_ZERO;
    return s->failure;
}

static enum status pay_out(struct block_run *run)
{
    const struct block_task *task = run->task;
    struct state *s = begin_in_place(run, last_number(run));
    if (run->context.fork->block_reward != 0)
        reward(run, s);
    else if (task->pay_zero_reward) /* touches, and is no access (EIP-7928) */
        touch_rewarded(run, s);
    for (uint32_t i = 0; i < task->withdrawal_count; i++) {
        struct u256 wei = u256_mul(U256(task->withdrawals[i].amount), U256(WEI_PER_GWEI));
        give(s, &task->withdrawals[i].address, wei);
    }
    return end_in_place(run, last_number(run));
}

/* ---- requests (EIP-7685) ----------------------------------------------------------------------------------------- */

/* The deposit contract's event (EIP-6110): five ABI-encoded byte strings at fixed places. */
enum { DEPOSIT_EVENT_SIZE = 576 }; /* bytes */
static const struct deposit_field {
    uint32_t offset, size;
} deposit_fields[5] = {{160, 48}, {256, 32}, {320, 8}, {384, 96}, {512, 8}};

/* keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)") */
static const struct hash deposit_topic = {{0x64, 0x9b, 0xbc, 0x62, 0xd0, 0xe3, 0x13, 0x42, 0xaf, 0xea, 0x4e,
                                           0x5c, 0xd8, 0x2d, 0x40, 0x49, 0xe7, 0xe1, 0xee, 0x91, 0x2f, 0xc0,
                                           0x88, 0x9a, 0xa7, 0x90, 0x80, 0x3b, 0xe3, 0x90, 0x38, 0xc5}};

/* Whether the 32-byte word at `at` is the number `value`. */
static bool word_is(const uint8_t *at, uint32_t value)
{
    return u256_equal(u256_load_be(at), U256(value));
}

static bool append_deposit(struct buffer *out, struct bytes data)
{
    if (data.size != DEPOSIT_EVENT_SIZE) return false;
    for (size_t i = 0; i < COUNT_OF(deposit_fields); i++) {
        const struct deposit_field *f = &deposit_fields[i];
        if (!word_is(data.data + 32 * i, f->offset) || !word_is(data.data + f->offset, f->size)) return false;
        buffer_append(out, data.data + f->offset + 32, f->size);
    }
    return true;
}

static enum status collect_deposits(struct block_run *run, struct buffer *out)
{
    for (uint32_t i = 0; i < run->task->transaction_count; i++) {
        const struct tx_result *r = &run->results[i];
        for (uint32_t k = 0; r->invalid == STATUS_OK && k < r->log_count; k++) {
            const struct log *log = &r->logs[k];
            if (log->topic_count == 0 || !address_equal(&log->address, &run->task->chain->deposit_contract) ||
                !hash_equal(&log->topics[0], &deposit_topic))
                continue;
            if (!append_deposit(out, log->data)) return BLOCK_DEPOSIT_LAYOUT;
        }
    }
    return STATUS_OK;
}

/* EIP-7002, 7251 and 8282: a contract gives its queue of requests. */
static enum status collect_from(struct block_run *run, const struct address *contract, struct buffer *out)
{
    struct state *s = begin_in_place(run, last_number(run));
    bool ran;
    struct bytes output = {0};
    enum vm_status outcome = system_call(run, s, contract, (struct bytes){0}, &ran, &output);
    if (s->failure != STATUS_OK) return s->failure;
    if (!ran) return run->task->chain->lacks_request_contracts ? STATUS_OK : BLOCK_SYSTEM_CONTRACT_EMPTY;
    if (outcome != VM_SUCCESS) return BLOCK_SYSTEM_CALL_FAILED;
    buffer_append(out, output.data, output.size);
    return end_in_place(run, last_number(run));
}

static enum status collect_requests(struct block_run *run, struct block_result *out)
{
    uint32_t mask = run->context.fork->requests;
    struct bytes *requests = ARENA_ARRAY(&run->engine->block, struct bytes, REQUEST_TYPES);
    struct buffer data = {0};
    enum status status = STATUS_OK;
    for (uint8_t type = 0; type < REQUEST_TYPES && status == STATUS_OK; type++) {
        if ((mask & 1u << type) == 0) continue;
        data.size = 0;
        buffer_append(&data, &type, 1);
        const struct address *contract = request_contracts[type];
        status = contract == NULL ? collect_deposits(run, &data) : collect_from(run, contract, &data);
        if (status == STATUS_OK && data.size > 1)
            requests[out->request_count++] = (struct bytes){arena_copy(&run->engine->block, data.data, data.size),
                                                            data.size};
    }
    buffer_free(&data);
    out->requests = requests;
    return status;
}

enum status block_finish(struct block_run *run, struct block_result *out)
{
    enum status status = pay_fees(run);
    if (status != STATUS_OK || run->task->transactions_only) return status;
    status = pay_out(run);
    return status == STATUS_OK && run->context.fork->requests != 0 ? collect_requests(run, out) : status;
}
