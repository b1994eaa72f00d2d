/* The translator: bytecode to a run of fast instructions; fast.h says what that is, paper.h how the stack is followed,
 * ends.h how a run ends. */
#include "vm/interpreter/ends.h"
#include "vm/interpreter/instructions.h"
#include "vm/translator/symbolic_stack.h"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

static const uint8_t items_in[256] = {
#define OP(name, byte, in, out, immediate) [byte] = in,
#include "fork/opcodes.def"
#undef OP
};
static const uint8_t items_out[256] = {
#define OP(name, byte, in, out, immediate) [byte] = out,
#include "fork/opcodes.def"
#undef OP
};

/* ---- checks ------------------------------------------------------------------------------------------------------ */

/* Ends the stretch that one check pays for. */
static void close_check(struct translator *x)
{
    struct fast_check *check = (struct fast_check *)(void *)(x->out + x->check);
    check->cost = (uint32_t)x->cost;
    for (unsigned i = 0; i < x->gas_read_count; i++) {
        struct fast *read = (struct fast *)(void *)(x->out + x->gas_reads[i]);
        read->number = (uint32_t)x->cost - read->number;
    }
    x->gas_read_count = 0;
    x->cost = 0;
}

/* Everything is settled: what follows is paid for separately. */
static void cut(struct translator *x)
{
    close_check(x);
    struct fast_check *check = emit(x, FAST_CUT, sizeof *check);
    x->check = x->at[x->count - 1];
    check->base.a = (int16_t)(x->height * (int)sizeof(struct u256));
    check->position = x->position;
}

/* ---- instructions ------------------------------------------------------------------------------------------------ */

