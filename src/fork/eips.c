/* Single EIPs added to an older fork, as t8n tools allow ("Berlin+3198"): those that are a change of opcodes alone. */
#include "fork/fork.h"

static void add_opcode(struct fork *f, enum opcode op, uint16_t gas)
{
    f->op[op] = (struct op_rule){gas, true};
}

bool fork_add_eip(struct fork *f, uint64_t eip)
{
    switch (eip) {
    case 1153:
        add_opcode(f, OP_TLOAD, 100);
        add_opcode(f, OP_TSTORE, 100);
        return true;
    case 1344: add_opcode(f, OP_CHAINID, 2); return true;
    case 1884:
        f->op[OP_SLOAD].gas = 800;
        f->op[OP_BALANCE].gas = f->op[OP_EXTCODEHASH].gas = 700;
        add_opcode(f, OP_SELFBALANCE, 5);
        return true;
    case 2200:
        f->op[OP_SLOAD].gas = 800;
        f->sstore.rule = SSTORE_NET;
        f->sstore.same = 800;
        f->sstore.needs_stipend = true;
        return true;
    case 2929: return f->gas.warm != 0;            /* not to be added, only had */
    case 3860: return f->limit.initcode_size != 0; /* likewise */
    case 7702: return f->delegation;               /* likewise */
    case 3198: add_opcode(f, OP_BASEFEE, 2); return true;
    case 3529:
        f->sstore.clear_refund = 4800;
        f->gas.selfdestruct_refund = 0;
        return true;
    case 3855: add_opcode(f, OP_PUSH0, 2); return true;
    case 5656: add_opcode(f, OP_MCOPY, 3); return true;
    case 6780: f->selfdestruct = SELFDESTRUCT_SAME_TRANSACTION; return true;
    case 7843: add_opcode(f, OP_SLOTNUM, 2); return true;
    case 7939: add_opcode(f, OP_CLZ, 5); return true;
    case 8024:
        add_opcode(f, OP_DUPN, 3);
        add_opcode(f, OP_SWAPN, 3);
        add_opcode(f, OP_EXCHANGE, 3);
        return true;
    default: return false;
    }
}
