/* Calls, estimates, and transactions that are sent or signed here. */
#include <stdio.h>
#include <stdlib.h>

#include "rpc_server/private.h"
#include "json/json.h"

/* ---- transaction objects --------------------------------------------------------------------------------------------- */

/* One member; the call has failed when it is wrong. */
static struct rpc_value member(struct rpc_call *c, yyjson_val *object, const char *key, enum rpc_kind kind)
{
    struct rpc_value v;
    struct rpc_words wrong;
    if (!rpc_read_member(object, key, kind, c->arena, &v, &wrong)) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 0: %s (in %s)", wrong.text, key);
        v = (struct rpc_value){0};
    }
    return v;
}

static void read_data(struct rpc_call *c, yyjson_val *object, struct transaction *tx)
{
    struct rpc_value data = member(c, object, "data", RPC_BYTES), input = member(c, object, "input", RPC_BYTES);
    if (data.given && input.given && !bytes_equal(data.bytes, input.bytes))
        rpc_fail(c, RPC_FAILED,
                 "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass "
                 "transaction call data");
    tx->data = input.given ? input.bytes : data.bytes;
    if (tx->data.size > NODE_DATA_MAX) rpc_fail(c, RPC_BAD_ARGUMENT, "more than %d bytes of data", NODE_DATA_MAX);
}

static void read_fees(struct rpc_call *c, yyjson_val *object, struct rpc_transaction *t)
{
    struct rpc_value price = member(c, object, "gasPrice", RPC_WORD);
    struct rpc_value max = member(c, object, "maxFeePerGas", RPC_WORD);
    struct rpc_value tip = member(c, object, "maxPriorityFeePerGas", RPC_WORD);
    if (price.given && (max.given || tip.given))
        rpc_fail(c, RPC_FAILED, "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
    t->has_price = price.given;
    t->has_max_fee = max.given;
    t->has_priority = tip.given;
    t->tx.max_fee = price.given ? price.word : max.word;
    t->tx.max_priority_fee = price.given ? price.word : tip.word;
    if (max.given && u256_less(max.word, tip.word)) rpc_fail(c, RPC_FAILED, "maxFeePerGas < maxPriorityFeePerGas");
}

/* Lists, read by json/, whose complaints are as good. */
static void read_lists(struct rpc_call *c, yyjson_val *object, struct transaction *tx)
{
    struct rpc_value access = member(c, object, "accessList", RPC_LIST);
    struct rpc_value authorizations = member(c, object, "authorizationList", RPC_LIST);
    struct rpc_value blobs = member(c, object, "blobVersionedHashes", RPC_LIST);
    struct error e;
    struct json_reader f = {.file = "params", .error = &e};
    if (access.given) json_access_list(&f, access.json, c->arena, tx);
    if (authorizations.given) json_authorizations(&f, authorizations.json, c->arena, tx);
    if (blobs.given) json_blob_hashes(&f, blobs.json, c->arena, tx);
    if (f.status != STATUS_OK) rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 0: %.400s", e.text);
    tx->max_blob_fee = member(c, object, "maxFeePerBlobGas", RPC_WORD).word;
    if (authorizations.given)
        tx->type = TX_SET_CODE;
    else if (blobs.given)
        tx->type = TX_BLOB;
    else if (access.given)
        tx->type = TX_ACCESS_LIST;
}

bool rpc_read_transaction(struct rpc_call *c, yyjson_val *object, struct rpc_transaction *out)
{
    *out = (struct rpc_transaction){0};
    struct transaction *tx = &out->tx;
    struct rpc_value from = member(c, object, "from", RPC_ADDRESS), to = member(c, object, "to", RPC_ADDRESS);
    struct rpc_value gas = member(c, object, "gas", RPC_NUMBER), nonce = member(c, object, "nonce", RPC_NUMBER);
    struct rpc_value id = member(c, object, "chainId", RPC_WORD);
    out->has_from = from.given;
    out->from = from.address;
    out->has_gas = gas.given;
    out->has_nonce = nonce.given;
    tx->is_create = !to.given;
    tx->to = to.address;
    tx->gas_limit = gas.number;
    tx->nonce = nonce.number;
    tx->value = member(c, object, "value", RPC_WORD).word;
    tx->has_chain_id = true;
    tx->chain_id = c->node->genesis.spec.id;
    if (id.given && !u256_equal(id.word, U256(tx->chain_id)))
        rpc_fail(c, RPC_FAILED, "chainId does not match node's (have=%llu, want=%llu)",
                 (unsigned long long)u256_clamp_u64(id.word), (unsigned long long)tx->chain_id);
    read_data(c, object, tx);
    read_fees(c, object, out);
    read_lists(c, object, tx);
    if (tx->type <= TX_ACCESS_LIST && (out->has_max_fee || out->has_priority)) tx->type = TX_FEE_MARKET;
    if (tx->is_create && tx->type >= TX_BLOB) rpc_fail(c, RPC_FAILED, "missing \"to\" in transaction of this type");
    return c->code == 0;
}

/* ---- state overrides ------------------------------------------------------------------------------------------------- */

enum { OVERRIDES_MAX = 256, OVERRIDE_SLOTS_MAX = 4096 };

static void read_override_slots(struct rpc_call *c, yyjson_val *slots, struct node_override *o)
{
    size_t i, count = yyjson_obj_size(slots);
    if (count > OVERRIDE_SLOTS_MAX) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "more than %d slots", OVERRIDE_SLOTS_MAX);
        return;
    }
    struct node_override_slot *all = ARENA_ARRAY(c->arena, struct node_override_slot, count);
    yyjson_val *key, *v;
    yyjson_obj_foreach(slots, i, count, key, v)
    {
        struct rpc_value k, value;
        struct rpc_words wrong;
        if (!rpc_read_value(RPC_SLOT, key, c->arena, &k, &wrong) ||
            !rpc_read_value(RPC_SLOT, v, c->arena, &value, &wrong)) {
            rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 2: %s", wrong.text);
            return;
        }
        all[i] = (struct node_override_slot){k.word, value.word};
    }
    o->slots = all;
    o->slot_count = (uint32_t)count;
}