/* By opcode: binary instructions, their forms, and what they do to constants. */
struct binary {
    uint16_t form, json_b_constant, json_a_constant; /* form 0 is ADD; see known */
    bool known, commutes;
    void (*compute)(struct frame *f, struct u256 *sp);
};
static const struct binary binaries[256] = {
#define BINARY_ROW(NAME, name)                                                                                         \
    [OP_##NAME] = {FAST_##NAME,                                                                                        \
                   FAST_##NAME##_C,                                                                                    \
                   FAST_C_##NAME,                                                                                      \
                   true,                                                                                               \
                   OP_##NAME == OP_ADD || OP_##NAME == OP_MUL || OP_##NAME == OP_AND || OP_##NAME == OP_OR ||          \
                       OP_##NAME == OP_XOR || OP_##NAME == OP_EQ,                                                      \
                   op_##name},
    BINARY_INSTRUCTIONS(BINARY_ROW)
#undef BINARY_ROW
};

/* Instructions with their operands in their places, and those without operands: the form by opcode, or -1. */
static const int16_t stack_forms[256] = {
    [0 ... 255] = -1,
#define ROW(NAME, name) [OP_##NAME] = FAST_##NAME,
    OUTSIDE_INSTRUCTIONS(ROW)[OP_CALLDATACOPY] = FAST_CALLDATACOPY,
    [OP_CODECOPY] = FAST_CODECOPY,
    [OP_MCOPY] = FAST_MCOPY,
};
static const int16_t nullary_forms[256] = {[0 ... 255] = -1, NULLARY_INSTRUCTIONS(ROW)};
static const int16_t unary_forms[256] = {[0 ... 255] = -1, UNARY_INSTRUCTIONS(ROW)};
#undef ROW

/* An instruction with one result, made of the places a and b. */
static struct fast *emit_value(struct translator *x, enum fast_op op, size_t size, int a, int b)
{
    release(x);
    struct fast *i = emit(x, op, size);
    if (a != INT16_MAX) i->a = reads(x, a);
    if (b != INT16_MAX) i->b = reads(x, b);
    int to = result_place(x);
    i->to = makes(x, to);
    push_place(x, to);
    return i;
}
enum { NO_PLACE = INT16_MAX };

static void unary(struct translator *x, enum fast_op op)
{
    struct value a = take(x);
    if (a.constant >= 0 && (op == FAST_ISZERO || op == FAST_NOT)) {
        struct u256 word = constant(x, a);
        push_constant(x, op == FAST_NOT ? u256_not(word) : U256(u256_is_zero(word)));
        return;
    }
    if (a.constant >= 0 && op == FAST_CALLDATALOAD && u256_clamp_u64(constant(x, a)) <= UINT32_MAX) {
        emit_value(x, FAST_CALLDATALOAD_AT, sizeof(struct fast), NO_PLACE, NO_PLACE)->number =
            (uint32_t)constant(x, a).w[0];
        return;
    }
    int p = place_of(x, a);
    emit_value(x, op, sizeof(struct fast), p, NO_PLACE);
}

/* value << n or value >> n; n < 256. */
static void shift_by(struct translator *x, bool left, struct value value, unsigned n)
{
    if (n == 0) {
        push(x, value);
        release(x);
        return;
    }
    enum fast_op op = (enum fast_op)((left ? FAST_SHL_0 : FAST_SHR_0) + n / 64);
    int p = place_of(x, value);
    emit_value(x, op, sizeof(struct fast), p, NO_PLACE)->number = n % 64;
}

/* n if `word` is 2^n, else -1. */
static int power_of_two(struct u256 word)
{
    int n = (int)u256_bits(word) - 1;
    return n >= 0 && u256_equal(word, u256_shl(U256_ONE, (unsigned)n)) ? n : -1;
}

/* Multiplications, divisions and shifts that are shifts by a constant. */
static bool binary_as_shift(struct translator *x, uint8_t op, struct value a, struct value b)
{
    if (a.constant >= 0 && (op == OP_SHL || op == OP_SHR)) {
        uint64_t n = u256_clamp_u64(constant(x, a));
        if (n < 256) shift_by(x, op == OP_SHL, b, (unsigned)n);
        return n < 256;
    }
    bool is_divisor = op == OP_DIV && b.constant >= 0, is_factor = op == OP_MUL && (a.constant >= 0 || b.constant >= 0);
    if (!is_divisor && !is_factor) return false;
    struct value known = b.constant >= 0 ? b : a, other = b.constant >= 0 ? a : b;
    int n = power_of_two(constant(x, known));
    if (n >= 0) shift_by(x, is_factor, other, (unsigned)n);
    return n >= 0;
}

static void binary(struct translator *x, uint8_t op)
{
    struct value a = take(x), b = take(x);
    const struct binary *rule = &binaries[op];
    if (a.constant >= 0 && b.constant >= 0) {
        struct u256 words[2] = {constant(x, b), constant(x, a)};
        rule->compute(NULL, &words[1]);
        push_constant(x, words[0]);
        return;
    }
    if (binary_as_shift(x, op, a, b)) return;
    if (a.constant >= 0 && (rule->commutes || (op >= OP_LT && op <= OP_SGT))) { /* a < 5 is 5 > a */
        struct value other = a;
        a = b;
        b = other;
        if (!rule->commutes)
            rule = &binaries[op == OP_LT ? OP_GT : op == OP_GT ? OP_LT : op == OP_SLT ? OP_SGT : OP_SLT];
    }
    if (b.constant >= 0 && op == OP_EQ && u256_is_zero(constant(x, b)))
        emit_value(x, FAST_ISZERO, sizeof(struct fast), a.place, NO_PLACE);
    else if (b.constant >= 0)
        ((struct fast_constant *)emit_value(x, rule->json_b_constant, sizeof(struct fast_constant), a.place, NO_PLACE))
            ->value = constant(x, b);
    else if (a.constant >= 0)
        ((struct fast_constant *)emit_value(x, rule->json_a_constant, sizeof(struct fast_constant), NO_PLACE, b.place))
            ->value = constant(x, a);
    else
        emit_value(x, rule->form, sizeof(struct fast), a.place, b.place);
}

static void ternary(struct translator *x, enum fast_op op)
{
    struct value a = take(x), b = take(x), c = take(x);
    int pa = place_of(x, a), pb = place_of(x, b), pc = place_of(x, c);
    struct fast *i = emit_value(x, op, sizeof(struct fast), pa, pb);
    i->c = (int16_t)(pc * (int)sizeof(struct u256));
    if (TOUCHED(x, pc) < x->count - 1) TOUCHED(x, pc) = (int16_t)(x->count - 1);
}

/* A constant that is a usual memory offset. */
static bool is_offset(const struct translator *x, struct value v)
{
    return v.constant >= 0 && u256_clamp_u64(constant(x, v)) <= UINT32_MAX;
}

static void exponentiate(struct translator *x)
{
    struct value a = take(x), b = take(x);
    /* A long exponent is not raised to here: nobody has paid for it yet. */
    if (a.constant >= 0 && b.constant >= 0 && u256_clamp_u64(constant(x, b)) <= UINT8_MAX) {
        struct u256 base = constant(x, a), exponent = constant(x, b), power;
        x->cost += (uint64_t)x->translation->fork->gas.exp_byte * u256_byte_count(exponent);
        u256_exp(&power, &base, &exponent);
        push_constant(x, power);
        return;
    }
    int pa = place_of(x, a), pb = place_of(x, b);
    emit_value(x, FAST_EXP, sizeof(struct fast), pa, pb);
}

static void keccak(struct translator *x)
{
    struct value from = take(x), size = take(x);
    if (is_offset(x, from) && is_offset(x, size) && constant(x, size).w[0] <= INT16_MAX) {
        struct fast *i = emit_value(x, FAST_KECCAK256_AT, sizeof *i, NO_PLACE, NO_PLACE);
        i->number = (uint32_t)constant(x, from).w[0];
        i->a = (int16_t)constant(x, size).w[0];
        return;
    }
    int a = place_of(x, from), b = place_of(x, size);
    emit_value(x, FAST_KECCAK256, sizeof(struct fast), a, b);
}

static void memory_load(struct translator *x)
{
    struct value from = take(x);
    if (is_offset(x, from)) {
        emit_value(x, FAST_MLOAD_AT, sizeof(struct fast), NO_PLACE, NO_PLACE)->number =
            (uint32_t)constant(x, from).w[0];
        return;
    }
    emit_value(x, FAST_MLOAD, sizeof(struct fast), place_of(x, from), NO_PLACE);
}

static void memory_store(struct translator *x, enum fast_op op)
{
    struct value to = take(x), value = take(x);
    int b = place_of(x, value);
    if (op == FAST_MSTORE && is_offset(x, to)) {
        struct fast *i = emit(x, FAST_MSTORE_AT, sizeof *i);
        i->a = reads(x, b);
        i->number = (uint32_t)constant(x, to).w[0];
    } else {
        int a = place_of(x, to);
        struct fast *i = emit(x, op, sizeof *i);
        i->a = reads(x, a);
        i->b = reads(x, b);
    }
    release(x);
}

static void gas_read(struct translator *x)
{
    struct fast *i = emit_value(x, FAST_GAS, sizeof *i, NO_PLACE, NO_PLACE);
    i->number = (uint32_t)x->cost;
    x->gas_reads[x->gas_read_count++] = x->at[x->count - 1];
}

/* Operands in their places on the real stack, the result likewise. */
static void stack_form(struct translator *x, uint8_t op)
{
    settle(x);
    struct fast *i = emit(x, (enum fast_op)stack_forms[op], sizeof *i);
    i->a = (int16_t)(x->height * (int)sizeof(struct u256));
    for (int k = 0; k < items_in[op]; k++) REFS(x, x->height - k) = 0;
    x->height -= items_in[op];
    for (int k = 0; k < items_out[op]; k++) push_place(x, x->height + 1);
}

/* Whether the run must end before another instruction. */
static bool is_full(const struct translator *x)
{
    return x->height > HEIGHT_MAX || x->low < -DEPTH_MAX || x->height - x->low > TOUCHED_MAX ||
           x->count > INSTRUCTIONS_MAX - 8 || x->steps > STEPS_MAX || x->scanned > SCANNED_MAX ||
           x->constant_count > CONSTANTS_MAX - 4 || x->gas_read_count == GAS_READS_MAX;
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

static void duplicate(struct translator *x, int n)
{
    reach(x, x->height - n + 1);
    push(x, VALUE(x, x->height - n + 1));
}

/* Exchanges the items n and m below the top. */
static void exchange_items(struct translator *x, int n, int m)
{
    reach(x, x->height - m);
    struct value *a = &VALUE(x, x->height - n), *b = &VALUE(x, x->height - m), v = *a;
    *a = *b;
    *b = v;
}

/* DUPN, SWAPN and EXCHANGE; true when the byte behind them ends the run. */
static bool translate_immediate(struct translator *x, uint8_t op)
{
    uint8_t byte = x->code[x->position++];
    struct item_pair pair = op == OP_EXCHANGE ? immediate_pair(byte) : (struct item_pair){0, immediate_item(byte)};
    if (op == OP_EXCHANGE ? pair.n == 0 : pair.m == 0) {
        emit_fail(x, VM_UNDEFINED_INSTRUCTION);
        return true;
    }
    if (op == OP_DUPN)
        duplicate(x, pair.m);
    else
        exchange_items(x, pair.n, pair.m);
    return false;
}

/* PUSH, DUP, SWAP and POP: only paper. */
static bool translate_stack(struct translator *x, uint8_t op)
{
    if (op >= OP_PUSH0 && op <= OP_PUSH32) {
        unsigned n = op - OP_PUSH0;
        push_constant(x, u256_load_be_n(x->code + x->position, n));
        x->position += n;
        return true;
    }
    if (op >= OP_DUP1 && op <= OP_DUP16) {
        duplicate(x, op - OP_DUP1 + 1);
        return true;
    }
    if (op >= OP_SWAP1 && op <= OP_SWAP16) {
        exchange_items(x, 0, op - OP_SWAP1 + 1);
        return true;
    }
    if (op == OP_POP) {
        take(x);
        release(x);
        return true;
    }
    return op == OP_JUMPDEST;
}

/* All the others; false: only the plain interpreter knows it. */
static bool translate_value(struct translator *x, uint8_t op)
{
    if (binaries[op].known) {
        binary(x, op);
    } else if (unary_forms[op] >= 0) {
        unary(x, (enum fast_op)unary_forms[op]);
    } else if (nullary_forms[op] >= 0) {
        emit_value(x, (enum fast_op)nullary_forms[op], sizeof(struct fast), NO_PLACE, NO_PLACE);
    } else if (stack_forms[op] >= 0) {
        stack_form(x, op);
    } else {
        switch (op) {
        case OP_ADDMOD: ternary(x, FAST_ADDMOD); break;
        case OP_MULMOD: ternary(x, FAST_MULMOD); break;
        case OP_EXP: exponentiate(x); break;
        case OP_KECCAK256: keccak(x); break;
        case OP_MLOAD: memory_load(x); break;
        case OP_MSTORE: memory_store(x, FAST_MSTORE); break;
        case OP_MSTORE8: memory_store(x, FAST_MSTORE8); break;
        case OP_PC: push_constant(x, U256(x->position - 1)); break;
        case OP_GAS: gas_read(x); break;
        default: return false;
        }
    }
    return true;
}

/* Whether gas, and what happened so far, must be exact behind an instruction. */
static bool is_seen_outside(uint8_t op)
{
    switch (op) {
#define ROW(NAME, name) case OP_##NAME:
        OUTSIDE_INSTRUCTIONS(ROW)
#undef ROW
    case OP_BLOCKHASH:
    case OP_SELFBALANCE: return true;
    default: return false;
    }
}

/* Translates the instruction at x->position; true when the run ends with it. */
static bool translate_one(struct translator *x)
{
    uint8_t op = x->position < x->size ? x->code[x->position] : OP_STOP;
    if (op == OP_INVALID || x->gas_table[op] == GAS_UNDEFINED) {
        emit_fail(x, op == OP_INVALID ? VM_INVALID_INSTRUCTION : VM_UNDEFINED_INSTRUCTION);
        return true;
    }
    reach(x, x->height - items_in[op] + 1);
    int height = x->height - items_in[op] + items_out[op];
    x->highest = height > x->highest ? height : x->highest;
    x->cost += (uint64_t)x->gas_table[op];
    x->position++;
    x->steps++;
    if (op == OP_JUMP || op == OP_JUMPI) return op == OP_JUMP ? jump(x) : branch(x);
    if (translate_end(x, op)) return true;
    if (op == OP_DUPN || op == OP_SWAPN || op == OP_EXCHANGE) return translate_immediate(x, op);
    if (translate_stack(x, op)) return false;
    if (!translate_value(x, op)) {
        x->cost -= (uint64_t)x->gas_table[op];
        settle(x);
        struct fast *i = emit(x, FAST_LEAVE, sizeof *i);
        i->a = height_bytes(x);
        i->number = x->position - 1;
        return true;
    }
    if (is_seen_outside(op)) {
        settle(x);
        cut(x);
    }
    return false;
}

/* Whether what comes next is a JUMPDEST where another run should take over: this one is long, or there is one
 * already. */
static bool begins_another(const struct translator *x)
{
    if (x->position >= x->size || x->code[x->position] != OP_JUMPDEST) return false;
    int64_t index = jumpdest_index(x->translation->plan, x->size, x->position);
    return x->count > MERGE_MAX ||
           atomic_load_explicit(&x->translation->cells[index].run, memory_order_relaxed) != NULL;
}

static void translate_run(struct translator *x)
{
    struct fast_check *check = emit(x, FAST_RUN, sizeof *check);
    check->position = x->start;
    for (;;) {
        if (is_full(x) || (x->steps > 1 && begins_another(x))) {
            emit_jump_to(x, x->position);
            break;
        }
        if (translate_one(x)) break;
    }
    close_check(x);
    check->base.a = (int16_t)(x->low * (int)sizeof(struct u256));
    check->base.to = (int16_t)(x->highest * (int)sizeof(struct u256));
}

/* Copies the run to where it stays. */
static const struct fast *finish(struct translator *x)
{
    uint8_t *run = arena_alloc(&x->translation->runs, x->used, 32);
    memcpy(run, x->out, x->used);
    for (int i = 0; i < x->count; i++)
        if (x->op[i] == FAST_JUMP_TO) {
            struct fast_jump *jump = (struct fast_jump *)(void *)(run + x->at[i]);
            if (jump->cell == NULL) jump->cell = &jump->own;
        }
    return (const struct fast *)(void *)run;
}

static void translator_init(struct translator *x, struct translation *t, const int64_t *gas_table, uint32_t position)
{
    x->translation = t;
    x->gas_table = gas_table;
    x->handlers = vm_fast_handlers();
    x->code = t->code->bytes;
    x->size = t->code->size;
    x->start = x->position = position;
    x->steps = 1;
    x->height = x->highest = x->highest_place = 0;
    x->low = 1;
    for (int p = 1; p < PLACES_ABOVE; p++) {
        REFS(x, p) = 0;
        MAKER(x, p) = TOUCHED(x, p) = -1;
        READERS(x, p) = MOVER(x, p) = 0;
    }
    x->scanned = 0;
    x->held_count = 0;
    x->constant_count = 0;
    x->cost = 0;
    x->check = 0;
    x->gas_read_count = 0;
    x->count = 0;
    x->used = 0;
}

/* In EVM instructions, about: what takes as long as one of them. */
static uint64_t work_of(const struct translator *x)
{
    enum { TO_BEGIN = 16, SCANNED_AT_ONCE = 8 };
    return TO_BEGIN + x->steps + (uint64_t)x->count + x->scanned / SCANNED_AT_ONCE;
}

const struct fast *vm_translate(struct frame *f, struct cell *cell, uint32_t position)
{
    struct translation *t = f->translation;
    flag_lock(&t->lock);
    const struct fast *run = atomic_load_explicit(&cell->run, memory_order_acquire);
    if (run == NULL && t->budget != 0 && vm_may_prepare(f->vm)) {
        struct translator x;
        size_t before = t->runs.reserved;
        translator_init(&x, t, f->vm->gas_table, position);
        translate_run(&x);
        run = finish(&x);
        uint64_t work = work_of(&x);
        t->budget -= work < t->budget ? work : t->budget;
        vm_note_prepared(f, work, t->runs.reserved - before);
        atomic_store_explicit(&cell->run, run, memory_order_release);
    }
    flag_unlock(&t->lock);
    return run;
}
