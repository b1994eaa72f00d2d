/* versions: the values of one location, by the number of the transaction that wrote each. Knows nothing of accounts or
 * of the EVM: a value is a 256-bit word.
 *
 *     location.top ──► tx 9: 70 ──► tx 4: 55 ──► parent (tx 0): 50            transaction 7 reads 55
 *
 * Newest transaction first; several executions of one transaction stand side by side, the newest of them first, and all
 * but one are dead. A chain ends with the parent, the value before the block, which is always alive.
 *
 * A version is inserted with one compare-and-swap, and its value never changes. Readers take no lock. Dead versions are
 * skipped, and unlinked when no transaction below theirs is running any more. The memory is an arena's of whoever wrote
 * it, and is given up as a whole with the block; so whoever stands on a version may always go on from it.
 *
 * Balances are sums: a version of a balance is a delta to be added to the version below. When its transaction is
 * committed the total may be filled in, which ends the sum there.
 *
 * Threads: location_find, location_balance, version_insert and version_kill may run beside each other. Where others are
 * excluded, the function says so. */
#ifndef WEFT_VERSIONS_H
#define WEFT_VERSIONS_H

#include "base/base.h"
#include "u256/u256.h"

enum version_kind {
    VERSION_VALUE = 0, /* value is the word */
    VERSION_DELTA = 1, /* value is added to the balance below; the total is not known yet */
    VERSION_TOTAL = 2, /* a delta whose total has been filled in when it was committed */
    VERSION_DEAD = 3,  /* withdrawn: readers skip it */
};

/* One value of one location, written by transaction number `tx` (1 for the first; 0 is the state before the block). */
struct version {
    _Atomic(struct version *) next; /* older */
    uint32_t tx;
    uint32_t generation;   /* slots: the account's storage generation when it was written */
    _Atomic uint32_t kind; /* enum version_kind */
    uint32_t depth;        /* deltas directly below it; of an access list's versions: how many are older */
    struct version
        *skip; /* access list: an older one, so chosen that any is found in a logarithm of steps; else NULL */
    struct u256 value;
};
struct balance_version {
    struct version v;
    struct u256 total; /* the balance including this delta; valid when kind is VERSION_TOTAL */
};

/* The highest readers are for speculative executions (parallel/execution.h): the highest number of a transaction that
 * has read the location, or may have. Whoever writes it for a lower number looks at them. */
struct location {
    _Atomic(struct version *) top;
    _Atomic uint32_t read_by;  /* has seen the value */
    _Atomic uint32_t least_by; /* a balance: has asked whether it is at least so much */
};

/* Fills in all but `next` and what the kind asks for; depth 0, no skip. */
void version_init(struct version *v, enum version_kind kind, uint32_t tx, uint32_t generation, struct u256 value);
/* A location with nothing but its parent: `parent` becomes a version of transaction 0 with that value. */
void location_init(struct location *l, struct version *parent, struct u256 value);

/* The newest live version below transaction number `tx`. */
static ALWAYS_INLINE struct version *location_find(const struct location *l, uint32_t tx)
{
    /* Acquire, here and at `next`: pairs with the release in version_insert; the fields of what is found are visible. */
    struct version *v = atomic_load_explicit(&l->top, memory_order_acquire);
    while (UNLIKELY(v->tx >= tx && v->tx != 0) ||
           UNLIKELY(atomic_load_explicit(&v->kind, memory_order_acquire) == VERSION_DEAD))
        v = v->skip != NULL && v->skip->tx >= tx ? v->skip : atomic_load_explicit(&v->next, memory_order_acquire);
    return v;
}

/* The balance as transaction number `tx` finds it, and as whoever wrote `v` found it: the sum of the chain below. */
struct u256 location_balance(const struct location *l, uint32_t tx);
struct u256 location_balance_below(const struct version *v);

/* Inserts `v` by its transaction, in front of an older version of the same one, and sets its depth. */
void version_insert(struct location *l, struct version *v);
/* Marks `v` dead. Release: whoever sees that goes on to what is older. */
void version_kill(struct version *v);
static inline bool version_is_dead(const struct version *v)
{
    return atomic_load_explicit(&v->kind, memory_order_relaxed) == VERSION_DEAD;
}
/* Takes the dead version `v` out of its chain. One thread at a time, and only when no transaction below v->tx inserts
 * any more; others may insert above it and read. */
void version_unlink(struct location *l, struct version *v);
/* Fills in the total of a delta below which all is committed. One thread at a time; others may read. */
void version_settle_balance(struct balance_version *b);

/* Makes `value` the newest value, in place where possible: one version above the parent's is overwritten again and
 * again. Only while no other thread reads. A new version lives in `arena`. */
void location_write(struct location *l, struct u256 value, uint32_t generation, struct arena *arena);
/* The same, where the newest value may be another transaction's: overwrites that. */
void location_overwrite(struct location *l, struct u256 value, uint32_t generation, struct arena *arena);

#endif
