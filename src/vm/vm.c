/* The machine: its regions of memory, and what is set up before a message runs. */
#include "vm/vm.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "vm/private.h"

/* Every frame may use STACK_ITEMS_MAX items behind what its caller uses; the rest is for writing one past the end. */
enum { STACK_REGION_ITEMS = (CALL_DEPTH_MAX + 2) * STACK_ITEMS_MAX };

/* Memory is made usable in steps of at least this; behind the last message more than the second is given back. */
#define MEMORY_STEP ((size_t)1 << 20)
#define MEMORY_KEPT ((size_t)1 << 26)
/* So many bytes are cleared beyond what is asked for, so that not every growth has to. */
#define CLEAR_STEP ((size_t)256)

/* When code is worth translating: found by replaying real blocks. */
#ifdef WEFT_RARE_PATHS
enum { HEAT = 0, PATIENCE = 1 };
#define PREPARE_FREE (INT64_MAX / 2)
#else
enum { HEAT = 4, PATIENCE = 1000 };
/* So much gas worth of translating is given in advance: some large contracts. */
#define PREPARE_FREE INT64_C(1000000)
#endif

const char *vm_status_text(enum vm_status s)
{
    static const char *const texts[VM_STATUS_COUNT] = {
        [VM_SUCCESS] = "success",
        [VM_REVERT] = "execution reverted",
        [VM_OUT_OF_GAS] = "out of gas",
        [VM_STACK_UNDERFLOW] = "stack underflow",
        [VM_STACK_OVERFLOW] = "stack overflow",
        [VM_BAD_JUMP] = "invalid jump destination",
        [VM_UNDEFINED_INSTRUCTION] = "undefined instruction",
        [VM_INVALID_INSTRUCTION] = "designated invalid instruction",
        [VM_STATIC_VIOLATION] = "state change in a static call",
        [VM_RETURN_DATA_OUT_OF_BOUNDS] = "return data out of bounds",
        [VM_CREATE_COLLISION] = "contract address collision",
        [VM_CODE_TOO_BIG] = "code too big",
        [VM_CODE_STARTS_WITH_EF] = "code starts with 0xef",
        [VM_CODE_DEPOSIT_OUT_OF_GAS] = "out of gas for storing the code",
        [VM_INITCODE_TOO_BIG] = "initcode too big",
        [VM_PRECOMPILE_FAILED] = "precompile failed",
        [VM_CALL_TOO_DEEP] = "call depth exceeded",
        [VM_INSUFFICIENT_BALANCE] = "insufficient balance",
        [VM_NONCE_OVERFLOW] = "nonce overflow",
    };
    ASSERT(s < VM_STATUS_COUNT);
    return texts[s];
}

/* Address space without memory behind it; NULL when there is too little of it (ulimit -v). */
static void *reserve(size_t size, int protection)
{
    void *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* How much address space the frames' memory gets: where it is limited, a part that leaves the rest to the others. No
 * block of 60 million gas uses more than MEMORY_LEAST. */
static size_t memory_share(void)
{
    enum { SHARES = 32 };
    const size_t MEMORY_LEAST = (size_t)256 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur / SHARES >= VM_MEMORY_MAX) return VM_MEMORY_MAX;
    size_t share = (size_t)(limit.rlim_cur / SHARES) & ~(MEMORY_STEP - 1);
    return share < MEMORY_LEAST ? MEMORY_LEAST : share;
}

struct vm *vm_new(void)
{
    struct vm *vm = vm_try_new();
    if (vm == NULL) base_out_of_memory(VM_MEMORY_MAX);
    return vm;
}

struct vm *vm_try_new(void)
{
    struct vm *vm = base_calloc(1, sizeof *vm);
    vm->heat = HEAT;
    vm->patience = PATIENCE;
    vm->prepare_free = PREPARE_FREE;
    vm->hashes = base_calloc(HASH_MEMO_CELLS, sizeof *vm->hashes);
    vm->block = 1;
    vm->stack = reserve(STACK_REGION_ITEMS * sizeof(struct u256), PROT_READ | PROT_WRITE);
    vm->memory_max = memory_share();
    vm->memory = reserve(vm->memory_max, PROT_NONE);
    if (vm->stack != NULL && vm->memory != NULL) return vm;
    vm_free(vm);
    return NULL;
}

