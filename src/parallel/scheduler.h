/* scheduler: decides what each worker does next, so that transactions commit in order and nobody waits for long. Knows
 * the indices of items only; an item is a group of neighbouring transactions. It has no threads of its own: each function
 * is a few atomic steps on shared words, and any number of workers may be inside.
 *
 *          committed                     head                          cursor           count
 *     ├────────────────────────────────────┼─────── window ──────────────┼────────────────┤
 *      0 1 2 3 ...                          executed at the commit       not begun yet
 *                                           point, or speculatively
 *
 * One worker at a time holds the token: it stands at the commit point, the item `head`, where every predecessor is
 * committed. It commits what was executed speculatively and is valid, and executes the rest itself, at serial speed. All
 * other workers execute speculatively, no further than `window` behind the head.
 *
 *     state of an item:     FREE ◄──► RUNNING ◄──► PUBLISHING
 *                            │         │ ▲  ▲           │
 *                            │         │ │  └── READY ◄─┘           (READY ──► RUNNING: to be validated again)
 *                            ▼         ▼ │        ▼
 *                           TAKEN ◄────┴─┘◄────────                by the commit point; stays so when it is committed
 *
 * An item is RUNNING while one worker executes it or validates it again, PUBLISHING while that worker inserts versions,
 * READY when it has been executed to its end. The commit point takes an item in any state but PUBLISHING, which is
 * short: what was published before counts, and whoever ran it finds out that the rest does not.
 *
 * An item is validated when all it had read was valid at some time. What is published or withdrawn on behalf of an
 * item may invalidate readers behind it; that is counted (`changes`). So a validated item is valid as long as nothing
 * before it has invalidated readers since, and the commit point need not look at its reads (sched_is_valid). Others are
 * validated again ahead of their turn, and executed again, by idle workers.
 *
 * Waste is bounded by the window: conflicts shrink it, successes let it grow. It closes when it has shrunk to nothing, and
 * when the commit point, which measures what speculating gains (gain.h), finds that it gains nothing: on a chain of
 * dependent transactions. A closed window costs nothing, for values are then overwritten in place; it opens again after a
 * pause, the longer the more often it was in vain. An item that is expected to conflict is deferred until the one it depends
 * on has been executed.
 *
 * Order of memory: the words `state`, `token`, `head`, `cursor`, `ahead`, `alone` and `waiting` are accessed sequentially
 * consistent (the default of C11). Two arguments need one order of all of them: that no wake-up is lost (take_head) and
 * that nobody reads while values are overwritten in place (sched_alone). All other orders are explained where they stand. */
#ifndef WEFT_SCHEDULER_H
#define WEFT_SCHEDULER_H

#include "base/base.h"
#include "parallel/gain.h"

enum sched_kind {
    SCHED_EXECUTE,    /* commit point: execute `item` on committed values and commit it; then sched_committed */
    SCHED_COMMIT,     /* commit point: `item` was executed, in part at least: commit what is valid, execute the rest;
                         sched_committed */
    SCHED_SPECULATE,  /* execute `item` speculatively; around each transaction sched_publishing and sched_published */
    SCHED_REVALIDATE, /* validate what was executed of `item` again; see sched_may_rerun, sched_revalidated */
    SCHED_WAIT,       /* nothing to do now; ask again when sched_epoch has changed */
    SCHED_DONE,       /* all committed, or stopped */
};

#define SCHED_NOBODY UINT32_MAX

struct sched_task {
    enum sched_kind kind;
    uint32_t item;
};

/* What became of an item at the commit point. */
enum sched_outcome {
    SCHED_EXECUTED, /* it had not been executed speculatively */
    SCHED_USED,     /* its speculative execution was committed */
    SCHED_CONFLICT, /* its speculative execution was wasted */
};

