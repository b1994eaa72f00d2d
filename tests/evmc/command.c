/* The command `weft` with the EVMC module for a VM: linked so that vm_call, which transactions call, is this one. So
 * the official tests test the module. System calls and whatever else calls the VM come here as well. */
#include <stdlib.h>

#include "host.h"
#include "vm/private.h"

void __wrap_vm_call(struct vm *vm, const struct vm_message *message, struct vm_result *result);
void __real_vm_call(struct vm *vm, const struct vm_message *message, struct vm_result *result);

static enum vm_status status_of(enum evmc_status_code code)
{
    switch (code) {
    case EVMC_SUCCESS: return VM_SUCCESS;
    case EVMC_REVERT: return VM_REVERT;
    default: return VM_OUT_OF_GAS; /* one failure is like another */
    }
}

void __wrap_vm_call(struct vm *vm, const struct vm_message *message, struct vm_result *result)
{
    static _Thread_local struct evmc_vm *module; /* lives as long as the process */
    static _Thread_local struct host host;
    bool is_create = message->kind == VM_CREATE;
    bool affordable = u256_is_zero(message->value) ||
                      state_balance_at_least(vm->state, message->sender, &message->value);
    if (!host_revision(vm->fork, &host.revision) || !affordable) {
        __real_vm_call(vm, message, result);
        return;
    }
    if (module == NULL) module = evmc_create_weft();
    host.state = vm->state;
    host.env = vm->env;
    host.fork = vm->fork;
    host.vm = module;
    struct evmc_message m = {.kind = is_create ? EVMC_CREATE : EVMC_CALL,
                             .depth = (int32_t)message->depth,
                             .gas = message->gas.execution,
                             .sender = host_address(message->sender),
                             .input_data = message->input.data,
                             .input_size = message->input.size,
                             .value = host_word(message->value)};
    if (!is_create) m.recipient = m.code_address = host_address(message->recipient);
    struct evmc_result r = host_run(&host, &m);
    *result = (struct vm_result){.status = status_of(r.status_code), .gas = {r.gas_left, 0}};
    vm->output.size = 0;
    if (r.output_size != 0) buffer_append(&vm->output, r.output_data, r.output_size);
    result->output = buffer_bytes(&vm->output);
    vm->state->refund += r.gas_refund;
    if (is_create && r.status_code == EVMC_SUCCESS) {
        struct address created;
        memcpy(created.b, r.create_address.bytes, sizeof created.b);
        result->created = state_account(vm->state, &created);
        result->output = (struct bytes){NULL, 0};
    }
    if (r.release != NULL) r.release(&r);
}
