/* search: which runs are made, and what is said of one that goes wrong. */
#ifndef WEFT_EXPLORE_SEARCH_H
#define WEFT_EXPLORE_SEARCH_H

#include "explore.h"

/* Names of enum along and enum model. */
extern const char *const along_names[3], *const model_names[3];

/* All that a run depends on besides its choices. */
struct setting {
    uint64_t seed; /* of the block */
    enum profile profile;
    uint32_t transactions; /* 0: jobs on a pool instead of a block */
    unsigned workers;
    enum model model;
    enum along along;
};

/* What is searched. 0, PROFILE_ANY and -1 leave things to chance. */
struct search {
    uint64_t seed;
    enum profile profile;
    uint32_t transactions;
    unsigned workers;
    int model;           /* enum model, or -1 */
    int along;           /* enum along, or -1; only blocks that have a list are taken then */
    uint64_t runs;       /* at most */
    double seconds;      /* at most; 0: no limit */
    uint32_t block_runs; /* of each block */
    uint32_t deviations; /* depth first: at most so many in a run */
    bool pool;
};

/* Each returns whether nothing went wrong. A run that did is made smaller, and printed as --replay takes it. */
bool search_random(const struct search *s);
bool search_depth_first(const struct search *s);
/* "seed=… profile=… … picks=AT:WAY,…", or a file that has it in a line. */
bool search_replay(const char *text);

/* From a signal handler: what was running. */
void search_print_running(void);

#endif
