/* mv: multi-version memory. What a transaction that ran ahead of the line has read and written, so that those behind
 * it can read its writes and its own reads can be checked when its turn comes.
 *
 *     run ahead ──► mv_publish ──► versions hang in the locations, readers with higher numbers find them
 *                                    │
 *     its turn ───► mv_holds? ──yes──► mv_commit    (deltas get totals; nothing is copied)
 *                        └────no───► mv_withdraw  (versions are marked dead), and it is run again on committed values
 *
 * Mostly nothing need be checked at all. Who runs ahead marks what it has read with its number (struct location), and
 * then looks whether that is still what is there: then mv_execution.sure. Who publishes or withdraws a version later
 * looks at the mark, and finds out whether somebody behind it may have missed that: mv_execution.disturbs. So a sure
 * execution holds as long as nobody before it has disturbed others. Either the reader finds the version or the writer
 * finds the mark, since each leaves its own before it looks for the other's.
 *
 * What is checked is values, not versions: a predecessor that ran again and wrote the same value disturbs nobody.
 * Balances are checked by predicate where the transaction only asked "at least this much?".
 *
 * Threads: mv_publish, mv_withdraw and mv_holds_yet may run beside each other and beside readers. mv_holds and
 * mv_commit are for whoever stands at the head of the line, one thread at a time. */
#ifndef WEFT_MV_H
#define WEFT_MV_H

#include "base/base.h"
#include "state/state.h"

/* The first location whose value is no longer what the execution saw. */
struct mv_conflict {
    const struct location *location; /* of an account_entry, the one that `field` names; MV_SLOT: of a slot_entry */
    enum mv_field { MV_BALANCE, MV_NONCE, MV_META, MV_SLOT } field;
    uint32_t seen_tx, found_tx; /* who wrote what was seen and what is there now; 0: the state before the block */
};

/* A nonce, meta or slot read: valid while the location gives the same value. */
struct mv_read {
    const struct location *location;
    const struct version *seen;
    enum mv_field field;
};

/* What was asked of a balance. */
struct mv_balance_read {
    const struct account_entry *account;
    const struct version *own; /* what the transaction itself has made of it; NULL: nothing */
    bool exact;                /* low is the value that was seen */
    bool strict;               /* any change may matter, not only a debit */
    struct u256 low, high;     /* else: low <= balance <= high */
};

/* A version that was published, and where. Exactly one of account and slot is set. */
struct mv_write {
    struct version *version;
    struct account_entry *account;
    struct slot_entry *slot;
    bool is_balance; /* version is a balance_version */
    bool is_nonce;   /* else of an account: its nonce, not its meta */
};

/* One execution of one transaction: its reads and writes. Lives in the arena of the worker that ran it. */
struct mv_execution {
    uint32_t tx;                        /* its number: index in the block + 1 */
    const struct account_entry *sender; /* its nonce was assumed to be sender_nonce; NULL: no assumption */
    uint64_t sender_nonce;
    struct mv_read *reads;
    struct mv_balance_read *balance_reads;
    struct mv_write *writes;
    uint32_t read_count, balance_read_count, write_count;
    bool sure;     /* speculative: all it had read was still there when its versions, and only these, could be read */
    bool disturbs; /* somebody behind it may have read what it has overwritten */
    bool is_deep;  /* many balance deltas hang below one of its own; committing them keeps sums short */
    struct mv_execution *replaced;  /* an earlier one of the same transaction, withdrawn; NULL: none */
    struct state_accesses accesses; /* when the state was told to list them */
};

/* Whether all reads of a speculative execution hold on what is published below e->tx now: it is sure again. What it
 * read of the beneficiary's balance cannot be known before its turn. */
bool mv_holds_yet(const struct mv_execution *e, const struct account_entry *beneficiary);
/* Whether any change of the balance of `account` may matter to it. */
bool mv_saw_balance(const struct mv_execution *e, const struct account_entry *account);

/* Collects the finalized records of `s` and publishes the writes as versions numbered s->tx. A speculative execution
 * keeps its reads and publishes balance deltas; one at the head of the line publishes balances with their totals and
 * keeps no reads. `old`, an earlier execution of the same transaction, is withdrawn (NULL: there is none): after that, and
 * not before, it is known what disturbs and what is sure, since an execution reads its own balances below its own
 * versions, where those of `old` would be counted. */
struct mv_execution *mv_publish(struct state *s, struct mv_execution *old, struct arena *arena);

/* Whether all reads hold on the committed values below e->tx. `beneficiary` and `fees`: see struct state. On false,
 * *out says where (may be NULL). */
bool mv_holds(const struct mv_execution *e, const struct account_entry *beneficiary, const struct u256 *fees,
              struct mv_conflict *out);

/* All predecessors are committed and the reads hold: fills in balance totals. */
void mv_commit(struct mv_execution *e);
/* Marks all its versions dead. True: somebody behind it may have read one. */
bool mv_withdraw(struct mv_execution *e);
/* Takes dead versions of `e` and those it has replaced out of their locations, so that nobody walks over them any more.
 * For whoever stands at the head, when all transactions up to e->tx are committed: nobody inserts below them then. */
void mv_forget(struct mv_execution *e);
/* Puts what it wrote on a list of changes. */
void mv_list_changes(const struct mv_execution *e, struct state_changes *to);

/* Publishes one more version of `l` on behalf of transaction number `tx`, with `value`. True: as
 * mv_execution.disturbs. */
bool mv_write_one(struct location *l, uint32_t tx, struct u256 value, struct arena *arena);

#endif
