/* What the files of vm/ share: the machine, a frame, and how gas and memory are counted.
 *
 * Instruction bodies have one of two shapes:
 *
 *     void    op_add(struct frame *f, struct u256 *sp)                 cannot fail; base gas is all it costs
 *     int64_t op_mload(struct frame *f, struct u256 *sp, int64_t gas)  pays more gas, may fail: returns the gas left,
 *                                                                      or minus the enum vm_status
 *
 * sp points at the top of the stack, which grows upwards: operands a, b, c are sp[0], sp[-1], sp[-2]. The dispatcher
 * has checked that they are there and that there is room; a result goes where the stack's top will be, sp[1 - in], and
 * the dispatcher moves sp. */
#ifndef WEFT_VM_PRIVATE_H
#define WEFT_VM_PRIVATE_H

#include "precompile/precompile.h"
#include "vm/vm.h"

/* How many stack items an instruction takes and gives, as constants: IN_ADD, OUT_ADD. */
enum {
#define OP(name, byte, in, out, immediate) IN_##name = in, OUT_##name = out,
#include "fork/opcodes.def"
#undef OP
};

/* Base gas of a byte that is no instruction of the fork: more than anybody has. */
#define GAS_UNDEFINED INT64_MAX

/* A hash that was computed in the block with that number of vm->block. */
enum { HASH_MEMO_CELLS = 1024 };
struct hash_memo {
    uint64_t input[8];
    struct u256 hash;
    uint64_t block;
};
/* Where the hash of these 64 bytes is remembered. Who finds many for one place only makes them forget each other. */
static ALWAYS_INLINE size_t hash_memo_index(const uint64_t in[8])
{
    return (hash_mix(in[0] ^ in[3] ^ in[4], in[1] ^ in[2] ^ in[7] ^ 0x9e3779b97f4a7c15u) ^ in[5] ^ in[6]) %
           HASH_MEMO_CELLS;
}

struct vm {
    const struct fork *fork;
    struct state *state;
    const struct vm_env *env;
    const struct vm_tracer *tracer;
    bool plain;
    uint32_t heat;    /* so often a code runs in the plain interpreter before it is translated ... */
    int64_t patience; /* ... or jumps so often in one frame */
    /* In gas: what frames that have ended have used; that, and what was translated meanwhile; how far the second may be
     * ahead. See plan.h. */
    int64_t burned, prepared, prepare_free;

    struct u256 *stack;    /* the region; frames take parts of it */
    uint8_t *memory;       /* the region: memory_max bytes of address space ... */
    size_t memory_max;     /* VM_MEMORY_MAX, less where address space is limited */
    size_t memory_usable;  /* ... of which so many may be touched yet */
    struct buffer output;  /* of the last frame that ended; the return data of the one that runs */
    struct arena initcode; /* padded copies and jump maps of running creates */
    struct precompile_memory precompile;
    struct hash_memo *hashes; /* HASH_MEMO_CELLS */
    uint64_t block;           /* counts vm_begin_block; at least 1 */
    int64_t state_spilled;    /* state gas that was taken from execution gas since vm_call */
    struct bytes deployed;    /* what the initcode that ended last returned: for the tracer */

    int64_t gas_table[256]; /* fork->op as the interpreters want it: GAS_UNDEFINED where off */
};

/* One running message. Lives on the C stack. */
struct frame {
    struct vm *vm;
    const struct fork *fork;
    struct state *state;
    const struct vm_env *env;
    const struct vm_message *message;
    struct account *self; /* ADDRESS */
    struct bytes input;   /* call data; empty in a create */

    const uint8_t *code; /* with CODE_PADDING zero bytes behind */
    uint32_t code_size;
    const struct code *cached; /* NULL for initcode */
    const uint64_t *jumpdests; /* bit i: a jump may land at i; NULL until the first jump */

    struct u256 *stack; /* bottom: the first item goes to stack[0] */
    uint8_t *memory;
    uint64_t memory_size;          /* bytes, a multiple of 32 */
    uint64_t memory_clear;         /* bytes that are in use, or zero and free; at least memory_size */
    struct bytes return_data;      /* in vm->output */
    struct bytes output;           /* set by RETURN and REVERT: a part of the memory */
    int64_t gas;                   /* what was left in the end */
    int64_t state_gas;             /* EIP-8037: the reservoir, ... */
    struct vm_state_use state_use; /* ... and what became of it */

    struct translation *translation; /* fast interpreter */
    uint8_t *stack_last;             /* the highest place that an item may have */

