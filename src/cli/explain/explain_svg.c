/* explain: the drawings of the page. Coordinates are fixed in user units and scaled by the page; what a shape is stands
 * in its <title>, which browsers show without any script and which the script turns into a quicker tooltip. */
#include "cli/explain/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- speed-ups over cores ---------------------------------------------------------------------------------------- */

static const double chart_w = 420, chart_h = 240, chart_left = 36, chart_bottom = 24, chart_steps = 6;

/* Both axes are logarithmic: 1, 2, 4, ... 64. */
static double chart_x(double cores)
{
    return chart_left + log2(cores) / chart_steps * (chart_w - chart_left - 12);
}
static double chart_y(double speedup)
{
    double at = log2(speedup < 0.71 ? 0.71 : speedup);
    return chart_h - chart_bottom - (at + 0.5) / (chart_steps + 0.5) * (chart_h - chart_bottom - 8);
}

static void put_mark(struct buffer *out, const char *class, double cores, double speedup, const char *what)
{
    buffer_printf(out,
                  "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>%s, %g cores: %.2f</title></circle>",
                  class, chart_x(cores), chart_y(speedup), what, cores, speedup);
}

void explain_draw_limits(struct buffer *out, const struct explain_report *r)
{
    buffer_printf(out, "<svg class=\"chart\" viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"speed-up over cores\">",
                  chart_w, chart_h);
    for (unsigned n = 1; n <= 64; n *= 2) {
        buffer_printf(out, "<line class=\"grid\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>", chart_left,
                      chart_w - 12, chart_y(n), chart_y(n));
        buffer_printf(out, "<text class=\"axis\" x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%u×</text>", chart_left - 6,
                      chart_y(n) + 4, n);
        buffer_printf(out, "<text class=\"axis\" x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%u</text>", chart_x(n),
                      chart_h - 6, n);
    }
    buffer_printf(out, "<line class=\"ideal\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", chart_x(1),
                  chart_y(1), chart_x(64), chart_y(64));
    buffer_printf(out, "<polyline class=\"limit\" points=\"%.1f,%.1f", chart_x(1), chart_y(1));
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        buffer_printf(out, " %.1f,%.1f", chart_x(explain_cores[i]), chart_y(r->limits[i]));
    buffer_append_text(out, "\"/>");
    for (size_t i = 0; i < EXPLAIN_CORES; i++) put_mark(out, "limit-mark", explain_cores[i], r->limits[i], "possible");
    uint64_t whole = r->tx_ns + r->overhead_ns;
    if (r->simulated_count != 0) {
        buffer_append_text(out, "<polyline class=\"simulated\" points=\"");
        for (uint32_t i = 0; i < r->simulated_count; i++)
            buffer_printf(out, "%s%.1f,%.1f", i == 0 ? "" : " ", chart_x(r->simulated[i].workers),
                          chart_y((double)whole / (double)r->simulated[i].wall_ns));
        buffer_append_text(out, "\"/>");
    }
    for (uint32_t i = 0; i < r->simulated_count; i++)
        put_mark(out, "simulated-mark", r->simulated[i].workers, (double)whole / (double)r->simulated[i].wall_ns,
                 "simulated scheduler");
    if (r->parallel.wall_ns != 0)
        put_mark(out, "reached-mark", r->parallel.threads, (double)r->serial.wall_ns / (double)r->parallel.wall_ns,
                 "measured");
    buffer_append_text(out, "</svg>");
}

/* ---- the timeline ------------------------------------------------------------------------------------------------ */

enum {
    LINE_W = 1000,
    LINE_LABELS = 76, /* left of it */
    LANE_H = 22,
    LANE_STEP = 28,
    SHAPES_MAX = 6000, /* of a drawing; beyond that neighbours are drawn as one */
    TICKS = 8,
};

struct lane {
    struct buffer *out;
    double scale; /* units per nanosecond */
    double merge; /* what is closer together than this is drawn as one */
    int y;
    /* the shape that is being collected */
    const char *class;
    double from, to;
    uint32_t first, count;
    uint64_t ns;
    bool is_wait;
};

