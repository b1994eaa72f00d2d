/* sched: decides what each worker does next, so that transactions commit in order and nobody waits for long. Knows
 * the indices of items only (an item is a transaction, or a group of neighbours that are too short to be worth
 * scheduling alone): no EVM, no threads. Each function is one atomic step on shared words, so a simulator can drive
 * many virtual workers through any interleaving on one thread (sched_test.c), and real workers call the same
 * functions.
 *
 *          committed                     head                         cursor            count
 *     ├────────────────────────────────────┼─────── window ─────────────┼─────────────────┤
 *      0 1 2 3 ...                          run or checked by the        not looked at yet
 *                                           holder of the token;
 *                                           those behind it: run ahead by others
 *
 * The worker that holds the token stands at the head of the line: it commits what was run ahead and still holds, and
 * runs the rest itself on committed values, at serial speed. All others run transactions ahead, no further than
 * `window` behind the head.
 *
 *     state of an item:   FREE ──► RUNNING ◄──► PUBLISHING ──► READY ──────────────► COMMITTED
 *                         │ ▲ ▼        │                       ▲  ▼                    ▲
 *                         │ SKIPPED    │                       │ REVISING              │
 *                         │            │                       │  ▼                    │
 *                         │            │                       RERUNNING ◄──► REPUBLISHING
 *                         └────────────┴─► STOLEN (the head does it, or the rest) ◄────┘ (from REVISING, RERUNNING)
 *
 * A worker that runs an item ahead publishes it piece by piece (one transaction of the group after the other);
 * between the pieces the head may steal the item: what is published counts, the rest does not.
 *
 * What disturbs those behind it is counted (sched_disturbs). An item that was right when it was published
 * (sched_sure) holds as long as no item before it has disturbed others since: the head need not look at it
 * (sched_holds). What may have been disturbed is revised ahead of its turn by whoever finds nothing else to do. An
 * item that had better wait for another one is given back until that has run (sched_skip).
 *
 * Waste is bounded by the window: conflicts shrink it, successes let it grow; on a chain of dependent transactions it
 * closes, and is opened for a probe ever more rarely. */
#ifndef WEFT_SCHED_H
#define WEFT_SCHED_H

#include "base/base.h"

enum sched_kind {
    SCHED_RUN,   /* token: run `item` on committed values and commit it; then sched_committed */
    SCHED_CHECK, /* token: `item` was run ahead, in part at least: commit what holds, run the rest; sched_committed */
    SCHED_SPECULATE, /* run `item` ahead; around each piece sched_publishing and sched_published */
    SCHED_REVISE,    /* `item` was run ahead: look whether it still holds; see sched_rerun, sched_revised */
    SCHED_WAIT,      /* nothing to do now; ask again when sched_epoch has changed */
    SCHED_DONE,      /* all committed, or stopped */
};

#define SCHED_NOBODY UINT32_MAX

struct sched_task {
    enum sched_kind kind;
    uint32_t item;
};

/* How the check of an item at the head ended. */
enum sched_outcome {
    SCHED_RAN,      /* it had not been run ahead */
    SCHED_HELD,     /* run ahead, and its result was used */
    SCHED_CONFLICT, /* run ahead in vain */
};

/* What the scheduler knows of an item. */
struct sched_item {
    _Atomic uint8_t state;
    _Atomic uint8_t stolen;   /* 1: taken by the head from somebody who was running it; see sched_is_stolen */
    bool was_ready;           /* of whoever runs it: it has been run ahead to its end */
    uint8_t reruns;           /* of whoever runs or revises it, as are the next two */
    uint32_t looked;          /* sched.changes when it was taken */
    _Atomic uint32_t after;   /* given back until that one has run */
    _Atomic uint32_t wanted;  /* one that was given back until this one has run; 0: none */
    _Atomic uint32_t held;    /* sched.changes when it was known to hold; 0: it is not */
    _Atomic uint32_t changed; /* sched.changes when it last disturbed others; 0: never */
};

struct sched {
    uint32_t count;
    unsigned workers;
    uint32_t window_most;
    struct sched_item *items;
    const uint32_t *heavy; /* items that are expected to take long, longest first; see sched_set_heavy */
    const bool *is_heavy;
    uint32_t heavy_count;
    _Atomic uint32_t heavy_next;

    /* Contended words, each on its own cache line. */
    _Alignas(64) _Atomic uint32_t head;    /* next to be committed; written by the holder of the token */
    _Atomic uint32_t overdue;              /* the head no longer waits for others to end this one; see sched_overdue */
    _Alignas(64) _Atomic uint32_t cursor;  /* next to be run ahead */
    _Alignas(64) _Atomic uint32_t changes; /* counts what disturbed those behind it; from 1 */
    _Atomic uint32_t revise;               /* next to be revised */
    _Atomic uint32_t skipped;              /* no item before it was given back and waits */
    _Alignas(64) _Atomic uint32_t ahead;   /* see sched_alone */
    _Alignas(64) _Atomic uint32_t alone;   /* 1: the holder of the token runs an item and nobody may begin anything */
    _Alignas(64) _Atomic uint32_t token;   /* 1 while somebody stands at the head */
    _Alignas(64) _Atomic uint32_t epoch;   /* raised when a waiting worker may find something to do */
    _Alignas(64) _Atomic uint32_t waiting; /* workers that sleep or are about to */

