/* The fast interpreter's instructions, to be included where
 *     HANDLER(name)   begins one: a function or a label
 *     DISPATCH()      goes on with the instruction at ip
 * and ip, sp (bytes), gas and f are at hand. fast.h says what the instructions are. */

#define AT(offset) ((struct u256 *)(void *)(sp + (offset)))
#define NEXT(type)                                                                                                     \
    do {                                                                                                               \
        ip = (const struct fast *)((const type *)ip + 1);                                                              \
        DISPATCH();                                                                                                    \
    } while (0)
#define AS(type) ((const type *)(const void *)ip)
#define CONSTANT() (&AS(struct fast_constant)->value)
#define FINISH(status, gas_left)                                                                                       \
    do {                                                                                                               \
        f->gas = (gas_left);                                                                                           \
        return (status);                                                                                               \
    } while (0)
/* A body failed, and gave minus its reason instead of gas. */
#define CHECK_FAILED()                                                                                                 \
    do {                                                                                                               \
        if (UNLIKELY(gas < 0)) FINISH((enum vm_status) - gas, 0);                                                      \
    } while (0)
/* Goes on in the plain interpreter. */
#define LEAVE(position, top) return vm_run_plain(f, f->code + (position), AT(top), gas, PATIENCE_ENDLESS)
/* Goes on in the run of a cell. */
#define GO(to_cell, at)                                                                                                \
    do {                                                                                                               \
        ip = atomic_load_explicit(&(to_cell)->run, memory_order_acquire);                                              \
        if (UNLIKELY(ip == NULL)) {                                                                                    \
            ip = resolve(f, (struct cell *)(uintptr_t)(to_cell), (uint32_t)(at));                                      \
            if (ip == NULL) LEAVE(at, 0);                                                                              \
        }                                                                                                              \
        DISPATCH();                                                                                                    \
    } while (0)

/* ---- values --------------------------------------------------------------------------------------------------- */

#define FAST(NAME, name)                                                                                               \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        binary_##name(AT(ip->to), AT(ip->a), AT(ip->b));                                                               \
        NEXT(struct fast);                                                                                             \
    }                                                                                                                  \
    HANDLER(NAME##_C)                                                                                                  \
    {                                                                                                                  \
        binary_##name(AT(ip->to), AT(ip->a), CONSTANT());                                                              \
        NEXT(struct fast_constant);                                                                                    \
    }                                                                                                                  \
    HANDLER(C_##NAME)                                                                                                  \
    {                                                                                                                  \
        binary_##name(AT(ip->to), CONSTANT(), AT(ip->b));                                                              \
        NEXT(struct fast_constant);                                                                                    \
    }
BINARY_INSTRUCTIONS(FAST)
#undef FAST

/* Shifts by a constant: whole limbs in the name, the bits in `number`. */
#define FAST_SHIFT(name, w0, w1, w2, w3)                                                                               \
    HANDLER(name)                                                                                                      \
    {                                                                                                                  \
        unsigned n = ip->number;                                                                                       \
        struct u256 v = word_load(AT(ip->a));                                                                          \
        (void)n;                                                                                                       \
        word_store(AT(ip->to), (struct u256){{w0, w1, w2, w3}});                                                       \
        NEXT(struct fast);                                                                                             \
    }
#define LEFT(high, low) limb_shift_left(v.w[high], v.w[low], n)
#define RIGHT(high, low) limb_shift_right(v.w[high], v.w[low], n)
FAST_SHIFT(SHL_0, v.w[0] << n, LEFT(1, 0), LEFT(2, 1), LEFT(3, 2))
FAST_SHIFT(SHL_64, 0, v.w[0] << n, LEFT(1, 0), LEFT(2, 1))
FAST_SHIFT(SHL_128, 0, 0, v.w[0] << n, LEFT(1, 0))
FAST_SHIFT(SHL_192, 0, 0, 0, v.w[0] << n)
FAST_SHIFT(SHR_0, RIGHT(1, 0), RIGHT(2, 1), RIGHT(3, 2), v.w[3] >> n)
FAST_SHIFT(SHR_64, RIGHT(2, 1), RIGHT(3, 2), v.w[3] >> n, 0)
FAST_SHIFT(SHR_128, RIGHT(3, 2), v.w[3] >> n, 0, 0)
FAST_SHIFT(SHR_192, v.w[3] >> n, 0, 0, 0)
#undef FAST_SHIFT
#undef LEFT
#undef RIGHT

#define FAST(NAME, name)                                                                                               \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        u256_##name(AT(ip->to), AT(ip->a), AT(ip->b), AT(ip->c));                                                      \
        NEXT(struct fast);                                                                                             \
    }
TERNARY_INSTRUCTIONS(FAST)
#undef FAST

#define FAST(NAME, name)                                                                                               \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        struct u256 v = word_load(AT(ip->a));                                                                          \
        op_##name(f, &v);                                                                                              \
        word_store(AT(ip->to), v);                                                                                     \
        NEXT(struct fast);                                                                                             \
    }
