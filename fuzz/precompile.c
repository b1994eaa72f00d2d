/* Precompiles: no input crashes one, and none gives back more gas than it got. First byte: which one; second: fork;
 * third: gas. */
#include "precompile/precompile.h"
#include "fork/fork.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t fork_ids[] = {4, 7, 9, 15, 16, 17};
    static struct precompile_memory memory;
    struct fuzz_input in = {data, data + size};
    uint8_t which = fuzz_byte(&in);
    const struct fork *fork = forks[fork_ids[fuzz_below(&in, COUNT_OF(fork_ids))]];
    /* Bounded, or an input of a hundred bytes may ask for seconds of work. */
    uint64_t gas = (uint64_t)1 << fuzz_below(&in, 21);
    struct address address = {{[19] = which % 0x12}};
    if (which % 0x12 == 0) address.b[18] = 1; /* P256VERIFY, at 0x100 */
    unsigned id = precompile_find(&fork->precompile, &address);
    if (id == PRECOMPILE_NONE) return 0;
    FUZZ_CHECK(precompile_name(id) != NULL);
    struct bytes input = fuzz_bytes(&in, SIZE_MAX);
    struct precompile_result first;
    precompile_run(&fork->precompile, id, input, gas, &memory, &first);
    FUZZ_CHECK(first.gas_left <= gas);
    FUZZ_CHECK(first.ok || (first.gas_left == 0 && first.output.size == 0));
    uint64_t sum = 0;
    for (size_t i = 0; i < first.output.size; i++) sum += first.output.data[i];
    /* With just the gas that it took, and with a little less. */
    uint64_t used = gas - first.gas_left;
    struct precompile_result again;
    if (!first.ok) return 0;
    precompile_run(&fork->precompile, id, input, used, &memory, &again);
    FUZZ_CHECK(again.ok && again.gas_left == 0 && again.output.size == first.output.size);
    for (size_t i = 0; i < again.output.size; i++) sum -= again.output.data[i];
    FUZZ_CHECK(sum == 0);
    if (used != 0) {
        precompile_run(&fork->precompile, id, input, used - 1, &memory, &again);
        FUZZ_CHECK(!again.ok);
    }
    return 0;
}
