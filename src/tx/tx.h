/* tx: one transaction, from validity to fees (Yellow Paper 6, and what EIPs made of it).
 *
 *     tx_execute:  valid? ─► buy gas, nonce + 1 ─► warm addresses, delegations ─► vm_call ─► refund ─► fee
 *                    │ no
 *                    ▼
 *                  tx_result.invalid says why; nothing has changed
 *
 * Works on a `struct state` that state_begin has prepared, and leaves the changes in its records: serial callers then
 * call state_commit, the parallel executor publishes them as versions. The fee of the beneficiary is not credited here
 * but reported, so that not every transaction writes one account. */
#ifndef WEFT_TX_H
#define WEFT_TX_H

#include "base/base.h"
#include "fork/fork.h"
#include "state/state.h"
#include "types/types.h"
#include "vm/vm.h"

/* What the block gives each of its transactions. */
struct tx_context {
    const struct fork *fork;
    const struct chain_spec *chain;
    struct vm_env env; /* the block's part; tx_execute fills in the transaction's part of a copy */
    /* nobody signed it (eth_call, impersonation): the sender may be a contract, and gas over the cap of EIP-7825 */
    bool is_unsigned;
};

/* What a transaction did. */
struct tx_result {
    enum status invalid; /* STATUS_OK, or why it cannot be in this block; nothing else is set then */
    enum vm_status outcome;
    bool succeeded;
    bool has_created;
    struct address created; /* when has_created */
    uint64_t gas_used;      /* what the sender paid for: after refunds, at least the floor */
    /* what counts against the block's gas limit (EIP-7778: before refunds; EIP-8037: execution gas) */
    uint64_t block_gas;
    uint64_t block_state_gas; /* what counts against it in the other dimension (EIP-8037) */
    uint64_t gas_refunded;
    uint64_t cumulative_gas; /* filled in at commit */
    struct u256 fee;         /* due to the beneficiary, wei */
    bool beneficiary_gone;   /* it destroyed itself in this transaction, and its fee went with it */
    const struct log *logs;  /* in the executing worker's result arena */
    uint32_t log_count;
    struct bytes output; /* likewise */
};

/* A worker's tools for executing transactions. */
struct tx_worker {
    struct state *state;
    struct vm *vm;
    struct arena results; /* logs and outputs of all transactions of the block */
};

/* What a transaction costs before it runs (21,000 and so on; drafts of EIP-8037: and what is paid in state gas), and the
 * least it pays (EIP-7623). EIP-2780: a transaction to its own sender costs less. `state_byte_gas` as in struct vm_env. */
struct tx_intrinsic {
    uint64_t gas, state, floor;
};
struct tx_intrinsic tx_intrinsic(const struct fork *f, const struct transaction *tx, const struct address *sender,
                                 uint64_t state_byte_gas);

/* What a transaction must be before anything else is looked at, its signature included: of a type of the fork, for this
 * chain, with a recipient where its type asks for one. TX_* or STATUS_OK. */
enum status tx_check_kind(const struct fork *f, uint64_t chain_id, const struct transaction *tx);
/* What can be said of validity without looking at state: tx_check_kind, gas limit, fees, blobs, sizes, nonce. TX_* or
 * STATUS_OK. */
enum status tx_check(const struct tx_context *c, const struct transaction *tx, const struct address *sender);

/* Recovers the authorities of a set-code transaction (EIP-7702) into `out`, one for each authorization; the zero
 * address where a signature is no good. Tens of microseconds each: done ahead, like sender recovery. */
void tx_authorities(const struct transaction *tx, struct address *out);

/* Executes `tx` of `sender` on w->state. `authorities` is what tx_authorities gave; NULL when there are no
 * authorizations. */
void tx_execute(struct tx_worker *w, const struct tx_context *c, const struct transaction *tx,
                const struct address *sender, const struct address *authorities, struct tx_result *out);

/* Copies what a message emitted and returned into w->results, where it outlives the VM's next message, and sets
 * outcome, output, logs and the created address in *out. tx_execute does it; for those who run a message without a
 * transaction. */
void tx_keep_results(struct tx_worker *w, const struct vm_result *result, struct tx_result *out);

#endif
