/* The translator: bytecode to a run of fast instructions; fast.h says what that is.
 *
 * Places on the stack are numbered from the item that is on top when the run begins: 0, the one below -1, the next to be pushed 1.
 * `values` is the stack on paper: what each position holds, which is the word of some place, or a constant. To begin with, every
 * position holds its own place. `refs` counts for each place how many positions (and operands that are still to be read) need
 * its word; a result goes to the place of its position if nobody needs what is there, else to any place that is free.
 *
 * "Settling" moves all words to where they belong, as one parallel move: first a result that nobody has read yet is simply
 * redirected, then moves are made in an order in which none overwrites what another still reads, breaking cycles over a
 * free place. */
#include <stdlib.h>

#include "vm/fast.h"
#include "vm/instructions.h"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

enum {
    PLACES_BELOW = STACK_ITEMS_MAX, /* the deepest place is -(STACK_ITEMS_MAX - 1) */
    PLACES_ABOVE = 512,
    HEIGHT_MAX = 128,  /* a run ends before its stack grows by more ... */
    DEPTH_MAX = 800,   /* ... or reaches deeper ... */
    TOUCHED_MAX = 160, /* ... or uses more positions */
    DEEP_MAX = 32,     /* how deep DUPN and SWAPN may reach in a run; beyond, the plain interpreter does it */
    INSTRUCTIONS_MAX = 384,
    LENGTH_MAX = 2048, /* bytes of code in a run */
    CONSTANTS_MAX = 256,
    GAS_READS_MAX = 16,
    HELD_MAX = 8,
    SETTLE_RESERVE = TOUCHED_MAX + 16, /* instructions that the end of a run may need */
    MERGE_MAX = 32,                    /* a run goes on over a JUMPDEST while it has no more instructions */
    OUT_SIZE = (INSTRUCTIONS_MAX + SETTLE_RESERVE) * (int)sizeof(struct fast_branch),
};

struct value {
    int16_t place;
    int16_t constant; /* its number, or -1: the word at `place` */
};

struct translator {
    struct translation *translation;
    const int64_t *gas_table;
    const void *const *handlers;
    const uint8_t *code;
    uint32_t size, start, position;

    int height, low, highest, highest_place; /* positions: top, deepest used, highest ever, highest scratch */
    struct value values_[PLACES_BELOW + PLACES_ABOVE];
    uint8_t refs_[PLACES_BELOW + PLACES_ABOVE];
    int16_t
        maker_[PLACES_BELOW + PLACES_ABOVE]; /* the instruction that made the word there and can be redirected, or -1 */
    int16_t touched_[PLACES_BELOW + PLACES_ABOVE]; /* the last instruction that read or wrote there */
    int16_t held[HELD_MAX];                        /* places of operands that are still to be read */
    unsigned held_count;

    struct u256 constants[CONSTANTS_MAX];
    int constant_count;

    uint64_t cost;                     /* of the stretch since the last check */
    size_t check;                      /* that check */
    uint32_t gas_reads[GAS_READS_MAX]; /* GAS instructions since then */
    unsigned gas_read_count;

    int count; /* instructions so far */
    uint32_t at[INSTRUCTIONS_MAX + SETTLE_RESERVE];
    uint16_t op[INSTRUCTIONS_MAX + SETTLE_RESERVE];
    size_t used;
    _Alignas(32) uint8_t out[OUT_SIZE];
};

#define VALUE(x, p) ((x)->values_[(p) + PLACES_BELOW])
#define REFS(x, p) ((x)->refs_[(p) + PLACES_BELOW])
#define MAKER(x, p) ((x)->maker_[(p) + PLACES_BELOW])
#define TOUCHED(x, p) ((x)->touched_[(p) + PLACES_BELOW])

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

/* ---- writing instructions --------------------------------------------------------------------------------------- */

static void *emit(struct translator *x, enum fast_op op, size_t size)
{
    ASSERT(x->count < (int)COUNT_OF(x->at) && x->used + size <= sizeof x->out);
    struct fast *i = (struct fast *)(void *)(x->out + x->used);
    memset(i, 0, size);
    i->handler = x->handlers[op];
    x->at[x->count] = (uint32_t)x->used;
    x->op[x->count++] = (uint16_t)op;
    x->used += size;
    return i;
}

static struct fast *instruction(struct translator *x, int index)
{
    return (struct fast *)(void *)(x->out + x->at[index]);
}

