#include "parallel/gain.h"

#include "harness.h"

/* Commits items that took `work` each, `apart` after one another, until a pause begins; at most `most`. */
static uint32_t commit_until_pause(struct gain *g, uint64_t *now, uint64_t work, uint64_t apart, uint32_t most)
{
    for (uint32_t i = 1; i <= most; i++) {
        *now += apart;
        if (gain_add(g, work, *now)) continue;
        gain_pause(g, *now);
        return i;
    }
    return 0;
}

TEST(a_gain_of_one_ends_speculation_and_one_of_two_does_not)
{
    struct gain g;
    uint64_t now = 1000;
    gain_init(&g);
    CHECK(commit_until_pause(&g, &now, 2000, 1000, 10 * g.stretch_items) == 0);
    CHECK(commit_until_pause(&g, &now, 1000, 1000, 2 * g.stretch_items) != 0);
    CHECK(!gain_is_rested(&g, now));
    CHECK(gain_is_rested(&g, g.until));
}

TEST(pauses_double_while_nothing_is_gained_and_shrink_when_something_is)
{
    struct gain g;
    uint64_t now = 1000, last = 0;
    gain_init(&g);
    for (int i = 0; i < 4; i++) {
        CHECK(commit_until_pause(&g, &now, 1000, 1000, 2 * g.stretch_items) != 0);
        uint64_t pause = g.until - now;
        CHECK(i == 0 ? pause == g.pause_least : pause == 2 * last);
        last = pause;
        now = g.until;
        CHECK(gain_is_rested(&g, now));
    }
    CHECK(commit_until_pause(&g, &now, 2000, 1000, 4 * g.stretch_items) == 0);
    CHECK(commit_until_pause(&g, &now, 1000, 1000, 2 * g.stretch_items) != 0);
    CHECK(g.until - now < last);
}

/* However long nothing is gained, it is tried again some time. */
TEST(pauses_are_bounded)
{
    struct gain g;
    uint64_t now = 1000;
    gain_init(&g);
    for (int i = 0; i < 100; i++) {
        CHECK(commit_until_pause(&g, &now, 1000, 1000, 2 * g.stretch_items) != 0);
        CHECK(g.until - now <= 200000000);
        now = g.until;
        CHECK(gain_is_rested(&g, now));
    }
}
