/* explain: a report as one JSON object; docs/explain.md says what the fields mean. */
#include "cli/explain/explain.h"

enum { LOCATIONS_SHOWN = 100, CHAIN_SHOWN = 1000 };

static double speedup(uint64_t serial, uint64_t other)
{
    return other == 0 ? 0 : (double)serial / (double)other;
}

static void put_key(struct buffer *out, const struct u256 *key)
{
    uint8_t word[32];
    u256_store_be(word, *key);
    json_put_hex(out, word, sizeof word);
}

static void put_limits(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, ",\"limits\":{");
    for (size_t i = 0; i < EXPLAIN_CORES; i++) buffer_printf(out, "\"%u\":%.4f,", explain_cores[i], r->limits[i]);
    buffer_printf(out, "\"any\":%.4f}", r->limit);
    buffer_append_text(out, ",\"simulated\":[");
    for (uint32_t i = 0; i < r->simulated_count; i++) {
        const struct explain_simulation *s = &r->simulated[i];
        buffer_printf(
            out, "%s{\"workers\":%u,\"ms\":%.6f,\"speedup\":%.4f,\"busy_ms\":%.6f,\"speculated\":%u,\"reruns\":%u",
            i == 0 ? "" : ",", s->workers, milliseconds(s->wall_ns), speedup(r->tx_ns + r->overhead_ns, s->wall_ns),
            milliseconds(s->busy_ns), s->speculated, s->reruns);
        if (s->fallback != NULL) {
            buffer_append_text(out, ",\"fallback\":");
            json_put_text(out, s->fallback);
        }
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

static void put_path(struct buffer *out, const struct explain_report *r)
{
    buffer_printf(out, ",\"critical_path\":{\"ms\":%.6f,\"txs\":%u,\"longest_chain\":%u,\"steps\":[",
                  milliseconds(r->path.ns), r->path.count, r->longest_chain);
    for (uint32_t i = 0; i < r->path.count && i < CHAIN_SHOWN; i++) {
        buffer_printf(out, "%s{\"tx\":%u,\"us\":%.3f", i == 0 ? "" : ",", r->path.txs[i],
                      (double)r->txs[r->path.txs[i]].ns / 1e3);
        if (r->path.via[i] != EXPLAIN_NONE)
            buffer_printf(out, ",\"location\":%u", r->graph.edges[r->path.via[i]].location);
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]}");
}

static void put_location(struct buffer *out, const struct explain_report *r, uint32_t index)
{
    const struct explain_location *l = &r->trace.locations[index];
    buffer_printf(out, "{\"location\":%u,\"account\":", index);
    json_put_hex(out, l->address.b, sizeof l->address.b);
    buffer_printf(out, ",\"field\":\"%s\"", explain_field_name(l->field));
    if (l->field == FIELD_SLOT) {
        buffer_append_text(out, ",\"slot\":");
        put_key(out, &l->key);
    }
    if (l->name != NULL) {
        buffer_append_text(out, ",\"name\":");
        json_put_text(out, l->name);
    }
    buffer_printf(out,
                  ",\"readers\":%u,\"writers\":%u,\"asked\":%u,\"no_ops\":%u,\"dependents\":%u,\"on_path\":%u,"
                  "\"conflicts\":%u,\"conflict_us\":%.3f}",
                  l->readers, l->writers, l->asked, l->no_ops, l->dependents, l->on_path, l->conflicts,
                  (double)l->conflict_ns / 1e3);
}

/* The hottest ones, and those that the critical path goes through. */
static void put_locations(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, ",\"locations\":[");
    for (uint32_t i = 0; i < r->hottest_count; i++) {
        if (i >= LOCATIONS_SHOWN && r->trace.locations[r->hottest[i]].on_path == 0) continue;
        if (i != 0) buffer_append_text(out, ",");
        put_location(out, r, r->hottest[i]);
    }
    buffer_append_text(out, "]");
}

static void put_costs(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, ",\"costs\":{");
    for (size_t f = 0; f < COUNT_OF(r->costs); f++)
        buffer_printf(out, "%s\"%s\":{\"dependents\":%u,\"conflicts\":%u,\"lost_us\":%.3f}", f == 0 ? "" : ",",
                      explain_field_name((enum block_field)f), r->costs[f].dependents, r->costs[f].conflicts,
                      (double)r->costs[f].lost_ns / 1e3);
    const struct explain_avoided *a = &r->avoided;
    buffer_printf(out,
                  "},\"avoided\":{\"credits\":%u,\"bounds\":%u,\"fees\":%u,\"nonces\":%u,\"no_ops\":%u,\"in_time\":%u,"
                  "\"grouped\":%u,\"at_head\":%u}",
                  a->credits, a->bounds, a->fees, a->nonces, a->no_ops, a->in_time, a->grouped, a->at_head);
}

static void put_transactions(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, ",\"transactions\":[");
    for (uint32_t i = 0; i < r->trace.tx_count; i++) {
        const struct explain_tx *t = &r->txs[i];
        buffer_printf(
            out,
            "%s{\"tx\":%u,\"us\":%.3f,\"gas\":%llu,\"level\":%u,\"needs\":%u,\"needed_by\":%u,\"executions\":%u,"
            "\"lost_us\":%.3f,\"waiting_us\":%.3f",
            i == 0 ? "" : ",", i, (double)t->ns / 1e3, (unsigned long long)r->gas[i], t->level, t->needs, t->needed_by,
            t->executions, (double)t->lost_ns / 1e3, (double)t->waiting_ns / 1e3);
        if (t->conflict_at != EXPLAIN_NONE) buffer_printf(out, ",\"conflict_at\":%u", t->conflict_at);
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

void explain_put_json(struct buffer *out, const struct explained *x)
{
    const struct explain_report *r = x->report;
    buffer_append_text(out, "{\"name\":");
    json_put_text(out, x->id);
    buffer_append_text(out, ",\"fork\":");
    json_put_text(out, r->task->fork->name);
    buffer_printf(
        out,
        ",\"txs\":%u,\"gas\":%llu,\"threads\":%u,\"serial_ms\":%.6f,\"parallel_ms\":%.6f,\"cpu_ms\":%.6f,"
        "\"speedup\":%.4f,\"reruns\":%u,\"speculated\":%u,\"overhead_ms\":%.6f,\"idle_ms\":%.6f,\"fallback\":",
        r->trace.tx_count, (unsigned long long)r->gas_used, r->parallel.threads, milliseconds(r->serial.wall_ns),
        milliseconds(r->parallel.wall_ns), milliseconds(r->parallel.cpu_ns),
        speedup(r->serial.wall_ns, r->parallel.wall_ns), r->parallel.reruns, r->parallel.speculated,
        milliseconds(r->overhead_ns), milliseconds(r->idle_ns));
    if (r->parallel.fallback == NULL)
        buffer_append_text(out, "null");
    else
        json_put_text(out, r->parallel.fallback);
    buffer_append_text(out, ",\"summary\":");
    json_put_text(out, r->sentence);
    put_limits(out, r);
    put_path(out, r);
    put_costs(out, r);
    put_locations(out, r);
    put_transactions(out, r);
    buffer_append_text(out, "}\n");
}