static void read_override(struct rpc_call *c, yyjson_val *key, yyjson_val *v, struct node_override *o)
{
    struct rpc_value address;
    struct rpc_words wrong;
    *o = (struct node_override){0};
    if (!rpc_read_value(RPC_ADDRESS, key, c->arena, &address, &wrong)) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 2: %s", wrong.text);
        return;
    }
    struct rpc_value balance = member(c, v, "balance", RPC_WORD), nonce = member(c, v, "nonce", RPC_NUMBER);
    struct rpc_value code = member(c, v, "code", RPC_BYTES);
    struct rpc_value state = member(c, v, "state", RPC_OBJECT), diff = member(c, v, "stateDiff", RPC_OBJECT);
    *o = (struct node_override){.address = address.address,
                                .has_balance = balance.given,
                                .has_nonce = nonce.given,
                                .has_code = code.given,
                                .replaces_storage = state.given,
                                .balance = balance.word,
                                .nonce = nonce.number,
                                .code = code.bytes};
    if (state.given && diff.given) rpc_fail(c, RPC_FAILED, "account has both 'state' and 'stateDiff'");
    if (state.given || diff.given) read_override_slots(c, state.given ? state.json : diff.json, o);
}

static void read_overrides(struct rpc_call *c, yyjson_val *overrides, struct node_call *call)
{
    size_t i, count = yyjson_obj_size(overrides);
    yyjson_val *key, *v;
    if (count > OVERRIDES_MAX) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "more than %d accounts", OVERRIDES_MAX);
        return;
    }
    call->overrides = ARENA_ARRAY(c->arena, struct node_override, count);
    call->override_count = (uint32_t)count;
    yyjson_obj_foreach(overrides, i, count, key, v) read_override(c, key, v, &call->overrides[i]);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------- */

/* What Solidity reverts with: Error(string), Panic(uint256). */
static const uint8_t error_selector[4] = {0x08, 0xc3, 0x79, 0xa0}, panic_selector[4] = {0x4e, 0x48, 0x7b, 0x71};

static const char *panic_text(uint64_t code)
{
    static const struct {
        uint64_t code;
        const char *text;
    } panics[] = {{0x00, "generic panic"},
                  {0x01, "assert(false)"},
                  {0x11, "arithmetic underflow or overflow"},
                  {0x12, "division or modulo by zero"},
                  {0x21, "enum overflow"},
                  {0x22, "invalid encoded storage byte array accessed"},
                  {0x31, "out-of-bounds array access; popping on an empty array"},
                  {0x32, "out-of-bounds access of an array or bytesN"},
                  {0x41, "out of memory"},
                  {0x51, "uninitialized function"}};
    for (size_t i = 0; i < COUNT_OF(panics); i++)
        if (panics[i].code == code) return panics[i].text;
    return NULL;
}

