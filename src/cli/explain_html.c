/* explain: the page, one part for each block, an index in front of them. Everything that comes from a block goes
 * through html_put_text. */
#define _GNU_SOURCE 1 /* qsort_r */
#include "cli/explain.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_SHOWN = 12, PATH_KEPT = 300, PLACES_SHOWN = 25, PLACES_KEPT = 200, TXS_SHOWN = 25, TXS_KEPT = 300 };

static double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double microseconds(uint64_t ns)
{
    return (double)ns / 1e3;
}

static double speedup(uint64_t serial, uint64_t other)
{
    return other == 0 ? 1 : (double)serial / (double)other;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

void html_put_text(struct buffer *out, const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        switch (*c) {
        case '<': buffer_append_text(out, "&lt;"); break;
        case '>': buffer_append_text(out, "&gt;"); break;
        case '&': buffer_append_text(out, "&amp;"); break;
        case '"': buffer_append_text(out, "&quot;"); break;
        case '\'': buffer_append_text(out, "&#39;"); break;
        default:
            if ((unsigned char)*c >= 0x20 && *c != 0x7f) buffer_append(out, c, 1);
        }
    }
}

void html_put_number(struct buffer *out, uint64_t n)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    for (int i = 0; i < size; i++) buffer_printf(out, "%s%c", i != 0 && (size - i) % 3 == 0 ? "," : "", digits[i]);
}

/* The text with long runs of hex digits cut in their middle: 0x1234…cdef. */
static void put_short(struct buffer *out, const char *text)
{
    struct buffer cut = {0};
    for (const char *c = text; *c != 0;) {
        size_t digits = 0;
        if (c[0] == '0' && c[1] == 'x')
            while (hex_digit(c[2 + digits]) >= 0) digits++;
        if (digits > 12) {
            buffer_append(&cut, c, 6);
            buffer_append_text(&cut, "…");
            buffer_append(&cut, c + digits - 2, 4);
            c += 2 + digits;
        } else {
            buffer_append(&cut, c++, 1);
        }
    }
    buffer_append(&cut, "", 1);
    html_put_text(out, (const char *)cut.data);
    buffer_free(&cut);
}

static const char *known_selector(uint32_t selector)
{
    static const struct {
        uint32_t selector;
        const char *name;
    } known[] = {{0xa9059cbb, "transfer"},
                 {0x23b872dd, "transferFrom"},
                 {0x095ea7b3, "approve"},
                 {0x40c10f19, "mint"},
                 {0xd0e30db0, "deposit"},
                 {0x2e1a7d4d, "withdraw"},
                 {0x7ff36ab5, "swapExactETHForTokens"},
                 {0x38ed1739, "swapExactTokensForTokens"},
                 {0x18cbafe5, "swapExactTokensForETH"},
                 {0x5ae401dc, "multicall"},
                 {0xac9650d8, "multicall"},
                 {0x3593564c, "execute"}};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].selector == selector) return known[i].name;
    return NULL;
}

