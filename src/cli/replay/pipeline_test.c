/* Tests of the pipeline: what may overlap, what may not, and how it ends. */
#include "harness.h"

#include <stdlib.h>

#include "cli/replay/pipeline.h"

enum { ITEMS = 200 };

/* What was done so far; all that may not overlap is checked where it happens. */
struct course {
    _Atomic unsigned executing, delivering;
    _Atomic bool loaded[ITEMS], finished[ITEMS], executed[ITEMS], freed[ITEMS];
    size_t delivered, next;                 /* next to be executed */
    size_t refused;                         /* delivery of this one ends it all */
    _Atomic size_t set_used[PIPELINE_SETS]; /* number + 1 of the item whose results a set holds; 0: none */
    struct pool *guests[PIPELINE_SETS];
    _Atomic unsigned helped;
    uint64_t seed;
};

static void dawdle(const struct course *c, size_t i)
{
    uint64_t state = c->seed + i;
    for (uint64_t n = random_next(&state) % 2000; n > 0; n--) cpu_relax();
}

static void load(void *context, size_t i, unsigned slot)
{
    struct course *c = context;
    CHECK(slot < 64 && !atomic_load(&c->loaded[i]));
    dawdle(c, i);
    atomic_store(&c->loaded[i], true);
}

static void help_out(void *context, unsigned worker)
{
    struct course *c = context;
    if (worker != 0) atomic_fetch_add(&c->helped, 1);
    dawdle(c, worker);
}

static void execute(void *context, size_t i, unsigned slot, unsigned set, bool shared)
{
    (void)slot, (void)shared;
    struct course *c = context;
    CHECK_EQ_U64(atomic_fetch_add(&c->executing, 1), 0);
    CHECK_EQ_U64(i, c->next++);
    CHECK(atomic_load(&c->loaded[i]));
    CHECK_EQ_U64(atomic_exchange(&c->set_used[set], i + 1), 0);
    pool_run(c->guests[set], 0, help_out, c);
    atomic_store(&c->executed[i], true);
    CHECK_EQ_U64(atomic_fetch_sub(&c->executing, 1), 1);
}

static void finish(void *context, size_t i, unsigned slot, unsigned set)
{
    (void)slot;
    struct course *c = context;
    CHECK(atomic_load(&c->executed[i]) && !atomic_load(&c->finished[i]));
    dawdle(c, i + 7);
    CHECK_EQ_U64(atomic_exchange(&c->set_used[set], 0), i + 1);
    atomic_store(&c->finished[i], true);
}

static bool deliver(void *context, size_t i, unsigned slot)
{
    (void)slot;
    struct course *c = context;
    CHECK_EQ_U64(atomic_fetch_add(&c->delivering, 1), 0);
    CHECK_EQ_U64(i, c->delivered++);
    CHECK(atomic_load(&c->finished[i]));
    CHECK_EQ_U64(atomic_fetch_sub(&c->delivering, 1), 1);
    return i != c->refused;
}

static void drop(void *context, size_t i, unsigned slot)
{
    (void)slot;
    struct course *c = context;
    CHECK(i >= c->delivered && !atomic_exchange(&c->freed[i], true));
}

static _Atomic unsigned looks_left;

static bool is_stopped(void)
{
    return atomic_load(&looks_left) == 0 || atomic_fetch_sub(&looks_left, 1) == 1;
}

/* Runs `count` items on so many workers. */
static struct course *run(unsigned workers, size_t count, size_t refused, bool stops)
{
    struct course *c = base_calloc(1, sizeof *c);
    _Atomic uint32_t bell = 0;
    struct pool *pool = pool_new(workers);
    c->refused = refused;
    c->seed = harness_random();
    for (size_t i = 0; i < PIPELINE_SETS; i++) c->guests[i] = pool_new_guests(workers, &bell);
    struct pipeline_stages stages = {c, load, execute, finish, deliver, drop, stops ? is_stopped : NULL};
    size_t delivered = pipeline_run(pool, &stages, count, c->guests, &bell);
    CHECK_EQ_U64(delivered, c->delivered);
    for (size_t i = 0; i < PIPELINE_SETS; i++) pool_free(c->guests[i]);
    pool_free(pool);
    return c;
}

TEST(pipeline_takes_all_items_through_all_stages_in_order)
{
    for (unsigned workers = 1; workers <= 9; workers++)
        for (size_t count = 0; count <= ITEMS; count = count * 3 + 1) {
            struct course *c = run(workers, count, ITEMS, false);
            CHECK_EQ_U64(c->delivered, count);
            for (size_t i = 0; i < count; i++) CHECK(!c->freed[i]);
            free(c);
        }
}

TEST(pipeline_ends_where_an_item_is_refused)
{
    for (unsigned workers = 1; workers <= 5; workers++)
        for (size_t refused = 0; refused < 40; refused += 13) {
            struct course *c = run(workers, 40, refused, false);
            CHECK_EQ_U64(c->delivered, refused + 1);
            /* What was loaded behind it is dropped, each once. */
            for (size_t i = 0; i < 40; i++) CHECK(c->freed[i] == (i > refused && c->loaded[i]));
            free(c);
        }
}

TEST(pipeline_finishes_what_is_under_way_when_it_is_stopped)
{
    for (unsigned workers = 1; workers <= 5; workers++)
        for (unsigned looks = 0; looks < 100; looks += 9) {
            atomic_store(&looks_left, looks);
            struct course *c = run(workers, ITEMS, ITEMS, true);
            CHECK(c->delivered < ITEMS);
            for (size_t i = 0; i < ITEMS; i++) {
                if (c->executed[i]) CHECK(i < c->delivered);
                CHECK(c->freed[i] == (i >= c->delivered && c->loaded[i]));
            }
            free(c);
        }
}
