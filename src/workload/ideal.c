/* What the dependencies of a workload, which are known from how it is made, allow. */
#include <stdlib.h>

#include "explain/explain.h"
#include "workload/workload.h"

/* The graph of a workload. "All before it" is a join that everything before it runs into; the next such join stands
 * behind it. */
static void graph_make(const struct workload_block *b, struct explain_graph *out)
{
    uint32_t joins = 0, last = 0, count = 0; /* `last`: transactions in front of the newest join */
    struct explain_edge *edges = base_alloc((4 * (size_t)b->count + 1) * sizeof *edges);
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t after = b->after[i];
        if (after == WORKLOAD_AFTER_ALL && i != 0) {
            uint32_t join = b->count + joins++;
            if (joins > 1) edges[count++] = (struct explain_edge){join - 1, join, 0};
            for (; last < i; last++) edges[count++] = (struct explain_edge){last, join, 0};
            edges[count++] = (struct explain_edge){join, i, 0};
        } else if (after != WORKLOAD_AFTER_ALL && after != 0) {
            ASSERT(after <= i);
            edges[count++] = (struct explain_edge){after - 1, i, 0};
        }
    }
    *out = (struct explain_graph){
        .tx_count = b->count, .node_count = b->count + joins, .edges = edges, .edge_count = count};
}

double workload_ideal(const struct workload_block *b, const struct tx_result *results, unsigned threads)
{
    uint64_t total = 0, *gas = base_alloc(((size_t)b->count + 1) * sizeof *gas);
    for (uint32_t i = 0; i < b->count; i++) total += gas[i] = results[i].gas_used;
    struct explain_graph graph;
    graph_make(b, &graph);
    uint64_t needed = explain_schedule(&graph, gas, threads, EXPLAIN_IN_ORDER);
    free(graph.edges);
    free(gas);
    return needed == 0 ? 1 : (double)total / (double)needed;
}
