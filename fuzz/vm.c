/* The fast interpreter gives what the plain one gives, also with every code translated at once, and parallel execution what serial gives: outcomes, gas, logs,
 * state. On every fork. */
#include "made_block.h"
#include "vm/private.h"

enum { RUNS_OF_AN_ENGINE = 4000 };

static struct engine *fast, *eager, *plain, *parallel;

/* Caches of code and plans grow with every new code: engines are made anew now and then. */
static void refresh_engines(void)
{
    static unsigned runs;
    if (runs++ % RUNS_OF_AN_ENGINE != 0) return;
    engine_free(fast);
    engine_free(eager);
    engine_free(plain);
    engine_free(parallel);
    fast = engine_new(1);
    eager = engine_new(1);
    eager->workers[0].tx.vm->heat = 0; /* translated before its first run, and entered at the first jump back */
    eager->workers[0].tx.vm->patience = 1;
    plain = engine_new(1);
    parallel = engine_new(3);
    engine_share_always(parallel, true);
    vm_set_plain(plain->workers[0].tx.vm, true);
}

static void execute(struct engine *e, enum executor_kind kind, const struct block_task *task, struct block_result *out)
{
    (void)block_execute(e, kind, task, out, NULL);
    if (out->status == STATUS_OK) block_seal(e, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct fuzz_block b;
    struct block_result results[4];
    refresh_engines();
    make_block(&b, &in, NULL);
    struct block_task task = made_task(&b);
    task.transactions_only = true;
    execute(fast, EXECUTOR_SERIAL, &task, &results[0]);
    execute(plain, EXECUTOR_SERIAL, &task, &results[1]);
    execute(parallel, EXECUTOR_PARALLEL, &task, &results[2]);
    execute(eager, EXECUTOR_SERIAL, &task, &results[3]);
    check_same(&results[0], &results[1]);
    check_same(&results[3], &results[1]);
    check_same(&results[0], &results[2]);
    state_memory_free(b.memory);
    return 0;
}
