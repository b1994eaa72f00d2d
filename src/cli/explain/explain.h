/* What the files of `weft explain` share: a block that has been looked at, and the forms in which it is shown. */
#ifndef WEFT_CLI_EXPLAIN_EXPLAIN_H
#define WEFT_CLI_EXPLAIN_EXPLAIN_H

#include "cli/cli.h"
#include "explain/explain.h"

/* A block, or a workload, with what was found out about it. */
struct explained {
    const char *title; /* "block 17034869", "workload erc20" */
    const char *id;    /* "17034869", "erc20" */
    const struct explain_report *report;
};

/* One JSON object and a newline. */
void explain_put_json(struct buffer *out, const struct explained *x);
/* Its part of a Chrome trace (chrome://tracing, ui.perfetto.dev); `index` tells blocks apart. Events are separated by
 * commas. */
void explain_put_trace(struct buffer *out, const struct explained *x, uint32_t index);

/* A page that grows block by block. */
struct explain_page {
    struct buffer index, body;
    uint32_t count;
};
void explain_page_add(struct explain_page *p, const struct explained *x);
/* The whole page; the parts are given up. */
void explain_page_finish(struct explain_page *p, struct buffer *out);

/* Drawings (explain_svg.c), as SVG elements in the page. */
void explain_draw_limits(struct buffer *out, const struct explain_report *r);
void explain_draw_timeline(struct buffer *out, const struct explain_report *r);
void explain_draw_graph(struct buffer *out, const struct explain_report *r);
/* Style and script of the page (explain_style.c). */
extern const char explain_css[], explain_script[];

/* Tables of the page (explain_tables.c): the critical path, the hottest places, the transactions that lost or take most
 * time. */
void explain_put_path(struct buffer *out, const struct explain_report *r);
void explain_put_places(struct buffer *out, const struct explain_report *r);
void explain_put_txs(struct buffer *out, const struct explain_report *r);

/* Begins a table that can be sorted. Heads are "#name|what it means": # stands before columns of numbers, the bar and
 * what comes behind it may be missing. */
void html_begin_table(struct buffer *out, const char *const *heads, size_t count);
/* `more`: whether rows behind the first ones were put aside; `shown` of `all` rows are there. */
void html_end_table(struct buffer *out, bool more, uint32_t shown, uint32_t all);
/* Cells: a number; a time in microseconds. */
void html_put_count(struct buffer *out, uint64_t n);
void html_put_time(struct buffer *out, uint64_t ns);

/* Text for HTML, with what has a meaning there escaped. */
void html_put_text(struct buffer *out, const char *text);
/* Likewise, with long runs of hex digits cut in their middle: 0x1234…cdef. */
void html_put_short(struct buffer *out, const char *text);
/* 1234567 as 1,234,567. */
void html_put_number(struct buffer *out, uint64_t n);
/* What a transaction does: to whom, calling what. Plain text. */
void explain_put_call(struct buffer *out, const struct transaction *tx);

/* Reads the layouts of --layout ADDRESS=FILE into `arena`. BAD_USAGE, FILE_UNREADABLE, BAD_JSON with *e set. */
enum status explain_read_layouts(const char *const *arguments, uint32_t count, struct arena *arena,
                                 struct explain_layout *out, struct error *e);

#endif