/* What the scheduler knows of an item. */
struct sched_item {
    _Atomic uint8_t state;
    _Atomic uint8_t stolen;       /* 1: taken by the commit point from whoever was running it; see sched_stolen */
    _Atomic uint8_t complete;     /* 1: it has been executed to its end, or committed; its writes can be read */
    uint8_t reruns;               /* of whoever runs it, as is the next one */
    uint32_t looked;              /* sched.changes when it was taken */
    uint32_t work_ns;             /* what its speculative execution took, UINT32_MAX at most */
    _Atomic uint32_t after;       /* deferred until that one is complete; SCHED_NOBODY: not deferred */
    _Atomic uint32_t wanted;      /* one that was deferred until this one is complete; 0: none */
    _Atomic uint32_t validated;   /* sched.changes when all of it was valid; 0: not known to be */
    _Atomic uint32_t invalidated; /* sched.changes when it last invalidated readers; 0: never */
};

struct sched {
    uint32_t count;
    unsigned workers;
    uint32_t window_most;
    struct sched_item *items;
    void (*wake)(void *context); /* wakes all who sleep on the epoch */
    void *wake_context;
    const uint32_t *heavy; /* items that are expected to take long, longest first; see sched_set_heavy */
    const bool *is_heavy;
    uint32_t heavy_count;
    _Atomic uint32_t heavy_next;

    /* Contended words, each on its own cache line. */
    _Alignas(64) _Atomic uint32_t head;    /* next to be committed; written by the holder of the token */
    _Atomic uint32_t overdue;              /* the commit point no longer waits for others to end this one */
    _Alignas(64) _Atomic uint32_t cursor;  /* next to be executed speculatively */
    _Alignas(64) _Atomic uint32_t changes; /* counts what invalidated readers; from 1 */
    _Atomic uint32_t revalidate;           /* next to be validated again */
    _Atomic uint32_t deferred;             /* no item before it is deferred */
    _Alignas(64) _Atomic uint32_t ahead;   /* see sched_alone */
    _Alignas(64) _Atomic uint32_t alone;   /* 1: the commit point overwrites values in place and nobody may begin */
    _Alignas(64) _Atomic uint32_t token;   /* 1 while a worker stands at the commit point */
    _Alignas(64) _Atomic uint32_t epoch;   /* raised when a waiting worker may find something to do */
    _Alignas(64) _Atomic uint32_t waiting; /* workers that sleep or are about to */

    /* Written by the holder of the token, read by all; hints, so relaxed order suffices. */
    _Alignas(64) _Atomic uint32_t window; /* how far behind the head to speculate; 0: not at all */
    _Atomic uint32_t confidence;          /* 0..SCHED_CONFIDENCE_MAX: how often speculating paid lately */
    _Atomic uint32_t stopped;
    _Atomic uint32_t deferrals; /* since an item was last executed speculatively */

    /* Of the holder of the token. */
    struct gain gain;     /* of speculating, as measured */
    uint32_t uncalled;    /* commits since those who wait were last called */
    uint32_t invalidated; /* the last change by a committed item: what was validated before it is to be validated */
    bool stole;           /* the item at the commit point was taken from whoever was running it */
};

enum {
    SCHED_CONFIDENCE_MAX = 64,
    SCHED_CONFIDENCE_LOW = 16, /* below it the commit point does not wait for others, and they keep a distance */
    SCHED_CONFIDENCE_NONE = 8, /* below it the window closes */
    SCHED_RERUNS_MAX = 2,      /* an item is executed again speculatively at most so often */
    SCHED_REVALIDATE_LEAD = 2, /* what is nearer to the head than this is left to it */
    SCHED_REVALIDATE_SPAN = 8, /* what is farther away than so many for each worker can wait */
    SCHED_FAR = 8,             /* nobody is woken up for what is nearer to the head */
    SCHED_SCAN_MAX = 256,      /* so many items are looked at for one that was deferred */
    SCHED_CALL_LAST = 1024,    /* those who found nothing but items to defer are called again after so many commits */
};

/* Starts a block of `count` items on `workers` workers; `items` has room for `count`. Nobody speculates further ahead than
 * `window_most` items, at least 1: versions that are not committed are walked over one by one, so their number must be
 * bounded. `wake` is called with its context, on any worker, when the epoch was raised while somebody waits. */
