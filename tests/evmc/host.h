/* A host of our own around the EVMC module: it keeps accounts in a struct state, as the native VM does, and does what
 * surrounds code: value, nonces, new contracts, precompiled contracts, reverting. */
#ifndef WEFT_EVMC_HOST_H
#define WEFT_EVMC_HOST_H

#include <evmc/evmc.h>

#include "precompile/precompile.h"
#include "state/state.h"
#include "vm/vm.h"

struct evmc_vm *evmc_create_weft(void);

struct host {
    struct state *state;
    const struct vm_env *env;
    const struct fork *fork;
    enum evmc_revision revision;
    struct evmc_vm *vm;
    struct precompile_memory precompile;
};

/* Runs a message; the caller has checked depth and balance. A create of depth 0 finds its sender's nonce raised, a
 * deeper one raises it. */
struct evmc_result host_run(struct host *h, const struct evmc_message *m);

/* The revision whose rules are those of a fork; false when there is none. */
bool host_revision(const struct fork *fork, enum evmc_revision *out);

evmc_bytes32 host_word(struct u256 v);
evmc_address host_address(const struct account *a);

#endif
