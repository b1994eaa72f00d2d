/* replay --simulate: real blocks on virtual workers, beside what their dependencies allow (src/explain/simulate.c). */
#include <stdio.h>
#include <stdlib.h>

#include "cli/replay/replay.h"
#include "explain/explain.h"

enum { SIMULATE_REPEAT = 5 };

/* What one number of workers makes of a block, or of all. */
struct outcome {
    uint64_t wall_ns, possible_ns, busy_ns;
    uint32_t speculated, reruns;
    const char *fallback;
};

/* A block, or all blocks together. */
struct tally {
    uint64_t serial_ns, transactions, gas;
    struct outcome with[THREAD_LIST_MAX];
};

struct simulator {
    const struct options *options;
    const struct colours *colours;
    struct explain_how how;
    struct tally all;
    uint64_t blocks;
    double worst[THREAD_LIST_MAX]; /* simulated speed-ups of single blocks */
    uint64_t worst_block[THREAD_LIST_MAX];
    struct replay_totals totals; /* of blocks, failed and not */
};

static double ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 1 : (double)a / (double)b;
}

static void sum_up(const struct explain_report *r, struct tally *out)
{
    *out = (struct tally){
        .serial_ns = r->tx_ns + r->overhead_ns, .transactions = r->trace.tx_count, .gas = r->gas_used};
    for (uint32_t i = 0; i < r->simulated_count; i++) {
        const struct explain_simulation *s = &r->simulated[i];
        out->with[i] = (struct outcome){
            s->wall_ns, explain_possible_ns(r, s->workers), s->busy_ns, s->speculated, s->reruns, s->fallback};
    }
}

static void add_up(struct simulator *m, const struct tally *a, uint64_t block)
{
    m->blocks++;
    m->all.serial_ns += a->serial_ns;
    m->all.transactions += a->transactions;
    m->all.gas += a->gas;
    for (uint32_t i = 0; i < m->how.worker_count; i++) {
        struct outcome *sum = &m->all.with[i];
        const struct outcome *with = &a->with[i];
        sum->wall_ns += with->wall_ns;
        sum->possible_ns += with->possible_ns;
        sum->busy_ns += with->busy_ns;
        sum->speculated += with->speculated;
        sum->reruns += with->reruns;
        double speedup = ratio(a->serial_ns, with->wall_ns);
        if (m->worst_block[i] != 0 && speedup >= m->worst[i]) continue;
        m->worst[i] = speedup;
        m->worst_block[i] = block;
    }
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* Rows have 80 columns: a fourth number of workers, a seventh, ... begins a new line. */
static void break_row(uint32_t i)
{
    enum { IN_A_ROW = 3, INDENT = 41 };
    if (i != 0 && i % IN_A_ROW == 0) printf("\n%*s", INDENT, "");
}

static void print_header(const struct simulator *m)
{
    if (m->options->json) return;
    printf("%s%8s %-17s %5s %8s", m->colours->bold, "block", "fork", "txs", "serial");
    for (uint32_t i = 0; i < m->how.worker_count; i++) {
        break_row(i);
        printf(" %12u", m->how.workers[i]);
    }
    printf("%s\n", m->colours->off);
}

static void print_cells(const struct simulator *m, const struct tally *a)
{
    printf("%5llu %8.3f", (unsigned long long)a->transactions, (double)a->serial_ns / 1e6);
    for (uint32_t i = 0; i < m->how.worker_count; i++) {
        break_row(i);
        printf(" %5.2f%s(%5.2f)%s", ratio(a->serial_ns, a->with[i].wall_ns), m->colours->dim,
               ratio(a->serial_ns, a->with[i].possible_ns), m->colours->off);
    }
    printf("\n");
}

static void put_outcomes(struct buffer *out, const struct simulator *m, const struct tally *a)
{
    buffer_printf(out, ",\"txs\":%llu,\"gas\":%llu,\"serial_ms\":%.6f,\"simulated\":[",
                  (unsigned long long)a->transactions, (unsigned long long)a->gas, (double)a->serial_ns / 1e6);
    for (uint32_t i = 0; i < m->how.worker_count; i++) {
        const struct outcome *w = &a->with[i];
        buffer_printf(out,
                      "%s{\"workers\":%u,\"ms\":%.6f,\"speedup\":%.4f,\"possible_ms\":%.6f,\"possible\":%.4f,"
                      "\"busy_ms\":%.6f,\"speculated\":%u,\"reruns\":%u",
                      i == 0 ? "" : ",", m->how.workers[i], (double)w->wall_ns / 1e6, ratio(a->serial_ns, w->wall_ns),
                      (double)w->possible_ns / 1e6, ratio(a->serial_ns, w->possible_ns), (double)w->busy_ns / 1e6,
                      w->speculated, w->reruns);
        if (a == &m->all && m->blocks != 0)
            buffer_printf(out, ",\"worst\":%.4f,\"worst_block\":%llu", m->worst[i],
                          (unsigned long long)m->worst_block[i]);
        if (w->fallback != NULL) {
            buffer_append_text(out, ",\"fallback\":");
            json_put_text(out, w->fallback);
        }
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]}");
}

