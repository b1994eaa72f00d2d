/* What the ways of `weft replay` share: what is said about a block, and how it is printed. */
#ifndef WEFT_CLI_REPLAY_REPLAY_H
#define WEFT_CLI_REPLAY_REPLAY_H

#include "block/block.h"
#include "cli/cli.h"
#include "json/bundle.h"

#define REPLAY_KINDS (EXECUTOR_ACCESS_LIST + 1) /* of enum executor_kind */

/* What is to be said about one block. */
struct replay_verdict {
    uint64_t number, gas;
    const char *fork;
    uint32_t transactions;
    struct block_stats stats[REPLAY_KINDS]; /* the median run; wall_ns 0: this executor did not run */
    enum status status;
    struct error error;
};
struct replay_verdict replay_verdict_of(const struct bundle *b);

enum { REPLAY_FAILURES_SHOWN = 10 };

/* Sums over all blocks. */
struct replay_totals {
    uint64_t transactions, gas, reruns, blocks;
    uint64_t wall_ns[REPLAY_KINDS];
    double worst, best;                       /* speed-ups of single blocks; 0: none yet */
    uint64_t worst_block, best_block;         /* their numbers */
    uint64_t failed, unreadable;              /* blocks; those that could not be loaded are among the failed */
    uint64_t failures[REPLAY_FAILURES_SHOWN]; /* numbers of the first of them */
};
void replay_count(struct replay_totals *t, const struct replay_verdict *v);

/* A block that could not be loaded: it is named on stderr (with --json as an object, too) and counted as failed; the
 * others go on. */
void replay_unreadable(const struct options *o, struct replay_totals *t, const struct bundle_entry *entry,
                       const struct error *why);
/* The exit code; a line says how many blocks failed, and which. Unreadable input when no block could be loaded. */
enum exit_code replay_end(const struct options *o, const struct replay_totals *t);

/* Whether the options ask for an executor. */
bool replay_wants(const struct options *o, enum executor_kind kind);

/* The table (replay_print.c); with --json an object for each block. */
void replay_print_header(const struct options *o);
void replay_print_verdict(const struct options *o, const struct replay_verdict *v);
void replay_print_totals(const struct options *o, const struct replay_totals *t);

/* The scheduler on virtual workers over every bundle: a line for each block, and one for all (replay_simulate.c). */
enum exit_code replay_simulate(const struct options *o, const struct bundle_list *list);

/* From files to checked results, blocks one by one and pipelined, in turns (replay_pipeline.c). */
enum exit_code replay_pipeline(const struct options *o, const struct bundle_list *list);

/* Again and again with workers held up at random (replay_perturb.c). */
enum exit_code replay_perturb(const struct options *o, const struct bundle_list *list);

#endif