static void lane_flush(struct lane *l)
{
    if (l->class == NULL) return;
    double width = l->to - l->from;
    buffer_printf(l->out, "<rect class=\"%s\" x=\"%.3f\" y=\"%d\" width=\"%.3f\" height=\"%d\"><title>", l->class,
                  l->from, l->y, width < 0.15 ? 0.15 : width, LANE_H);
    if (l->is_wait)
        buffer_printf(l->out, "waits, %.1f µs", microseconds(l->ns));
    else if (l->count == 1)
        buffer_printf(l->out, "transaction %u, %s, %.1f µs", l->first, l->class, microseconds(l->ns));
    else
        buffer_printf(l->out, "%u transactions from %u on, %s, %.1f µs", l->count, l->first, l->class,
                      microseconds(l->ns));
    buffer_append_text(l->out, "</title></rect>");
    l->class = NULL;
}

static void lane_put(struct lane *l, const char *class, uint32_t tx, uint64_t start, uint64_t end, bool is_wait)
{
    double from = (double)start * l->scale, to = (double)end * l->scale;
    if (l->class == class && l->merge > 0 && from - l->to < l->merge && to - l->from < 4 * l->merge) {
        l->to = to;
        l->count++;
        l->ns += end - start;
        return;
    }
    lane_flush(l);
    l->class = class;
    l->from = from;
    l->to = to;
    l->first = tx;
    l->count = 1;
    l->ns = end - start;
    l->is_wait = is_wait;
}

/* The word is the class of the shape, too. */
static const char *event_class(const struct explain_report *r, const struct block_event *e)
{
    switch ((enum block_event_kind)e->kind) {
    case EVENT_RUN: return r->txs[e->tx].conflict_at != EXPLAIN_NONE || r->txs[e->tx].executions > 1 ? "rerun" : "run";
    case EVENT_SPECULATE: return e->wasted || r->txs[e->tx].lost_ns != 0 ? "vain" : "ahead";
    case EVENT_CHECK: return "check";
    case EVENT_WAIT: return "wait";
    }
    return "wait";
}

static void put_lane_label(struct buffer *out, int y, const char *text)
{
    buffer_printf(out, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LINE_LABELS - 8, y + 15,
                  text);
}

static void put_labels(struct buffer *out, uint64_t whole_ns, int bottom, unsigned workers)
{
    put_lane_label(out, 0, "serial");
    for (unsigned w = 0; w < workers; w++) {
        char label[32];
        (void)snprintf(label, sizeof label, "worker %u", w);
        put_lane_label(out, LANE_STEP * (int)(w + 1) + 8, label);
    }
    for (int i = 0; i <= TICKS; i++)
        buffer_printf(out,
                      "<text class=\"axis tick\" data-f=\"%g\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%.3g ms</text>",
                      (double)i / (double)TICKS, LINE_LABELS + LINE_W * i / TICKS, bottom + 16,
                      i == 0       ? "start"
                      : i == TICKS ? "end"
                                   : "middle",
                      (double)whole_ns / 1e6 * i / (double)TICKS);
}

