/* policies: what the parallel executor does only because it pays, and never because a result depends on it. Each can be
 * left out, so that a measurement tells what it is worth (`--without`, docs/lab/ablation-2026.md). */
#ifndef WEFT_PARALLEL_POLICIES_H
#define WEFT_PARALLEL_POLICIES_H

#include "base/base.h"

enum policy {
    POLICY_GROUPS,       /* neighbouring transactions are one item of the schedule */
    POLICY_WHOLE,        /* a group that is known to be valid is committed without a look at its reads */
    POLICY_IN_PLACE,     /* while nobody speculates the commit point overwrites values */
    POLICY_GAIN,         /* the window closes where speculating gains nothing */
    POLICY_CONFIDENCE,   /* conflicts shrink the window and make the commit point take groups away */
    POLICY_REVALIDATION, /* idle workers validate again what may have become invalid */
    POLICY_HEAVY,        /* groups that take long are begun first */
    POLICY_SAME_ACCOUNT, /* after a conflict those that name the same account are deferred */
    POLICY_SAME_CLASS,   /* the same of those that call the same contract */
    POLICIES,
};
extern const char *const policy_names[POLICIES];

/* Leaves a policy out, in the whole process; before any engine executes. */
void policy_leave_out(enum policy p);
bool policy_is_on(enum policy p);

#endif
