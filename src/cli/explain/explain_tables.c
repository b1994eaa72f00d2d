/* explain: what the page is made of: text that comes from a block, cells, tables. */
#define _GNU_SOURCE 1 /* qsort_r */
#include "cli/explain/explain.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows that are shown at once, and that are kept at all. */
enum { PATH_SHOWN = 12, PATH_KEPT = 300, PLACES_SHOWN = 25, PLACES_KEPT = 200, TXS_SHOWN = 25, TXS_KEPT = 300 };

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

void html_put_short(struct buffer *out, const char *text)
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
    html_put_short(out, (const char *)text->data);
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

void html_begin_table(struct buffer *out, const char *const *heads, size_t count)
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

void html_end_table(struct buffer *out, bool more, uint32_t shown, uint32_t all)
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
    html_begin_table(out, heads, count);
}

void html_put_count(struct buffer *out, uint64_t n)
{
    buffer_printf(out, "<td class=\"%s\" data-v=\"%llu\">", n == 0 ? "n zero" : "n", (unsigned long long)n);
    html_put_number(out, n);
    buffer_append_text(out, "</td>");
}

void html_put_time(struct buffer *out, uint64_t ns)
{
    buffer_printf(out, "<td class=\"%s\" data-v=\"%llu\">%.1f</td>", ns == 0 ? "n zero" : "n", (unsigned long long)ns,
                  microseconds(ns));
}

void explain_put_path(struct buffer *out, const struct explain_report *r)
{
    static const char *const heads[] = {"#step", "#transaction", "what it does", "#µs|serial time",
                                        "reads what the step before wrote"};
    if (r->path.count < 2) return;
    buffer_printf(
        out,
        "<h3>Critical path</h3><p>%u transactions that wait for each other, %.3f ms in all. The longest chain has "
        "%u transactions.</p>",
        r->path.count, milliseconds(r->path.ns), r->longest_chain);
    html_begin_table(out, heads, COUNT_OF(heads));
    uint32_t kept = least(r->path.count, PATH_KEPT);
    for (uint32_t i = 0; i < kept; i++) {
        if (i == PATH_SHOWN) begin_more(out, r->path.count - PATH_SHOWN, "steps", heads, COUNT_OF(heads));
        uint32_t tx = r->path.txs[i];
        buffer_append_text(out, "<tr>");
        html_put_count(out, i + 1);
        buffer_printf(out, "<td class=\"n\" data-v=\"%u\">%u</td>", tx, tx);
        put_call_cell(out, r, tx);
        html_put_time(out, r->txs[tx].ns);
        if (r->path.via[i] != EXPLAIN_NONE)
            put_location_cell(out, &r->trace.locations[r->graph.edges[r->path.via[i]].location]);
        else
            buffer_append_text(out, "<td class=\"zero\">nothing: it comes first</td>");
        buffer_append_text(out, "</tr>");
    }
    html_end_table(out, kept > PATH_SHOWN, kept, r->path.count);
}

void explain_put_places(struct buffer *out, const struct explain_report *r)
{
    static const char *const heads[] = {"account or slot",
                                        "#seen by|transactions that saw the value",
                                        "#changed by|transactions that changed it, or added to it",
                                        "#asked by|transactions that only asked whether the balance suffices",
                                        "#waiting|transactions that depend on another one through it",
                                        "#on path|steps of the critical path through it",
                                        "#wasted|speculative executions that it invalidated",
                                        "#lost µs|their time"};
    if (r->hottest_count == 0) return;
    buffer_append_text(out, "<h3>Hottest accounts and slots</h3>");
    html_begin_table(out, heads, COUNT_OF(heads));
    uint32_t kept = least(r->hottest_count, PLACES_KEPT);
    for (uint32_t i = 0; i < kept; i++) {
        if (i == PLACES_SHOWN) begin_more(out, r->hottest_count - PLACES_SHOWN, "places", heads, COUNT_OF(heads));
        const struct explain_location *l = &r->trace.locations[r->hottest[i]];
        buffer_append_text(out, "<tr>");
        put_location_cell(out, l);
        html_put_count(out, l->readers);
        html_put_count(out, l->writers);
        html_put_count(out, l->asked);
        html_put_count(out, l->dependents);
        html_put_count(out, l->on_path);
        html_put_count(out, l->conflicts);
        html_put_time(out, l->conflict_ns);
        buffer_append_text(out, "</tr>");
    }
    html_end_table(out, kept > PLACES_SHOWN, kept, r->hottest_count);
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
    html_put_count(out, r->gas[tx]);
    html_put_time(out, t->ns);
    html_put_count(out, t->level);
    html_put_count(out, t->needs);
    html_put_count(out, t->needed_by);
    html_put_count(out, t->executions);
    html_put_time(out, t->lost_ns);
    html_put_time(out, t->waiting_ns);
    if (t->conflict_at != EXPLAIN_NONE)
        put_location_cell(out, &r->trace.locations[t->conflict_at]);
    else
        buffer_append_text(out, "<td></td>");
    buffer_append_text(out, "</tr>");
}

void explain_put_txs(struct buffer *out, const struct explain_report *r)
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
        "<h3>Transactions</h3><p>Those that lost most time to wasted executions, then those that take longest.</p>");
    html_begin_table(out, heads, COUNT_OF(heads));
    for (uint32_t i = 0; i < kept; i++) {
        if (i == TXS_SHOWN) begin_more(out, n - TXS_SHOWN, "transactions", heads, COUNT_OF(heads));
        put_tx_row(out, r, order[i]);
    }
    html_end_table(out, kept > TXS_SHOWN, kept, n);
    free(order);
}
