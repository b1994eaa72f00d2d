/* Dependencies, limits, names and the simulator on blocks small enough to work out by hand; and whole reports of
 * workloads. */
#include "explain/explain.h"

#include <stdlib.h>

#include "harness.h"
#include "parallel/plan.h"
#include "workload/workload.h"

/* ---- traces by hand ---------------------------------------------------------------------------------------------- */

enum { TXS_MAX = 16, ACCESSES_MAX = 64, PLACES = 4 };

/* A trace over four places: 0 and 1 slots, 2 a balance, 3 a nonce. */
struct scene {
    struct explain_trace trace;
    struct explain_location places[PLACES];
    struct explain_access accesses[ACCESSES_MAX];
    uint32_t first[TXS_MAX + 1];
    uint32_t count;
    struct arena arena;
};

static void scene_begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->places[0].field = s->places[1].field = FIELD_SLOT;
    s->places[1].key = U256_ONE;
    s->places[2].field = FIELD_BALANCE;
    s->places[2].start = U256(100);
    s->places[3].field = FIELD_NONCE;
    s->trace = (struct explain_trace){
        .locations = s->places, .location_count = PLACES, .accesses = s->accesses, .first = s->first};
}

static void scene_tx(struct scene *s)
{
    s->first[s->trace.tx_count++] = s->count;
    s->first[s->trace.tx_count] = s->count;
}

static void scene_access(struct scene *s, uint32_t place, enum explain_access_kind kind, uint64_t low, uint64_t high)
{
    s->accesses[s->count++] = (struct explain_access){place, kind, U256(low), U256(high)};
    s->first[s->trace.tx_count] = s->count;
}

static bool has_edge(const struct explain_graph *g, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < g->edge_count; i++)
        if (g->edges[i].from == from && g->edges[i].to == to) return true;
    return false;
}

/* Whether `to` comes behind `from`, also through joins. */
static bool depends(const struct explain_graph *g, uint32_t to, uint32_t from)
{
    if (has_edge(g, from, to)) return true;
    for (uint32_t i = 0; i < g->edge_count; i++)
        if (g->edges[i].to == to && g->edges[i].from >= g->tx_count && depends(g, g->edges[i].from, from)) return true;
    return false;
}

TEST(who_reads_what_was_written_depends_on_the_last_writer)
{
    struct scene s;
    scene_begin(&s);
    scene_tx(&s);
    scene_access(&s, 0, EXPLAIN_READ, 0, 0);
    scene_access(&s, 0, EXPLAIN_WRITE, 1, 0);
    scene_tx(&s);
    scene_access(&s, 1, EXPLAIN_READ, 0, 0);
    scene_tx(&s);
    scene_access(&s, 0, EXPLAIN_READ, 0, 0);
    scene_access(&s, 0, EXPLAIN_WRITE, 2, 0);
    scene_tx(&s);
    scene_access(&s, 0, EXPLAIN_READ, 0, 0);
    scene_access(&s, 1, EXPLAIN_NO_OP, 0, 0);
    scene_tx(&s);
    scene_access(&s, 1, EXPLAIN_READ, 0, 0);
    struct explain_graph g;
    explain_graph_make(&s.trace, &s.arena, &g);
    CHECK_EQ_U64(g.edge_count, 2);
    CHECK(has_edge(&g, 0, 2) && has_edge(&g, 2, 3));
    arena_free(&s.arena);
}

TEST(credits_commute_until_somebody_looks)
{
    struct scene s;
    scene_begin(&s);
    for (int i = 0; i < 3; i++) {
        scene_tx(&s);
        scene_access(&s, 2, EXPLAIN_ADD, 10, 0);
    }
    scene_tx(&s); /* 3: enough from the start */
    scene_access(&s, 2, EXPLAIN_BOUND, 90, UINT64_MAX);
    scene_tx(&s); /* 4: enough only behind the second credit */
    scene_access(&s, 2, EXPLAIN_BOUND, 115, UINT64_MAX);
    scene_tx(&s); /* 5: looks */
    scene_access(&s, 2, EXPLAIN_READ, 0, 0);
    scene_access(&s, 2, EXPLAIN_FEE, 1, 0);
    scene_tx(&s); /* 6: looks, too */
    scene_access(&s, 2, EXPLAIN_READ, 0, 0);
    struct explain_graph g;
    explain_graph_make(&s.trace, &s.arena, &g);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t k = 0; k < i; k++) CHECK(!depends(&g, i, k));
    CHECK(depends(&g, 4, 0) && depends(&g, 4, 1) && !depends(&g, 4, 2));
    for (uint32_t k = 0; k < 3; k++) CHECK(depends(&g, 5, k) && depends(&g, 6, k));
    CHECK(depends(&g, 6, 5));
    CHECK(!depends(&g, 6, 4));
    arena_free(&s.arena);
}