void explain_put_call(struct buffer *out, const struct transaction *tx)
{
    if (tx->is_create) {
        buffer_append_text(out, "creates a contract");
        return;
    }
    char to[41];
    hex_encode(to, tx->to.b, sizeof tx->to.b);
    if (tx->data.size < 4) {
        buffer_printf(out, "pays 0x%s", to);
        return;
    }
    const uint8_t *d = tx->data.data;
    uint32_t selector = (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
    const char *name = known_selector(selector);
    if (name != NULL)
        buffer_printf(out, "%s on 0x%s", name, to);
    else
        buffer_printf(out, "0x%08x on 0x%s", selector, to);
}

/* A cell, short, with the whole text as its tooltip. */
static void put_cell(struct buffer *out, const char *class, struct buffer *text)
{
    buffer_append(text, "", 1);
    buffer_printf(out, "<td class=\"%s\" title=\"", class);
    html_put_text(out, (const char *)text->data);
    buffer_append_text(out, "\">");
    put_short(out, (const char *)text->data);
    buffer_append_text(out, "</td>");
    text->size = 0;
}

static void put_location_cell(struct buffer *out, const struct explain_location *l)
{
    struct buffer text = {0};
    explain_put_location(&text, l);
    put_cell(out, "where", &text);
    buffer_free(&text);
}

static void put_call_cell(struct buffer *out, const struct explain_report *r, uint32_t tx)
{
    struct buffer text = {0};
    explain_put_call(&text, &r->task->transactions[tx]);
    if (r->failed[tx]) buffer_append_text(&text, " (fails)");
    put_cell(out, "where", &text);
    buffer_free(&text);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static void begin_table(struct buffer *out, const char *const *heads, size_t count)
{
    buffer_append_text(out, "<div class=\"scroll\"><table class=\"sort\"><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        /* "#name|what it means"; # stands before columns of numbers */
        const char *name = heads[i] + (heads[i][0] == '#'), *bar = strchr(name, '|');
        int size = bar == NULL ? (int)strlen(name) : (int)(bar - name);
        buffer_printf(out, "<th%s title=\"%s\">%.*s</th>", heads[i][0] == '#' ? " class=\"n\"" : "",
                      bar == NULL ? "" : bar + 1, size, name);
    }
    buffer_append_text(out, "</tr></thead><tbody>");
}

/* `more`: whether begin_more was called. */
static void end_table(struct buffer *out, bool more, uint32_t shown, uint32_t all)
{
    buffer_append_text(out, "</tbody></table></div>");
    if (shown < all) {
        buffer_append_text(out, "<p class=\"note\">The other ");
        html_put_number(out, all - shown);
        buffer_append_text(out, " are left out.</p>");
    }
    if (more) buffer_append_text(out, "</details>");
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Rows behind the first ones: one has to ask for them. */
static void begin_more(struct buffer *out, uint32_t more, const char *what, const char *const *heads, size_t count)
{
    buffer_append_text(out, "</tbody></table></div><details><summary>");
    html_put_number(out, more);
    buffer_printf(out, " more %s</summary>", what);
    begin_table(out, heads, count);
}

static void put_count_cell(struct buffer *out, uint64_t n)
{
    buffer_printf(out, "<td class=\"%s\" data-v=\"%llu\">", n == 0 ? "n zero" : "n", (unsigned long long)n);
    html_put_number(out, n);
    buffer_append_text(out, "</td>");
}

static void put_time_cell(struct buffer *out, uint64_t ns)
{
    buffer_printf(out, "<td class=\"%s\" data-v=\"%llu\">%.1f</td>", ns == 0 ? "n zero" : "n", (unsigned long long)ns,
                  microseconds(ns));
}

static void put_path_table(struct buffer *out, const struct explain_report *r)
{
    static const char *const heads[] = {"#step", "#transaction", "what it does", "#µs|serial time",
                                        "reads what the step before wrote"};
    if (r->path.count < 2) return;
    buffer_printf(
        out,
        "<h3>Critical path</h3><p>%u transactions that wait for each other, %.3f ms in all. The longest chain has "
        "%u transactions.</p>",
        r->path.count, milliseconds(r->path.ns), r->longest_chain);
    begin_table(out, heads, COUNT_OF(heads));
    uint32_t kept = least(r->path.count, PATH_KEPT);
    for (uint32_t i = 0; i < kept; i++) {
        if (i == PATH_SHOWN) begin_more(out, r->path.count - PATH_SHOWN, "steps", heads, COUNT_OF(heads));
        uint32_t tx = r->path.txs[i];
        buffer_append_text(out, "<tr>");
        put_count_cell(out, i + 1);
        buffer_printf(out, "<td class=\"n\" data-v=\"%u\">%u</td>", tx, tx);
        put_call_cell(out, r, tx);
        put_time_cell(out, r->txs[tx].ns);
        if (r->path.via[i] != EXPLAIN_NONE)
            put_location_cell(out, &r->trace.locations[r->graph.edges[r->path.via[i]].location]);
        else
            buffer_append_text(out, "<td class=\"zero\">nothing: it comes first</td>");
        buffer_append_text(out, "</tr>");
    }
    end_table(out, kept > PATH_SHOWN, kept, r->path.count);
}

static void put_places_table(struct buffer *out, const struct explain_report *r)
{
    static const char *const heads[] = {"account or slot",
                                        "#seen by|transactions that saw the value",
                                        "#changed by|transactions that changed it, or added to it",
                                        "#asked by|transactions that only asked whether the balance suffices",
                                        "#waiting|transactions that depend on another one through it",
                                        "#on path|steps of the critical path through it",
                                        "#in vain|executions ahead of the line that it spoiled",
                                        "#lost µs|their time"};
    if (r->hottest_count == 0) return;
    buffer_append_text(out, "<h3>Hottest accounts and slots</h3>");
    begin_table(out, heads, COUNT_OF(heads));
    uint32_t kept = least(r->hottest_count, PLACES_KEPT);
    for (uint32_t i = 0; i < kept; i++) {
        if (i == PLACES_SHOWN) begin_more(out, r->hottest_count - PLACES_SHOWN, "places", heads, COUNT_OF(heads));
        const struct explain_location *l = &r->trace.locations[r->hottest[i]];
        buffer_append_text(out, "<tr>");
        put_location_cell(out, l);
        put_count_cell(out, l->readers);
        put_count_cell(out, l->writers);
        put_count_cell(out, l->asked);
        put_count_cell(out, l->dependents);
        put_count_cell(out, l->on_path);
        put_count_cell(out, l->conflicts);
        put_time_cell(out, l->conflict_ns);
        buffer_append_text(out, "</tr>");
    }
    end_table(out, kept > PLACES_SHOWN, kept, r->hottest_count);
}

/* Who lost most, waited most, takes longest: in that order. */
static int by_trouble(const void *a, const void *b, void *context)
{
    const struct explain_tx *all = context, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    if (x->lost_ns != y->lost_ns) return x->lost_ns < y->lost_ns ? 1 : -1;
    if (x->ns != y->ns) return x->ns < y->ns ? 1 : -1;
    return x < y ? -1 : x > y;
}

static void put_tx_row(struct buffer *out, const struct explain_report *r, uint32_t tx)
{
    const struct explain_tx *t = &r->txs[tx];
    buffer_printf(out, "<tr%s><td class=\"n\" data-v=\"%u\">%u</td>",
                  t->on_path && r->path.count > 1 ? " class=\"onpath\"" : "", tx, tx);
    put_call_cell(out, r, tx);
    put_count_cell(out, r->gas[tx]);
    put_time_cell(out, t->ns);
    put_count_cell(out, t->level);
    put_count_cell(out, t->needs);
    put_count_cell(out, t->needed_by);
    put_count_cell(out, t->executions);
    put_time_cell(out, t->lost_ns);
    put_time_cell(out, t->waiting_ns);
    if (t->conflict_at != EXPLAIN_NONE)
        put_location_cell(out, &r->trace.locations[t->conflict_at]);
    else
        buffer_append_text(out, "<td></td>");
    buffer_append_text(out, "</tr>");
}

static void put_txs_table(struct buffer *out, const struct explain_report *r)
{
    static const char *const heads[] = {"#tx",
                                        "what it does",
                                        "#gas",
                                        "#µs|serial time",
                                        "#depth|transactions in the longest chain that ends here",
                                        "#needs|transactions that it directly depends on",
                                        "#needed by|transactions that directly depend on it",
                                        "#runs|executions in the recorded parallel run",
                                        "#lost µs|executions of it that came to nothing",
                                        "#waited µs|from when its result was there until it was committed",
                                        "run again because of"};
    uint32_t n = r->trace.tx_count, kept = least(n, TXS_KEPT);
    if (n == 0) return;
    uint32_t *order = base_alloc(n * sizeof *order);
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_trouble, r->txs);
    buffer_append_text(
        out,
        "<h3>Transactions</h3><p>Those that lost most time to executions in vain, then those that take longest.</p>");
    begin_table(out, heads, COUNT_OF(heads));
    for (uint32_t i = 0; i < kept; i++) {
        if (i == TXS_SHOWN) begin_more(out, n - TXS_SHOWN, "transactions", heads, COUNT_OF(heads));
        put_tx_row(out, r, order[i]);
    }
    end_table(out, kept > TXS_SHOWN, kept, n);
    free(order);
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
    (void)snprintf(value, sizeof value, "%u", r->vain_count);
    (void)snprintf(label, sizeof label, "in vain of %u run ahead", r->ahead_count);
    put_tile(out, value, label, "executions ahead of the line, in the run that the timeline shows");
    (void)snprintf(value, sizeof value, "%.0f %%",
                   r->recorded_ns == 0 ? 0.0
                                       : 100.0 * (double)r->idle_ns / ((double)r->recorded_ns * r->parallel.threads));
    put_tile(out, value, "idle workers", "time in which workers found nothing to do, in the recorded run");
    buffer_append_text(out, "</div>");
}

static void put_row(struct buffer *out, const char *what, uint64_t n, const char *meaning)
{
    buffer_printf(out, "<tr><td>%s</td>", what);
    put_count_cell(out, n);
    buffer_printf(out, "<td class=\"note\">%s</td></tr>", meaning);
}

static void put_costs(struct buffer *out, const struct explain_report *r)
{
    buffer_append_text(out, "<table><thead><tr><th>what conflicts cost</th><th class=\"n\">waiting</th><th "
                            "class=\"n\">in vain</th><th class=\"n\">lost µs</th></tr>"
                            "</thead><tbody>");
    for (size_t f = 0; f < COUNT_OF(r->costs); f++) {
        buffer_printf(out, "<tr><td><i class=\"key %s\"></i>%s</td>", explain_field_name((enum block_field)f),
                      explain_field_name((enum block_field)f));
        put_count_cell(out, r->costs[f].dependents);
        put_count_cell(out, r->costs[f].conflicts);
        put_time_cell(out, r->costs[f].lost_ns);
        buffer_append_text(out, "</tr>");
    }
    const struct explain_avoided *a = &r->avoided;
    buffer_append_text(out, "</tbody></table><table><thead><tr><th>no conflict</th><th "
                            "class=\"n\">times</th><th></th></tr></thead><tbody>");
    put_row(out, "credits and debits", a->credits, "add up in any order");
    put_row(out, "balance suffices", a->bounds, "asked, but the answer is the same");
    put_row(out, "fees", a->fees, "nobody looks at the beneficiary");
    put_row(out, "nonces", a->nonces, "of one sender, known beforehand");
    put_row(out, "stores without effect", a->no_ops, "the slot ends as it began");
    buffer_append_text(out, "</tbody></table><table><thead><tr><th>dependent transactions</th><th "
                            "class=\"n\">times</th><th></th></tr></thead><tbody>");
    put_row(out, "in time", a->in_time, "ran ahead, and the value was there");
    put_row(out, "behind their neighbour", a->grouped, "on the same worker, in a group");
    put_row(out, "left to the head", a->at_head, "run when all before was committed");
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
    static const char *const line_texts[] = {
        "run at the head", "run ahead of its turn", "checked and committed", "run in vain",
        "run again",       "nothing to do",         "on the critical path"};
    static const char *const arc_classes[] = {"slot", "balance", "nonce", "code", "onpath"};
    static const char *const arc_texts[] = {"needs a slot", "needs a balance", "needs a nonce", "needs code",
                                            "critical path"};
    buffer_append_text(out, "<h3>Timeline</h3>");
    put_legend(out, line_classes, line_texts, COUNT_OF(line_classes));
    explain_draw_timeline(out, r);
    buffer_append_text(
        out, "<p class=\"note\">Above the serial run, below it a parallel run of about median length, on one scale. "
             "Scroll to zoom, drag to move, double-click for all of it.</p>");
    if (r->longest_chain < 2) return;
    buffer_append_text(out, "<h3>Who needs whom</h3>");
    put_legend(out, arc_classes, arc_texts, COUNT_OF(arc_classes));
    explain_draw_graph(out, r);
    buffer_append_text(
        out, "<p class=\"note\">Transactions in their order, an arc from each to those that read what it wrote. Bars: "
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
    put_count_cell(out, r->trace.tx_count);
    put_count_cell(out, r->gas_used);
    buffer_printf(out, "<td class=\"n\">%.3f</td><td class=\"n\">%.3f</td><td class=\"n\">%.2f</td>",
                  milliseconds(r->serial.wall_ns), milliseconds(r->parallel.wall_ns),
                  speedup(r->serial.wall_ns, r->parallel.wall_ns));
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        if (explain_cores[i] == 2 || explain_cores[i] == 8)
            buffer_printf(out, "<td class=\"n\">%.2f</td>", r->limits[i]);
    buffer_printf(out, "<td class=\"n\">%.1f</td>", r->limit);
    put_count_cell(out, r->path.count);
    put_count_cell(out, r->parallel.reruns);
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
    html_put_text(out, r->sentence);
    buffer_append_text(out, "</p>");
    put_tiles(out, r);
    put_drawings(out, r);
    put_charts(out, r);
    put_path_table(out, r);
    put_places_table(out, r);
    put_txs_table(out, r);
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
        begin_table(out, heads, COUNT_OF(heads));
        buffer_append(out, p->index.data, p->index.size);
        end_table(out, false, 0, 0);
    }
    buffer_append(out, p->body.data, p->body.size);
    buffer_append_text(out, "</main><div id=\"tip\"></div><script>");
    buffer_append_text(out, explain_script);
    buffer_append_text(out, "</script></body></html>\n");
    buffer_free(&p->index);
    buffer_free(&p->body);
}
