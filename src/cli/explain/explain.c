/* explain: why a block did not go faster; see explain/explain.h for what is found out, docs/explain.md for what it
 * means. */
#include "cli/explain/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/bench/bench.h"
#include "json/bundle.h"

enum { EXPLAIN_REPEAT = 5 };

struct explainer {
    const struct options *options;
    const struct colours *colours;
    struct explain_how how;
    struct explain_page page;
    struct buffer trace; /* for --perfetto */
    uint32_t blocks;
    bool failed;
    bool all_unreadable; /* no operand gave a block */
};

/* ---- on the terminal --------------------------------------------------------------------------------------------- */

static bool prints_table(const struct options *o)
{
    return !o->json && o->output == NULL && o->perfetto == NULL;
}

static void print_text(const char *text, size_t size)
{
    printf("  ");
    terminal_wrap(text, text + size, 2);
}

static void print_summary(const struct explainer *x, const struct explained *e)
{
    const struct explain_report *r = e->report;
    const struct colours *c = x->colours;
    printf("%s%s%s  %s, %u transactions, %llu gas\n", c->bold, e->title, c->off, r->task->fork->name, r->trace.tx_count,
           (unsigned long long)r->gas_used);
    print_text(r->sentence, strlen(r->sentence));
    struct buffer text = {0};
    buffer_printf(&text, "serial %.3f ms, parallel %.3f ms; possible with", milliseconds(r->serial.wall_ns),
                  milliseconds(r->parallel.wall_ns));
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        buffer_printf(&text, "%s %u cores %.2f", i == 0 ? "" : ",", explain_cores[i], r->limits[i]);
    print_text((const char *)text.data, text.size);
    text.size = 0;
    for (uint32_t i = 0; i < r->simulated_count; i++)
        buffer_printf(&text, "%s %u workers %.2f", i == 0 ? "simulated with" : ",", r->simulated[i].workers,
                      (double)(r->tx_ns + r->overhead_ns) /
                          (double)(r->simulated[i].wall_ns == 0 ? 1 : r->simulated[i].wall_ns));
    if (text.size != 0) print_text((const char *)text.data, text.size);
    buffer_free(&text);
    enum { SHOWN = 5 };
    for (uint32_t i = 0; i < r->hottest_count && i < SHOWN; i++) {
        const struct explain_location *l = &r->trace.locations[r->hottest[i]];
        if (l->dependents == 0 && l->conflicts == 0) break;
        struct buffer name = {0};
        explain_put_location(&name, l);
        buffer_append(&name, "", 1);
        int columns = printf("  %s%6u depend, %u conflicts%s", c->dim, l->dependents, l->conflicts, c->off);
        terminal_reason((const char *)name.data, columns - (int)(strlen(c->dim) + strlen(c->off)));
        buffer_free(&name);
    }
    (void)fflush(stdout);
}

/* ---- one block --------------------------------------------------------------------------------------------------- */

static void show(struct explainer *x, const struct explained *e)
{
    const struct options *o = x->options;
    if (o->json) {
        struct buffer line = {0};
        explain_put_json(&line, e);
        printf("%.*s", (int)line.size, (const char *)line.data);
        (void)fflush(stdout);
        buffer_free(&line);
    }
    if (o->output != NULL) explain_page_add(&x->page, e);
    if (o->perfetto != NULL) explain_put_trace(&x->trace, e, x->blocks);
    if (prints_table(o)) print_summary(x, e);
    x->blocks++;
}

/* A block that fails a check is named on stderr; the others are explained nevertheless. */
static void explain_one(struct explainer *x, const char *title, const char *id, const struct block_task *task,
                        const struct bundle *bundle)
{
    struct explain_report report;
    struct error why = {STATUS_OK, ""};
    if (explain_block(&x->how, task, &report, &why) == STATUS_OK) {
        show(x, &(struct explained){title, id, &report});
    } else {
        if (bundle != NULL) bundle_explain(bundle, &why);
        log_line("explain: %s: %s", title, why.text);
        x->failed = true;
    }
    explain_free(&report);
}

static enum status explain_workload(struct explainer *x, const struct workload *w, struct error *e)
{
    const struct options *o = x->options;
    struct workload_block block;
    enum status s = bench_make_workload(&block, w, o, e);
    if (s != STATUS_OK) {
        workload_free(&block);
        return s;
    }
    struct state_view view = state_memory_view(block.state);
    struct block_task task = workload_task(&block, &view);
    char title[64];
    (void)snprintf(title, sizeof title, "workload %s", w->name);
    x->how.check_header = false;
    explain_one(x, title, w->name, &task, NULL);
    workload_free(&block);
    return STATUS_OK;
}

