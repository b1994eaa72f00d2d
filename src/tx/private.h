/* What the files of tx/ share among themselves. */
#ifndef WEFT_TX_PRIVATE_H
#define WEFT_TX_PRIVATE_H

#include "tx/tx.h"

/* EIP-7702: sets the code of each authority that signed, before the message runs. `authorities` as for tx_execute.
 * Returns the state gas that was paid in advance for accounts that are there already (EIP-8037). */
uint64_t tx_apply_authorizations(struct state *s, const struct tx_context *c, const struct transaction *tx,
                                 const struct address *authorities);

/* What a transaction pays, from its gas limit to its fee. */
struct tx_bill {
    const struct tx_context *context;
    const struct transaction *tx;
    struct account *sender;
    struct u256 price; /* per gas */
    struct tx_intrinsic intrinsic;
    struct vm_gas gas; /* for the message */
};

/* Divides the gas limit: what is paid in any case, what the message may use, and (EIP-8037) its reservoir. */
struct tx_bill tx_open_bill(const struct tx_context *c, const struct transaction *tx, struct account *sender,
                            struct u256 price);
/* After the message: refunds, gas used in all its meanings, the sender's money back, the fee. */
void tx_settle(struct tx_worker *w, const struct tx_bill *bill, const struct vm_result *result, struct tx_result *out);
/* What is destroyed with its account: a beneficiary that destroyed itself loses its fee with everything else; EIP-7708
 * wants a log of each balance that goes. */
void tx_burn(struct tx_worker *w, const struct address *beneficiary, struct tx_result *out);

#endif
