/* From reads and writes to what truly depends on what. */
#include <stdlib.h>

#include "explain/explain.h"

/* Who changed a location so far, and what it came to each time. */
struct history {
    uint32_t last; /* writer; EXPLAIN_NONE */
    /* Balances and nonces: all writers, and the values behind them; values[0] is the one before the block. */
    uint32_t *writers;
    struct u256 *values;
    uint32_t count, capacity;
    struct u256 least, most; /* of the values that are not the newest */
    uint32_t join, joined;   /* the newest join and how many writers stand before it */
};

struct maker {
    const struct explain_trace *trace;
    struct arena *arena;
    struct history *histories;
    struct explain_edge *edges; /* on the heap until the end */
    uint32_t *join_of;
    uint32_t edge_count, edge_capacity, join_count, join_capacity;
};

static void add_edge(struct maker *m, uint32_t from, uint32_t to, uint32_t location)
{
    if (m->edge_count == m->edge_capacity) {
        m->edge_capacity = m->edge_capacity == 0 ? 1024 : m->edge_capacity * 2;
        m->edges = base_realloc(m->edges, m->edge_capacity * sizeof *m->edges);
    }
    m->edges[m->edge_count++] = (struct explain_edge){from, to, location};
}

static uint32_t add_join(struct maker *m, uint32_t tx)
{
    if (m->join_count == m->join_capacity) {
        m->join_capacity = m->join_capacity == 0 ? 64 : m->join_capacity * 2;
        m->join_of = base_realloc(m->join_of, m->join_capacity * sizeof *m->join_of);
    }
    m->join_of[m->join_count] = tx;
    return m->trace->tx_count + m->join_count++;
}

static bool keeps_values(const struct explain_location *l)
{
    return l->field == FIELD_BALANCE || l->field == FIELD_NONCE;
}

static void note_write(struct maker *m, uint32_t location, uint32_t tx, struct u256 value)
{
    struct history *h = &m->histories[location];
    h->last = tx;
    if (!keeps_values(&m->trace->locations[location])) return;
    if (h->count == 0 || h->count + 1 >= h->capacity) {
        h->capacity = h->capacity == 0 ? 8 : h->capacity * 2;
        h->writers = base_realloc(h->writers, h->capacity * sizeof *h->writers);
        h->values = base_realloc(h->values, h->capacity * sizeof *h->values);
    }
    if (h->count == 0) h->values[0] = h->least = h->most = m->trace->locations[location].start;
    struct u256 newest = h->values[h->count];
    if (u256_less(newest, h->least)) h->least = newest;
    if (u256_less(h->most, newest)) h->most = newest;
    h->writers[h->count++] = tx;
    h->values[h->count] = value;
}

static struct u256 newest_value(const struct maker *m, uint32_t location)
{
    const struct history *h = &m->histories[location];
    return h->count == 0 ? m->trace->locations[location].start : h->values[h->count];
}

/* `tx` needs the first `count` changes of a location. */
static void need(struct maker *m, uint32_t location, uint32_t tx, uint32_t count)
{
    struct history *h = &m->histories[location];
    if (count == 0) return;
    bool adds_up = m->trace->locations[location].field == FIELD_BALANCE;
    uint32_t last = h->writers[count - 1];
    if (!adds_up || count == 1) {
        add_edge(m, last, tx, location);
        return;
    }
    if (count > h->joined) {
        uint32_t join = add_join(m, tx);
        if (h->joined != 0) add_edge(m, h->join, join, location);
        for (uint32_t i = h->joined; i < count; i++) add_edge(m, h->writers[i], join, location);
        h->join = join;
        h->joined = count;
    }
    add_edge(m, h->join, tx, location);
    add_edge(m, last, tx, location);
}

/* How many changes must have been made for low <= value <= high to hold from there on. */
static uint32_t changes_until(const struct history *h, const struct u256 *low, const struct u256 *high)
{
    if (h->count == 0 || (!u256_less(h->least, *low) && !u256_less(*high, h->most))) return 0;
    uint32_t count = h->count;
    while (count > 0 && !u256_less(h->values[count - 1], *low) && !u256_less(*high, h->values[count - 1])) count--;
    return count;
}

static void read_access(struct maker *m, uint32_t tx, const struct explain_access *a)
{
    struct history *h = &m->histories[a->location];
    if (a->kind == EXPLAIN_BOUND) {
        need(m, a->location, tx, changes_until(h, &a->low, &a->high));
    } else if (a->kind == EXPLAIN_READ) {
        if (keeps_values(&m->trace->locations[a->location]))
            need(m, a->location, tx, h->count);
        else if (h->last != EXPLAIN_NONE)
            add_edge(m, h->last, tx, a->location);
    }
}

static void write_access(struct maker *m, uint32_t tx, const struct explain_access *a)
{
    if (a->kind == EXPLAIN_WRITE)
        note_write(m, a->location, tx, a->low);
    else if (a->kind == EXPLAIN_ADD || a->kind == EXPLAIN_FEE)
        note_write(m, a->location, tx, u256_add(newest_value(m, a->location), a->low));
}

void explain_graph_make(const struct explain_trace *t, struct arena *arena, struct explain_graph *out)
{
    struct maker m = {.trace = t, .arena = arena};
    m.histories = base_calloc(t->location_count + 1, sizeof *m.histories);
    for (uint32_t i = 0; i < t->location_count; i++) m.histories[i].last = EXPLAIN_NONE;
    for (uint32_t tx = 0; tx < t->tx_count; tx++) {
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++) read_access(&m, tx, &t->accesses[i]);
        for (uint32_t i = t->first[tx]; i < t->first[tx + 1]; i++) write_access(&m, tx, &t->accesses[i]);
    }
    *out = (struct explain_graph){.tx_count = t->tx_count,
                                  .node_count = t->tx_count + m.join_count,
                                  .edges = arena_copy(arena, m.edges, m.edge_count * sizeof *m.edges),
                                  .edge_count = m.edge_count,
                                  .join_of = arena_copy(arena, m.join_of, m.join_count * sizeof *m.join_of)};
    for (uint32_t i = 0; i < t->location_count; i++) {
        free(m.histories[i].writers);
        free(m.histories[i].values);
    }
    free(m.histories);
    free(m.edges);
    free(m.join_of);
}
