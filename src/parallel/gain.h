/* gain: whether speculating pays, measured at the commit point while it goes on.
 *
 *     open:    ├─ stretch ─┼─ stretch ─┼─ ...     gain of a stretch: work that was committed in it / time that it took
 *     closed:  └── too little: a pause, twice as long as the last one ──► open
 *
 * Work is the time that executing the committed items took, on whatever worker. Where all of them were executed at the
 * commit point the gain is 1: the other workers were of no use. Two workers that never wait or conflict reach 2.
 *
 * Of the holder of the token; times are nanoseconds of the driver's clock. */
#ifndef WEFT_PARALLEL_GAIN_H
#define WEFT_PARALLEL_GAIN_H

#include "base/base.h"

struct gain {
    uint64_t since, work;   /* of the stretch; since is 0 before the first */
    uint32_t items;         /* committed in it */
    uint32_t stretch_items; /* how many make a stretch */
    uint64_t pause_least;
    uint64_t pause; /* length of the next pause */
    uint64_t until; /* end of this pause */
};

void gain_init(struct gain *g);
/* An item was committed whose execution took `work`. False: speculating does not pay. */
bool gain_add(struct gain *g, uint64_t work, uint64_t now);
/* Begins a pause. */
void gain_pause(struct gain *g, uint64_t now);
/* Whether the pause is over; then a stretch has begun. */
bool gain_is_rested(struct gain *g, uint64_t now);

#endif
