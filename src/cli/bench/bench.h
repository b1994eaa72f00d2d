/* What `weft bench` and `weft explain` share. */
#ifndef WEFT_CLI_BENCH_BENCH_H
#define WEFT_CLI_BENCH_BENCH_H

#include "cli/cli.h"
#include "workload/workload.h"

/* Makes a workload as the options ask for it, by default by the rules of Osaka. Free in any case. What workload_make
 * gives. */
enum status bench_make_workload(struct workload_block *out, const struct workload *w, const struct options *o,
                                struct error *e);

/* Runs the scheduler on virtual workers over a workload and prints what comes out (bench_simulate.c). */
enum status bench_simulate(const struct workload *w, const struct options *o, const struct colours *colours,
                           bool is_first, struct error *e);

/* Times the blocks that are made to be slow (bench_hostile.c). */
enum exit_code bench_hostile(const struct options *o);

#endif
