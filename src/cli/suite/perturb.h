/* perturb: executes a block again and again while its workers are held up at random places, and compares every run with
 * serial execution. What interleavings a machine shows by itself is a matter of its cores; held up, even two cores show
 * many. */
#ifndef WEFT_CLI_SUITE_PERTURB_H
#define WEFT_CLI_SUITE_PERTURB_H

#include "block/block.h"
#include "cli/cli.h"

struct perturber;
/* Engines with 1 to 8 workers, all of them sharing every block; so many runs of each block (o->perturb), random from
 * o->seed on. */
struct perturber *perturber_new(const struct options *o);
/* Prints what came of all blocks and frees. False: some run differed. */
bool perturber_end(struct perturber *p);

/* Runs a block and prints a line. With `check_header` the serial result is compared with the block's header. Stops at
 * the first run that differs, or when interrupted. */
void perturber_run(struct perturber *p, const char *name, const struct block_task *task, bool check_header);

/* The same for one block, without a word. EXECUTORS_DIFFER: a run differed; *e says which and in what. */
enum status perturb_block(const struct options *o, const struct block_task *task, struct error *e);

#endif
