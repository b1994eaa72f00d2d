/* What the dependencies allow: the critical path, and list scheduling. */
#include <stdlib.h>

#include "explain/explain.h"

/* ---- the graph, from node to successors -------------------------------------------------------------------------- */

struct successors {
    uint32_t *first; /* of each node, and one more */
    uint32_t *edge;  /* places in graph->edges, by `from` */
    uint32_t *waits; /* for each node: edges into it */
    uint32_t *order; /* nodes so that every edge goes forwards */
};

static void successors_make(struct successors *s, const struct explain_graph *g)
{
    s->first = base_calloc((size_t)g->node_count + 2, sizeof *s->first);
    s->edge = base_alloc(((size_t)g->edge_count + 1) * sizeof *s->edge);
    s->waits = base_calloc((size_t)g->node_count + 1, sizeof *s->waits);
    s->order = base_alloc(((size_t)g->node_count + 1) * sizeof *s->order);
    for (uint32_t i = 0; i < g->edge_count; i++) {
        s->first[g->edges[i].from + 2]++;
        s->waits[g->edges[i].to]++;
    }
    for (uint32_t i = 2; i <= g->node_count + 1; i++) s->first[i] += s->first[i - 1];
    for (uint32_t i = 0; i < g->edge_count; i++) s->edge[s->first[g->edges[i].from + 1]++] = i;

    uint32_t *left = base_alloc(((size_t)g->node_count + 1) * sizeof *left);
    memcpy(left, s->waits, g->node_count * sizeof *left);
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->node_count; i++)
        if (left[i] == 0) s->order[count++] = i;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = s->first[s->order[i]]; k < s->first[s->order[i] + 1]; k++) {
            uint32_t to = g->edges[s->edge[k]].to;
            if (--left[to] == 0) s->order[count++] = to;
        }
    ASSERT(count == g->node_count); /* there are no circles: edges go from older to younger transactions */
    free(left);
}

static void successors_free(struct successors *s)
{
    free(s->first);
    free(s->edge);
    free(s->waits);
    free(s->order);
}

static uint64_t time_of(const struct explain_graph *g, const uint64_t *ns, uint32_t node)
{
    return node < g->tx_count ? ns[node] : 0;
}

/* ---- the critical path ------------------------------------------------------------------------------------------- */

/* For each node the time of the longest chain that ends there, with it, and over which edge it comes. */
static uint64_t *longest_to(const struct explain_graph *g, const struct successors *s, const uint64_t *ns,
                            uint32_t *came_over)
{
    uint64_t *finish = base_calloc((size_t)g->node_count + 1, sizeof *finish);
    for (uint32_t i = 0; i < g->node_count; i++) came_over[i] = EXPLAIN_NONE;
    for (uint32_t i = 0; i < g->node_count; i++) {
        uint32_t node = s->order[i];
        finish[node] += time_of(g, ns, node);
        for (uint32_t k = s->first[node]; k < s->first[node + 1]; k++) {
            uint32_t to = g->edges[s->edge[k]].to;
            /* A direct edge says more than one through a join. */
            bool better = finish[node] > finish[to] ||
                          (finish[node] == finish[to] && (came_over[to] == EXPLAIN_NONE || node < g->tx_count));
            if (!better) continue;
            finish[to] = finish[node];
            came_over[to] = s->edge[k];
        }
    }
    return finish;
}

void explain_critical_path(const struct explain_graph *g, const uint64_t *ns, struct arena *arena,
                           struct explain_path *out)
{
    *out = (struct explain_path){0};
    struct successors s;
    successors_make(&s, g);
    uint32_t *came_over = base_alloc(((size_t)g->node_count + 1) * sizeof *came_over);
    uint64_t *finish = longest_to(g, &s, ns, came_over);
    uint32_t last = EXPLAIN_NONE;
    for (uint32_t i = 0; i < g->tx_count; i++)
        if (last == EXPLAIN_NONE || finish[i] > finish[last]) last = i;
    for (uint32_t at = last; at != EXPLAIN_NONE;) {
        out->count += at < g->tx_count;
        at = came_over[at] == EXPLAIN_NONE ? EXPLAIN_NONE : g->edges[came_over[at]].from;
    }
    out->ns = last == EXPLAIN_NONE ? 0 : finish[last];
    out->txs = ARENA_ARRAY(arena, uint32_t, out->count + 1);
    out->via = ARENA_ARRAY(arena, uint32_t, out->count + 1);
    uint32_t place = out->count;
    for (uint32_t at = last; at != EXPLAIN_NONE;) {
        uint32_t over = came_over[at];
        if (at < g->tx_count) {
            out->txs[--place] = at;
            out->via[place] = over; /* an edge from a join names the location as well */
        }
        at = over == EXPLAIN_NONE ? EXPLAIN_NONE : g->edges[over].from;
    }
    free(finish);
    free(came_over);
    successors_free(&s);
}