/* The reason in what a call reverted with; "" when there is none to be read. */
static void read_reason(struct bytes output, char *out, size_t size)
{
    out[0] = 0;
    if (output.size < 4 + 32) return;
    const uint8_t *words = output.data + 4;
    size_t rest = output.size - 4;
    if (memcmp(output.data, panic_selector, 4) == 0) {
        struct u256 code = u256_load_be(words);
        const char *text = u256_fits_u64(code) ? panic_text(code.w[0]) : NULL;
        char digits[U256_HEX_SIZE];
        (void)u256_to_hex(digits, &code);
        (void)snprintf(out, size, text != NULL ? "%s" : "unknown panic code: %s", text != NULL ? text : digits);
        return;
    }
    if (memcmp(output.data, error_selector, 4) != 0) return;
    uint64_t offset = u256_clamp_u64(u256_load_be(words));
    if (offset > rest || rest - offset < 32) return;
    uint64_t length = u256_clamp_u64(u256_load_be(words + offset));
    if (length > rest - offset - 32) return;
    (void)snprintf(out, size, "%.*s", (int)(length < size ? length : size), (const char *)words + offset + 32);
}

static const char *outcome_text(enum vm_status s)
{
    switch (s) {
    case VM_OUT_OF_GAS: return "out of gas";
    case VM_STACK_UNDERFLOW: return "stack underflow";
    case VM_STACK_OVERFLOW: return "stack limit reached 1024 (1024)";
    case VM_BAD_JUMP: return "invalid jump destination";
    case VM_INVALID_INSTRUCTION: return "invalid opcode: INVALID";
    case VM_STATIC_VIOLATION: return "write protection";
    case VM_RETURN_DATA_OUT_OF_BOUNDS: return "return data out of bounds";
    case VM_CREATE_COLLISION: return "contract address collision";
    case VM_CODE_TOO_BIG: return "max code size exceeded";
    case VM_CODE_STARTS_WITH_EF: return "invalid code: must not begin with 0xef";
    case VM_CODE_DEPOSIT_OUT_OF_GAS: return "contract creation code storage out of gas";
    case VM_INITCODE_TOO_BIG: return "max initcode size exceeded";
    case VM_INSUFFICIENT_BALANCE: return "insufficient balance for transfer";
    default: return vm_status_text(s);
    }
}

static void fail_invalid(struct rpc_call *c, const struct node_call *call, const struct node_call_result *r)
{
    char address[41], have[U256_DECIMAL_SIZE], want[U256_DECIMAL_SIZE];
    unsigned long long gas = call->tx.gas_limit;
    switch (r->invalid) {
    case TX_INSUFFICIENT_FUNDS:
        hex_encode(address, call->sender.b, sizeof call->sender.b);
        (void)u256_to_decimal(have, &r->balance);
        (void)u256_to_decimal(want, &r->needed);
        rpc_fail(c, RPC_FAILED,
                 "err: insufficient funds for gas * price + value: address 0x%s have %s want %s (supplied "
                 "gas %llu)",
                 address, have, want, gas);
        break;
    case TX_INTRINSIC_GAS_TOO_LOW: {
        const struct fork *fork = node_fork_of(c->node, &call->header);
        rpc_fail(c, RPC_FAILED, "err: intrinsic gas too low: have %llu, want %llu (supplied gas %llu)", gas,
                 (unsigned long long)tx_intrinsic(fork, &call->tx, &call->sender, 0).gas, gas);
        break;
    }
    case TX_FEE_BELOW_BASE_FEE:
        (void)u256_to_decimal(have, &call->tx.max_fee);
        (void)u256_to_decimal(want, &call->header.base_fee);
        hex_encode(address, call->sender.b, sizeof call->sender.b);
        rpc_fail(c, RPC_FAILED,
                 "err: max fee per gas less than block base fee: address 0x%s, maxFeePerGas: %s, baseFee: "
                 "%s (supplied gas %llu)",
                 address, have, want, gas);
        break;
    default: rpc_fail(c, RPC_FAILED, "err: %s (supplied gas %llu)", status_text(r->invalid), gas);
    }
}

void rpc_fail_execution(struct rpc_call *c, const struct node_call *call, const struct node_call_result *r)
{
    if (r->invalid != STATUS_OK) {
        fail_invalid(c, call, r);
        return;
    }
    const struct tx_result *o = &r->outcome;
    if (o->outcome != VM_REVERT) {
        rpc_fail(c, RPC_FAILED, "%s", outcome_text(o->outcome));
        return;
    }
    char reason[800];
    read_reason(o->output, reason, sizeof reason);
    c->data = (struct bytes){arena_copy(c->arena, o->output.data, o->output.size), o->output.size};
    rpc_fail(c, RPC_REVERTED, reason[0] == 0 ? "execution reverted%s" : "execution reverted: %s", reason);
}

