/* The module that hosts load: evmc_create_weft and what an instance can do. */
#include <stdlib.h>

#include "evmc/codes.h"
#include "evmc/outside.h"

struct evmc_instance {
    struct evmc_vm base;
    struct vm *vm;
    struct evmc_regions free; /* where the next frame's stack and memory begin */
    struct evmc_codes codes;
    uint32_t running; /* frames */
};

struct evmc_regions evmc_lend(struct evmc_instance *i, struct u256 *stack, uint8_t *memory)
{
    struct evmc_regions before = i->free;
    i->free = (struct evmc_regions){stack, memory};
    return before;
}

void evmc_take_back(struct evmc_instance *i, struct evmc_regions before)
{
    i->free = before;
}

const struct vm_env *evmc_load_env(struct frame *f)
{
    struct host_frame *h = host_frame_of(f);
    struct evmc_tx_context c = h->host->get_tx_context(h->context);
    h->env = (struct vm_env){
        .number = (uint64_t)c.block_number,
        .timestamp = (uint64_t)c.block_timestamp,
        .gas_limit = (uint64_t)c.block_gas_limit,
        .chain_id = u256_load_be(c.chain_id.bytes).w[0],
        .prevrandao = u256_load_be(c.block_prev_randao.bytes),
        .base_fee = u256_load_be(c.block_base_fee.bytes),
        .blob_base_fee = u256_load_be(c.blob_base_fee.bytes),
        .gas_price = u256_load_be(c.tx_gas_price.bytes),
        .blob_hashes = (const struct hash *)(const void *)c.blob_hashes,
        .blob_hash_count = (uint32_t)c.blob_hashes_count,
    };
    memcpy(h->env.coinbase.b, c.block_coinbase.bytes, sizeof h->env.coinbase.b);
    memcpy(h->env.origin.b, c.tx_origin.bytes, sizeof h->env.origin.b);
    f->env = &h->env;
    return f->env;
}

/* ---- executing --------------------------------------------------------------------------------------------------- */

static const struct fork *const fork_of_revision[] = {
    [EVMC_FRONTIER] = &fork_frontier,
    [EVMC_HOMESTEAD] = &fork_homestead,
    [EVMC_TANGERINE_WHISTLE] = &fork_tangerine_whistle,
    [EVMC_SPURIOUS_DRAGON] = &fork_spurious_dragon,
    [EVMC_BYZANTIUM] = &fork_byzantium,
    [EVMC_CONSTANTINOPLE] = &fork_constantinople,
    [EVMC_PETERSBURG] = &fork_petersburg,
    [EVMC_ISTANBUL] = &fork_istanbul,
    [EVMC_BERLIN] = &fork_berlin,
    [EVMC_LONDON] = &fork_london,
    [EVMC_PARIS] = &fork_paris,
    [EVMC_SHANGHAI] = &fork_shanghai,
    [EVMC_CANCUN] = &fork_cancun,
    [EVMC_PRAGUE] = &fork_prague,
    [EVMC_OSAKA] = &fork_osaka,
    [EVMC_EXPERIMENTAL] = &fork_osaka,
};

static const enum evmc_status_code status_codes[VM_STATUS_COUNT] = {
    [VM_SUCCESS] = EVMC_SUCCESS,
    [VM_REVERT] = EVMC_REVERT,
    [VM_OUT_OF_GAS] = EVMC_OUT_OF_GAS,
    [VM_STACK_UNDERFLOW] = EVMC_STACK_UNDERFLOW,
    [VM_STACK_OVERFLOW] = EVMC_STACK_OVERFLOW,
    [VM_BAD_JUMP] = EVMC_BAD_JUMP_DESTINATION,
    [VM_UNDEFINED_INSTRUCTION] = EVMC_UNDEFINED_INSTRUCTION,
    [VM_INVALID_INSTRUCTION] = EVMC_INVALID_INSTRUCTION,
    [VM_STATIC_VIOLATION] = EVMC_STATIC_MODE_VIOLATION,
    [VM_RETURN_DATA_OUT_OF_BOUNDS] = EVMC_INVALID_MEMORY_ACCESS,
    [VM_INITCODE_TOO_BIG] = EVMC_OUT_OF_GAS,
};

static void free_output(const struct evmc_result *result)
{
    free((void *)(uintptr_t)result->output_data);
}

static struct evmc_result make_result(const struct host_frame *h, enum vm_status status)
{
    struct evmc_result r = {.status_code = status_codes[status]};
    if (status == VM_SUCCESS || status == VM_REVERT) {
        r.gas_left = h->base.gas;
        struct bytes output = h->base.output;
        if (output.size != 0) {
            uint8_t *copy = base_alloc(output.size);
            memcpy(copy, output.data, output.size);
            r.output_data = copy;
            r.output_size = output.size;
            r.release = free_output;
        }
    }
    if (status == VM_SUCCESS) r.gas_refund = h->refund;
    return r;
}