void vm_free(struct vm *vm)
{
    if (vm == NULL) return;
    if (vm->stack != NULL) munmap(vm->stack, STACK_REGION_ITEMS * sizeof(struct u256));
    if (vm->memory != NULL) munmap(vm->memory, vm->memory_max);
    buffer_free(&vm->output);
    arena_free(&vm->initcode);
    precompile_memory_free(&vm->precompile);
    free(vm->hashes);
    free(vm);
}

void vm_begin_block(struct vm *vm)
{
    vm->block++;
    precompile_memory_clear(&vm->precompile);
}

void vm_set_memo(struct vm *vm, struct precompile_memo *memo)
{
    vm->precompile.memo = memo;
}

void vm_attach(struct vm *vm, const struct fork *fork, struct state *state, const struct vm_env *env)
{
    if (vm->fork != fork) {
        vm->fork = fork;
        for (size_t i = 0; i < 256; i++) vm->gas_table[i] = fork->op[i].on ? fork->op[i].gas : GAS_UNDEFINED;
    }
    vm->state = state;
    vm->env = env;
}

void vm_set_tracer(struct vm *vm, const struct vm_tracer *tracer)
{
    vm->tracer = tracer;
}

void vm_set_plain(struct vm *vm, bool plain)
{
    vm->plain = plain;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/* False when there is no memory, which the EVM knows nothing of: the execution is void (state->failure). */
static NOINLINE bool make_usable(struct vm *vm, size_t end)
{
    size_t usable = end + MEMORY_STEP + end / 2;
    usable = (usable > vm->memory_max ? vm->memory_max : usable) & ~(MEMORY_STEP - 1);
    if (end > usable || mprotect(vm->memory, usable, PROT_READ | PROT_WRITE) != 0) {
        if (vm->state == NULL) base_out_of_memory(end); /* over another host there is nobody to tell */
        state_fail(vm->state, NO_MEMORY);
        return false;
    }
    vm->memory_usable = usable;
    return true;
}

int64_t vm_memory_grow(struct frame *f, int64_t gas, uint64_t end)
{
    struct vm *vm = f->vm;
    size_t before = (size_t)(f->memory - vm->memory); /* the callers' memory */
    if (UNLIKELY(end > VM_MEMORY_MAX - CLEAR_STEP - 32 - before)) return OUT_OF_GAS;
    /* In all, words cost words * memory_word + words^2 / 512. */
    uint64_t words = words_of(end), old_words = f->memory_size / 32;
    uint64_t price = f->fork->gas.memory_word * (words - old_words) + words * words / 512 - old_words * old_words / 512;
    gas = charge(gas, price);
    if (UNLIKELY(gas < 0)) return gas;
    f->memory_size = words * 32;
    if (f->memory_size <= f->memory_clear) return gas;
    end = f->memory_size + CLEAR_STEP;
    if (UNLIKELY(before + end > vm->memory_usable) && !make_usable(vm, before + end)) return OUT_OF_GAS;
    memset(f->memory + f->memory_clear, 0, end - f->memory_clear);
    f->memory_clear = end;
    return gas;
}

void vm_memory_trim(struct vm *vm)
{
    if (LIKELY(vm->memory_usable <= MEMORY_KEPT)) return;
    madvise(vm->memory, vm->memory_usable, MADV_DONTNEED);
    mprotect(vm->memory, vm->memory_usable, PROT_NONE);
    vm->memory_usable = 0;
}

void vm_copy_padded(struct frame *f, uint64_t to, uint64_t size, struct bytes source, const struct u256 *from)
{
    if (size == 0) return;
    uint64_t start = u256_clamp_u64(*from), copied = 0;
    if (start < source.size) {
        copied = source.size - start < size ? source.size - start : size;
        memcpy(f->memory + to, source.data + start, copied);
    }
    memset(f->memory + to + copied, 0, size - copied);
}
