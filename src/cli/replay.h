/* What the ways of `weft replay` share. */
#ifndef WEFT_CLI_REPLAY_H
#define WEFT_CLI_REPLAY_H

#include "cli/bundle.h"
#include "cli/cli.h"

/* The scheduler on virtual workers over every bundle: a line for each block, and one for all (replay_simulate.c). */
enum exit_code replay_simulate(const struct options *o, const struct bundle_list *list);

#endif
