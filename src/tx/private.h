/* What the files of tx/ share among themselves. */
#ifndef WEFT_TX_PRIVATE_H
#define WEFT_TX_PRIVATE_H

#include "tx/tx.h"

/* EIP-7702: sets the code of each authority that signed, before the message runs. `authorities` as for tx_execute. */
void tx_apply_authorizations(struct state *s, const struct tx_context *c, const struct transaction *tx,
                             const struct address *authorities);

#endif