static void print_line(const struct buffer *line)
{
    printf("%.*s\n", (int)line->size, (const char *)line->data);
}

static void print_block(const struct simulator *m, const struct bundle *b, const struct tally *a)
{
    if (!m->options->json) {
        printf("%8llu %-17s ", (unsigned long long)b->block.header.number, b->fork->name);
        print_cells(m, a);
    } else {
        struct buffer line = {0};
        buffer_printf(&line, "{\"block\":%llu,\"fork\":", (unsigned long long)b->block.header.number);
        json_put_text(&line, b->fork->name);
        put_outcomes(&line, m, a);
        print_line(&line);
        buffer_free(&line);
    }
    (void)fflush(stdout);
}

static void print_failure(const struct simulator *m, const struct bundle *b, const struct error *e)
{
    unsigned long long number = b->block.header.number;
    if (!m->options->json) {
        printf("%8llu %-17s %sFAILED%s", number, b->fork->name, m->colours->bad, m->colours->off);
        terminal_reason(e->text, 33);
    } else {
        struct buffer line = {0};
        buffer_printf(&line, "{\"block\":%llu,\"error\":", number);
        json_put_text(&line, e->text);
        buffer_append_text(&line, "}");
        print_line(&line);
        buffer_free(&line);
    }
    (void)fflush(stdout);
}

static void print_total(const struct simulator *m)
{
    if (m->options->json) {
        struct buffer line = {0};
        buffer_printf(&line, "{\"blocks\":%llu", (unsigned long long)m->blocks);
        put_outcomes(&line, m, &m->all);
        print_line(&line);
        buffer_free(&line);
        return;
    }
    char blocks[32];
    (void)snprintf(blocks, sizeof blocks, "%llu blocks", (unsigned long long)m->blocks);
    printf("%s%8s%s %-17s ", m->colours->bold, "all", m->colours->off, blocks);
    print_cells(m, &m->all);
    if (m->blocks == 0) return;
    struct buffer text = {0};
    buffer_append_text(&text,
                       "Serial in ms; speed-up on so many virtual workers, in brackets what the dependencies allow. "
                       "Worst blocks:");
    for (uint32_t i = 0; i < m->how.worker_count; i++)
        buffer_printf(&text, "%s %.2f on %u (block %llu)", i == 0 ? "" : ",", m->worst[i], m->how.workers[i],
                      (unsigned long long)m->worst_block[i]);
    printf("%s", m->colours->dim);
    terminal_wrap((const char *)text.data, (const char *)text.data + text.size, 0);
    printf("%s", m->colours->off);
    buffer_free(&text);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static void simulate_bundle(struct simulator *m, struct bundle *b)
{
    struct state_view view;
    struct block_task task;
    struct explain_report report = {0};
    struct error why = {STATUS_OK, ""};
    enum status s = bundle_prepare(b, m->how.parallel, &view, &task, &why);
    if (s == STATUS_OK) s = explain_block(&m->how, &task, &report, &why);
    if (s == STATUS_OK) {
        struct tally a;
        sum_up(&report, &a);
        add_up(m, &a, b->block.header.number);
        print_block(m, b, &a);
    } else {
        bundle_explain(b, &why);
        print_failure(m, b, &why);
    }
    struct replay_verdict v = replay_verdict_of(b);
    v.status = s;
    replay_count(&m->totals, &v);
    explain_free(&report);
}

static enum exit_code simulate_all(struct simulator *m, const struct bundle_list *list)
{
    print_header(m);
    struct progress progress;
    progress_begin(&progress, "blocks", list->count);
    for (size_t i = 0; i < list->count && !interrupted(); i++) {
        struct bundle b;
        struct error e;
        enum status s = bundle_load(&b, &list->entries[i], m->options->fork, &e);
        progress_clear(&progress);
        if (s == STATUS_OK)
            simulate_bundle(m, &b);
        else
            replay_unreadable(m->options, &m->totals, &list->entries[i], &e);
        bundle_free(&b);
        progress_step(&progress);
    }
    progress_clear(&progress);
    print_total(m);
    return replay_end(m->options, &m->totals);
}

enum exit_code replay_simulate(const struct options *o, const struct bundle_list *list)
{
    struct simulator m = {.options = o, .colours = terminal_colours()};
    m.how = (struct explain_how){.serial = engine_new(1),
                                 .parallel = engine_new(o->threads[0]),
                                 .repeat = o->repeat == 0 ? SIMULATE_REPEAT : o->repeat,
                                 .check_header = true,
                                 .workers = o->simulate,
                                 .worker_count = o->simulate_count};
    engine_never_waits(m.how.parallel, true);
    enum exit_code code = simulate_all(&m, list);
    engine_free(m.how.serial);
    engine_free(m.how.parallel);
    return code;
}
