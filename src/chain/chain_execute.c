/* Executing a block over the head's state. */
#include "chain/private.h"

/* ---- state roots in receipts, before Byzantium ------------------------------------------------------------------- */

/* Notes the state root after each transaction. Fees are credited at the end of a block, but count in these roots. */
struct root_recorder {
    struct chain *chain;
    const struct block_result *result;
    struct hash *roots; /* one for each transaction */
    struct u256 fees;
    enum status status;
    struct error error;
};

static void record_root(void *context, struct engine *engine, uint32_t index)
{
    struct root_recorder *r = context;
    const struct block_task *task = r->result->task;
    const struct address *to = &task->header->beneficiary;
    struct arena arena = {0};
    struct state_diff diff;
    r->fees = u256_add(r->fees, r->result->transactions[index].fee);
    state_table_diff(engine_table(engine), index + 2, task->fork->clear_empty, &arena, &diff);
    struct account_change *all = ARENA_ARRAY(&arena, struct account_change, diff.count + 1);
    if (diff.count != 0) memcpy(all, diff.accounts, diff.count * sizeof *all);
    size_t i = 0;
    while (i < diff.count && !address_equal(&all[i].address, to)) i++;
    if (i == diff.count) {
        struct account_data now;
        enum status s = task->view->account(task->view->context, to, &now);
        if (s != STATUS_OK) r->status = s;
        all[i] = (struct account_change){.address = *to,
                                         .exists = true,
                                         .nonce = now.nonce,
                                         .balance = now.balance,
                                         .code_hash = now.exists ? now.code_hash : keccak_empty};
        diff.count++;
    }
    if (!all[i].exists) all[i].code_hash = keccak_empty;
    all[i].exists = true;
    all[i].balance = u256_add(all[i].balance, r->fees);
    diff.accounts = all;
    enum status s = store_root_after(r->chain->store, &diff, NULL, &r->roots[index], &r->error);
    if (s != STATUS_OK) r->status = s;
    arena_free(&arena);
}

/* ---- executing --------------------------------------------------------------------------------------------------- */

/* The task over the head's state. Before Byzantium each transaction's state root is asked for, one after the other:
 * *kind is then serial. */
static void make_task(struct chain *c, enum executor_kind *kind, const struct block *b, const struct fork *fork,
                      const struct block_signers *signers, struct root_recorder *recorder, struct block_task *task)
{
    struct state_view *view = ARENA_NEW(&c->arena, struct state_view);
    *view = store_view(c->store);
    *task = block_task_of(&c->genesis->spec, fork, b, *signers, view);
    if (fork->receipt_status) return;
    recorder->roots = ARENA_ARRAY(&c->arena, struct hash, b->transaction_count + 1);
    task->committed = record_root;
    task->committed_context = recorder;
    task->state_roots = recorder->roots;
    *kind = EXECUTOR_SERIAL;
}

/* What the recorder has met comes first. */
static enum status end_task(const struct root_recorder *recorder, enum status s, struct block_task *task,
                            struct error *e)
{
    task->committed = NULL;
    if (recorder->status == STATUS_OK) return s;
    if (e != NULL) *e = recorder->error;
    return recorder->status;
}

enum status chain_execute(struct chain *c, enum executor_kind kind, const struct block *b, const struct fork *fork,
                          const struct block_signers *signers, struct block_task *task, struct block_result *r,
                          struct error *e)
{
    struct root_recorder recorder = {.chain = c, .result = r};
    make_task(c, &kind, b, fork, signers, &recorder, task);
    enum status s = block_execute(c->engine, kind, task, r, e);
    if (s == STATUS_OK) block_seal(c->engine, r);
    return end_task(&recorder, s, task, e);
}

enum status chain_execute_checked(struct chain *c, enum executor_kind kind, const struct block *b,
                                  const struct fork *fork, const struct block_signers *signers, struct block_task *task,
                                  struct block_result *r, struct block_doubt *doubt, struct error *e)
{
    struct root_recorder recorder = {.chain = c, .result = r};
    make_task(c, &kind, b, fork, signers, &recorder, task);
    enum status s = block_execute_checked(c->engine, kind, task, !c->options.no_recheck, r, doubt, e);
    return end_task(&recorder, s, task, e);
}

void chain_put_receipts(struct rlp_writer *w, const struct block_result *r)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = r->task->transaction_count; i-- > 0;) {
        size_t envelope = rlp_mark(w);
        receipt_encode(w, &r->receipts[i]);
        if (r->receipts[i].type != TX_LEGACY) rlp_put_string_around(w, envelope);
    }
    rlp_put_list(w, list);
}

struct bytes chain_receipts(struct chain *c, const struct block_result *r)
{
    rlp_rewind(&c->receipts, 0);
    chain_put_receipts(&c->receipts, r);
    return rlp_written(&c->receipts);
}

bool chain_split(struct bytes block, struct arena *arena, struct bytes *header, struct bytes *body)
{
    struct rlp in = rlp_of(block), list;
    struct rlp_item item;
    uint8_t head[RLP_HEADER_MAX];
    if (rlp_enter(&in, &list) != STATUS_OK || rlp_read_item(&list, &item) != STATUS_OK) return false;
    size_t rest = (size_t)(list.end - list.at), size = rlp_header(head, rest, true);
    uint8_t *whole = arena_alloc(arena, size + rest, 1);
    memcpy(whole, head, size);
    memcpy(whole + size, list.at, rest);
    *header = item.encoded;
    *body = (struct bytes){whole, size + rest};
    return true;
}