/* False: the bundle cannot be loaded; it is named on stderr. */
static bool explain_bundle(struct explainer *x, const struct bundle_entry *entry)
{
    struct bundle b;
    struct error e;
    enum status s = bundle_load(&b, entry, x->options->fork, &e);
    if (s != STATUS_OK) {
        log_line("%s", e.text);
        x->failed = true;
    } else {
        struct state_view view;
        struct block_task task;
        struct error why = {STATUS_OK, ""};
        char title[64], id[32];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)b.block.header.number);
        (void)snprintf(title, sizeof title, "block %s", id);
        x->how.check_header = true;
        if (bundle_prepare(&b, x->how.parallel, &view, &task, &why) == STATUS_OK) {
            explain_one(x, title, id, &task, &b);
        } else {
            log_line("explain: %s: %s", title, why.text);
            x->failed = true;
        }
    }
    bundle_free(&b);
    return s == STATUS_OK;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum status explain_operand(struct explainer *x, const char *operand, struct error *e)
{
    if (access(operand, F_OK) != 0) { /* no file: the name of a workload */
        const struct workload *w = workload_find(operand);
        x->all_unreadable = false;
        if (w != NULL) return explain_workload(x, w, e);
        return error_set(e, FILE_UNREADABLE, "%s: %s: expected a bundle, or the name of a workload (weft bench --help)",
                         operand, strerror(errno));
    }
    struct bundle_list list = {0};
    enum status s = bundles_find(&list, operand, x->options->filter, e);
    bundles_sort(&list);
    size_t unreadable = 0;
    struct progress progress;
    progress_begin(&progress, "blocks", list.count);
    for (size_t i = 0; i < list.count && s == STATUS_OK && !interrupted(); i++) {
        progress_clear(&progress);
        unreadable += !explain_bundle(x, &list.entries[i]);
        progress_step(&progress);
    }
    progress_clear(&progress);
    x->all_unreadable = x->all_unreadable && unreadable == list.count;
    bundles_free(&list);
    return s;
}

static enum status write_files(struct explainer *x, struct error *e)
{
    const struct options *o = x->options;
    enum status s = STATUS_OK;
    if (o->output != NULL) {
        struct buffer page = {0};
        explain_page_finish(&x->page, &page);
        s = file_write(o->output, buffer_bytes(&page), e);
        buffer_free(&page);
    }
    if (o->perfetto != NULL && s == STATUS_OK) {
        struct buffer whole = {0};
        buffer_append_text(&whole, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
        buffer_append(&whole, x->trace.data, x->trace.size);
        buffer_append_text(&whole, "\n]}\n");
        s = file_write(o->perfetto, buffer_bytes(&whole), e);
        buffer_free(&whole);
    }
    buffer_free(&x->trace);
    return s;
}

static enum status explain_all(struct explainer *x, struct arena *arena, struct error *e)
{
    const struct options *o = x->options;
    struct explain_layout *layouts = ARENA_ARRAY(arena, struct explain_layout, o->layout_count + 1);
    enum status s = explain_read_layouts(o->layouts, o->layout_count, arena, layouts, e);
    x->how.layouts = layouts;
    x->how.layout_count = o->layout_count;
    for (uint32_t i = 0; i < o->operand_count && s == STATUS_OK && !interrupted(); i++)
        s = explain_operand(x, o->operands[i], e);
    return s == STATUS_OK ? write_files(x, e) : s;
}

enum exit_code explain_command(const struct options *o)
{
    struct explainer x = {.options = o, .colours = terminal_colours(), .all_unreadable = true};
    static const unsigned usual[] = {1, 2, 4, 8, 16, 32, 64};
    x.how = (struct explain_how){.serial = engine_new(1),
                                 .parallel = engine_new(o->threads[0]),
                                 .repeat = o->repeat == 0 ? EXPLAIN_REPEAT : o->repeat,
                                 .workers = o->simulate_count == 0 ? usual : o->simulate,
                                 .worker_count = o->simulate_count == 0 ? COUNT_OF(usual) : o->simulate_count,
                                 .stopped = interrupted};
    engine_never_waits(x.how.parallel, true);
    struct arena arena = {0};
    struct error e;
    enum exit_code code = EXIT_BAD_INPUT;
    if (explain_all(&x, &arena, &e) == STATUS_OK)
        code = !x.failed ? EXIT_GOOD : x.all_unreadable ? EXIT_BAD_INPUT : EXIT_CHECK_FAILED;
    else
        log_line("%s", e.text);
    engine_free(x.how.serial);
    engine_free(x.how.parallel);
    arena_free(&arena);
    return code;
}