TEST(of_a_nonce_only_whether_it_is_zero_matters)
{
    struct scene s;
    scene_begin(&s);
    for (uint64_t i = 1; i <= 2; i++) {
        scene_tx(&s); /* a sender's: nothing is read */
        scene_access(&s, 3, EXPLAIN_WRITE, i, 0);
    }
    scene_tx(&s); /* whether the account is empty */
    scene_access(&s, 3, EXPLAIN_BOUND, 1, UINT64_MAX);
    struct explain_graph g;
    explain_graph_make(&s.trace, &s.arena, &g);
    CHECK_EQ_U64(g.edge_count, 1);
    CHECK(has_edge(&g, 0, 2));
    arena_free(&s.arena);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/*   0 ──► 2 ──► 3      4, 5 free; the join 6 stands for "0 and 1", which 5 waits for in the second test */
static struct explain_edge diamond[] = {{0, 2, 0}, {2, 3, 0}, {0, 6, 0}, {1, 6, 0}, {6, 5, 0}};

TEST(the_critical_path_is_the_longest_chain_in_time)
{
    struct explain_graph g = {.tx_count = 6, .node_count = 6, .edges = diamond, .edge_count = 2};
    uint64_t ns[6] = {10, 5, 20, 30, 40, 1};
    struct arena arena = {0};
    struct explain_path p;
    explain_critical_path(&g, ns, &arena, &p);
    CHECK_EQ_U64(p.ns, 60);
    CHECK_EQ_U64(p.count, 3);
    CHECK(p.txs[0] == 0 && p.txs[1] == 2 && p.txs[2] == 3);
    CHECK(p.via[0] == EXPLAIN_NONE && p.via[1] == 0 && p.via[2] == 1);
    uint32_t levels[6];
    CHECK_EQ_U64(explain_longest_chain(&g, levels), 3);
    CHECK(levels[0] == 1 && levels[3] == 3 && levels[4] == 1);
    ns[4] = 100; /* now one alone is the longest */
    explain_critical_path(&g, ns, &arena, &p);
    CHECK(p.count == 1 && p.txs[0] == 4 && p.ns == 100);
    arena_free(&arena);
}

TEST(list_scheduling_gives_known_makespans)
{
    uint64_t ns[6] = {10, 5, 20, 30, 40, 1};
    struct explain_graph none = {.tx_count = 6, .node_count = 6};
    CHECK_EQ_U64(explain_schedule(&none, ns, 1, EXPLAIN_IN_ORDER), 106);
    CHECK_EQ_U64(explain_schedule(&none, ns, 6, EXPLAIN_IN_ORDER), 40);
    CHECK_EQ_U64(explain_schedule(&none, ns, 2, EXPLAIN_LONGEST_FIRST), 55); /* 40+10+5 | 30+20+1 */
    struct explain_graph chain = {.tx_count = 6, .node_count = 6, .edges = diamond, .edge_count = 2};
    CHECK_EQ_U64(explain_schedule(&chain, ns, 64, EXPLAIN_LONGEST_FIRST), 60);
    CHECK_EQ_U64(explain_schedule(&chain, ns, 2, EXPLAIN_LONGEST_FIRST), 60);
    struct explain_graph join = {.tx_count = 6, .node_count = 7, .edges = diamond, .edge_count = 5};
    uint64_t slow[6] = {10, 50, 1, 1, 1, 7};
    CHECK_EQ_U64(explain_schedule(&join, slow, 64, EXPLAIN_LONGEST_FIRST), 57); /* 5 waits for 1 through the join */
    struct explain_graph empty = {0};
    CHECK_EQ_U64(explain_schedule(&empty, NULL, 4, EXPLAIN_IN_ORDER), 0);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static struct u256 hash_of(struct explain_trace *t, struct explain_preimage *all, const uint8_t *bytes, uint32_t size)
{
    struct explain_preimage *p = &all[t->preimage_count++];
    keccak256(&p->hash, bytes, size);
    p->bytes = bytes;
    p->size = size;
    return u256_load_be(p->hash.b);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct explain_preimage *)a)->hash.b, ((const struct explain_preimage *)b)->hash.b, 32);
}