void explain_draw_timeline(struct buffer *out, const struct explain_report *r)
{
    uint64_t serial_ns = r->tx_ns + r->overhead_ns, whole_ns = r->recorded_ns > serial_ns ? r->recorded_ns : serial_ns;
    unsigned workers = 0;
    for (uint32_t i = 0; i < r->event_count; i++)
        if (r->events[i].worker >= workers) workers = r->events[i].worker + 1u;
    int bottom = LANE_STEP * (int)(workers + 1) + 8;
    buffer_printf(
        out,
        "<svg class=\"timeline\" viewBox=\"0 0 %d %d\" data-ms=\"%.6f\" role=\"img\" aria-label=\"what each worker "
        "did\">",
        LINE_LABELS + LINE_W + 8, bottom + 24, (double)whole_ns / 1e6);
    put_labels(out, whole_ns, bottom, workers);
    buffer_printf(
        out,
        "<svg class=\"zoom\" x=\"%d\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">",
        LINE_LABELS, LINE_W, bottom, LINE_W, bottom);
    buffer_printf(out, "<rect class=\"back\" width=\"%d\" height=\"%d\"/>", LINE_W, bottom);
    struct lane lane = {.out = out, .scale = whole_ns == 0 ? 0 : (double)LINE_W / (double)whole_ns};
    lane.merge = r->event_count + r->trace.tx_count > SHAPES_MAX ? 1.0 : 0;
    uint64_t now = r->overhead_ns;
    for (uint32_t i = 0; i < r->trace.tx_count; i++) {
        lane_put(&lane, r->txs[i].on_path && r->path.count > 1 ? "path" : "run", i, now, now + r->txs[i].ns, false);
        now += r->txs[i].ns;
    }
    lane_flush(&lane);
    for (uint32_t i = 0; i < r->event_count; i++) {
        const struct block_event *e = &r->events[i];
        int y = LANE_STEP * (e->worker + 1) + 8;
        if (y != lane.y) lane_flush(&lane);
        lane.y = y;
        lane_put(&lane, event_class(r, e), e->tx, e->start_ns, e->end_ns, e->kind == EVENT_WAIT);
    }
    lane_flush(&lane);
    buffer_append_text(out, "</svg></svg>");
}

/* ---- the conflict graph ------------------------------------------------------------------------------------------ */

enum { ARC_H = 200, BARS_H = 46, ARCS_MAX = 2500 };

/* A pair of transactions, drawn once. */
struct arc {
    uint32_t from, to, location, weight; /* weight: locations between the two */
    bool on_path, conflicted;
};

static int by_pair(const void *a, const void *b)
{
    const struct arc *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->to != y->to) return x->to < y->to ? -1 : 1;
    return (int)y->on_path - (int)x->on_path;
}

/* What is drawn first lies below; what matters most comes last, and is what remains when there are too many. */
static int by_importance(const void *a, const void *b)
{
    const struct arc *x = a, *y = b;
    int p = 2 * x->on_path + x->conflicted, q = 2 * y->on_path + y->conflicted;
    if (p != q) return p < q ? -1 : 1;
    if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
    return by_pair(a, b);
}

/* All pairs that depend on each other. */
static struct arc *arcs_make(const struct explain_report *r, uint32_t *count)
{
    const struct explain_graph *g = &r->graph;
    struct arc *arcs = base_alloc(((size_t)g->edge_count + 1) * sizeof *arcs);
    bool *on_path = base_calloc((size_t)g->edge_count + 1, sizeof *on_path);
    uint32_t all = 0, kept = 0;
    for (uint32_t i = 1; i < r->path.count; i++)
        if (r->path.via[i] != EXPLAIN_NONE) on_path[r->path.via[i]] = true;
    for (uint32_t i = 0; i < g->edge_count; i++) {
        const struct explain_edge *e = &g->edges[i];
        if (e->from >= g->tx_count || e->to >= g->tx_count) continue; /* beside a join there is a direct edge */
        arcs[all++] = (struct arc){e->from, e->to,      e->location,
                                   1,       on_path[i], r->txs[e->to].conflict_at == e->location};
    }
    free(on_path);
    qsort(arcs, all, sizeof *arcs, by_pair);
    for (uint32_t i = 0; i < all; i++) {
        if (kept != 0 && arcs[kept - 1].from == arcs[i].from && arcs[kept - 1].to == arcs[i].to) {
            arcs[kept - 1].weight++;
            arcs[kept - 1].conflicted |= arcs[i].conflicted;
        } else {
            arcs[kept++] = arcs[i];
        }
    }
    qsort(arcs, kept, sizeof *arcs, by_importance);
    *count = kept;
    return arcs;
}

