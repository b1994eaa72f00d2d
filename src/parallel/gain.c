#include "parallel/gain.h"

#include <stdlib.h>
static uint64_t tune(const char *name, uint64_t otherwise)
{
    const char *v = getenv(name);
    return v == NULL ? otherwise : strtoull(v, NULL, 10);
}
static uint64_t T_ITEMS, T_PCT, T_PAUSE, T_GOOD;
__attribute__((constructor)) static void tune_all(void)
{
    T_ITEMS = tune("G_ITEMS", 32), T_PCT = tune("G_PCT", 112), T_PAUSE = tune("G_PAUSE", 200000), T_GOOD = tune("G_GOOD", 125);
}
enum { PAUSE_LAST_NS = 100000000 };

void gain_begin(struct gain *g, uint64_t now)
{
    g->since = now;
    g->work = 0;
    g->items = 0;
}

bool gain_add(struct gain *g, uint64_t work, uint64_t now)
{
    g->work += work;
    if (++g->items < T_ITEMS) return true;
    uint64_t percent = g->work * 100 / (now - g->since + 1);
    if (percent >= T_GOOD) g->pause /= 2;
    gain_begin(g, now);
    return percent >= T_PCT;
}

void gain_pause(struct gain *g, uint64_t now)
{
    if (g->pause < T_PAUSE) g->pause = T_PAUSE;
    g->until = now + g->pause;
    if (g->pause < PAUSE_LAST_NS) g->pause *= 2;
}

bool gain_is_rested(struct gain *g, uint64_t now)
{
    if (now < g->until) return false;
    gain_begin(g, now);
    return true;
}