    /* Written by the holder of the token, read by all; hints, so relaxed order suffices. */
    _Alignas(64) _Atomic uint32_t window; /* how far behind the head to run ahead; 0: not at all */
    _Atomic uint32_t confidence;          /* 0..SCHED_CONFIDENCE_MAX: how often running ahead paid lately */
    _Atomic uint32_t stopped;
    _Atomic uint32_t skips; /* items given back since one was last run ahead */

    /* Of the holder of the token. */
    uint32_t probe_in;       /* commits until a closed window opens for a probe */
    uint32_t probe_distance; /* doubles with each probe in vain */
    uint32_t uncalled;       /* commits since those who wait were last called */
    uint32_t changed; /* the last change by a committed item: who was last known to hold before it is to be checked */
    bool stole;       /* the item at the head was taken from somebody who was running it */
};

enum {
    SCHED_CONFIDENCE_MAX = 64,
    SCHED_CONFIDENCE_LOW = 16, /* below it the head does not wait for others, and they keep a distance */
    SCHED_CONFIDENCE_NONE = 8, /* below it the window closes */
    SCHED_RERUNS_MAX = 2,      /* an item is run ahead again at most so often */
    SCHED_REVISE_LEAD = 2,     /* what is nearer to the head than this is left to it */
    SCHED_REVISE_SPAN = 8,     /* what is farther away than so many for each worker can wait */
    SCHED_FAR = 8,             /* nobody is woken up for what is nearer to the head */
    SCHED_SCAN_MAX = 256,      /* so many items are looked at for one that was given back */
    SCHED_PROBE_FIRST = 4,
    SCHED_PROBE_LAST = 2048,
    SCHED_CALL_LAST =
        1024 /* those who found nothing but items to skip are called again after at most so many commits */
};

/* Starts a block of `count` items on `workers` workers; `items` has room for `count`. Nobody runs further ahead than
 * `window_most` items: versions that are not committed are walked over one by one, so their number must be bounded. */
void sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most, struct sched_item *items);

/* Names the items that are expected to take long, longest first: they are run ahead before all others, and never
 * stolen. `is_heavy` has an element for each item. Both must outlive the block. Before any worker starts. */
void sched_set_heavy(struct sched *s, const uint32_t *heavy, uint32_t heavy_count, const bool *is_heavy);

/* What a worker without a task does next. */
struct sched_task sched_next(struct sched *s);

/* A piece of a speculative run of `item` has ended. False: the head has stolen the item; drop the piece and what would
 * follow. True: publish it, then call sched_published; `last` says that the item is complete. */
bool sched_publishing(struct sched *s, uint32_t item);
void sched_published(struct sched *s, uint32_t item, bool last);

/* Before the last sched_published: all that was published of `item` was right by then. */
void sched_sure(struct sched *s, uint32_t item);
/* Before sched_published, or at the head before sched_committed: what was published or withdrawn on behalf of `item`
 * may have been missed by those behind it. */
void sched_disturbs(struct sched *s, uint32_t item);

/* While `item` is revised: something in it does not hold. True: run that again, with sched_publishing and
 * sched_published around it, then go on. False: leave it to the head. */
bool sched_rerun(struct sched *s, uint32_t item);
/* The end of a revision: whether all of `item` holds, perhaps after having been run again. */
void sched_revised(struct sched *s, uint32_t item, bool holds);
/* With SCHED_RUN in hand: whether the window is closed, nobody runs anything ahead, and nothing that was run ahead is
 * yet to be committed. If so, nobody begins either until sched_committed: values may be overwritten in place. */
bool sched_alone(struct sched *s);
/* At the head: whether it is known that what was run ahead of `item` holds. */
bool sched_holds(struct sched *s, uint32_t item);

/* Whether `item` has been run ahead to its end, or committed: its writes can be read. */
bool sched_is_ready(struct sched *s, uint32_t item);

/* The item that the head waits for, since somebody else runs it; SCHED_NOBODY: none. */
uint32_t sched_awaited(struct sched *s);
/* The head has waited long enough for `item`: whoever takes the token next takes it from whoever runs it. False: somebody
 * else has said so. */
bool sched_overdue(struct sched *s, uint32_t item);
/* A word that becomes 1 when the head takes `item` from whoever runs it ahead, who may stop then. */
const _Atomic uint8_t *sched_is_stolen(const struct sched *s, uint32_t item);

/* Whether it is nearly the turn of `item` at the head. */
bool sched_is_near(struct sched *s, uint32_t item);

/* Gives an item back that was to be run ahead, because it is expected to conflict, before its first piece. The head
 * will run it, or whoever asks for work after item `after` has run (SCHED_NOBODY: the head only). */
void sched_skip(struct sched *s, uint32_t item, uint32_t after);

/* The holder has committed `item`. Gives its next task, still with the token if that is SCHED_RUN or SCHED_CHECK. */
struct sched_task sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome);

/* Ends the block early (an invalid transaction); the holder calls it. Everybody gets SCHED_DONE from now on. */
void sched_stop(struct sched *s);

/* Around a wait: sched_waiting before asking once more and sleeping, sched_waited after. */
static inline void sched_waiting(struct sched *s)
{
    atomic_fetch_add(&s->waiting, 1);
}
static inline void sched_waited(struct sched *s)
{
    atomic_fetch_sub(&s->waiting, 1);
}

/* Whether somebody sleeps, or is about to. */
static inline bool sched_is_waited_for(struct sched *s)
{
    return atomic_load(&s->waiting) != 0;
}

/* A word that changes when waiting workers should ask again. */
static inline uint32_t sched_epoch(struct sched *s)
{
    return atomic_load_explicit(&s->epoch, memory_order_acquire);
}

#endif
