/* receipts: names the transaction that an execution got wrong, where the receipts that it should have given are
 * known. */
#ifndef WEFT_JSON_JSON_RECEIPTS_H
#define WEFT_JSON_JSON_RECEIPTS_H

#include "block/block.h"
#include "json/json.h"

/* Whether a failed check may be the fault of one transaction. */
bool receipts_can_explain(enum status s);

/* Adds to *e, which a sealed result failed with, the first difference from receipts as eth_getBlockReceipts gives them
 * (f->root), or that there is none. `source` says where they are from. */
void receipts_explain(struct json_reader *f, const char *source, const struct block_result *r, struct error *e);

#endif