/* The operand at place p, and the result there, of the instruction written last. */
static int16_t reads(struct translator *x, int p)
{
    TOUCHED(x, p) = (int16_t)(x->count - 1);
    return (int16_t)(p * (int)sizeof(struct u256));
}

static int16_t makes(struct translator *x, int p)
{
    int16_t at = reads(x, p);
    MAKER(x, p) = (int16_t)(x->count - 1);
    return at;
}

/* ---- the stack on paper ------------------------------------------------------------------------------------------- */

/* Makes sure that positions from p upwards are on the paper. */
static void reach(struct translator *x, int p)
{
    while (x->low > p) {
        x->low--;
        VALUE(x, x->low) = (struct value){(int16_t)x->low, -1};
        REFS(x, x->low) = 1;
        MAKER(x, x->low) = TOUCHED(x, x->low) = -1;
    }
}

static void push(struct translator *x, struct value v)
{
    VALUE(x, ++x->height) = v;
    if (v.constant < 0) REFS(x, v.place)++;
}

static void push_place(struct translator *x, int p)
{
    push(x, (struct value){(int16_t)p, -1});
}

static void push_constant(struct translator *x, struct u256 word)
{
    x->constants[x->constant_count] = word;
    push(x, (struct value){0, (int16_t)x->constant_count++});
}

static struct u256 constant(const struct translator *x, struct value v)
{
    return x->constants[v.constant];
}

/* Takes the top item as an operand; its place stays as it is until release. */
static struct value take(struct translator *x)
{
    struct value v = VALUE(x, x->height);
    x->height--;
    if (v.constant < 0) x->held[x->held_count++] = v.place;
    return v;
}

static void release(struct translator *x)
{
    while (x->held_count > 0) REFS(x, x->held[--x->held_count])--;
}

/* A place whose word nobody needs, above the stack. */
static int scratch(struct translator *x)
{
    int p = x->height + 1;
    while (REFS(x, p) != 0) p++;
    if (p > x->highest_place) x->highest_place = p;
    return p;
}

/* Where the result for the next position goes. */
static int result_place(struct translator *x)
{
    int p = x->height + 1;
    return REFS(x, p) == 0 ? p : scratch(x);
}

static void emit_set(struct translator *x, int p, struct u256 word)
{
    if (u256_fits_u64(word) && word.w[0] <= UINT32_MAX) {
        struct fast *i = emit(x, FAST_SET_SMALL, sizeof *i);
        i->to = makes(x, p);
        i->number = (uint32_t)word.w[0];
    } else {
        struct fast_constant *i = emit(x, FAST_SET, sizeof *i);
        i->base.to = makes(x, p);
        i->value = word;
    }
}

/* The place of an operand; a constant is put into a free one. */
static int place_of(struct translator *x, struct value v)
{
    if (v.constant < 0) return v.place;
    int p = scratch(x);
    emit_set(x, p, constant(x, v));
    REFS(x, p)++;
    x->held[x->held_count++] = (int16_t)p;
    return p;
}

/* ---- settling ----------------------------------------------------------------------------------------------------- */

struct move {
    int to, from;
};

/* Makes the instruction that produced the word at m.from put it to m.to instead. Possible if this is its only reader, and
 * nobody has used m.to since. */
static bool redirect(struct translator *x, struct move m)
{
    int maker = MAKER(x, m.from);
    if (maker < 0 || REFS(x, m.from) != 1 || REFS(x, m.to) != 0 || TOUCHED(x, m.from) != maker ||
        TOUCHED(x, m.to) > maker)
        return false;
    instruction(x, maker)->to = (int16_t)(m.to * (int)sizeof(struct u256));
    return true;
}

static void emit_move(struct translator *x, int to, int from)
{
    struct fast *i = emit(x, FAST_MOVE, sizeof *i);
    i->a = reads(x, from);
    i->to = reads(x, to);
}

/* Brings the word at p to safety, for those moves and operands that still need it. */
static void evacuate(struct translator *x, struct move *moves, int count, int p)
{
    int q = scratch(x);
    emit_move(x, q, p);
    for (int i = 0; i < count; i++)
        if (moves[i].from == p) moves[i].from = q;
    for (unsigned i = 0; i < x->held_count; i++)
        if (x->held[i] == p) x->held[i] = (int16_t)q;
    REFS(x, q) = REFS(x, p);
    REFS(x, p) = 0;
}

static bool is_read(const struct translator *x, const struct move *moves, int count, int p)
{
    for (int i = 0; i < count; i++)
        if (moves[i].from == p) return true;
    for (unsigned i = 0; i < x->held_count; i++)
        if (x->held[i] == p) return true;
    return false;
}

