/* explain: the page, one part for each block, an index in front of them. Everything that comes from a block goes
 * through html_put_text. */
#include "cli/explain/explain.h"

#include <stdio.h>
#include <stdlib.h>

static double speedup(uint64_t serial, uint64_t other)
{
    return other == 0 ? 1 : (double)serial / (double)other;
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static void put_tile(struct buffer *out, const char *value, const char *label, const char *title)
{
    buffer_printf(out, "<div class=\"tile\" title=\"%s\"><b>%s</b><span>%s</span></div>", title, value, label);
}

static void put_tiles(struct buffer *out, const struct explain_report *r)
{
    char value[48], label[64];
    buffer_append_text(out, "<div class=\"tiles\">");
    (void)snprintf(value, sizeof value, "%.2f×", speedup(r->serial.wall_ns, r->parallel.wall_ns));
    (void)snprintf(label, sizeof label, "reached on %u thread%s", r->parallel.threads,
                   r->parallel.threads == 1 ? "" : "s");
    put_tile(out, value, label, "median serial time over median parallel time");
    (void)snprintf(value, sizeof value, "%.1f×", r->limit);
    put_tile(out, value, "possible, any number of cores", "serial time over the critical path");
    (void)snprintf(value, sizeof value, "%.3f ms", milliseconds(r->serial.wall_ns));
    put_tile(out, value, "serial", "median of the serial runs");
    (void)snprintf(value, sizeof value, "%.3f ms", milliseconds(r->parallel.wall_ns));
    put_tile(out, value, "parallel", "median of the parallel runs");
    (void)snprintf(value, sizeof value, "%.3f ms", milliseconds(r->path.ns));
    (void)snprintf(label, sizeof label, "critical path, %u transaction%s", r->path.count,
                   r->path.count == 1 ? "" : "s");
    put_tile(out, value, label, "the longest chain of transactions that wait for each other");
    (void)snprintf(value, sizeof value, "%u", r->wasted_count);
    (void)snprintf(label, sizeof label, "wasted of %u speculative", r->ahead_count);
    put_tile(out, value, label, "speculative executions, in the run that the timeline shows");
    (void)snprintf(value, sizeof value, "%.0f %%",
                   r->recorded_ns == 0 ? 0.0
                                       : 100.0 * (double)r->idle_ns / ((double)r->recorded_ns * r->parallel.threads));
    put_tile(out, value, "idle workers", "time in which workers found nothing to do, in the recorded run");
    buffer_append_text(out, "</div>");
}

static void put_row(struct buffer *out, const char *what, uint64_t n, const char *meaning)
{
    buffer_printf(out, "<tr><td>%s</td>", what);
    html_put_count(out, n);
    buffer_printf(out, "<td class=\"note\">%s</td></tr>", meaning);
}

static void put_costs(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, "<table><thead><tr><th>what conflicts cost</th><th class=\"n\">waiting</th><th "
                            "class=\"n\">wasted</th><th class=\"n\">lost µs</th></tr>"
                            "</thead><tbody>");
    for (size_t f = 0; f < COUNT_OF(r->costs); f++) {
        buffer_printf(out, "<tr><td><i class=\"key %s\"></i>%s</td>", explain_field_name((enum block_field)f),
                      explain_field_name((enum block_field)f));
        html_put_count(out, r->costs[f].dependents);
        html_put_count(out, r->costs[f].conflicts);
        html_put_time(out, r->costs[f].lost_ns);
        buffer_append_text(out, "</tr>");
    }
    const struct explain_avoided *a = &r->avoided;
    buffer_append_text(out, "</tbody></table><table><thead><tr><th>no conflict</th><th "
                            "class=\"n\">times</th><th></th></tr></thead><tbody>");
    put_row(out, "credits and debits", a->credits, "add up in any order");
    put_row(out, "balance suffices", a->bounds, "asked, but the answer is the same");
    put_row(out, "fees", a->fees, "no transaction reads the beneficiary");
    put_row(out, "nonces", a->nonces, "of one sender, known beforehand");
    put_row(out, "stores without effect", a->no_ops, "the slot ends as it began");
    buffer_append_text(out, "</tbody></table><table><thead><tr><th>dependent transactions</th><th "
                            "class=\"n\">times</th><th></th></tr></thead><tbody>");
    put_row(out, "in time", a->in_time, "speculative, and the value was there");
    put_row(out, "after their neighbour", a->grouped, "on the same worker, in a group");
    put_row(out, "at the commit point", a->at_head, "executed when all before was committed");
    buffer_append_text(out, "</tbody></table>");
}

static void put_legend(struct buffer *out, const char *const *classes, const char *const *texts, size_t count)
{
    buffer_append_text(out, "<p class=\"legend\">");
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "<span><i class=\"key %s\"></i>%s</span>", classes[i], texts[i]);
    buffer_append_text(out, "</p>");
}

