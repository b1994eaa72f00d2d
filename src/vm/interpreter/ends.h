/* ends: how a translated run ends. With a jump, whose place is mostly known and then followed at once; with a branch,
 * into which the comparison before it melts; with an instruction that ends the frame; or by handing over to another
 * run.
 *
 * A function that returns a bool says whether the run ends there; a jump to a known place does not end it. */
#ifndef WEFT_VM_INTERPRETER_ENDS_H
#define WEFT_VM_INTERPRETER_ENDS_H

#include "vm/translator/symbolic_stack.h"

static inline int64_t jumpdest_at(const struct translator *x, struct u256 target)
{
    return u256_fits_u64(target) ? jumpdest_index(x->translation->plan, x->size, target.w[0]) : -1;
}

static inline int16_t height_bytes(const struct translator *x)
{
    return (int16_t)(x->height * (int)sizeof(struct u256));
}

/* Goes on in the run that begins at `position`. Cells inside an instruction get their address when it has its own; see
 * finish. */
static inline void emit_jump_to(struct translator *x, uint32_t position)
{
    settle(x);
    int64_t index = jumpdest_index(x->translation->plan, x->size, position);
    struct fast_jump *jump = emit(x, FAST_JUMP_TO, sizeof *jump);
    jump->base.to = height_bytes(x);
    jump->cell = index < 0 ? NULL : &x->translation->cells[index];
    jump->position = position;
}

static inline void emit_fail(struct translator *x, enum vm_status status)
{
    struct fast *i = emit(x, FAST_FAIL, sizeof *i);
    i->number = (uint32_t)status;
}

/* ---- jumps ------------------------------------------------------------------------------------------------------- */

/* A jump to a place that is known: the run goes on there. True when the run ends. */
static inline bool jump_to(struct translator *x, struct u256 target)
{
    if (jumpdest_at(x, target) < 0) {
        emit_fail(x, VM_BAD_JUMP);
        return true;
    }
    x->position = (uint32_t)target.w[0];
    return false;
}

static inline bool jump(struct translator *x)
{
    struct value target = take(x);
    if (target.constant >= 0) return jump_to(x, constant(x, target));
    settle(x);
    struct fast *i = emit(x, FAST_JUMP, sizeof *i);
    i->a = reads(x, x->held[0]);
    i->to = height_bytes(x);
    return true;
}

/* JUMPI as it is: for targets that are computed, or wrong. */
static inline void branch_from_stack(struct translator *x)
{
    settle(x);
    struct fast_branch *i = emit(x, FAST_JUMPI, offsetof(struct fast_branch, value));
    i->taken.base.a = height_bytes(x);
    i->taken.base.to = (int16_t)((x->height - 2) * (int)sizeof(struct u256));
    i->next_position = x->position;
}

/* If the word at place p was made by a comparison just before and nobody else needs it, takes that instruction back and
 * returns its kind, else -1. */
static inline int take_back(struct translator *x, int p, struct fast_constant *out)
{
    int last = x->count - 1;
    if (instruction(x, last)->to != p * (int)sizeof(struct u256) || REFS(x, p) != 1) return -1;
    enum fast_op op = (enum fast_op)x->op[last];
    bool has_constant = false, is_compare = op == FAST_ISZERO;
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
static inline enum fast_op branch_of(int compare, bool negated)
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
    default: return negated ? FAST_BRANCH_NOT : FAST_BRANCH;
    }
}

static inline bool has_two_places(enum fast_op branch)
{
#define TWO(NAME) branch == FAST_BRANCH_##NAME || branch == FAST_BRANCH_NOT_##NAME
    return TWO(LT) || TWO(GT) || TWO(SLT) || TWO(SGT) || TWO(EQ);
#undef TWO
}

/* A place that an instruction taken back reads becomes held again. */
static inline void hold(struct translator *x, int16_t offset)
{
    int16_t p = (int16_t)(offset / (int)sizeof(struct u256));
    x->held[x->held_count++] = p;
    REFS(x, p)++;
}

/* True when the run ends. */
static inline bool branch(struct translator *x)
{
    struct value target = VALUE(x, x->height), condition = VALUE(x, x->height - 1);
    if (condition.constant >= 0 && u256_is_zero(constant(x, condition))) {
        take(x);
        take(x);
        release(x);
        return false;
    }
    if (condition.constant >= 0 && target.constant >= 0) {
        x->height -= 2;
        return jump_to(x, constant(x, target));
    }
    if (target.constant < 0 || condition.constant >= 0 || jumpdest_at(x, constant(x, target)) < 0) {
        branch_from_stack(x);
        return true;
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
    return true;
}

/* ---- ends of the frame ------------------------------------------------------------------------------------------- */

static inline void halt(struct translator *x, enum fast_op op)
{
    struct value offset = take(x), size = take(x);
    int a = place_of(x, offset), b = place_of(x, size);
    struct fast *i = emit(x, op, sizeof *i);
    i->a = reads(x, a);
    i->b = reads(x, b);
}

/* Translates an instruction that ends the frame, behind its base gas. */
static inline bool translate_end(struct translator *x, uint8_t op)
{
    switch (op) {
    case OP_STOP: emit(x, FAST_STOP, sizeof(struct fast)); return true;
    case OP_RETURN: halt(x, FAST_RETURN); return true;
    case OP_REVERT: halt(x, FAST_REVERT); return true;
    case OP_SELFDESTRUCT: {
        settle(x);
        struct fast *i = emit(x, FAST_SELFDESTRUCT, sizeof *i);
        i->a = height_bytes(x);
        return true;
    }
    default: return false;
    }
}

#endif
