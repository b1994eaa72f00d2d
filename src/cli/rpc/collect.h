/* collect: the state before a block, from a node: what a trace of the block lists at once, and everything else when
 * execution asks for it. */
#ifndef WEFT_CLI_RPC_COLLECT_H
#define WEFT_CLI_RPC_COLLECT_H

#include "cli/rpc/rpc.h"
#include "state/memory.h"

struct collector {
    struct rpc *rpc;
    struct error error;         /* why something could not be collected; nothing is asked for after that */
    uint64_t parent;            /* number of the block whose state is collected */
    struct state_memory *state; /* what was collected */
    struct state_memory *known; /* accounts that were asked for exist here, and slots that were asked for are 1 */
};

void collector_begin(struct collector *c, struct rpc *r, uint64_t block);
void collector_free(struct collector *c);

/* Takes what the prestateTracer says of the block that follows `parent`. Errors of the node, with c->error set. */
enum status collector_trace(struct collector *c);
/* A view that asks the node for what is not there yet. One thread; failures are in c->error. */
struct state_view collector_view(struct collector *c);

#endif
