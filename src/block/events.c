/* What each worker did when, for those who want to know (engine_record). */
#include <stdlib.h>

#include "block/private.h"

uint64_t event_clock(const struct engine *e)
{
    if (LIKELY(!e->record)) return 0;
    if (e->hold_up != NULL) e->hold_up(e->hold_up_context);
    return clock_wall_ns() - e->began_ns;
}

void event_note(struct engine *e, struct engine_worker *w, enum block_event_kind kind, uint32_t tx, uint64_t start_ns,
                bool wasted)
{
    if (LIKELY(!e->record)) return;
    if (w->event_count == w->event_capacity) {
        w->event_capacity = w->event_capacity == 0 ? 1024 : w->event_capacity * 2;
        w->events = base_realloc(w->events, w->event_capacity * sizeof *w->events);
    }
    w->events[w->event_count++] = (struct block_event){.start_ns = start_ns,
                                                       .end_ns = event_clock(e),
                                                       .tx = tx,
                                                       .worker = (uint16_t)(w - e->workers),
                                                       .kind = (uint8_t)kind,
                                                       .wasted = wasted};
}

void events_gather(struct engine *e, struct block_result *out)
{
    for (unsigned i = 0; i < e->threads; i++) out->event_count += e->workers[i].event_count;
    struct block_event *all = ARENA_ARRAY(&e->block, struct block_event, out->event_count + 1);
    out->events = all;
    for (unsigned i = 0; i < e->threads; i++) {
        struct engine_worker *w = &e->workers[i];
        if (w->event_count != 0) memcpy(all, w->events, w->event_count * sizeof *all);
        all += w->event_count;
    }
}
