/* The plain interpreter's instructions, to be included inside a function: bytecode as it is, gas and stack checked
 * before each.
 *
 * The includer has f, gas, ip (at the instruction), sp (at the top item) and bottom (one below the first item), and
 * defines
 *     CASE(name)    how an instruction begins: a case of a switch or a label
 *     NEXT()        go on with the instruction at ip
 *     JUMPED()      what is to be done after a jump
 * and the label `end`, with `status` set and gas 0 unless success or revert. */

#define END(why)                                                                                                       \
    do {                                                                                                               \
        status = (why);                                                                                                \
        goto end;                                                                                                      \
    } while (0)
#define FAIL(why)                                                                                                      \
    do {                                                                                                               \
        gas = 0;                                                                                                       \
        END(why);                                                                                                      \
    } while (0)

/* Base gas, then operands, then room. */
#define ENTER(name)                                                                                                    \
    gas -= gas_table[OP_##name];                                                                                       \
    if (UNLIKELY(gas < 0)) goto too_dear;                                                                              \
    if (IN_##name > 0 && UNLIKELY(sp - bottom < (ptrdiff_t)IN_##name)) FAIL(VM_STACK_UNDERFLOW);                       \
    if ((int)OUT_##name > (int)IN_##name && UNLIKELY(sp - bottom >= STACK_ITEMS_MAX)) FAIL(VM_STACK_OVERFLOW)

#define LEAVE(name)                                                                                                    \
    sp += (int)OUT_##name - (int)IN_##name;                                                                            \
    ip += 1;                                                                                                           \
    NEXT()

#define VALUE(name, body)                                                                                              \
    CASE(name)                                                                                                         \
    {                                                                                                                  \
        ENTER(name);                                                                                                   \
        op_##body(f, sp);                                                                                              \
        LEAVE(name);                                                                                                   \
    }
VALUE_INSTRUCTIONS(VALUE)

#define GAS(name, body)                                                                                                \
    CASE(name)                                                                                                         \
    {                                                                                                                  \
        ENTER(name);                                                                                                   \
        gas = op_##body(f, sp, gas);                                                                                   \
        if (UNLIKELY(gas < 0)) goto failed;                                                                            \
        LEAVE(name);                                                                                                   \
    }
GAS_INSTRUCTIONS(GAS)

#define PUSH(n)                                                                                                        \
    CASE(PUSH##n)                                                                                                      \
    {                                                                                                                  \
        ENTER(PUSH##n);                                                                                                \
        sp[1] = push_value(ip, n);                                                                                     \
        ip += n;                                                                                                       \
        LEAVE(PUSH##n);                                                                                                \
    }
NUMBERS_TO_32(PUSH)

#define DUP(n)                                                                                                         \
    CASE(DUP##n)                                                                                                       \
    {                                                                                                                  \
        ENTER(DUP##n);                                                                                                 \
        sp[1] = sp[1 - n];                                                                                             \
        LEAVE(DUP##n);                                                                                                 \
    }
NUMBERS_TO_16(DUP)

#define SWAP(n)                                                                                                        \
    CASE(SWAP##n)                                                                                                      \
    {                                                                                                                  \
        ENTER(SWAP##n);                                                                                                \
        exchange(&sp[0], &sp[-n]);                                                                                     \
        LEAVE(SWAP##n);                                                                                                \
    }
NUMBERS_TO_16(SWAP)

/* EIP-8024: which items they mean stands in the byte behind them, so how many they need is checked here. */
CASE(DUPN)
{
    ENTER(DUPN);
    int n = immediate_item(ip[1]);
    if (UNLIKELY(n == 0)) FAIL(VM_UNDEFINED_INSTRUCTION);
    if (UNLIKELY(sp - bottom < n)) FAIL(VM_STACK_UNDERFLOW);
    sp[1] = sp[1 - n];
    ip += 1;
    LEAVE(DUPN);
}
CASE(SWAPN)
{
    ENTER(SWAPN);
    int n = immediate_item(ip[1]);
    if (UNLIKELY(n == 0)) FAIL(VM_UNDEFINED_INSTRUCTION);
    if (UNLIKELY(sp - bottom < n + 1)) FAIL(VM_STACK_UNDERFLOW);
    exchange(&sp[0], &sp[-n]);
    ip += 1;
    LEAVE(SWAPN);
}
CASE(EXCHANGE)
{
    ENTER(EXCHANGE);
    struct item_pair pair = immediate_pair(ip[1]);
    if (UNLIKELY(pair.n == 0)) FAIL(VM_UNDEFINED_INSTRUCTION);
    if (UNLIKELY(sp - bottom < pair.m + 1)) FAIL(VM_STACK_UNDERFLOW);
    exchange(&sp[-pair.n], &sp[-pair.m]);
    ip += 1;
    LEAVE(EXCHANGE);
}

CASE(PUSH0)
{
    ENTER(PUSH0);
    sp[1] = U256_ZERO;
    LEAVE(PUSH0);
}
CASE(POP)
{
    ENTER(POP);
    LEAVE(POP);
}
CASE(JUMPDEST)
{
    ENTER(JUMPDEST);
    LEAVE(JUMPDEST);
}
CASE(PC)
{
    ENTER(PC);
    sp[1] = U256((uint64_t)(ip - f->code));
    LEAVE(PC);
}
CASE(GAS)
{
    ENTER(GAS);
    sp[1] = U256((uint64_t)gas);
    LEAVE(GAS);
}
CASE(JUMP)
{
    ENTER(JUMP);
    if (UNLIKELY(!may_jump_to(f, &sp[0]))) FAIL(VM_BAD_JUMP);
    const uint8_t *from = ip;
    ip = f->code + sp[0].w[0];
    sp -= 1;
    JUMPED(from);
    NEXT();
}
CASE(JUMPI)
{
    ENTER(JUMPI);
    sp -= 2;
    if (!u256_is_zero(word_load(&sp[1]))) {
        if (UNLIKELY(!may_jump_to(f, &sp[2]))) FAIL(VM_BAD_JUMP);
        const uint8_t *from = ip;
        ip = f->code + sp[2].w[0];
        JUMPED(from);
    } else {
        ip += 1;
    }
    NEXT();
}
CASE(STOP)
{
    END(VM_SUCCESS);
}
CASE(RETURN)
{
    ENTER(RETURN);
    gas = vm_op_return(f, sp, gas);
    if (UNLIKELY(gas < 0)) goto failed;
    END(VM_SUCCESS);
}
CASE(REVERT)
{
    ENTER(REVERT);
    gas = vm_op_return(f, sp, gas);
    if (UNLIKELY(gas < 0)) goto failed;
    END(VM_REVERT);
}
CASE(SELFDESTRUCT)
{
    ENTER(SELFDESTRUCT);
    gas = vm_op_selfdestruct(f, sp, gas);
    if (UNLIKELY(gas < 0)) goto failed;
    END(VM_SUCCESS);
}
CASE(INVALID)
{
    FAIL(VM_INVALID_INSTRUCTION);
}

/* A body failed, and gave minus its reason instead of gas. */
failed : status = (enum vm_status) - gas;
gas = 0;
goto end;

/* The base gas did not suffice: there is none, or the fork has no such instruction. */
too_dear : status = gas_table[*ip] == GAS_UNDEFINED ? VM_UNDEFINED_INSTRUCTION : VM_OUT_OF_GAS;
gas = 0;
goto end;

#undef END
#undef FAIL
#undef ENTER
#undef LEAVE
#undef VALUE
#undef GAS
#undef PUSH
#undef DUP
#undef SWAP
