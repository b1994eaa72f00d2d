/* execution: what one speculative execution of a transaction has read and written: published, so that transactions behind
 * it can read what it wrote, and validated, since it may have read what was not final.
 *
 *     execute ──► execution_publish ──► versions stand in the locations; readers with higher numbers find them
 *                                         │
 *     its turn ──► execution_is_valid? ──yes──► execution_commit     totals of balances are filled in, nothing is copied
 *                                     └────no───► execution_withdraw   its versions die; it is executed on committed values
 *
 * Mostly its turn needs no look at the reads. A speculative execution leaves its number at every location it has read
 * (struct location), and then looks whether that is still what is there: then it is `validated`. Whoever publishes or
 * withdraws a version looks at the number, and learns whether a transaction behind it may have missed that: then it
 * `invalidates`. Each leaves its own mark before it looks for the other's, with a fence between, so either the reader
 * finds the version or the writer finds the number. So a validated execution stays valid until an earlier transaction
 * invalidates what it may have read; parallel/scheduler.h counts those.
 *
 * Values are compared, not versions: a predecessor that writes the same value again invalidates nothing. Of a balance a
 * transaction mostly asks "at least this much?"; the answer is kept as bounds and compared so.
 *
 * Threads: publishing, withdrawing and execution_still_valid may run beside each other and beside readers. What is said
 * to be for the commit point is called by one thread at a time, whoever stands there. */
#ifndef WEFT_EXECUTION_H
#define WEFT_EXECUTION_H

#include "base/base.h"
#include "state/state.h"

/* The first location whose value is no longer what the execution saw. */
struct conflict {
    const struct location *location; /* of an account_entry, the one that `field` names; READ_SLOT: of a slot_entry */
    enum read_field { READ_BALANCE, READ_NONCE, READ_META, READ_SLOT } field;
    uint32_t seen_tx, found_tx; /* who wrote what was seen and what is there now; 0: the state before the block */
};

/* A nonce, meta or slot read: valid while the location gives the same value. */
struct value_read {
    const struct location *location;
    const struct version *seen;
    enum read_field field;
};

/* What was asked of a balance. */
struct balance_read {
    const struct account_entry *account;
    const struct version *own; /* what the transaction itself has made of it; NULL: nothing */
    bool exact;                /* low is the value that was seen */
    bool strict;               /* any change may matter, not only a debit */
    struct u256 low, high;     /* else: low <= balance <= high */
};

/* A version that was published, and where. Exactly one of account and slot is set. */
struct published_write {
    struct version *version;
    struct account_entry *account;
    struct slot_entry *slot;
    bool is_balance; /* version is a balance_version */
    bool is_nonce;   /* else of an account: its nonce, not its meta */
};

/* One execution of one transaction: its reads and writes. Lives in the arena of the worker that executed it. */
struct execution {
    uint32_t tx;                        /* its number: index in the block + 1 */
    const struct account_entry *sender; /* its nonce was assumed to be sender_nonce; NULL: no assumption */
    uint64_t sender_nonce;
    struct value_read *reads;
    struct balance_read *balance_reads;
    struct published_write *writes;
    uint32_t read_count, balance_read_count, write_count;
    bool validated; /* speculative: all it had read was still there when its versions, and only these, could be read */
    bool invalidates;           /* a transaction behind it may have read what it has overwritten */
    bool is_deep;               /* many balance deltas hang below one of its own; committing them keeps sums short */
    struct execution *replaced; /* an earlier one of the same transaction, withdrawn; NULL: none */
    struct state_accesses accesses; /* when the state was told to list them */
};

/* Collects the finalized records of `s` and publishes the writes as versions numbered s->tx. A speculative execution
 * keeps its reads and publishes balance deltas; one at the commit point publishes balances with their totals and keeps no
 * reads. `old`, an earlier execution of the same transaction, is withdrawn (NULL: there is none): after that, and not
 * before, is it known what the new one invalidates and whether it is validated, since it reads its own balances below its
 * own versions, where those of `old` would be counted. */
struct execution *execution_publish(struct state *s, struct execution *old, struct arena *arena);

/* Kills all its versions. True: a transaction behind it may have read one. */
bool execution_withdraw(struct execution *e);

/* Whether all reads of a speculative execution are valid on what is published below e->tx now: it is validated again.
 * What it read of the beneficiary's balance cannot be known before its turn. */
bool execution_still_valid(const struct execution *e, const struct account_entry *beneficiary);
/* Whether any change of the balance of `account` may matter to it. */
bool execution_saw_balance(const struct execution *e, const struct account_entry *account);

/* Commit point: whether all reads are valid on the committed values below e->tx. `beneficiary` and `fees`: see struct
 * state. On false, *out says where (may be NULL). */
bool execution_is_valid(const struct execution *e, const struct account_entry *beneficiary, const struct u256 *fees,
                        struct conflict *out);
/* Commit point, the reads being valid: fills in balance totals. */
void execution_commit(struct execution *e);
/* Commit point, all transactions up to e->tx being committed: unlinks dead versions of `e` and of those it has replaced,
 * so that nobody walks over them any more. */
void execution_forget(struct execution *e);

/* Puts what it wrote on a list of changes. */
void execution_list_changes(const struct execution *e, struct state_changes *to);

/* Commit point: publishes one more version of `l` on behalf of transaction number `tx`. Who has read `l` behind it is not
 * told: only for blocks in which each transaction is looked at when it is committed. */
void execution_write_one(struct location *l, uint32_t tx, struct u256 value, struct arena *arena);

#endif