/* Fills in all of *h that somebody may look at; it is too large to be cleared for every call. */
static void open_frame(struct host_frame *h, struct evmc_instance *i, const struct evmc_host_interface *host,
                       struct evmc_host_context *context, const struct evmc_message *message)
{
    h->base = (struct frame){
        .vm = i->vm,
        .fork = i->vm->fork,
        .message = &h->addressed,
        .self = &h->self,
        .stack = i->free.stack,
        .memory = i->free.memory,
    };
    if (message->input_size != 0) h->base.input = (struct bytes){message->input_data, message->input_size};
    h->host = host;
    h->context = context;
    h->message = message;
    h->instance = i;
    h->refund = 0;
    h->addressed.is_static = (message->flags & EVMC_STATIC) != 0;
    h->addressed.depth = (uint32_t)message->depth;
    h->addressed.sender = &h->sender;
    h->addressed.value = u256_load_be(message->value.bytes);
    h->self.entry = &h->self_entry;
    h->sender.entry = &h->sender_entry;
    memcpy(h->self_entry.address.b, message->recipient.bytes, sizeof message->recipient.bytes);
    memcpy(h->sender_entry.address.b, message->sender.bytes, sizeof message->sender.bytes);
}

/* Initcode runs once: in a padded copy, without being prepared. */
static enum vm_status run_initcode(struct host_frame *h, const uint8_t *code, size_t size, int64_t gas)
{
    struct arena *arena = &h->base.vm->initcode;
    struct arena_mark mark = arena_mark(arena);
    uint8_t *copy = arena_alloc(arena, size + CODE_PADDING, 8);
    memcpy(copy, code, size);
    memset(copy + size, 0, CODE_PADDING);
    h->base.code = copy;
    enum vm_status status = vm_run(&h->base, gas);
    arena_rewind(arena, mark);
    return status;
}

static struct evmc_result execute(struct evmc_vm *vm, const struct evmc_host_interface *host,
                                  struct evmc_host_context *context, enum evmc_revision revision,
                                  const struct evmc_message *message, const uint8_t *code, size_t size)
{
    struct evmc_instance *i = (struct evmc_instance *)(void *)vm;
    if (size > UINT32_MAX - CODE_PADDING || (size_t)revision >= COUNT_OF(fork_of_revision))
        return (struct evmc_result){.status_code = EVMC_REJECTED};
    if (i->running == 0) {
        if (evmc_codes_full(&i->codes)) evmc_codes_clear(&i->codes);
        vm_begin_block(i->vm);
    }
    vm_attach(i->vm, fork_of_revision[revision], NULL, NULL);
    struct host_frame h;
    open_frame(&h, i, host, context, message);
    h.base.code_size = (uint32_t)size;
    enum vm_status status = VM_SUCCESS;
    h.base.gas = message->gas;
    i->running++;
    if (size != 0 && (message->kind == EVMC_CREATE || message->kind == EVMC_CREATE2)) {
        h.base.input = (struct bytes){NULL, 0};
        status = run_initcode(&h, code, size, message->gas);
    } else if (size != 0) {
        h.base.cached = evmc_codes_find(&i->codes, code, size);
        h.base.code = h.base.cached->bytes;
        status = vm_run(&h.base, message->gas);
    }
    i->running--;
    struct evmc_result result = make_result(&h, status);
    if (i->running == 0) vm_memory_trim(i->vm);
    return result;
}

/* ---- the instance ------------------------------------------------------------------------------------------------ */

static evmc_capabilities_flagset capabilities(struct evmc_vm *vm)
{
    (void)vm;
    return EVMC_CAPABILITY_EVM1;
}

/* interpreter=plain or fast (the default): which one runs. */
static enum evmc_set_option_result set_option(struct evmc_vm *vm, const char *name, const char *value)
{
    if (strcmp(name, "interpreter") != 0) return EVMC_SET_OPTION_INVALID_NAME;
    bool plain = strcmp(value, "plain") == 0;
    if (!plain && strcmp(value, "fast") != 0) return EVMC_SET_OPTION_INVALID_VALUE;
    vm_set_plain(((struct evmc_instance *)(void *)vm)->vm, plain);
    return EVMC_SET_OPTION_SUCCESS;
}

static void destroy(struct evmc_vm *vm)
{
    struct evmc_instance *i = (struct evmc_instance *)(void *)vm;
    evmc_codes_clear(&i->codes);
    vm_free(i->vm);
    free(i);
}

/* Named after the file, so that loaders find one of them. */
__attribute__((visibility("default"))) struct evmc_vm *evmc_create_weft(void);
__attribute__((visibility("default"))) struct evmc_vm *evmc_create_weft_evmc(void);

struct evmc_vm *evmc_create_weft(void)
{
    struct evmc_instance *i = base_calloc(1, sizeof *i);
    struct evmc_vm base = {.abi_version = EVMC_ABI_VERSION,
                           .name = "weft",
                           .version = WEFT_VERSION,
                           .destroy = destroy,
                           .execute = execute,
                           .get_capabilities = capabilities,
                           .set_option = set_option};
    memcpy(&i->base, &base, sizeof base);
    i->vm = vm_new();
    i->free = (struct evmc_regions){i->vm->stack + 1, i->vm->memory};
    return &i->base;
}

struct evmc_vm *evmc_create_weft_evmc(void)
{
    return evmc_create_weft();
}