    int64_t step_gas;  /* traced: gas before the instruction that runs ... */
    int64_t step_left; /* ... and when it had been paid for, if it failed nevertheless; else -1 */
    bool step_open;    /* the tracer has not been told what it costs */
};

static ALWAYS_INLINE bool is_cancelled(const struct frame *f)
{
    return UNLIKELY(state_is_cancelled(f->state));
}

static ALWAYS_INLINE int64_t fail(enum vm_status status)
{
    return -(int64_t)status;
}
#define OUT_OF_GAS fail(VM_OUT_OF_GAS)
/* The same for an instruction that has been paid for, up to `gas`. */
int64_t vm_fail_paid(struct frame *f, int64_t gas, enum vm_status status);

/* Takes `cost` from `gas`; negative when it does not suffice. */
static ALWAYS_INLINE int64_t charge(int64_t gas, uint64_t cost)
{
    return UNLIKELY(cost > (uint64_t)gas) ? OUT_OF_GAS : gas - (int64_t)cost;
}

/* Pays for `bytes` of state growth (EIP-8037), after all execution gas of an instruction: what a failing one has taken
 * from the execution gas would turn up in its caller's reservoir. Returns the execution gas left. */
int64_t vm_pay_state(struct vm *vm, int64_t gas, int64_t *reservoir, struct vm_state_use *use, uint64_t bytes);
/* Gives back what was paid for `bytes` of state that did not come to stay. Returns the execution gas then. */
int64_t vm_refund_state(struct frame *f, int64_t gas, uint64_t bytes);
/* Takes over what a callee has left of both gases, and what it did with state gas. Returns the execution gas then. */
int64_t vm_take_gas(struct frame *f, int64_t gas, const struct vm_result *callee);
/* After a message that failed: what it paid for state comes back, wherever it came from. */
void vm_settle_failure(const struct vm *vm, const struct vm_message *message, struct vm_result *result);

static ALWAYS_INLINE int64_t charge_state(struct frame *f, int64_t gas, uint64_t bytes)
{
    if (LIKELY(f->env->state_byte_gas == 0)) return gas;
    return vm_pay_state(f->vm, gas, &f->state_gas, &f->state_use, bytes);
}

static ALWAYS_INLINE uint64_t words_of(uint64_t bytes)
{
    return (bytes + 31) / 32;
}

/* ---- stack words ----------------------------------------------------------------------------------------------- */

/* A word to and from the stack limb by limb, through general registers, whatever the compiler would rather do: reading
 * limbs back as one vector waits until all four stores have left the store buffer, and making a vector of four
 * registers takes long. */
