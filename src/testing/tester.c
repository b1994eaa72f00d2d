/* tester: executes test blocks with every executor that is asked for, and compares. */
#include "testing/testing.h"

#include <string.h>

bool tester_wants(const struct tester *t, enum executor_kind kind)
{
    return (t->executors & 1u << kind) != 0;
}

struct engine *tester_engine(struct tester *t, enum executor_kind kind)
{
    if (t->engines[kind] == NULL) {
        unsigned workers = t->workers;
        if (workers == 0) workers = kind == EXECUTOR_SERIAL ? 1 : 2;
        t->engines[kind] = engine_new(workers);
        engine_share_always(t->engines[kind], true); /* however small the tests' blocks are */
    }
    return t->engines[kind];
}

static bool logs_equal(const struct tx_result *a, const struct tx_result *b)
{
    if (a->log_count != b->log_count) return false;
    for (uint32_t i = 0; i < a->log_count; i++) {
        const struct log *x = &a->logs[i], *y = &b->logs[i];
        if (!address_equal(&x->address, &y->address) || !bytes_equal(x->data, y->data) ||
            x->topic_count != y->topic_count ||
            (x->topic_count != 0 && memcmp(x->topics, y->topics, x->topic_count * sizeof *x->topics) != 0))
            return false;
    }
    return true;
}

static bool requests_equal(const struct block_result *a, const struct block_result *b)
{
    if (a->request_count != b->request_count) return false;
    for (uint32_t i = 0; i < a->request_count; i++)
        if (!bytes_equal(a->requests[i], b->requests[i])) return false;
    return true;
}

enum status results_compare(const struct block_result *serial, const struct block_result *parallel, struct error *e)
{
    if (serial->status != parallel->status)
        return error_set(e, EXECUTORS_DIFFER, "serial execution says '%s', parallel '%s'", status_text(serial->status),
                         status_text(parallel->status));
    if (serial->status != STATUS_OK) return STATUS_OK;
    for (uint32_t i = 0; i < serial->task->transaction_count; i++) {
        const struct tx_result *a = &serial->transactions[i], *b = &parallel->transactions[i];
        if (a->gas_used != b->gas_used || a->cumulative_gas != b->cumulative_gas || a->outcome != b->outcome)
            return error_set(e, EXECUTORS_DIFFER,
                             "transaction %u: serial execution uses %llu gas (%s), parallel %llu (%s)", i,
                             (unsigned long long)a->gas_used, vm_status_text(a->outcome),
                             (unsigned long long)b->gas_used, vm_status_text(b->outcome));
        if (!logs_equal(a, b) || !bytes_equal(a->output, b->output))
            return error_set(e, EXECUTORS_DIFFER, "transaction %u: serial and parallel execution differ in %s", i,
                             logs_equal(a, b) ? "output" : "logs");
    }
    if (serial->gas_used != parallel->gas_used || !requests_equal(serial, parallel))
        return error_set(e, EXECUTORS_DIFFER, "serial and parallel execution differ in %s",
                         requests_equal(serial, parallel) ? "gas used" : "requests");
    struct error difference;
    if (block_compare_access_lists(&parallel->access_list, &serial->access_list, &difference) != STATUS_OK)
        return error_set(e, EXECUTORS_DIFFER, "serial and parallel execution differ: %.400s", difference.text);
    return STATUS_OK;
}

struct hash result_logs_hash(const struct block_result *r)
{
    struct rlp_writer w = {0};
    for (uint32_t i = r->task->transaction_count; i-- > 0;)
        for (uint32_t k = r->transactions[i].log_count; k-- > 0;) log_encode(&w, &r->transactions[i].logs[k]);
    rlp_put_list(&w, 0);
    struct hash out = keccak256_bytes(rlp_written(&w));
    rlp_writer_free(&w);
    return out;
}

struct hash result_digest(const struct block_result *r)
{
    struct buffer all = {0};
    uint64_t numbers[] = {(uint64_t)r->status, r->gas_used, r->blob_gas_used, r->diff.count};
    buffer_append(&all, numbers, sizeof numbers);
    buffer_append(&all, &r->receipts_root, sizeof r->receipts_root);
    buffer_append(&all, &r->bloom, sizeof r->bloom);
    buffer_append(&all, &r->requests_hash, sizeof r->requests_hash);
    buffer_append(&all, &r->access_list_hash, sizeof r->access_list_hash);
    for (size_t i = 0; i < r->diff.count; i++) {
        const struct account_change *a = &r->diff.accounts[i];
        uint64_t account[] = {a->exists, a->storage_wiped, a->nonce, a->slot_count};
        buffer_append(&all, &a->address, sizeof a->address);
        buffer_append(&all, account, sizeof account);
        buffer_append(&all, &a->balance, sizeof a->balance);
        buffer_append(&all, &a->code_hash, sizeof a->code_hash);
        for (size_t k = 0; k < a->slot_count; k++) {
            buffer_append(&all, &a->slots[k].key, sizeof a->slots[k].key);
            buffer_append(&all, &a->slots[k].value, sizeof a->slots[k].value);
        }
    }
    struct hash out = keccak256_bytes(buffer_bytes(&all));
    buffer_free(&all);
    return out;
}

/* Executes with one executor, up to the diff. */
static enum status execute(struct tester *t, enum executor_kind kind, const struct block_task *task, bool seal,
                           struct block_result *out, struct error *error)
{
    struct engine *e = tester_engine(t, kind);
    uint64_t start = clock_wall_ns();
    enum status s = block_execute(e, kind, task, out, error);
    t->time[kind] += clock_wall_ns() - start;
    if (s != STATUS_OK) return s;
    if (seal)
        block_seal(e, out);
    else
        state_table_diff(engine_table(e), UINT32_MAX, task->fork->clear_empty, &t->arena, &out->diff);
    return STATUS_OK;
}

/* Executes once more, with another executor, and compares. */
static void execute_again(struct tester *t, enum executor_kind kind, const struct block_task *task, bool seal,
                          const struct block_result *first, struct error *difference)
{
    struct block_task again = *task;
    again.committed = NULL; /* callbacks are for the first alone */
    again.tracing = NULL;
    if (task->fork->block_access_list && again.access_list == NULL && first->status == STATUS_OK && seal &&
        hash_equal(&first->access_list_hash, &task->header->access_list_hash))
        again.access_list = &first->access_list;
    struct block_result second;
    execute(t, kind, &again, seal, &second, NULL);
    if (results_compare(first, &second, difference) != STATUS_OK || first->status != STATUS_OK) return;
    if (seal && !hash_equal(&first->receipts_root, &second.receipts_root))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in receipts");
    else if (seal && !hash_equal(&first->access_list_hash, &second.access_list_hash))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in the block access list");
    else if (!state_diff_equal(&first->diff, &second.diff))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in what they changed");
}

enum status tester_execute(struct tester *t, const struct block_task *task, bool seal, struct block_result *out,
                           struct error *error, struct error *difference)
{
    difference->status = STATUS_OK;
    enum executor_kind kind = EXECUTOR_SERIAL;
    while (!tester_wants(t, kind)) kind++;
    enum status s = execute(t, kind, task, seal, out, error);
    if (s == STATUS_OK) t->gas += out->gas_used;
    while (++kind <= EXECUTOR_ACCESS_LIST && difference->status == STATUS_OK)
        if (tester_wants(t, kind)) execute_again(t, kind, task, seal, out, difference);
    return s;
}