static void put_arc(struct buffer *out, const struct explain_report *r, const struct arc *a, double step,
                    uint32_t longest)
{
    static const char *const classes[] = {
        [FIELD_BALANCE] = "balance", [FIELD_NONCE] = "nonce", [FIELD_CODE] = "code", [FIELD_SLOT] = "slot"};
    double from = (a->from + 0.5) * step, to = (a->to + 0.5) * step;
    double height = sqrt((double)(a->to - a->from) / longest) * (double)(ARC_H - 6);
    buffer_printf(out,
                  "<path class=\"arc %s%s%s\" d=\"M%.2f %d A%.2f %.1f 0 0 1 %.2f %d\"><title>transaction %u needs what "
                  "%u wrote: ",
                  classes[r->trace.locations[a->location].field], a->conflicted ? " conflicted" : "",
                  a->on_path ? " onpath" : "", from, ARC_H, (to - from) / 2, height < 4 ? 4 : height, to, ARC_H, a->to,
                  a->from);
    struct buffer name = {0};
    explain_put_location(&name, &r->trace.locations[a->location]);
    buffer_append(&name, "", 1);
    html_put_text(out, (const char *)name.data);
    buffer_free(&name);
    if (a->weight > 1) buffer_printf(out, " and %u more", a->weight - 1);
    buffer_append_text(out, "</title></path>");
}

/* Below the line: what each transaction takes. */
static void put_bars(struct buffer *out, const struct explain_report *r, double step)
{
    uint64_t most = 1;
    for (uint32_t i = 0; i < r->trace.tx_count; i++)
        if (r->txs[i].ns > most) most = r->txs[i].ns;
    uint32_t stride = r->trace.tx_count / 2000 + 1; /* many transactions share a bar: the longest is shown */
    for (uint32_t i = 0; i < r->trace.tx_count; i += stride) {
        uint32_t longest = i;
        for (uint32_t k = i; k < i + stride && k < r->trace.tx_count; k++)
            if (r->txs[k].ns > r->txs[longest].ns) longest = k;
        double height = sqrt((double)r->txs[longest].ns / (double)most) * (double)BARS_H;
        buffer_printf(
            out,
            "<rect class=\"%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%.1f\"><title>transaction %u: %.1f µs, "
            "%llu gas</title></rect>",
            r->txs[longest].on_path && r->path.count > 1 ? "path" : "run", i * step + 0.1 * step * stride, ARC_H + 2,
            step * stride * 0.8, height < 1 ? 1 : height, longest, microseconds(r->txs[longest].ns),
            (unsigned long long)r->gas[longest]);
    }
}

void explain_draw_graph(struct buffer *out, const struct explain_report *r)
{
    uint32_t count, longest = 1, n = r->trace.tx_count;
    struct arc *arcs = arcs_make(r, &count);
    uint32_t skipped = count > ARCS_MAX ? count - ARCS_MAX : 0;
    for (uint32_t i = skipped; i < count; i++)
        if (arcs[i].to - arcs[i].from > longest) longest = arcs[i].to - arcs[i].from;
    double step = n == 0 ? 0 : (double)LINE_W / (double)n;
    int height = ARC_H + BARS_H + 4;
    buffer_printf(
        out,
        "<svg class=\"graph\" viewBox=\"0 0 %d %d\" data-txs=\"%u\" role=\"img\" aria-label=\"which transaction needs "
        "which\"><svg class=\"zoom\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
        "<rect class=\"back\" width=\"%d\" height=\"%d\"/>",
        LINE_W, height + 18, n, LINE_W, height, LINE_W, height, LINE_W, height);
    for (uint32_t i = skipped; i < count; i++) put_arc(out, r, &arcs[i], step, longest);
    put_bars(out, r, step);
    buffer_append_text(out, "</svg>");
    for (int i = 0; i <= TICKS; i++)
        buffer_printf(out, "<text class=\"axis tick\" data-f=\"%g\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%u</text>",
                      (double)i / (double)TICKS, LINE_W * i / TICKS, height + 14,
                      i == 0       ? "start"
                      : i == TICKS ? "end"
                                   : "middle",
                      n == 0 ? 0 : (uint32_t)((uint64_t)(n - 1) * (unsigned)i / TICKS));
    buffer_append_text(out, "</svg>");
    if (skipped != 0) buffer_printf(out, "<p class=\"note\">%u more pairs are not drawn.</p>", skipped);
    free(arcs);
}
