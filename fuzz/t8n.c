/* The three files of a state transition tool, read, and executed by every executor with the same result.
 *
 *     fork (a byte) | alloc | 0 | env | 0 | txs */
#define _GNU_SOURCE 1
#include "cli/t8n/t8n.h"
#include "file.h"

enum { GAS_MAX = 3000000, TRANSACTIONS_MAX = 8 };

static const enum executor_kind kinds[] = {EXECUTOR_SERIAL, EXECUTOR_PARALLEL, EXECUTOR_ACCESS_LIST};

static void check_same(const struct t8n_output *a, const struct t8n_output *b)
{
    FUZZ_CHECK(a->included_count == b->included_count && a->rejected_count == b->rejected_count);
    for (uint32_t i = 0; i < a->rejected_count; i++)
        FUZZ_CHECK(a->rejected[i].index == b->rejected[i].index && a->rejected[i].why == b->rejected[i].why);
    FUZZ_CHECK(a->block.gas_used == b->block.gas_used);
    FUZZ_CHECK(hash_equal(&a->block.receipts_root, &b->block.receipts_root));
    FUZZ_CHECK(state_diff_equal(&a->block.diff, &b->block.diff));
}

static void execute(const struct t8n_input *in)
{
    struct t8n_output out[COUNT_OF(kinds)];
    enum status status[COUNT_OF(kinds)];
    struct error e = {STATUS_OK, ""};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        status[i] = t8n_execute(&out[i], in, kinds[i], 1, true, &e);
        FUZZ_CHECK(status[i] == STATUS_OK || e.text[0] != 0);
        FUZZ_CHECK(status[i] == status[0]);
        if (i != 0 && status[i] == STATUS_OK) check_same(&out[0], &out[i]);
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) t8n_output_free(&out[i]);
}

/* What stands before the next zero byte, as a file. */
static const char *next_file(struct fuzz_file *file, struct fuzz_input *in)
{
    size_t left = (size_t)(in->end - in->at);
    const uint8_t *zero = left == 0 ? NULL : memchr(in->at, 0, left);
    const char *path = fuzz_file(file, fuzz_bytes(in, zero == NULL ? left : (size_t)(zero - in->at)));
    (void)fuzz_byte(in);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file files[3];
    struct fuzz_input bytes = {data, data + size};
    size_t fork_count = 0;
    while (forks[fork_count] != NULL) fork_count++;
    struct t8n_options o = {.fork = forks[fuzz_below(&bytes, (unsigned)fork_count)]->name};
    o.alloc = next_file(&files[0], &bytes);
    o.env = next_file(&files[1], &bytes);
    o.txs = next_file(&files[2], &bytes);
    struct t8n_input in = {0};
    struct error e = {STATUS_OK, ""};
    enum status s = t8n_read(&in, &o, &e);
    FUZZ_CHECK(s == STATUS_OK || e.text[0] != 0);
    /* Only for time: a block may ask for any work that its gas pays. */
    bool is_small = in.header.gas_limit <= GAS_MAX && in.transaction_count <= TRANSACTIONS_MAX;
    if (s == STATUS_OK && is_small) execute(&in);
    t8n_input_free(&in);
    return 0;
}