TEST(slots_get_names_from_hashes_and_layouts)
{
    static const struct explain_member account[] = {
        {"balance", {{0}}, 0, "t_uint128"}, {"debt", {{0}}, 16, "t_uint128"}, {"since", {{1}}, 0, "t_uint256"}};
    static const struct explain_type types[] = {
        {.id = "t_uint128", .label = "uint128", .size = 16},
        {.id = "t_uint256", .label = "uint256", .size = 32},
        {.id = "t_address", .label = "address", .size = 20},
        {.id = "t_account", .label = "struct Account", .size = 64, .members = account, .member_count = 3},
        {.id = "t_inner", .label = "", .encoding = TYPE_MAPPING, .size = 32, .key = "t_uint256", .value = "t_account"},
        {.id = "t_outer", .label = "", .encoding = TYPE_MAPPING, .size = 32, .key = "t_address", .value = "t_inner"},
        {.id = "t_list", .label = "uint256[]", .encoding = TYPE_ARRAY, .size = 32, .base = "t_uint256"}};
    static const struct explain_member variables[] = {
        {"owner", {{0}}, 0, "t_address"}, {"accounts", {{3}}, 0, "t_outer"}, {"list", {{4}}, 0, "t_list"}};
    struct explain_layout layout = {
        .address = {{7}}, .variables = variables, .variable_count = 3, .types = types, .type_count = 7};

    struct explain_preimage preimages[4];
    struct explain_trace t = {.preimages = preimages};
    static uint8_t outer[64], inner[64], list[32];
    memset(outer + 12, 0xab, 20);
    outer[63] = 3;
    struct u256 first = hash_of(&t, preimages, outer, 64);
    inner[31] = 9;
    u256_store_be(inner + 32, first);
    struct u256 second = hash_of(&t, preimages, inner, 64);
    list[31] = 4;
    struct u256 third = hash_of(&t, preimages, list, 32);
    qsort(preimages, t.preimage_count, sizeof *preimages, by_hash);

    struct {
        struct u256 key;
        const char *with, *without;
    } cases[] = {
        {U256(0), "owner", "slot 0"},
        {second, "accounts[0xabababababababababababababababababababab][9].{balance, debt}",
         "mapping at slot 3 [0xabababababababababababababababababababab][9]"},
        {u256_add(second, U256_ONE), "accounts[0xabababababababababababababababababababab][9].since",
         "mapping at slot 3 [0xabababababababababababababababababababab][9] + 1"},
        {U256(4), "list.length", "slot 4"},
        {u256_add(third, U256(5)), "list[5]", "array at slot 4 [word 5]"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct explain_location place = {.address = {{7}}, .field = FIELD_SLOT, .key = cases[i].key};
        t.locations = &place;
        t.location_count = 1;
        explain_name_slots(&t, &layout, 1, &arena);
        CHECK_TEXT(place.name, cases[i].with);
        explain_name_slots(&t, NULL, 0, &arena);
        CHECK_TEXT(place.name, cases[i].without);
    }
    struct explain_location nowhere = {.field = FIELD_SLOT, .key = U256_MAX};
    t.locations = &nowhere;
    explain_name_slots(&t, NULL, 0, &arena);
    CHECK(nowhere.name == NULL);
    arena_free(&arena);
}

/* ---- whole reports, and the simulator ---------------------------------------------------------------------------- */

static void check_simulations(const struct explain_report *r)
{
    uint64_t total = r->tx_ns + r->overhead_ns;
    CHECK_EQ_U64(r->simulated[0].wall_ns, total); /* one worker is the serial run */
    for (uint32_t i = 0; i < r->simulated_count; i++) {
        const struct explain_simulation *s = &r->simulated[i];
        /* Nobody is faster than the critical path, but that a transaction reads half way: until then it may run beside
         * the one that it needs. */
        CHECK(s->wall_ns >= r->path.ns / 2 + r->overhead_ns);
        CHECK(s->wall_ns * s->workers >= r->tx_ns); /* or than so many workers can be */
        CHECK(s->busy_ns >= r->tx_ns);
        CHECK(s->wall_ns < 2 * total + 10000000);
    }
    for (size_t i = 0; i + 1 < EXPLAIN_CORES; i++) CHECK(r->limits[i] <= r->limit * 1.0001);
}

static void explain_workload(const char *name, uint64_t size, struct explain_how *how,
                             void (*check)(const struct explain_report *r, const struct workload_block *b))
{
    struct workload_block b;
    struct workload_shape shape = {.size = size, .seed = harness_random()};
    CHECK_STATUS(workload_make(&b, workload_find(name), &fork_osaka, &shape, NULL), STATUS_OK);
    struct state_view view = state_memory_view(b.state);
    struct block_task task = workload_task(&b, &view);
    struct explain_report r;
    CHECK_STATUS(explain_block(how, &task, &r, NULL), STATUS_OK);
    check_simulations(&r);
    check(&r, &b);
    struct explain_case c = {&task, &r.trace, &r.graph, NULL, r.gas, r.overhead_ns};
    uint64_t *ns = base_alloc((b.count + 1) * sizeof *ns);
    for (uint32_t i = 0; i < b.count; i++) ns[i] = r.txs[i].ns;
    c.ns = ns;
    struct explain_simulation again;
    for (uint32_t i = 0; i < r.simulated_count; i++) {
        explain_simulate(&c, r.simulated[i].workers, &explain_costs_measured, &again);
        CHECK_EQ_U64(again.wall_ns, r.simulated[i].wall_ns);
        CHECK_EQ_U64(again.reruns, r.simulated[i].reruns);
    }
    free(ns);
    explain_free(&r);
    workload_free(&b);
}

/* The workload knows what waits for what; the report must find the same. */
static void check_as_made(const struct explain_report *r, const struct workload_block *b)
{
    uint32_t waiting = 0, expected = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        waiting += r->txs[i].level > 1;
        expected += b->after[i] != 0 && i != 0;
    }
    CHECK_EQ_U64(waiting, expected);
    for (uint32_t i = 0; i < r->graph.edge_count; i++) {
        const struct explain_edge *e = &r->graph.edges[i];
        if (e->to < b->count && e->from < b->count && b->after[e->to] != WORKLOAD_AFTER_ALL)
            CHECK(b->after[e->to] == e->from + 1);
    }
}