void sched_init(struct sched *s, uint32_t count, unsigned workers, uint32_t window_most, struct sched_item *items,
                void (*wake)(void *context), void *wake_context);

/* Names the items that are expected to take long, longest first: they are begun before all others, and the commit point
 * waits for them however low confidence is. `is_heavy` has an element for each item. Both must outlive the block. Before
 * any worker starts. */
void sched_set_heavy(struct sched *s, const uint32_t *heavy, uint32_t heavy_count, const bool *is_heavy);

/* What a worker without a task does next. */
struct sched_task sched_next(struct sched *s);

/* ---- speculative execution -------------------------------------------------------------------------------------- */

/* A transaction of `item` has been executed. False: the commit point has taken the item; drop the result, and the task
 * is over. True: publish it, then call sched_published; `last` says that the item is complete. */
bool sched_publishing(struct sched *s, uint32_t item);
void sched_published(struct sched *s, uint32_t item, bool last);
/* Before the last sched_published: what executing `item` took. */
void sched_worked(struct sched *s, uint32_t item, uint64_t ns);
/* Before the last sched_published: all of `item` was valid when it was published. */
void sched_validated(struct sched *s, uint32_t item);
/* Before sched_published, or at the commit point before sched_committed: readers behind `item` may have missed what was
 * published or withdrawn on its behalf. */
void sched_invalidates(struct sched *s, uint32_t item);
/* Gives `item` back before its first transaction, since it is expected to conflict. The commit point executes it, or
 * whoever asks for work when item `after` is complete (SCHED_NOBODY: the commit point only). */
void sched_defer(struct sched *s, uint32_t item, uint32_t after);

/* With SCHED_REVALIDATE: whether a transaction that is no longer valid may be executed again, with sched_publishing and
 * sched_published around it; else leave the item to the commit point. Ask once for a task. */
bool sched_may_rerun(struct sched *s, uint32_t item);
/* The end of SCHED_REVALIDATE: whether all of `item` is valid, perhaps after having been executed again. */
void sched_revalidated(struct sched *s, uint32_t item, bool valid);

/* A word that becomes 1 when the commit point takes `item` from whoever runs it, who may stop then. */
const _Atomic uint8_t *sched_stolen(const struct sched *s, uint32_t item);
/* Whether `item` has been executed to its end: its writes can be read. */
bool sched_is_complete(struct sched *s, uint32_t item);
/* Whether it is nearly the turn of `item` at the commit point. */
bool sched_is_near(struct sched *s, uint32_t item);

/* ---- commit point ------------------------------------------------------------------------------------------------ */

/* With SCHED_EXECUTE in hand: whether the window is closed, nobody speculates, and nothing that was executed
 * speculatively is yet to be committed. If so, nobody begins either until sched_committed: values may be overwritten in
 * place. */
bool sched_alone(struct sched *s);
/* Whether all speculative executions of `item` are known to be valid. */
bool sched_is_valid(struct sched *s, uint32_t item);
/* The holder has committed `item`, which it took at `began_ns`, at `now_ns` (of any clock). Gives its next task, still with
 * the token if that is of the commit point. */
struct sched_task sched_committed(struct sched *s, uint32_t item, enum sched_outcome outcome, uint64_t began_ns,
                                  uint64_t now_ns);
/* Ends the block early (an invalid transaction); the holder calls it. Everybody gets SCHED_DONE from now on. */
void sched_stop(struct sched *s);

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* Around a wait: sched_waiting before asking once more and sleeping, sched_waited after. */
void sched_waiting(struct sched *s);
void sched_waited(struct sched *s);
/* A word that changes when waiting workers should ask again. */
uint32_t sched_epoch(struct sched *s);
/* The item that the commit point waits for, since a worker runs it; SCHED_NOBODY: none. */
uint32_t sched_awaited(struct sched *s);
/* The commit point has waited long enough for `item`: whoever takes the token next takes the item too. False: this was
 * said before. */
bool sched_overdue(struct sched *s, uint32_t item);

#endif
