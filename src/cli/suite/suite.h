/* suite: what the test commands share. Files are spread over threads; each thread keeps its engines; reports are
 * printed in the order of the files whichever thread is done first; a summary stands at the end.
 *
 *     suite_run ──► threads ──► run_file(tester, path, report) ──► case_passed | case_failed | case_skipped */
#ifndef WEFT_CLI_SUITE_SUITE_H
#define WEFT_CLI_SUITE_SUITE_H

#include "cli/cli.h"
#include "testing/testing.h"
#include "json/json.h"

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

/* The tools of a thread that executes as the options say. */
struct tester suite_tester(const struct options *o);

/* Runs all files under the operands. Nothing to check is bad input. */
enum exit_code suite_run(const struct options *o, suite_file *run_file);

/* Reads a file of named cases, and runs those that the filter lets through, each with an empty arena. One that run_case
 * finds malformed (f->status) has failed. */
void suite_cases(struct tester *t, const char *path, struct suite_report *r,
                 void (*run_case)(struct tester *t, struct suite_report *r, struct json_reader *f, const char *name,
                                  yyjson_val *v));

/* One verdict. `fork` may be NULL. The reason is one line. */
void case_passed(struct tester *t, struct suite_report *r, const char *name, const char *fork);
void case_failed(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *format, ...)
    PRINTF_LIKE(5, 6);
void case_skipped(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *why);

#endif
