/* plan: what the VM prepares once for each code and keeps with it (code->plan), shared by all threads. */
#ifndef WEFT_VM_PLAN_H
#define WEFT_VM_PLAN_H

#include "vm/private.h"

struct plan {
    uint64_t *jumpdests; /* bit i: a jump may land at i */
};

/* The plan of a code, made at first use. Any thread: of several that make one at the same time, one wins. */
const struct plan *vm_plan_of(const struct code *code);

#endif