static ALWAYS_INLINE struct u256 word_load(const struct u256 *p)
{
    struct u256 v = {{p->w[0], p->w[1], p->w[2], p->w[3]}};
#if defined(__x86_64__)
    __asm__("" : "+r"(v.w[0]), "+r"(v.w[1]), "+r"(v.w[2]), "+r"(v.w[3]));
#endif
    return v;
}
static ALWAYS_INLINE void word_store(struct u256 *p, struct u256 v)
{
#if defined(__x86_64__)
    __asm__("" : "+r"(v.w[0]), "+r"(v.w[1]), "+r"(v.w[2]), "+r"(v.w[3]));
#endif
    *p = v;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/* Grows the frame's memory to hold `end` bytes, and charges for it. */
int64_t vm_memory_grow(struct frame *f, int64_t gas, uint64_t end);

/* Makes memory[offset, offset + size) usable. Nothing happens for size 0, wherever offset is. */
static ALWAYS_INLINE int64_t memory_reach(struct frame *f, int64_t gas, const struct u256 *offset, uint64_t size)
{
    uint64_t end;
    if (size == 0) return gas;
    if (UNLIKELY(!u256_fits_u64(*offset) || __builtin_add_overflow(offset->w[0], size, &end))) return OUT_OF_GAS;
    return LIKELY(end <= f->memory_size) ? gas : vm_memory_grow(f, gas, end);
}

/* The same for a size from the stack; a size that no memory has is out of gas. */
static ALWAYS_INLINE int64_t memory_range(struct frame *f, int64_t gas, const struct u256 *offset,
                                          const struct u256 *size)
{
    if (UNLIKELY(!u256_fits_u64(*size))) return OUT_OF_GAS;
    return memory_reach(f, gas, offset, size->w[0]);
}

/* Gives memory back to the system when a message used very much. */
void vm_memory_trim(struct vm *vm);

/* memory[to, to + size) = source from `from`, with zeros behind its end. The range has been reached. */
void vm_copy_padded(struct frame *f, uint64_t to, uint64_t size, struct bytes source, const struct u256 *from);

/* ---- accounts and slots --------------------------------------------------------------------------------------- */

/* The account's first access: precompiles count as accessed from the start. */
int64_t vm_access_cold(struct frame *f, struct account *a, int64_t gas, uint32_t paid);

/* Pays what a cold account costs beyond its base gas (EIP-2929) and marks it accessed; `paid` is the part of the
 * price that the instruction has charged. */
static ALWAYS_INLINE int64_t access_account(struct frame *f, struct account *a, int64_t gas, uint32_t paid)
{
    if (UNLIKELY((a->flags & ACCOUNT_WARM) == 0) && f->fork->gas.cold_account != 0)
        return vm_access_cold(f, a, gas, paid);
    a->flags |= ACCOUNT_ACCESSED; /* an access list made it warm, not an access */
    return gas;
}

/* The account at an address that the transaction has no record of, so that it is cold: loaded only if its first access
 * can be paid. NULL with *gas negative: it cannot. */
struct account *vm_load_account(struct frame *f, const struct address *address, int64_t *gas, uint32_t paid);

/* The account at an address, after paying for the access to it; `paid` as above. When the gas does not suffice, *gas is
 * negative and the account may be NULL. */
static ALWAYS_INLINE struct account *reach_account(struct frame *f, const struct address *address, int64_t *gas,
                                                   uint32_t paid)
{
    struct account *a = state_known_account(f->state, address);
    if (UNLIKELY(a == NULL)) a = vm_load_account(f, address, gas, paid);
    if (LIKELY(*gas >= 0)) *gas = access_account(f, a, *gas, paid);
    return a;
}

/* ---- bodies that are too long to inline; what they do is in opcodes.def ----------------------------------------- */

int64_t vm_op_extcodecopy(struct frame *f, struct u256 *sp, int64_t gas);
int64_t vm_op_sstore(struct frame *f, struct u256 *sp, int64_t gas);
int64_t vm_op_log(struct frame *f, struct u256 *sp, int64_t gas, uint32_t topic_count);
int64_t vm_op_call(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind);
int64_t vm_op_create(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind);
int64_t vm_op_selfdestruct(struct frame *f, struct u256 *sp, int64_t gas);
int64_t vm_op_return(struct frame *f, struct u256 *sp, int64_t gas); /* also REVERT */

/* ---- running -------------------------------------------------------------------------------------------------- */

/* All of these run the frame's code with `gas` to its end, and leave in f->gas what is left of it: 0 unless success or
 * revert. f->output is then what was returned. */
enum vm_status vm_run(struct frame *f, int64_t gas); /* in the interpreter that suits it */
enum vm_status vm_run_traced(struct frame *f, int64_t gas);
/* From the instruction at ip on, sp being the top of the stack; after `patience` jumps vm_go_fast takes over. */
enum vm_status vm_run_plain(struct frame *f, const uint8_t *ip, struct u256 *sp, int64_t gas, int64_t patience);
#define PATIENCE_ENDLESS INT64_MAX
/* A jump back over so many bytes costs as much patience as one more jump. */
#define PATIENCE_BYTES 1024
/* Goes on at the JUMPDEST `at` in the fast interpreter, where that is possible. */
enum vm_status vm_go_fast(struct frame *f, const uint8_t *at, struct u256 *sp, int64_t gas);
/* Tells the tracer what the running instruction costs, once; `gas` is what is left after it. */
void vm_trace_cost(struct frame *f, int64_t gas, enum vm_status error);
/* Tells the tracer of a message that cannot start: its gas comes back. */
void vm_trace_refusal(struct vm *vm, const struct vm_message *message, enum vm_status why);

/* Runs a message from inside a frame: stack and memory behind what the caller uses. The output is in vm->output. */
void vm_run_message(struct vm *vm, struct vm_message *message, struct u256 *stack, uint8_t *memory,
                    struct vm_result *result);

/* Bitmap of the positions where jumps may land. The words are filled up to (size + 63) / 64. */
void vm_find_jumpdests(uint64_t *bitmap, const uint8_t *code, uint32_t size);
/* The frame's bitmap, made at first use (and kept with the code, when it is cached). */
const uint64_t *vm_jumpdests(struct frame *f);

#endif
