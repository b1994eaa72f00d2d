/* What `weft replay` prints of blocks and of all of them. */
#include <stdio.h>

#include "cli/replay/replay.h"

struct replay_verdict replay_verdict_of(const struct bundle *b)
{
    return (struct replay_verdict){.number = b->block.header.number,
                                   .gas = b->block.header.gas_used,
                                   .fork = b->fork->name,
                                   .transactions = b->block.transaction_count};
}

bool replay_wants(const struct options *o, enum executor_kind kind)
{
    uint32_t choice = o->executors == 0 ? RUN_BOTH : o->executors;
    return (choice & 1u << kind) != 0;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

/* The cells of a row behind block, fork and gas. */
struct row_texts {
    char serial[24], parallel[24], parallel_ratio[24], list[24], list_ratio[24], transactions[24], reruns[24];
};

/* A time, or a dash for what did not run. */
static void put_time(char out[24], uint64_t ns)
{
    if (ns == 0)
        (void)snprintf(out, 24, "-");
    else
        (void)snprintf(out, 24, "%.3f", milliseconds(ns));
}

static void put_ratio(char out[24], uint64_t serial_ns, uint64_t ns)
{
    if (serial_ns == 0 || ns == 0)
        (void)snprintf(out, 24, "-");
    else
        (void)snprintf(out, 24, "%.2f", (double)serial_ns / (double)ns);
}

static struct row_texts texts_of(const uint64_t wall_ns[REPLAY_KINDS], uint64_t transactions, uint64_t reruns)
{
    struct row_texts t;
    uint64_t serial = wall_ns[EXECUTOR_SERIAL];
    put_time(t.serial, serial);
    put_time(t.parallel, wall_ns[EXECUTOR_PARALLEL]);
    put_ratio(t.parallel_ratio, serial, wall_ns[EXECUTOR_PARALLEL]);
    put_time(t.list, wall_ns[EXECUTOR_ACCESS_LIST]);
    put_ratio(t.list_ratio, serial, wall_ns[EXECUTOR_ACCESS_LIST]);
    (void)snprintf(t.transactions, sizeof t.transactions, "%llu", (unsigned long long)transactions);
    (void)snprintf(t.reruns, sizeof t.reruns, "%llu", (unsigned long long)reruns);
    return t;
}

enum { ROW_COLUMNS = 80 }; /* no reason fits behind */

/* Rows have 80 columns at most: with execution along an access list there is no place for transactions and re-runs. */
static void print_cells(const struct options *o, const struct row_texts *t)
{
    bool list = replay_wants(o, EXECUTOR_ACCESS_LIST);
    if (!list) printf(" %5s", t->transactions);
    printf(" %8s %8s %5s", t->serial, t->parallel, t->parallel_ratio);
    if (list)
        printf(" %7s %5s", t->list, t->list_ratio);
    else
        printf(" %6s", t->reruns);
}

void replay_print_header(const struct options *o)
{
    const struct colours *c = terminal_colours();
    if (o->json) return;
    struct row_texts t = {"serial", "parallel", "ratio", "bal", "ratio", "txs", "reruns"};
    printf("%s%8s %-17s %9s", c->bold, "block", "fork", "gas");
    print_cells(o, &t);
    printf(" %s%s\n", "check", c->off);
}

static void print_row(const struct options *o, const struct replay_verdict *v)
{
    const struct colours *c = terminal_colours();
    uint64_t wall_ns[REPLAY_KINDS];
    for (size_t k = 0; k < REPLAY_KINDS; k++) wall_ns[k] = v->stats[k].wall_ns;
    struct row_texts t = texts_of(wall_ns, v->transactions, v->stats[EXECUTOR_PARALLEL].reruns);
    printf("%8llu %-17s %9llu", (unsigned long long)v->number, v->fork, (unsigned long long)v->gas);
    print_cells(o, &t);
    printf(" ");
    if (v->status == STATUS_OK)
        printf("%sok%s\n", c->good, c->off);
    else
        printf("%sFAILED%s", c->bad, c->off);
    if (v->status != STATUS_OK) terminal_reason(v->error.text, ROW_COLUMNS);
    (void)fflush(stdout);
}

/* A number, or null for what did not run. */
static void put_ms(struct buffer *out, const char *key, uint64_t ns)
{
    if (ns == 0)
        buffer_printf(out, ",\"%s\":null", key);
    else
        buffer_printf(out, ",\"%s\":%.6f", key, milliseconds(ns));
}

static void print_object(const struct options *o, const struct replay_verdict *v)
{
    const struct block_stats *serial = &v->stats[EXECUTOR_SERIAL], *parallel = &v->stats[EXECUTOR_PARALLEL];
    const struct block_stats *list = &v->stats[EXECUTOR_ACCESS_LIST];
    const struct block_stats *main_stats = parallel->wall_ns != 0 ? parallel : serial->wall_ns != 0 ? serial : list;
    struct buffer out = {0};
    buffer_printf(&out, "{\"block\":%llu,\"fork\":", (unsigned long long)v->number);
    json_put_text(&out, v->fork);
    buffer_printf(&out, ",\"txs\":%u,\"gas\":%llu,\"threads\":%u", v->transactions, (unsigned long long)v->gas,
                  o->threads[0]);
    put_ms(&out, "serial_ms", serial->wall_ns);
    put_ms(&out, "parallel_ms", parallel->wall_ns);
    put_ms(&out, "cpu_ms", main_stats->cpu_ns);
    if (replay_wants(o, EXECUTOR_ACCESS_LIST)) {
        put_ms(&out, "bal_ms", list->wall_ns);
        put_ms(&out, "bal_cpu_ms", list->cpu_ns);
    }
    if (serial->wall_ns != 0 && parallel->wall_ns != 0)
        buffer_printf(&out, ",\"speedup\":%.4f", (double)serial->wall_ns / (double)parallel->wall_ns);
    else
        buffer_printf(&out, ",\"speedup\":null");
    buffer_printf(&out, ",\"reruns\":%u,\"conflicts\":%u,\"verified\":%s", parallel->reruns, parallel->conflicts,
                  v->status == STATUS_OK ? "true" : "false");
    if (parallel->fallback != NULL) {
        buffer_append_text(&out, ",\"fallback\":");
        json_put_text(&out, parallel->fallback);
    }
    if (v->status != STATUS_OK) {
        buffer_append_text(&out, ",\"error\":");
        json_put_text(&out, v->error.text);
    }
    printf("%.*s}\n", (int)out.size, (const char *)out.data);
    (void)fflush(stdout);
    buffer_free(&out);
}

static void count_failure(struct replay_totals *t, uint64_t number)
{
    if (t->failed < REPLAY_FAILURES_SHOWN) t->failures[t->failed] = number;
    t->failed++;
}

void replay_unreadable(const struct options *o, struct replay_totals *t, const struct bundle_entry *entry,
                       const struct error *why)
{
    log_line("%s", why->text);
    t->blocks++;
    t->unreadable++;
    count_failure(t, entry->number);
    if (!o->json) return;
    struct buffer out = {0};
    buffer_printf(&out, "{\"block\":%llu,\"verified\":false,\"error\":", (unsigned long long)entry->number);
    json_put_text(&out, why->text);
    printf("%.*s}\n", (int)out.size, (const char *)out.data);
    (void)fflush(stdout);
    buffer_free(&out);
}

enum exit_code replay_end(const struct options *o, const struct replay_totals *t)
{
    if (t->failed == 0) return EXIT_GOOD;
    if (t->unreadable == t->blocks) return EXIT_BAD_INPUT;
    struct buffer out = {0};
    buffer_printf(&out, "%llu of %llu blocks failed:", (unsigned long long)t->failed, (unsigned long long)t->blocks);
    for (uint64_t i = 0; i < t->failed && i < REPLAY_FAILURES_SHOWN; i++)
        buffer_printf(&out, "%s %llu", i == 0 ? "" : ",", (unsigned long long)t->failures[i]);
    if (t->failed > REPLAY_FAILURES_SHOWN) buffer_append_text(&out, ", ...");
    if (o->json)
        log_line("replay: %.*s", (int)out.size, (const char *)out.data);
    else
        printf("%.*s\n", (int)out.size, (const char *)out.data);
    buffer_free(&out);
    return EXIT_CHECK_FAILED;
}

void replay_count(struct replay_totals *t, const struct replay_verdict *v)
{
    t->blocks++;
    if (v->status != STATUS_OK) count_failure(t, v->number);
    t->transactions += v->transactions;
    t->gas += v->gas;
    t->reruns += v->stats[EXECUTOR_PARALLEL].reruns;
    for (size_t k = 0; k < COUNT_OF(t->wall_ns); k++) t->wall_ns[k] += v->stats[k].wall_ns;
    if (v->stats[EXECUTOR_SERIAL].wall_ns == 0 || v->stats[EXECUTOR_PARALLEL].wall_ns == 0) return;
    double ratio = (double)v->stats[EXECUTOR_SERIAL].wall_ns / (double)v->stats[EXECUTOR_PARALLEL].wall_ns;
    if (t->worst == 0 || ratio < t->worst) {
        t->worst = ratio;
        t->worst_block = v->number;
    }
    if (ratio > t->best) {
        t->best = ratio;
        t->best_block = v->number;
    }
}

void replay_print_totals(const struct options *o, const struct replay_totals *t)
{
    if (o->json || (t->blocks != 0 && t->unreadable == t->blocks)) return;
    const struct colours *c = terminal_colours();
    char blocks[32];
    struct row_texts texts = texts_of(t->wall_ns, t->transactions, t->reruns);
    (void)snprintf(blocks, sizeof blocks, "%llu blocks", (unsigned long long)t->blocks);
    printf("%s%8s %-17s %9llu", c->bold, "all", blocks, (unsigned long long)t->gas);
    print_cells(o, &texts);
    printf(" %s%s\n", t->failed != 0 ? "FAILED" : "ok", c->off);
    if (t->worst != 0)
        printf("times in ms; worst speed-up %.2f in block %llu, best %.2f in block %llu\n", t->worst,
               (unsigned long long)t->worst_block, t->best, (unsigned long long)t->best_block);
}

void replay_print_verdict(const struct options *o, const struct replay_verdict *v)
{
    (o->json ? print_object : print_row)(o, v);
}
