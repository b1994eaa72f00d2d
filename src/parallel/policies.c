#include "parallel/policies.h"

const char *const policy_names[POLICIES] = {
    [POLICY_GROUPS] = "groups",     [POLICY_WHOLE] = "whole-groups",        [POLICY_IN_PLACE] = "in-place",
    [POLICY_GAIN] = "gain",         [POLICY_CONFIDENCE] = "confidence",     [POLICY_REVALIDATION] = "revalidation",
    [POLICY_HEAVY] = "heavy-first", [POLICY_SAME_ACCOUNT] = "same-account", [POLICY_SAME_CLASS] = "same-class",
};

static uint32_t left_out;

void policy_leave_out(enum policy p)
{
    left_out |= 1u << p;
}

bool policy_is_on(enum policy p)
{
    return (left_out & 1u << p) == 0;
}