UNARY_INSTRUCTIONS(FAST)
#undef FAST

#define FAST(NAME, name)                                                                                               \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        op_##name(f, AT(ip->to) - 1);                                                                                  \
        NEXT(struct fast);                                                                                             \
    }
NULLARY_INSTRUCTIONS(FAST)
#undef FAST

HANDLER(CALLDATALOAD_AT)
{
    struct u256 v = U256(ip->number);
    op_calldataload(f, &v);
    word_store(AT(ip->to), v);
    NEXT(struct fast);
}
/* `number` is what has been paid in advance for the instructions behind this one. */
HANDLER(GAS)
{
    word_store(AT(ip->to), U256((uint64_t)gas + ip->number));
    NEXT(struct fast);
}
HANDLER(MOVE)
{
    word_store(AT(ip->to), word_load(AT(ip->a)));
    NEXT(struct fast);
}
HANDLER(SET)
{
    *AT(ip->to) = *CONSTANT();
    NEXT(struct fast_constant);
}
HANDLER(SET_SMALL)
{
    *AT(ip->to) = U256(ip->number);
    NEXT(struct fast);
}

/* ---- memory, and what else pays for more than its base gas ------------------------------------------------------ */

HANDLER(EXP)
{
    struct u256 v[2] = {*AT(ip->b), *AT(ip->a)};
    gas = op_exp(f, &v[1], gas);
    CHECK_FAILED();
    *AT(ip->to) = v[0];
    NEXT(struct fast);
}
HANDLER(KECCAK256)
{
    struct u256 v[2] = {*AT(ip->b), *AT(ip->a)};
    gas = op_keccak256(f, &v[1], gas);
    CHECK_FAILED();
    *AT(ip->to) = v[0];
    NEXT(struct fast);
}
HANDLER(KECCAK256_AT)
{
    struct u256 v[2] = {U256((uint16_t)ip->a), U256(ip->number)};
    gas = op_keccak256(f, &v[1], gas);
    CHECK_FAILED();
    *AT(ip->to) = v[0];
    NEXT(struct fast);
}
HANDLER(MLOAD)
{
    gas = memory_reach(f, gas, AT(ip->a), 32);
    CHECK_FAILED();
    word_store(AT(ip->to), u256_load_be(f->memory + AT(ip->a)->w[0]));
    NEXT(struct fast);
}
HANDLER(MLOAD_AT)
{
    uint64_t from = ip->number;
    if (UNLIKELY(from + 32 > f->memory_size)) {
        gas = vm_memory_grow(f, gas, from + 32);
        CHECK_FAILED();
    }
    word_store(AT(ip->to), u256_load_be(f->memory + from));
    NEXT(struct fast);
}
HANDLER(MSTORE)
{
    gas = memory_reach(f, gas, AT(ip->a), 32);
    CHECK_FAILED();
    u256_store_be(f->memory + AT(ip->a)->w[0], word_load(AT(ip->b)));
    NEXT(struct fast);
}
HANDLER(MSTORE_AT)
{
    uint64_t to = ip->number;
    if (UNLIKELY(to + 32 > f->memory_size)) {
        gas = vm_memory_grow(f, gas, to + 32);
        CHECK_FAILED();
    }
    u256_store_be(f->memory + to, word_load(AT(ip->a)));
    NEXT(struct fast);
}
HANDLER(MSTORE8)
{
    gas = memory_reach(f, gas, AT(ip->a), 1);
    CHECK_FAILED();
    f->memory[AT(ip->a)->w[0]] = (uint8_t)AT(ip->b)->w[0];
    NEXT(struct fast);
}

/* ---- in the form of the stack: everything is in its place, `a` is the top ---------------------------------------- */

#define FAST(NAME, name)                                                                                               \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        gas = op_##name(f, AT(ip->a), gas);                                                                            \
        CHECK_FAILED();                                                                                                \
        NEXT(struct fast);                                                                                             \
    }
FAST(CALLDATACOPY, calldatacopy)
FAST(CODECOPY, codecopy)
FAST(MCOPY, mcopy)
OUTSIDE_INSTRUCTIONS(FAST)
#undef FAST

/* ---- runs ------------------------------------------------------------------------------------------------------ */

