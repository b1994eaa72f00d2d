/* explore: runs the real parallel executor, its scheduler, its memory and its pool through interleavings that are
 * chosen step by step, on one thread, and compares each run with serial execution. docs/exploring.md says how to use
 * it.
 *
 *     search.c   which blocks, which interleavings: depth first, at random, again (replay), smaller (shrink)
 *        │
 *     blocks.c, program.c   a block from a seed        check.c   what is compared with serial execution
 *        │                                                │      invariants.c   what must hold inside
 *     choices.c  one number for each point at which something else could happen
 *        │
 *     world.c    workers as fibers, futexes, threads, clocks
 *     memory.c   what an atomic access reads: sequentially consistent, store buffers, weak
 *     races.c    plain accesses that nothing orders (explore_races only); codes.c: of the codes of contracts
 *        │
 *     steps.h    the sources, unchanged, with each atomic access a step; sites.c: their names, and mutants */
#ifndef WEFT_EXPLORE_EXPLORE_H
#define WEFT_EXPLORE_EXPLORE_H

#include "block/block.h"

/* Workers of a block at most, the caller among them. */
enum { FIBERS = 8 };

/* ---- choices ------------------------------------------------------------------------------------------------- */

enum choice_kind {
    CHOICE_PREEMPT, /* at a step: go on, or let another worker run */
    CHOICE_NEXT,    /* the worker sleeps or has ended: who runs now */
    CHOICE_SPIN,    /* at a pause: let others run, or spin to the end */
    CHOICE_STALE,   /* a load: the newest value, or an older one */
    CHOICE_DELAY,   /* a store: at once, or into the store buffer */
};

/* One choice that is not the first way, which everything takes that is not listed. */
struct pick {
    uint32_t at; /* counts the choices of a run */
    uint32_t way;
};
struct schedule {
    struct pick *picks;
    uint32_t count, capacity;
};
void schedule_add(struct schedule *s, uint32_t at, uint32_t way);

/* Prepares the choices of the next run. */
void choices_random(uint64_t seed);
void choices_replay(const struct schedule *s);
/* Depth first, with so many deviations. choices_next: the next run, or false when all have been made. */
void choices_first(uint32_t deviations);
bool choices_next(void);

/* One of `ways`, from 0. */
uint32_t choose(uint32_t ways, enum choice_kind kind);
/* The choices so far. Before number choices_quiet, or while there were fewer steps at values than choices_quiet_values,
 * nobody is preempted. */
extern uint32_t choices_at, choices_quiet, choices_quiet_values;
/* Whether the step is at a value of the state, not at a word of the scheduler or the pool. */
extern bool choices_at_value;
/* Who could go on instead of the running fiber, a bit for each: set before it is chosen among them. */
extern uint32_t choices_fibers;
/* The step is a system call: who is about to sleep may be held up. */
extern bool choices_at_call;
extern uint32_t choices_values; /* how many such steps there were */
/* Of the old values that a load may give, so many would be possible without the mutant. At random the others are
 * preferred: the mutant can be noticed by nothing else. */
extern uint32_t choices_allowed;
/* The step is at the mutant's place, or between its two halves: somebody else may well come next. */
void choices_near_mutant(bool between);
static inline uint32_t choose_preemption(uint32_t ways)
{
    if (LIKELY(choices_at + 1 < choices_quiet && !choices_at_call)) {
        choices_at++;
        return 0;
    }
    return choose(ways, CHOICE_PREEMPT);
}
/* What the last run chose, and how many choices it had. */
const struct schedule *choices_made(void);

/* ---- the world ----------------------------------------------------------------------------------------------- */

/* Threads, as fibers. The caller of a run is fiber 0; a pool's threads are the others. */
struct world;
struct world *world_new(void);
/* Forgets all threads but fiber 0, whatever they were doing. */
void world_clear(struct world *w);
/* Threads that are made from now on belong to `w`. */
void world_enter(struct world *w);
/* Runs body(context) on fiber 0, and the others beside it, until it has ended and all others sleep or have ended.
 * Returns NULL, or what went wrong; then the world is of no further use. */
const char *world_run(struct world *w, void (*body)(void *context), void *context);

/* The running fiber; -1: outside of a run. */
extern int fiber_running;
/* It has chosen to spin until it sleeps: its loads and pauses are no steps. */
extern bool fiber_spins;
/* While it is not 0, accesses are no steps: for checks within a run. */
extern int steps_held;
/* A step: lets others run, perhaps. */
void world_step(void);
/* Ends the run: something is wrong. Does not return when it is called within one. */
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t world_steps(void);
bool world_is_own_stack(const volatile void *at);
/* The running fiber has written something: who pauses may look again. */
void world_wrote(void);
/* What clock_wall_ns moves on by with each call, and what cpu_count says. 1 and 1 for blocks: next to nothing, so that
 * pauses are counted in commits, and workers sleep at once. */