/* Puts every position's word into its own place. Held operands survive, perhaps elsewhere. */
static void settle(struct translator *x)
{
    struct move moves[TOUCHED_MAX + 16];
    int count = 0;
    for (int p = x->low; p <= x->height; p++) {
        struct move m = {p, VALUE(x, p).place};
        if (VALUE(x, p).constant < 0 && m.from != p) {
            if (redirect(x, m))
                REFS(x, m.from) = 0;
            else
                moves[count++] = m;
        }
    }
    while (count > 0) {
        int ready = 0;
        while (ready < count && is_read(x, moves, count, moves[ready].to)) ready++;
        if (ready == count) {
            evacuate(x, moves, count, moves[0].to);
            continue;
        }
        emit_move(x, moves[ready].to, moves[ready].from);
        moves[ready] = moves[--count];
    }
    for (int p = x->low; p <= x->height; p++)
        if (VALUE(x, p).constant >= 0) {
            if (is_read(x, NULL, 0, p)) evacuate(x, NULL, 0, p);
            emit_set(x, p, constant(x, VALUE(x, p)));
        }
    int end = x->highest_place > x->highest ? x->highest_place : x->highest;
    for (int p = x->low; p <= end; p++) {
        VALUE(x, p) = (struct value){(int16_t)p, -1};
        REFS(x, p) = p <= x->height;
        MAKER(x, p) = -1;
    }
    for (unsigned i = 0; i < x->held_count; i++) REFS(x, x->held[i])++;
}

/* ---- checks --------------------------------------------------------------------------------------------------------- */

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

/* ---- instructions ------------------------------------------------------------------------------------------------- */