TEST(reports_find_the_dependencies_that_workloads_were_made_with)
{
    static const char *const names[] = {"transfers",        "erc20",       "uniswap-like", "hybrid",
                                        "pay-one",          "nonce-chain", "chain",        "hot-counter",
                                        "coinbase-readers", "giant",       "half-chain",   "deploy-then-call"};
    static const unsigned workers[] = {1, 2, 5, 16, 64};
    struct explain_how how = {
        .serial = engine_new(1), .parallel = engine_new(3), .repeat = 1, .workers = workers, .worker_count = 5};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        explain_workload(names[i], 60 + harness_random_below(200), &how, check_as_made);
    engine_free(how.serial);
    engine_free(how.parallel);
}

static void check_chain(const struct explain_report *r, const struct workload_block *b)
{
    CHECK_EQ_U64(r->path.count, b->count);
    CHECK_EQ_U64(r->longest_chain, b->count);
    CHECK(strstr(r->sentence, "cannot run faster than serially") != NULL);
    CHECK(r->costs[FIELD_SLOT].dependents == b->count - 1);
}

static void check_payments(const struct explain_report *r, const struct workload_block *b)
{
    CHECK_EQ_U64(r->longest_chain, 1);
    CHECK_EQ_U64(r->avoided.credits, b->count - 1); /* to the shop */
    CHECK_EQ_U64(r->avoided.fees, b->count - 1);
    CHECK(strstr(r->sentence, "No transaction of this block needs") != NULL);
}

TEST(reports_say_what_is_in_the_way_and_what_is_not)
{
    static const unsigned workers[] = {1, 8};
    struct explain_how how = {
        .serial = engine_new(1), .parallel = engine_new(2), .repeat = 2, .workers = workers, .worker_count = 2};
    engine_share_always(how.parallel, true);
    explain_workload("hot-counter", 100, &how, check_chain);
    explain_workload("pay-one", 100, &how, check_payments);
    engine_free(how.serial);
    engine_free(how.parallel);
}

static uint32_t asked;

static bool stopped_at_once(void)
{
    asked++;
    return true;
}

/* A report of a block whose runs were cut short is one of those that were made. */
TEST(runs_can_be_stopped_after_the_first)
{
    static const unsigned workers[] = {1};
    struct explain_how how = {.serial = engine_new(1),
                              .parallel = engine_new(2),
                              .repeat = UINT32_C(1) << 16,
                              .workers = workers,
                              .worker_count = 1,
                              .stopped = stopped_at_once};
    asked = 0;
    explain_workload("hybrid", 60, &how, check_as_made);
    CHECK_EQ_U64(asked, 1);
    engine_free(how.serial);
    engine_free(how.parallel);
}

TEST(a_report_of_an_empty_block_says_so)
{
    struct workload_block b = {.fork = &fork_osaka, .state = state_memory_new(), .transactions_only = true};
    b.header.field_count = block_header_fields(&fork_osaka);
    struct state_view view = state_memory_view(b.state);
    struct block_task task = workload_task(&b, &view);
    static const unsigned workers[] = {4};
    struct explain_how how = {
        .serial = engine_new(1), .parallel = engine_new(2), .repeat = 1, .workers = workers, .worker_count = 1};
    struct explain_report r;
    CHECK_STATUS(explain_block(&how, &task, &r, NULL), STATUS_OK);
    CHECK_TEXT(r.sentence, "This block has no transactions.");
    explain_free(&r);
    engine_free(how.serial);
    engine_free(how.parallel);
    workload_free(&b);
}
