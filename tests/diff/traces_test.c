/* Real blocks, traced: every executor with every number of threads gives the same trace and the same access list. */
#include <stdio.h>
#include <stdlib.h>

#include "block/block.h"
#include "crypto/crypto.h"
#include "harness.h"
#include "json/bundle.h"

static const unsigned thread_counts[] = {1, 2, 4, 8};

/* A bundle and what it takes to execute it. */
struct traced_block {
    struct bundle bundle;
    struct state_view view;
    struct block_task task;
    struct hash *hashes; /* of each transaction's trace */
    uint32_t committed;
};

static void open_block(struct traced_block *b, struct engine *e, const char *number)
{
    const char *folder = getenv("WEFT_FIXTURES");
    if (folder == NULL || *folder == 0) SKIP("WEFT_FIXTURES names no folder");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/mainnet_blocks/%s", folder, number);
    struct error error;
    *b = (struct traced_block){0};
    if (bundle_load(&b->bundle, &(struct bundle_entry){.folder = path}, NULL, &error) != STATUS_OK)
        SKIP("%s", error.text);
    const struct block *block = &b->bundle.block;
    b->view = state_memory_view(b->bundle.state);
    b->hashes = ARENA_ARRAY(&b->bundle.arena, struct hash, block->transaction_count);
    CHECK_STATUS(block_prepare(engine_pool(e), &b->bundle.chain, b->bundle.fork, block, &b->view, &b->bundle.arena,
                               &b->task, NULL),
                 STATUS_OK);
    b->task.keep_accesses = true;
}

/* ---- traces as text ---------------------------------------------------------------------------------------------- */

static void hash_lines(void *context, uint32_t index, struct bytes lines)
{
    struct traced_block *b = context;
    CHECK_EQ_U64(index, b->committed++);
    b->hashes[index] = keccak256_bytes(lines);
}

/* ---- traces as a hash of all that a tracer sees ------------------------------------------------------------------ */

struct digest {
    struct vm_tracer tracer;
    uint64_t state;
    uint64_t steps;
};

static void mix(struct digest *d, const void *data, size_t size)
{
    const uint8_t *p = data;
    for (; size >= 8; size -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        d->state = (d->state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        d->state ^= d->state >> 29;
    }
    for (; size > 0; size--, p++) d->state = (d->state ^ *p) * UINT64_C(0x100000001b3);
}

static void digest_step(void *context, const struct vm_step *s)
{
    struct digest *d = context;
    uint64_t numbers[] = {s->pc,          s->op,         s->depth, (uint64_t)s->gas, (uint64_t)s->refund,
                          s->memory.size, s->stack_count};
    mix(d, numbers, sizeof numbers);
    mix(d, s->stack, s->stack_count * sizeof *s->stack);
    mix(d, s->memory.data, s->memory.size < 64 ? s->memory.size : 64);
    mix(d, s->return_data.data, s->return_data.size < 64 ? s->return_data.size : 64);
    d->steps++;
}

static void digest_cost(void *context, const struct vm_cost *c)
{
    uint64_t numbers[] = {(uint64_t)c->gas, (uint64_t)c->refund, c->error};
    mix(context, numbers, sizeof numbers);
}

static void digest_exit(void *context, const struct vm_message *m, const struct vm_result *r)
{
    uint64_t numbers[] = {m->kind, m->depth, (uint64_t)m->gas.execution, r->status, (uint64_t)r->gas.execution};
    mix(context, numbers, sizeof numbers);
    mix(context, r->output.data, r->output.size);
}

static _Atomic int digests_alive;

static struct vm_tracer *digest_begin(void *context, uint32_t index)
{
    (void)context;
    struct digest *d = base_calloc(1, sizeof *d);
    d->state = index;
    d->tracer = (struct vm_tracer){d, digest_step, digest_cost, NULL, digest_exit};
    atomic_fetch_add(&digests_alive, 1);
    return &d->tracer;
}

static void digest_drop(void *context, uint32_t index, struct vm_tracer *tracer)
{
    (void)context, (void)index;
    free(tracer->context);
    atomic_fetch_sub(&digests_alive, 1);
}

static void digest_commit(void *context, uint32_t index, struct vm_tracer *tracer)
{
    struct traced_block *b = context;
    const struct digest *d = tracer->context;
    CHECK_EQ_U64(index, b->committed++);
    b->hashes[index] = (struct hash){{0}};
    memcpy(b->hashes[index].b, &d->state, 8);
    memcpy(b->hashes[index].b + 8, &d->steps, 8);
    digest_drop(context, index, tracer);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static struct block_result execute(struct traced_block *b, struct engine *e, enum executor_kind kind)
{
    struct block_result r;
    b->committed = 0;
    CHECK_STATUS(block_execute(e, kind, &b->task, &r, NULL), STATUS_OK);
    CHECK_EQ_U64(b->committed, b->task.transaction_count);
    CHECK_EQ_U64((uint64_t)atomic_load(&digests_alive), 0);
    return r;
}

static void compare_executors(const char *number, bool as_text)
{
    struct engine *serial = engine_new(1);
    struct traced_block b;
    open_block(&b, serial, number);
    struct block_trace text;
    block_trace_init(&text, (struct vm_trace_options){.memory = true, .return_data = true}, hash_lines, &b);
    struct block_tracing digests = {&b, digest_begin, digest_commit, digest_drop};
    b.task.tracing = as_text ? &text.tracing : &digests;

    struct block_result expected = execute(&b, serial, EXECUTOR_SERIAL);
    size_t size = b.task.transaction_count * sizeof *b.hashes;
    struct hash *hashes = arena_copy(&b.bundle.arena, b.hashes, size);
    uint64_t gas_used = expected.gas_used;
    for (size_t i = 0; i < COUNT_OF(thread_counts); i++) {
        struct engine *e = engine_new(thread_counts[i]);
        engine_share_always(e, true);
        memset(b.hashes, 0, size);
        struct block_result found = execute(&b, e, EXECUTOR_PARALLEL);
        CHECK_EQ_U64(found.gas_used, gas_used);
        CHECK_BYTES((const uint8_t *)b.hashes, (const uint8_t *)hashes, size);
        CHECK_STATUS(block_compare_access_lists(&expected.access_list, &found.access_list, NULL), STATUS_OK);
        engine_free(e);
    }
    /* That somebody looks on changes nothing. */
    b.task.tracing = NULL;
    struct block_result untraced;
    CHECK_STATUS(block_execute(serial, EXECUTOR_SERIAL, &b.task, &untraced, NULL), STATUS_OK);
    CHECK_EQ_U64(untraced.gas_used, gas_used);
    bundle_free(&b.bundle);
    engine_free(serial);
}

TEST(traces_of_small_blocks_are_the_same_bytes_for_every_executor)
{
    static const char *const blocks[] = {"46147", "2675000", "3356896", "5891667", "4370000"};
    for (size_t i = 0; i < COUNT_OF(blocks); i++) compare_executors(blocks[i], true);
}

TEST(traces_of_real_blocks_are_the_same_for_every_executor)
{
    static const char *const blocks[] = {"9069000", "12300570", "15537394", "19426587", "19933122", "19934116"};
    for (size_t i = 0; i < COUNT_OF(blocks); i++) compare_executors(blocks[i], false);
}