static void put_drawings(struct buffer *out, const struct explain_report *r)
{
    static const char *const line_classes[] = {"run", "ahead", "check", "vain", "rerun", "wait", "path"};
    static const char *const line_texts[] = {"at the commit point", "speculative", "validated and committed", "wasted",
                                             "executed again",      "idle",        "on the critical path"};
    static const char *const arc_classes[] = {"slot", "balance", "nonce", "code", "onpath"};
    static const char *const arc_texts[] = {"needs a slot", "needs a balance", "needs a nonce", "needs code",
                                            "critical path"};
    buffer_append_text(out, "<h3>Timeline</h3>");
    put_legend(out, line_classes, line_texts, COUNT_OF(line_classes));
    buffer_append_text(out, "<div class=\"scroll\">");
    explain_draw_timeline(out, r);
    buffer_append_text(
        out,
        "</div><p class=\"note\">Above the serial run, below it a parallel run of about median length, on one scale. "
        "Scroll to zoom, drag to move, double-click for all of it.</p>");
    if (r->longest_chain < 2) return;
    buffer_append_text(out, "<h3>Who needs whom</h3>");
    put_legend(out, arc_classes, arc_texts, COUNT_OF(arc_classes));
    buffer_append_text(out, "<div class=\"scroll\">");
    explain_draw_graph(out, r);
    buffer_append_text(
        out,
        "</div><p class=\"note\">Transactions in their order, an arc from each to those that read what it wrote. Bars: "
        "what each takes.</p>");
}

static void put_charts(struct buffer *out, const struct explain_report *r)
{
    static const char *const with_simulation[] = {"limit", "simulated", "reached", "ideal"};
    static const char *const texts[] = {"dependencies allow", "simulated scheduler", "measured", "as many as cores"};
    buffer_append_text(out, "<div class=\"two\"><div><h3>Speed-up by cores</h3>");
    explain_draw_limits(out, r);
    put_legend(out, with_simulation, texts, COUNT_OF(texts));
    buffer_append_text(out, "</div><div class=\"tables\">");
    put_costs(out, r);
    buffer_append_text(out, "</div></div>");
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void put_index_row(struct buffer *out, const struct explained *x, uint32_t number)
{
    const struct explain_report *r = x->report;
    buffer_printf(out, "<tr><td><a href=\"#b%u\">", number);
    html_put_text(out, x->title);
    buffer_append_text(out, "</a></td>");
    html_put_count(out, r->trace.tx_count);
    html_put_count(out, r->gas_used);
    buffer_printf(out, "<td class=\"n\">%.3f</td><td class=\"n\">%.3f</td><td class=\"n\">%.2f</td>",
                  milliseconds(r->serial.wall_ns), milliseconds(r->parallel.wall_ns),
                  speedup(r->serial.wall_ns, r->parallel.wall_ns));
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        if (explain_cores[i] == 2 || explain_cores[i] == 8)
            buffer_printf(out, "<td class=\"n\">%.2f</td>", r->limits[i]);
    buffer_printf(out, "<td class=\"n\">%.1f</td>", r->limit);
    html_put_count(out, r->path.count);
    html_put_count(out, r->parallel.reruns);
    buffer_append_text(out, "</tr>");
}

void explain_page_add(struct explain_page *p, const struct explained *x)
{
    const struct explain_report *r = x->report;
    struct buffer *out = &p->body;
    p->count++;
    put_index_row(&p->index, x, p->count);
    buffer_printf(out, "<section id=\"b%u\"><h2>", p->count);
    html_put_text(out, x->title);
    buffer_append_text(out, "</h2><p class=\"facts\">");
    html_put_text(out, r->task->fork->name);
    buffer_append_text(out, ", ");
    html_put_number(out, r->trace.tx_count);
    buffer_append_text(out, " transactions, ");
    html_put_number(out, r->gas_used);
    buffer_append_text(out, " gas</p><p class=\"lead\">");
    html_put_short(out, r->sentence);
    buffer_append_text(out, "</p>");
    put_tiles(out, r);
    put_drawings(out, r);
    put_charts(out, r);
    explain_put_path(out, r);
    explain_put_places(out, r);
    explain_put_txs(out, r);
    buffer_append_text(out, "</section>\n");
}

void explain_page_finish(struct explain_page *p, struct buffer *out)
{
    static const char *const heads[] = {"block",
                                        "#transactions",
                                        "#gas",
                                        "#serial ms",
                                        "#parallel ms",
                                        "#reached",
                                        "#possible on 2|what the dependencies allow on 2 cores",
                                        "#on 8",
                                        "#on any",
                                        "#chain|transactions on the critical path",
                                        "#re-runs"};
    buffer_append_text(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                            "<title>weft explain</title><style>");
    buffer_append_text(out, explain_css);
    buffer_append_text(out,
                       "</style></head><body><main><header><h1>weft explain</h1>"
                       "<p>Why a block does not run faster: what waits for what, and what came of it.</p></header>");
    if (p->count != 1) {
        html_begin_table(out, heads, COUNT_OF(heads));
        buffer_append(out, p->index.data, p->index.size);
        html_end_table(out, false, 0, 0);
    }
    buffer_append(out, p->body.data, p->body.size);
    buffer_append_text(out, "</main><div id=\"tip\"></div><script>");
    buffer_append_text(out, explain_script);
    buffer_append_text(out, "</script></body></html>\n");
    buffer_free(&p->index);
    buffer_free(&p->body);
}
