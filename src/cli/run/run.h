/* run: what the parts of `weft run` share.
 *
 *     options, prestate ──► struct run ──run_once──► result ──► run_print
 *                                      └─run_bench─► times  ──┘ */
#ifndef WEFT_CLI_RUN_RUN_H
#define WEFT_CLI_RUN_RUN_H

#include "cli/cli.h"
#include "tx/tx.h"
#include "json/prestate.h"

/* How long one run took, over all of them. */
struct run_times {
    uint64_t runs; /* 0: no bench */
    double min_ns, median_ns, max_ns;
};

/* One call, its world and what became of it. */
struct run {
    const struct options *options;
    struct prestate pre;
    const struct fork *fork;
    struct address sender, receiver;
    struct bytes code, input;
    struct u256 value, price;
    uint64_t gas;
    struct arena arena; /* arguments, and what the result points to */

    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct tx_worker worker;
    struct vm_env env;

    struct vm_result outcome;
    struct tx_result result; /* status, output, logs and created address */
    int64_t refund;          /* the counter in the end; nobody pays it out */
    struct run_times times;
};

/* Makes the world from options, prestate, code and input; gives it back. */
void run_open(struct run *r);
void run_close(struct run *r);
/* Runs the call on the state before it. The records of worker.state hold what it changed. */
void run_once(struct run *r);
/* Runs it for so many seconds, after warming up, and fills in r->times. What it changed is forgotten each time. */
void run_bench(struct run *r, uint32_t seconds);
/* Prints the result, and what the call changed. The records are committed. */
void run_print(struct run *r);

#endif