uint32_t explain_longest_chain(const struct explain_graph *g, uint32_t *levels)
{
    uint64_t *ones = base_alloc(((size_t)g->tx_count + 1) * sizeof *ones);
    for (uint32_t i = 0; i < g->tx_count; i++) ones[i] = 1;
    struct successors s;
    successors_make(&s, g);
    uint32_t *came_over = base_alloc(((size_t)g->node_count + 1) * sizeof *came_over);
    uint64_t *finish = longest_to(g, &s, ones, came_over), most = 0;
    for (uint32_t i = 0; i < g->tx_count; i++) {
        if (finish[i] > most) most = finish[i];
        if (levels != NULL) levels[i] = (uint32_t)finish[i];
    }
    free(finish);
    free(came_over);
    free(ones);
    successors_free(&s);
    return (uint32_t)most;
}

/* ---- list scheduling --------------------------------------------------------------------------------------------- */

/* A binary heap, least key first; equal keys by node. */
struct heap_item {
    uint64_t key;
    uint32_t node;
};
struct heap {
    struct heap_item *items;
    uint32_t count;
};

static bool item_less(struct heap_item a, struct heap_item b)
{
    return a.key != b.key ? a.key < b.key : a.node < b.node;
}

static void heap_put(struct heap *h, uint64_t key, uint32_t node)
{
    uint32_t i = h->count++;
    struct heap_item item = {key, node};
    for (; i > 0 && item_less(item, h->items[(i - 1) / 2]); i = (i - 1) / 2) h->items[i] = h->items[(i - 1) / 2];
    h->items[i] = item;
}

static struct heap_item heap_take(struct heap *h)
{
    struct heap_item least = h->items[0], last = h->items[--h->count];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && item_less(h->items[child + 1], h->items[child])) child++;
        if (!item_less(h->items[child], last)) break;
        h->items[i] = h->items[child];
    }
    h->items[i] = last;
    return least;
}

/* For each node the key by which it is taken: what still hangs on it, the most first, or its place. */
static uint64_t *keys_make(const struct explain_graph *g, const struct successors *s, const uint64_t *ns,
                           enum explain_priority priority)
{
    uint64_t *key = base_alloc(((size_t)g->node_count + 1) * sizeof *key);
    for (uint32_t i = 0; i < g->node_count; i++) key[i] = i;
    if (priority == EXPLAIN_IN_ORDER) return key;
    for (uint32_t i = g->node_count; i-- > 0;) {
        uint32_t node = s->order[i];
        uint64_t longest = 0;
        for (uint32_t k = s->first[node]; k < s->first[node + 1]; k++) {
            uint64_t tail = UINT64_MAX - key[g->edges[s->edge[k]].to];
            if (tail > longest) longest = tail;
        }
        key[node] = UINT64_MAX - (longest + time_of(g, ns, node));
    }
    return key;
}

struct schedule {
    const struct explain_graph *graph;
    struct successors successors;
    struct heap ready, running;
    uint64_t *key;
    uint32_t *joins; /* a stack of joins that are complete */
};

static void finish(struct schedule *s, uint32_t node)
{
    uint32_t depth = 0;
    s->joins[depth++] = node;
    while (depth != 0) {
        uint32_t from = s->joins[--depth];
        for (uint32_t k = s->successors.first[from]; k < s->successors.first[from + 1]; k++) {
            uint32_t to = s->graph->edges[s->successors.edge[k]].to;
            if (--s->successors.waits[to] != 0) continue;
            if (to < s->graph->tx_count)
                heap_put(&s->ready, s->key[to], to);
            else
                s->joins[depth++] = to;
        }
    }
}

uint64_t explain_schedule(const struct explain_graph *g, const uint64_t *ns, unsigned workers,
                          enum explain_priority priority)
{
    struct schedule s = {.graph = g};
    size_t n = (size_t)g->node_count + 1;
    successors_make(&s.successors, g);
    s.key = keys_make(g, &s.successors, ns, priority);
    s.ready.items = base_alloc(n * sizeof *s.ready.items);
    s.running.items = base_alloc(n * sizeof *s.running.items);
    s.joins = base_alloc(n * sizeof *s.joins);
    for (uint32_t i = 0; i < g->tx_count; i++)
        if (s.successors.waits[i] == 0) heap_put(&s.ready, s.key[i], i);
    uint64_t now = 0;
    while (s.ready.count != 0 || s.running.count != 0) {
        while (s.ready.count != 0 && s.running.count < workers) {
            uint32_t tx = heap_take(&s.ready).node;
            heap_put(&s.running, now + ns[tx], tx);
        }
        struct heap_item next = heap_take(&s.running);
        now = next.key;
        finish(&s, next.node);
    }
    free(s.joins);
    free(s.running.items);
    free(s.ready.items);
    free(s.key);
    successors_free(&s.successors);
    return now;
}
