/* suite: what the test commands share. Files are spread over threads; each thread keeps its engines; reports are
 * printed in the order of the files whichever thread is done first; a summary stands at the end.
 *
 *     suite_run ──► threads ──► run_file(tester, path, report) ──► case_passed | case_failed | case_skipped */
#ifndef WEFT_CLI_SUITE_H
#define WEFT_CLI_SUITE_H

#include "base/base.h"
#include "block/block.h"
#include "cli/cli.h"
#include "cli/form.h"

/* A thread's tools. Engines are made when first asked for. */
struct tester {
    const struct options *options;
    struct engine *engines[3]; /* by enum executor_kind */
    struct arena arena;        /* of the running case: reset by run_file */
    uint64_t gas, time[3];     /* of the running case: gas used, ns of execution by enum executor_kind */
};

/* What a file gave. */
struct suite_report {
    const char *file;
    uint64_t passed, failed, skipped;
    struct buffer text; /* lines for stdout */
    bool unreadable;
    struct error error; /* when unreadable */
    bool done;
};

/* Runs all test cases of one file. */
typedef void suite_file(struct tester *t, const char *path, struct suite_report *r);

/* A file of blockchain tests. */
suite_file blocktest_file;

/* Runs all files under the operands. Nothing to check is bad input. */
enum exit_code suite_run(const struct options *o, suite_file *run_file);

/* Reads a file of named cases, and runs those that the filter lets through, each with an empty arena. One that run_case
 * finds malformed (f->status) has failed. */
void suite_cases(struct tester *t, const char *path, struct suite_report *r,
                 void (*run_case)(struct tester *t, struct suite_report *r, struct form *f, const char *name,
                                  yyjson_val *v));

/* The engine that executes with `kind`. */
struct engine *tester_engine(struct tester *t, enum executor_kind kind);
/* Whether the options ask for an executor; the first that they ask for. */
bool tester_wants(const struct tester *t, enum executor_kind kind);
/* Executes with the executors that the options ask for and gives the result of the first, with out->diff filled in;
 * sealed (block_seal) if `seal` is set. When several run and differ in outcome, gas, logs or changes, *difference says
 * in what (else it is STATUS_OK). Without a declared access list the one that the first execution built serves the
 * executor that goes along it. The result lives until the next call. */
enum status tester_execute(struct tester *t, const struct block_task *task, bool seal, struct block_result *out,
                           struct error *error, struct error *difference);
/* Compares what two executors made of one block, but for the changes: EXECUTORS_DIFFER with *e set. */
enum status results_compare(const struct block_result *serial, const struct block_result *parallel, struct error *e);

/* A digest of all that a sealed block gave: gas, receipts, requests, access list, changes of the state. */
struct hash result_digest(const struct block_result *r);

/* keccak256 of the list of all logs of a block. */
struct hash result_logs_hash(const struct block_result *r);

/* One verdict. `fork` may be NULL. The reason is one line. */
void case_passed(struct tester *t, struct suite_report *r, const char *name, const char *fork);
void case_failed(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *format, ...)
    PRINTF_LIKE(5, 6);
void case_skipped(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *why);

/* ---- expected exceptions --------------------------------------------------------------------------------------- */

/* Whether `found` is one of the reasons that `expected` names, joined by '|': names of execution-spec-tests, of older
 * tests, or an error code of the Engine API. */
bool exception_matches(const char *expected, enum status found);
/* Whether one of the names is unknown; `name` is the first of them, cut off where it is long. */
enum { EXCEPTION_NAME_SIZE = 80 };
bool exception_unknown(const char *expected, char name[EXCEPTION_NAME_SIZE]);

#endif