extern uint64_t world_clock_step_ns;
extern unsigned world_processors;

/* ---- memory -------------------------------------------------------------------------------------------------- */

enum model { MODEL_SC, MODEL_TSO, MODEL_WEAK };
extern enum model memory_model;
/* Before a run: nothing is in flight, and what is in memory is known to all. */
void memory_begin(void);
/* What is still in flight arrives. */
void memory_end(void);
void memory_thread_begins(int parent, int child);
void memory_thread_joined(int parent, int child);
/* A system call orders what its caller did before and does after it. */
void memory_system_call(int fiber);

/* What is shared in ways that are no steps, as codes are: the running fiber has made `what`, or has found it, and then
 * all that was before it was made is known. memory_is_made: whether somebody has made it in this run. */
void memory_made(const void *what);
void memory_found(const void *what);
bool memory_is_made(const void *what);

/* A vector clock: what of each fiber is known. */
struct clock {
    uint32_t at[FIBERS];
};
/* What is ordered before what the running fiber does now (happens-before). */
const struct clock *memory_known(int fiber);

/* races.c; where plain accesses are not compiled in, these do nothing. */
void races_begin(void);
void races_atomic(const volatile void *at, size_t size, bool writes);
/* A plain access by a source that is not compiled with the core. */
void races_plain(const void *at, size_t size, bool writes);

/* ---- sites --------------------------------------------------------------------------------------------------- */

struct step_site;
void sites_begin(void);
/* The last site of each fiber: a futex wake is named after what comes before it. */
extern struct step_site *sites_last[FIBERS];
/* The running fiber wakes others. Whether a mutant says that it does not. */
bool sites_wake_is_lost(void);
void sites_print(void);
extern bool sites_is_mutant; /* there is one */
/* Turns on a mutant, NAME+CHANGE; false when there is none of that name. */
bool sites_mutate(const char *mutant);

/* ---- blocks -------------------------------------------------------------------------------------------------- */

enum { TRANSACTIONS_MAX = 32 };
enum profile {
    PROFILE_ANY,
    PROFILE_MIX,
    PROFILE_SPEND,
    PROFILE_CHAIN,
    PROFILE_REBORN,
    PROFILE_COUNTER,
    PROFILE_SWITCH,
    PROFILES
};
extern const char *const profile_names[PROFILES];

struct scenario {
    uint64_t seed;
    enum profile profile;
    uint32_t count; /* transactions */
    struct state_memory *memory;
    struct state_view view;
    struct header header;
    struct chain_spec chain;
    struct block_task task;
    struct state_view behind; /* what `view` asks ... */
    struct address fails;     /* ... unless it is for a slot of this account, and `is_failing` */
    bool is_failing;
    uint32_t confidence, window; /* what the scheduler starts with; UINT32_MAX: as it does */
    uint32_t stretch, pause;     /* of struct gain, items and clock readings; 0: as it does */
    struct transaction transactions[TRANSACTIONS_MAX];
    struct address senders[TRANSACTIONS_MAX];
    struct authorization authorizations[TRANSACTIONS_MAX][2];
    struct address authorities[TRANSACTIONS_MAX][2];
    const struct address *authorities_of[TRANSACTIONS_MAX];
    struct withdrawal withdrawals[4];
    uint8_t data[TRANSACTIONS_MAX][68];
};
/* A block of `count` transactions. */
void scenario_make(struct scenario *s, uint64_t seed, enum profile profile, uint32_t count);
void scenario_free(struct scenario *s);

/* ---- one run ------------------------------------------------------------------------------------------------- */

/* What serial execution makes of the scenario. */
void check_expect(const struct scenario *s);
/* Whether it has an access list to be executed along. */
bool check_has_list(void);
/* Executes it once more with choices that have been prepared. NULL, or what is wrong. */
enum along { ALONG_NOTHING, ALONG_LIST, ALONG_WRONG_LIST };
const char *check_run(const struct scenario *s, unsigned workers, enum along along);
/* Jobs on a pool instead of a block: `jobs` of them, and the pool's whole life (jobs.c). */
const char *check_pool(unsigned workers, unsigned jobs, bool guests);

/* Speculative executions, conflicts and executions again since the start. */
struct check_counts {
    uint64_t runs, speculated, conflicts, reruns, fallbacks, invalid;
};
extern struct check_counts check_counts;

/* Between runs of blocks (invariants.c). */
void invariants_begin(const struct scenario *s, bool may_restart);
/* After a run that ended: NULL, or what does not hold. */
const char *invariants_end(bool block_is_valid);
void invariants_print(void);

#endif
