/* What goes into a block's execution: who signed, and the task. */
#include <string.h>

#include "block/block.h"

/* Transactions whose senders are recovered together: vector code does many signatures at a time. */
enum { RECOVERED_TOGETHER = 32 };

void block_recovery_begin(struct block_recovery *r, const struct fork *fork, const struct transaction *transactions,
                          uint32_t count, struct arena *arena)
{
    *r = (struct block_recovery){.transactions = transactions,
                                 .count = count,
                                 .portions = (count + RECOVERED_TOGETHER - 1) / RECOVERED_TOGETHER,
                                 .rules = {.low_s = fork->low_s, .chain_id = fork->replay_protection},
                                 .senders = ARENA_ARRAY(arena, struct address, count + 1),
                                 .bad = count};
    for (uint32_t i = 0; i < count; i++) {
        if (transactions[i].authorization_count == 0) continue;
        if (r->authorities == NULL) {
            r->authorities = ARENA_ARRAY(arena, struct address *, count);
            memset(r->authorities, 0, count * sizeof *r->authorities);
        }
        r->authorities[i] = ARENA_ARRAY(arena, struct address, transactions[i].authorization_count);
    }
}

void block_recovery_portion(struct block_recovery *r, uint32_t portion)
{
    uint32_t first = portion * RECOVERED_TOGETHER, bad;
    uint32_t count = r->count - first < RECOVERED_TOGETHER ? r->count - first : RECOVERED_TOGETHER;
    if (transactions_senders(&r->senders[first], &r->transactions[first], count, r->rules, &bad) != STATUS_OK) {
        uint32_t seen = atomic_load(&r->bad);
        while (first + bad < seen && !atomic_compare_exchange_weak(&r->bad, &seen, first + bad));
    }
    if (r->authorities == NULL) return;
    for (uint32_t i = first; i < first + count; i++)
        if (r->authorities[i] != NULL) tx_authorities(&r->transactions[i], r->authorities[i]);
}

enum status block_recovery_end(const struct block_recovery *r, struct block_signers *out, uint32_t *bad,
                               struct error *error)
{
    *out = (struct block_signers){r->senders, (const struct address *const *)r->authorities};
    uint32_t first_bad = atomic_load(&r->bad);
    if (bad != NULL) *bad = first_bad;
    if (first_bad == r->count) return STATUS_OK;
    return error_set(error, TX_BAD_SIGNATURE, "transaction %u: %s", first_bad, status_text(TX_BAD_SIGNATURE));
}

static void recover_portion(void *recovery, size_t portion)
{
    block_recovery_portion(recovery, (uint32_t)portion);
}

enum status block_recover(struct pool *pool, const struct fork *fork, const struct transaction *transactions,
                          uint32_t count, struct arena *arena, struct block_signers *out, uint32_t *bad,
                          struct error *error)
{
    struct block_recovery r;
    block_recovery_begin(&r, fork, transactions, count, arena);
    pool_for(pool, r.portions, 1, recover_portion, &r);
    return block_recovery_end(&r, out, bad, error);
}

struct block_task block_task_of(const struct chain_spec *chain, const struct fork *fork, const struct block *b,
                                struct block_signers signers, const struct state_view *view)
{
    return (struct block_task){.chain = chain,
                               .fork = fork,
                               .header = &b->header,
                               .transactions = b->transactions,
                               .senders = signers.senders,
                               .authorities = signers.authorities,
                               .transaction_count = b->transaction_count,
                               .uncles = b->uncles,
                               .uncle_count = b->uncle_count,
                               .withdrawals = b->withdrawals,
                               .withdrawal_count = b->withdrawal_count,
                               .view = view};
}

enum status block_prepare(struct pool *pool, const struct chain_spec *chain, const struct fork *fork,
                          const struct block *b, const struct state_view *view, struct arena *arena,
                          struct block_task *out, struct error *error)
{
    struct block_signers signers;
    enum status s = block_recover(pool, fork, b->transactions, b->transaction_count, arena, &signers, NULL, error);
    *out = block_task_of(chain, fork, b, signers, view);
    return s;
}