HANDLER(RUN)
{
    const struct fast_check *check = AS(struct fast_check);
    int64_t left = gas - check->cost;
    if (UNLIKELY(left < 0 || sp + ip->a < (uint8_t *)f->stack || sp + ip->to > f->stack_last) || is_cancelled(f))
        LEAVE(check->position, 0);
    gas = left;
    NEXT(struct fast_check);
}
HANDLER(CUT)
{
    const struct fast_check *check = AS(struct fast_check);
    int64_t left = gas - check->cost;
    if (UNLIKELY(left < 0)) LEAVE(check->position, ip->a);
    gas = left;
    NEXT(struct fast_check);
}
HANDLER(JUMP_TO)
{
    const struct fast_jump *jump = AS(struct fast_jump);
    sp += ip->to;
    GO(jump->cell, jump->position);
}
HANDLER(JUMP)
{
    const struct u256 *target = AT(ip->a);
    uint64_t at = target->w[0];
    int64_t index = u256_fits_u64(*target) ? jumpdest_index(f->translation->plan, f->code_size, at) : -1;
    if (UNLIKELY(index < 0)) FINISH(VM_BAD_JUMP, 0);
    sp += ip->to;
    GO(&f->translation->cells[index], at);
}
/* Both operands on the stack. */
HANDLER(JUMPI)
{
    const struct fast_branch *branch = AS(struct fast_branch);
    const struct u256 *target = AT(ip->a);
    uint64_t at = target->w[0];
    bool fits = u256_fits_u64(*target), taken = !u256_is_zero(target[-1]);
    sp += ip->to;
    if (!taken) GO(&branch->next, branch->next_position);
    int64_t index = fits ? jumpdest_index(f->translation->plan, f->code_size, at) : -1;
    if (UNLIKELY(index < 0)) FINISH(VM_BAD_JUMP, 0);
    GO(&f->translation->cells[index], at);
}

#define FAST_BRANCH_IF(name, condition)                                                                                \
    HANDLER(name)                                                                                                      \
    {                                                                                                                  \
        const struct fast_branch *branch = AS(struct fast_branch);                                                     \
        bool taken = (condition);                                                                                      \
        sp += ip->to;                                                                                                  \
        if (taken) GO(branch->taken.cell, branch->taken.position);                                                     \
        GO(&branch->next, branch->next_position);                                                                      \
    }
#define FAST_BRANCHES(NAME, compare)                                                                                   \
    FAST_BRANCH_IF(BRANCH_##NAME, compare(word_load(AT(ip->a)), word_load(AT(ip->b))))                                 \
    FAST_BRANCH_IF(BRANCH_##NAME##_C, compare(word_load(AT(ip->a)), branch->value))                                    \
    FAST_BRANCH_IF(BRANCH_NOT_##NAME, !compare(word_load(AT(ip->a)), word_load(AT(ip->b))))                            \
    FAST_BRANCH_IF(BRANCH_NOT_##NAME##_C, !compare(word_load(AT(ip->a)), branch->value))
#define GREATER(x, y) u256_less(y, x)
#define GREATER_SIGNED(x, y) u256_less_signed(y, x)
FAST_BRANCH_IF(BRANCH, !u256_is_zero(word_load(AT(ip->a))))
FAST_BRANCH_IF(BRANCH_NOT, u256_is_zero(word_load(AT(ip->a))))
FAST_BRANCHES(LT, u256_less)
FAST_BRANCHES(GT, GREATER)
FAST_BRANCHES(SLT, u256_less_signed)
FAST_BRANCHES(SGT, GREATER_SIGNED)
FAST_BRANCHES(EQ, u256_equal)
#undef FAST_BRANCH_IF
#undef FAST_BRANCHES
#undef GREATER
#undef GREATER_SIGNED

HANDLER(STOP)
{
    FINISH(VM_SUCCESS, gas);
}
HANDLER(RETURN)
{
    struct u256 v[2] = {*AT(ip->b), *AT(ip->a)};
    gas = vm_op_return(f, &v[1], gas);
    CHECK_FAILED();
    FINISH(VM_SUCCESS, gas);
}
HANDLER(REVERT)
{
    struct u256 v[2] = {*AT(ip->b), *AT(ip->a)};
    gas = vm_op_return(f, &v[1], gas);
    CHECK_FAILED();
    FINISH(VM_REVERT, gas);
}
HANDLER(SELFDESTRUCT)
{
    gas = vm_op_selfdestruct(f, AT(ip->a), gas);
    CHECK_FAILED();
    FINISH(VM_SUCCESS, gas);
}
HANDLER(FAIL)
{
    FINISH((enum vm_status)ip->number, 0);
}
/* What only the plain interpreter knows. */
HANDLER(LEAVE)
{
    LEAVE(ip->number, ip->a);
}

#undef AT
#undef NEXT
#undef AS
#undef CONSTANT
#undef FINISH
#undef CHECK_FAILED
#undef LEAVE
#undef GO