/* By opcode: binary instructions, their forms, and what they do to constants. */
struct binary {
    uint16_t form, form_b_constant, form_a_constant; /* form 0 is ADD; see known */
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
        ((struct fast_constant *)emit_value(x, rule->form_b_constant, sizeof(struct fast_constant), a.place, NO_PLACE))
            ->value = constant(x, b);
    else if (a.constant >= 0)
        ((struct fast_constant *)emit_value(x, rule->form_a_constant, sizeof(struct fast_constant), NO_PLACE, b.place))
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
    if (a.constant >= 0 && b.constant >= 0) {
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

/* ---- ends of runs -------------------------------------------------------------------------------------------------- */

static int64_t jumpdest_at(const struct translator *x, struct u256 target)
{
    return u256_fits_u64(target) ? jumpdest_index(x->translation->plan, x->size, target.w[0]) : -1;
}

static int16_t height_bytes(const struct translator *x)
{
    return (int16_t)(x->height * (int)sizeof(struct u256));
}

/* Goes on in the run that begins at `position`. Cells inside an instruction get their address when it has its own; see
 * finish. */
static void emit_jump_to(struct translator *x, uint32_t position)
{
    settle(x);
    int64_t index = jumpdest_index(x->translation->plan, x->size, position);
    struct fast_jump *jump = emit(x, FAST_JUMP_TO, sizeof *jump);
    jump->base.to = height_bytes(x);
    jump->cell = index < 0 ? NULL : &x->translation->cells[index];
    jump->position = position;
}

static void emit_fail(struct translator *x, enum vm_status status)
{
    struct fast *i = emit(x, FAST_FAIL, sizeof *i);
    i->number = (uint32_t)status;
}

static void jump(struct translator *x)
{
    struct value target = take(x);
    if (target.constant >= 0) {
        if (jumpdest_at(x, constant(x, target)) < 0)
            emit_fail(x, VM_BAD_JUMP);
        else
            emit_jump_to(x, (uint32_t)constant(x, target).w[0]);
        return;
    }
    settle(x);
    struct fast *i = emit(x, FAST_JUMP, sizeof *i);
    i->a = reads(x, x->held[0]);
    i->to = height_bytes(x);
}

/* JUMPI as it is: for targets that are computed, or wrong. */
static void branch_from_stack(struct translator *x)
{
    settle(x);
    struct fast_branch *i = emit(x, FAST_JUMPI, offsetof(struct fast_branch, value));
    i->taken.base.a = height_bytes(x);
    i->taken.base.to = (int16_t)((x->height - 2) * (int)sizeof(struct u256));
    i->next_position = x->position;
}

/* If the word at place p was made by a comparison just before and nobody else needs it, takes that instruction back and
 * returns its kind, else -1. */
static int take_back(struct translator *x, int p, struct fast_constant *out)
{
    int last = x->count - 1;
    if (instruction(x, last)->to != p * (int)sizeof(struct u256) || REFS(x, p) != 1) return -1;
    enum fast_op op = (enum fast_op)x->op[last];
    bool has_constant = false, is_compare = op == FAST_ISZERO;
    /* clang-format off */
#define COMPARE(NAME)                                                                                                  \
    is_compare |= op == FAST_##NAME || op == FAST_##NAME##_C;                                                          \
    has_constant |= op == FAST_##NAME##_C;
    COMPARE(LT)
    COMPARE(GT)
    COMPARE(SLT)
    COMPARE(SGT)
    COMPARE(EQ)
#undef COMPARE
    if (!is_compare) return -1;
    memcpy(out, instruction(x, last), has_constant ? sizeof *out : sizeof out->base);
    x->used = x->at[last];
    x->count--;
    return (int)op;
}

/* Which branch a comparison becomes, and whether it has two operands. */
static enum fast_op branch_of(int compare, bool negated)
{
    switch (compare) {
#define BRANCH_ROW(NAME)                                                                                               \
    case FAST_##NAME: return negated ? FAST_BRANCH_NOT_##NAME : FAST_BRANCH_##NAME;                                    \
    case FAST_##NAME##_C: return negated ? FAST_BRANCH_NOT_##NAME##_C : FAST_BRANCH_##NAME##_C;
        BRANCH_ROW(LT)
        BRANCH_ROW(GT)
        BRANCH_ROW(SLT)
        BRANCH_ROW(SGT)
            BRANCH_ROW(EQ)
#undef BRANCH_ROW
        /* clang-format on */
    default: return negated ? FAST_BRANCH_NOT : FAST_BRANCH;
    }
}

static bool has_two_places(enum fast_op branch)
{
#define TWO(NAME) branch == FAST_BRANCH_##NAME || branch == FAST_BRANCH_NOT_##NAME
    return TWO(LT) || TWO(GT) || TWO(SLT) || TWO(SGT) || TWO(EQ);
#undef TWO
}

/* A place that an instruction taken back reads becomes held again. */
static void hold(struct translator *x, int16_t offset)
{
    int16_t p = (int16_t)(offset / (int)sizeof(struct u256));
    x->held[x->held_count++] = p;
    REFS(x, p)++;
}

static void branch(struct translator *x)
{
    struct value target = VALUE(x, x->height), condition = VALUE(x, x->height - 1);
    if (target.constant < 0 || condition.constant >= 0 || jumpdest_at(x, constant(x, target)) < 0) {
        branch_from_stack(x);
        return;
    }
    take(x);
    take(x);
    /* Comparisons and negations just before melt into the branch. */
    bool negated = false;
    int compare = -1;
    struct fast_constant last = {0};
    while ((compare = take_back(x, x->held[0], &last)) >= 0) {
        release(x);
        hold(x, last.base.a);
        if (compare != FAST_ISZERO) break;
        negated = !negated;
    }
    enum fast_op op = branch_of(compare, negated);
    bool two = has_two_places(op);
    if (two) hold(x, last.base.b);
    settle(x);
    struct fast_branch *i = emit(x, op, sizeof *i);
    i->taken.base.a = reads(x, x->held[0]);
    if (two) i->taken.base.b = reads(x, x->held[1]);
    i->taken.base.to = height_bytes(x);
    i->taken.cell = &x->translation->cells[jumpdest_at(x, constant(x, target))];
    i->taken.position = constant(x, target).w[0];
    i->next_position = x->position;
    i->value = last.value;
}

static void halt(struct translator *x, enum fast_op op)
{
    struct value offset = take(x), size = take(x);
    int a = place_of(x, offset), b = place_of(x, size);
    struct fast *i = emit(x, op, sizeof *i);
    i->a = reads(x, a);
    i->b = reads(x, b);
}

/* ---- a run --------------------------------------------------------------------------------------------------------- */

static bool is_full(const struct translator *x)
{
    return x->height > HEIGHT_MAX || x->low < -DEPTH_MAX || x->height - x->low > TOUCHED_MAX - 40 ||
           x->count > INSTRUCTIONS_MAX - 8 || x->position - x->start > LENGTH_MAX ||
           x->constant_count > CONSTANTS_MAX - 4 || x->gas_read_count == GAS_READS_MAX;
}

/* Translates an instruction that ends the run, behind its base gas. */
static bool translate_end(struct translator *x, uint8_t op)
{
    switch (op) {
    case OP_STOP: emit(x, FAST_STOP, sizeof(struct fast)); return true;
    case OP_INVALID: emit_fail(x, VM_INVALID_INSTRUCTION); return true;
    case OP_RETURN: halt(x, FAST_RETURN); return true;
    case OP_REVERT: halt(x, FAST_REVERT); return true;
    case OP_SELFDESTRUCT: {
        settle(x);
        struct fast *i = emit(x, FAST_SELFDESTRUCT, sizeof *i);
        i->a = height_bytes(x);
        return true;
    }
    case OP_JUMP: jump(x); return true;
    case OP_JUMPI: branch(x); return true;
    default: return false;
    }
}

static void exchange_positions(struct translator *x, int a, int b)
{
    struct value other = VALUE(x, a);
    VALUE(x, a) = VALUE(x, b);
    VALUE(x, b) = other;
}

/* DUPN, SWAPN and EXCHANGE (EIP-8024), as long as they do not reach deeper than a run may. */
static bool translate_deep(struct translator *x, uint8_t op)
{
    uint8_t immediate = x->code[x->position];
    int n = immediate_item(immediate);
    struct item_pair pair = immediate_pair(immediate);
    if (op == OP_EXCHANGE && pair.n != 0) {
        reach(x, x->height - pair.m);
        exchange_positions(x, x->height - pair.n, x->height - pair.m);
    } else if (op == OP_SWAPN && n != 0 && n < DEEP_MAX) {
        reach(x, x->height - n);
        exchange_positions(x, x->height, x->height - n);
    } else if (op == OP_DUPN && n != 0 && n < DEEP_MAX) {
        reach(x, x->height - n + 1);
        push(x, VALUE(x, x->height - n + 1));
    } else {
        return false;
    }
    x->position++;
    return true;
}

/* PUSH, DUP, SWAP and POP: only paper. */
static bool translate_stack(struct translator *x, uint8_t op)
{
    if (op == OP_DUPN || op == OP_SWAPN || op == OP_EXCHANGE) return translate_deep(x, op);
    if (op >= OP_PUSH0 && op <= OP_PUSH32) {
        unsigned n = op - OP_PUSH0;
        push_constant(x, u256_load_be_n(x->code + x->position, n));
        x->position += n;
        return true;
    }
    if (op >= OP_DUP1 && op <= OP_DUP16) {
        push(x, VALUE(x, x->height - (op - OP_DUP1)));
        return true;
    }
    if (op >= OP_SWAP1 && op <= OP_SWAP16) {
        exchange_positions(x, x->height, x->height - (op - OP_SWAP1 + 1));
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
    if (x->gas_table[op] == GAS_UNDEFINED) {
        emit_fail(x, VM_UNDEFINED_INSTRUCTION);
        return true;
    }
    reach(x, x->height - items_in[op] + 1);
    int height = x->height - items_in[op] + items_out[op];
    x->highest = height > x->highest ? height : x->highest;
    x->cost += (uint64_t)x->gas_table[op];
    x->position++;
    if (translate_end(x, op)) return true;
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

static void translate_run(struct translator *x)
{
    struct fast_check *check = emit(x, FAST_RUN, sizeof *check);
    check->position = x->start;
    for (;;) {
        bool at_jumpdest = x->position != x->start && x->position < x->size && x->code[x->position] == OP_JUMPDEST;
        if (is_full(x) || (at_jumpdest && x->count > MERGE_MAX)) {
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
    x->height = x->highest = x->highest_place = 0;
    x->low = 1;
    for (int p = 1; p < PLACES_ABOVE; p++) {
        REFS(x, p) = 0;
        MAKER(x, p) = TOUCHED(x, p) = -1;
    }
    x->held_count = 0;
    x->constant_count = 0;
    x->cost = 0;
    x->check = 0;
    x->gas_read_count = 0;
    x->count = 0;
    x->used = 0;
}

const struct fast *vm_translate(struct translation *t, const int64_t *gas_table, struct cell *cell, uint32_t position)
{
    while (atomic_flag_test_and_set_explicit(&t->lock, memory_order_acquire));
    const struct fast *run = atomic_load_explicit(&cell->run, memory_order_acquire);
    if (run == NULL && t->budget != 0) {
        struct translator x;
        translator_init(&x, t, gas_table, position);
        translate_run(&x);
        run = finish(&x);
        uint64_t length = x.position - position + 1;
        t->budget -= length < t->budget ? length : t->budget;
        atomic_store_explicit(&cell->run, run, memory_order_release);
    }
    atomic_flag_clear_explicit(&t->lock, memory_order_release);
    return run;
}
