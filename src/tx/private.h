/* What the files of tx/ share among themselves. */
#ifndef WEFT_TX_PRIVATE_H
#define WEFT_TX_PRIVATE_H

#include "tx/tx.h"

/* What a transaction has for its message, and what state gas of that it has paid for out of execution gas. */
struct tx_meter {
    struct vm_gas gas;
    int64_t spilled;
};

/* EIP-7702: sets the code of each authority that signed, before the message runs. `authorities` as for tx_execute.
 * EIP-2780: `meter` pays for what each of them writes; false when it cannot, some may have been applied then. Drafts of
 * EIP-8037: *given_back is the state gas that was paid in advance for accounts that are there already. */
bool tx_apply_authorizations(struct state *s, const struct tx_context *c, const struct transaction *tx,
                             const struct address *authorities, struct tx_meter *meter, uint64_t *given_back);

/* What a transaction pays, from its gas limit to its fee. */
struct tx_bill {
    const struct tx_context *context;
    const struct transaction *tx;
    struct account *sender;
    struct u256 price; /* per gas */
    struct tx_intrinsic intrinsic;
    struct vm_gas gas; /* for the message */
    /* EIP-2780: what has been paid before the message. What authorizations cost stays paid when the message fails, what
     * its recipient costs comes back. */
    int64_t kept_reservoir; /* what was in the reservoir once the authorizations were paid for */
    int64_t kept_spilled, spilled;
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
