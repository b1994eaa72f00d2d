/* Choices: one number for each point of a run at which something else could happen. A run is the same again when its
 * choices are. */
#include "explore.h"

enum { POINTS_MAX = 6, PICKS_MAX = 1 << 17 };

/* A choice of a search depth first. */
struct branch {
    uint32_t at, way, ways;
    bool deviates; /* counts when it is not the first way */
};

uint32_t choices_at, choices_quiet, choices_quiet_values, choices_values, choices_allowed;
bool choices_at_value, choices_at_call;
uint32_t choices_fibers;

enum mode { DEFAULT, RANDOM, REPLAY, DEPTH_FIRST };

static struct {
    enum mode mode;
    struct schedule made;

    /* at random */
    uint64_t random;
    uint32_t gap;   /* choices between two switches, at most; 0: at the points below */
    bool at_values; /* only steps at values count */
    uint32_t points[POINTS_MAX], point_count, point, next_point;
    uint32_t stale_in, delay_in; /* an older value, a delayed store: once in so many */
    uint32_t near_in;            /* a preemption behind the mutant's place: once in so many; 0: none */
    uint32_t near, quiet;        /* the choice it comes at, 0: none is due; choices_quiet otherwise */
    bool holds;                  /* who is preempted may be held: goes on when nobody else can */
    uint32_t held;               /* a bit for each fiber */

    /* again */
    const struct schedule *again;
    uint32_t again_at;

    /* depth first */
    struct branch *branches;
    uint32_t branch_count, branch_capacity, branch, deviations, deviations_max;
} c;

void schedule_add(struct schedule *s, uint32_t at, uint32_t way)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity == 0 ? 256 : s->capacity * 2;
        s->picks = base_realloc(s->picks, s->capacity * sizeof *s->picks);
    }
    s->picks[s->count++] = (struct pick){at, way};
}

static void begin(enum mode mode)
{
    c.mode = mode;
    choices_at = 0;
    choices_quiet = choices_quiet_values = choices_values = 0;
    c.made.count = 0;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random_next(&c.random) >> 32) * n >> 32);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void next_point(void)
{
    if (c.gap != 0)
        choices_quiet = choices_at + 1 + below(c.gap);
    else
        c.next_point = c.point < c.point_count ? c.points[c.point++] : UINT32_MAX;
    if (c.gap == 0) *(c.at_values ? &choices_quiet_values : &choices_quiet) = c.next_point;
}

/* Either bursts of steps of one worker after the other, or few switches anywhere: some faults need many, most need one
 * or two at the right places. */
void choices_random(uint64_t seed)
{
    static const uint32_t gaps[] = {1, 4, 12, 40, 120, 400, 0, 0, 0, 0};
    static const uint32_t rare[] = {2, 4, 16, 64};
    static const uint32_t nears[] = {0, 2, 4, 16};
    /* Of the run before, which most likely was of the same block. */
    uint32_t length = choices_at, values = choices_values;
    begin(RANDOM);
    c.random = seed;
    c.gap = gaps[below(COUNT_OF(gaps))];
    c.stale_in = rare[below(COUNT_OF(rare))];
    c.delay_in = rare[below(COUNT_OF(rare))];
    c.near = 0;
    c.near_in = sites_is_mutant ? nears[below(COUNT_OF(nears))] : 0;
    c.at_values = c.gap == 0 && below(2) == 0;
    c.holds = below(2) == 0;
    c.held = 0;
    if (c.at_values) length = values;
    c.point = 0;
    c.point_count = 1 + below(POINTS_MAX);
    for (uint32_t i = 0; i < c.point_count; i++) {
        uint32_t point = below(length + 1), k = i;
        for (; k > 0 && c.points[k - 1] > point; k--) c.points[k] = c.points[k - 1];
        c.points[k] = point;
    }
    next_point();
}

void choices_replay(const struct schedule *s)
{
    begin(REPLAY);
    c.again = s;
    c.again_at = 0;
}

void choices_first(uint32_t deviations)
{
    begin(DEPTH_FIRST);
    c.branch_count = c.branch = c.deviations = 0;
    c.deviations_max = deviations;
}

bool choices_next(void)
{
    while (c.branch_count > 0 && c.branches[c.branch_count - 1].way + 1 == c.branches[c.branch_count - 1].ways)
        c.branch_count--;
    if (c.branch_count == 0) return false;
    c.branches[c.branch_count - 1].way++;
    begin(DEPTH_FIRST);
    c.branch = c.deviations = 0;
    return true;
}

