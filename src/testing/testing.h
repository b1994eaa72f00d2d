/* testing: the community's tests, as the commands run them, apart from files, threads and output.
 *
 *     tester ──► tester_execute: one block with every executor that is asked for ──► results_compare
 *     test_chain ──► blocks of a blockchain test, on a state in memory (test_store: on a store)
 *     stateless_check ──► the same blocks, from witnesses alone
 *     exception_matches ──► is a refusal the one that the test expects? */
#ifndef WEFT_TESTING_H
#define WEFT_TESTING_H

#include "base/base.h"
#include "block/block.h"

struct options; /* the command's */

/* A thread's tools. Engines are made when first asked for. */
struct tester {
    const struct options *options; /* for who runs the cases */
    uint32_t executors;            /* those that are asked for: a mask of 1 << enum executor_kind, not 0 */
    unsigned workers;              /* of each engine; 0: one where execution is serial, else two */
    struct engine *engines[3];     /* by enum executor_kind */
    struct arena arena;            /* of the running case: reset by run_file */
    uint64_t gas, time[3];         /* of the running case: gas used, ns of execution by enum executor_kind */
    bool has_root;                 /* and the state root afterwards, where somebody wants to know */
    struct hash root;
};

/* The engine that executes with `kind`. */
struct engine *tester_engine(struct tester *t, enum executor_kind kind);
/* Whether an executor is asked for. */
bool tester_wants(const struct tester *t, enum executor_kind kind);
/* Executes with the executors that are asked for and gives the result of the first, with out->diff filled in; sealed
 * (block_seal) if `seal` is set. When several run and differ in outcome, gas, logs or changes, *difference says in what
 * (else it is STATUS_OK). Without a declared access list the access-list executor uses the one that the first execution
 * built. The result lives until the next call. */
enum status tester_execute(struct tester *t, const struct block_task *task, bool seal, struct block_result *out,
                           struct error *error, struct error *difference);
/* Compares what two executors made of one block, but for the changes: EXECUTORS_DIFFER with *e set. */
enum status results_compare(const struct block_result *serial, const struct block_result *parallel, struct error *e);

/* A digest of all that a sealed block gave: gas, receipts, requests, access list, changes of the state. */
struct hash result_digest(const struct block_result *r);

/* keccak256 of the list of all logs of a block. */
struct hash result_logs_hash(const struct block_result *r);

/* ---- expected exceptions (exceptions.c) -------------------------------------------------------------------------- */

/* Whether `found` is one of the reasons that `expected` names, joined by '|': names of execution-spec-tests, of older
 * tests, or an error code of the Engine API. */
bool exception_matches(const char *expected, enum status found);
/* Whether one of the names is unknown; `name` is the first of them, cut off where it is long. */
enum { EXCEPTION_NAME_SIZE = 80 };
bool exception_unknown(const char *expected, char name[EXCEPTION_NAME_SIZE]);

#endif
