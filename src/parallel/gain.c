#include "parallel/gain.h"

enum {
    STRETCH_ITEMS = 32, /* shorter ones say little: what is executed far ahead is committed late */
    LEAST_PERCENT = 112,
    GOOD_PERCENT = 125,
    PAUSE_LEAST_NS = 200000, /* about what a stretch takes, so that searching costs little */
    PAUSE_MOST_NS = 100000000,
};

void gain_init(struct gain *g)
{
    *g = (struct gain){.stretch_items = STRETCH_ITEMS, .pause_least = PAUSE_LEAST_NS};
}

static void begin(struct gain *g, uint64_t now)
{
    g->since = now;
    g->work = 0;
    g->items = 0;
}

bool gain_add(struct gain *g, uint64_t work, uint64_t now)
{
    if (g->since == 0) begin(g, now);
    g->work += work;
    if (++g->items < g->stretch_items) return true;
    uint64_t percent = g->work * 100 / (now - g->since + 1);
    if (percent >= GOOD_PERCENT) g->pause /= 2;
    begin(g, now);
    return percent >= LEAST_PERCENT;
}

void gain_pause(struct gain *g, uint64_t now)
{
    if (g->pause < g->pause_least) g->pause = g->pause_least;
    g->until = now + g->pause;
    if (g->pause < PAUSE_MOST_NS) g->pause *= 2;
}

bool gain_is_rested(struct gain *g, uint64_t now)
{
    if (now < g->until) return false;
    begin(g, now);
    return true;
}
