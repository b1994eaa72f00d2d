/* Precompiled contracts on any input and gas: in bounds, and the same answer every time. */
#include "fuzz.h"

#include "fork/fork.h"
#include "precompile/precompile.h"

static struct precompile_memory first, second;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dealer d = {data, data + size};
    const struct fork *fork = fork_find(deal_byte(&d) % 2 == 0 ? "Osaka" : "Istanbul");
    struct address address = {{[18] = (uint8_t)(deal_byte(&d) & 1), [19] = deal_byte(&d)}};
    unsigned id = precompile_find(&fork->precompile, &address);
    if (id == PRECOMPILE_NONE) return 0;
    uint64_t gas = (uint64_t)deal_byte(&d) << 12; /* up to a million: some tenths of a second in the worst case */
    struct bytes input = deal_bytes(&d, size);
    struct precompile_result a, b;
    precompile_run(&fork->precompile, id, input, gas, &first, &a);
    precompile_run(&fork->precompile, id, input, gas, &second, &b);
    ASSERT(a.ok == b.ok && a.gas_left == b.gas_left && a.gas_left <= gas);
    if (a.ok)
        ASSERT(bytes_equal(a.output, b.output));
    else
        ASSERT(a.gas_left == 0);
    return 0;
}