/* The call that an object asks for; false when the rpc_call has failed. */
static bool make_call(struct rpc_call *c, const struct rpc_transaction *t, const struct rpc_value *block,
                      yyjson_val *overrides, struct node_call *out)
{
    const struct node_block *b = rpc_state_of(c, block);
    if (b == NULL) return false;
    *out = (struct node_call){.at = b, .header = b->block.header, .tx = t->tx, .sender = t->from};
    if (block->given && block->block.pending) node_next_header(c->node, &out->header);
    if (t->has_priority && !t->has_max_fee) /* as geth: what is offered on top, and what the base fee may become */
        out->tx.max_fee = u256_add(u256_shl(out->header.base_fee, 1), t->tx.max_priority_fee);
    if (overrides != NULL) read_overrides(c, overrides, out);
    return c->code == 0;
}

void rpc_eth_call(struct rpc_call *c)
{
    struct rpc_transaction t;
    struct node_call call;
    struct node_call_result r;
    if (!rpc_read_transaction(c, c->values[0].json, &t) || !make_call(c, &t, &c->values[1], c->values[2].json, &call))
        return;
    if (!t.has_gas || call.tx.gas_limit > NODE_CALL_GAS) call.tx.gas_limit = NODE_CALL_GAS;
    enum status s = node_call(c->node, &call, &r);
    if (s != STATUS_OK)
        rpc_fail(c, RPC_FAILED, "%s", status_text(s));
    else if (r.invalid != STATUS_OK || !r.outcome.succeeded)
        rpc_fail_execution(c, &call, &r);
    else
        put_data(c->out, r.outcome.output.data, r.outcome.output.size);
}

/* The most gas that the sender can pay for, where a price is given. */
static uint64_t affordable(const struct rpc_call *c, const struct node_call *call)
{
    struct u256 balance = history_account_at(c->node->history, call->at->version, &call->sender).balance;
    struct u256 price = call->tx.max_fee;
    for (uint32_t i = 0; i < call->override_count; i++)
        if (call->overrides[i].has_balance && address_equal(&call->overrides[i].address, &call->sender))
            balance = call->overrides[i].balance;
    if (u256_is_zero(price)) return UINT64_MAX;
    if (u256_less(balance, call->tx.value)) return 0;
    balance = u256_sub(balance, call->tx.value);
    uint64_t low = 0, high = NODE_CALL_GAS; /* price * low <= balance; fees over 192 bits buy nothing */
    if (u256_bits(price) > 192) return 0;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        if (u256_less(balance, u256_mul(price, U256(middle))))
            high = middle - 1;
        else
            low = middle;
    }
    return low;
}

uint64_t rpc_estimate(struct rpc_call *c, const struct rpc_transaction *t, const struct rpc_value *block,
                      yyjson_val *overrides)
{
    struct node_call call;
    struct node_call_result r;
    if (!make_call(c, t, block, overrides, &call)) return 0;
    const struct fork *fork = node_fork_of(c->node, &call.header);
    uint64_t gas = t->has_gas && t->tx.gas_limit >= fork->tx.base ? t->tx.gas_limit : call.header.gas_limit;
    if (fork->limit.tx_gas != 0 && gas > fork->limit.tx_gas) gas = fork->limit.tx_gas;
    if (gas > NODE_CALL_GAS) gas = NODE_CALL_GAS;
    uint64_t can_pay = affordable(c, &call);
    if (can_pay == 0) {
        rpc_fail(c, RPC_FAILED, "insufficient funds for transfer");
        return 0;
    }
    if (can_pay < gas) gas = can_pay;
    call.tx.gas_limit = gas;
    uint64_t found;
    enum status s = node_estimate(c->node, &call, &found, &r);
    if (s != STATUS_OK)
        rpc_fail(c, RPC_FAILED, "%s", status_text(s));
    else if (found == 0 && (r.outcome.outcome == VM_OUT_OF_GAS || r.outcome.invalid == TX_INTRINSIC_GAS_TOO_LOW ||
                            r.outcome.invalid == TX_GAS_BELOW_FLOOR))
        rpc_fail(c, RPC_FAILED, "gas required exceeds allowance (%llu)", (unsigned long long)gas);
    else if (found == 0)
        rpc_fail_execution(c, &call, &r);
    return found;
}

void rpc_eth_estimate_gas(struct rpc_call *c)
{
    struct rpc_transaction t;
    if (!rpc_read_transaction(c, c->values[0].json, &t)) return;
    put_number(c->out, rpc_estimate(c, &t, &c->values[1], c->values[2].json));
}