void choices_near_mutant(bool between)
{
    enum { STEPS_NEAR = 4 };
    if (c.mode != RANDOM || c.near_in == 0 || (c.near != 0 && !between) || below(c.near_in) != 0) return;
    /* The next choice is at the place itself, before it is executed. */
    c.near = choices_at + 1 + (between ? 0 : below(2) * (1 + below(STEPS_NEAR)));
    c.quiet = choices_quiet;
    choices_quiet = least(choices_quiet, c.near);
}

/* Which of choices_fibers goes on, from 0: none that is held, if another can. */
static uint32_t choose_fiber(void)
{
    uint32_t free = choices_fibers & ~c.held, from = free != 0 ? free : choices_fibers;
    uint32_t bit = from, skip = below((uint32_t)__builtin_popcount(from));
    while (skip-- > 0) bit &= bit - 1;
    bit &= -bit;
    c.held &= ~bit;
    return (uint32_t)__builtin_popcount(choices_fibers & (bit - 1));
}

/* Somebody else goes on; who runs now may be held. */
static uint32_t preempt(bool hold)
{
    if (hold && (choices_fibers & ~c.held) != 0) c.held |= 1u << fiber_running;
    return 1 + choose_fiber();
}

static uint32_t choose_random(uint32_t ways, enum choice_kind kind)
{
    switch (kind) {
    case CHOICE_PREEMPT: {
        if (c.near != 0 && choices_at >= c.near) {
            c.near = 0;
            choices_quiet = c.quiet;
            return preempt(c.holds);
        }
        bool is_sleepy = choices_at_call && c.holds;
        choices_at_call = false;
        if (is_sleepy && below(4) == 0) return preempt(below(2) == 0);
        if (c.at_values ? !choices_at_value || choices_values < c.next_point : choices_at < choices_quiet) return 0;
        next_point();
        return c.gap != 0 && below(ways) == 0 ? 0 : preempt(c.holds && c.gap == 0 && below(2) == 0);
    }
    case CHOICE_NEXT: return choose_fiber();
    case CHOICE_SPIN: return below(ways);
    case CHOICE_STALE:
        if (UNLIKELY(choices_allowed + 1 < ways) && below(4) != 0)
            return choices_allowed + 1 + below(ways - 1 - choices_allowed);
        return below(c.stale_in) != 0 ? 0 : 1 + below(ways - 1);
    case CHOICE_DELAY: return below(c.delay_in) != 0 ? 0 : 1;
    }
    return 0;
}

static uint32_t choose_again(void)
{
    while (c.again_at < c.again->count && c.again->picks[c.again_at].at < choices_at) c.again_at++;
    if (c.again_at == c.again->count || c.again->picks[c.again_at].at != choices_at) return 0;
    return c.again->picks[c.again_at++].way;
}

/* Who runs after a worker went to sleep is no deviation: somebody must. */
static uint32_t choose_depth_first(uint32_t ways, enum choice_kind kind)
{
    bool deviates = kind != CHOICE_NEXT;
    if (c.branch < c.branch_count) {
        const struct branch *b = &c.branches[c.branch];
        if (b->at != choices_at) return 0; /* there were no deviations left */
        c.branch++;
        c.deviations += b->deviates && b->way != 0;
        return b->way;
    }
    if (deviates && c.deviations >= c.deviations_max) {
        choices_quiet = UINT32_MAX;
        return 0;
    }
    if (c.branch_count == c.branch_capacity) {
        c.branch_capacity = c.branch_capacity == 0 ? 4096 : c.branch_capacity * 2;
        c.branches = base_realloc(c.branches, c.branch_capacity * sizeof *c.branches);
    }
    c.branches[c.branch_count++] = (struct branch){choices_at, 0, ways, deviates};
    c.branch++;
    return 0;
}

uint32_t choose(uint32_t ways, enum choice_kind kind)
{
    uint32_t way = 0;
    choices_at++;
    switch (c.mode) {
    case RANDOM: way = choose_random(ways, kind); break;
    case REPLAY: way = choose_again(); break;
    case DEPTH_FIRST: way = choose_depth_first(ways, kind); break;
    case DEFAULT: break;
    }
    if (LIKELY(way == 0)) return 0;
    if (way >= ways || c.made.count == PICKS_MAX) return 0;
    schedule_add(&c.made, choices_at, way);
    return way;
}

const struct schedule *choices_made(void)
{
    return &c.made;
}
