#include "cli/suite/perturb.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/suite/suite.h"

/* Numbers of workers; more than this machine has processors, so that the system interrupts them as well. */
static const unsigned worker_counts[] = {1, 2, 3, 4, 8};

struct perturber {
    const struct options *options;
    const struct colours *colours;
    struct engine *serial, *engines[COUNT_OF(worker_counts)];
    uint64_t seed;
    _Atomic uint64_t random;  /* for the hold-ups, which any worker draws */
    struct state_view behind; /* the view of the block at hand, under the one that holds up */
    uint64_t blocks, runs, speculated, conflicts;
    bool failed;
};

/* How runs execute a block. */
enum mode { PLAIN, LISTING, ALONG_LIST, MODES };
static const char *const mode_names[MODES] = {"parallel", "parallel, listing accesses", "along the access list"};

/* What came of one block. */
struct outcome {
    uint64_t runs, speculated, conflicts;
    struct error error;
};

/* ---- holding up -------------------------------------------------------------------------------------------------- */

/* Mostly not at all, sometimes for as long as a short transaction takes, seldom for as long as a long one, or until the
 * system finds it convenient. */
static void hold_up(void *context)
{
    struct perturber *p = context;
    uint64_t state = atomic_fetch_add_explicit(&p->random, 0x9e3779b97f4a7c15u, memory_order_relaxed);
    uint64_t r = random_next(&state), spins = 0, kind = r % 256;
    if (kind < 160) return;
    if (kind < 254) spins = (r >> 32) % (kind < 220 ? 20 : 400);
    if (kind == 254) (void)sched_yield();
    if (kind == 255) (void)nanosleep(&(struct timespec){.tv_nsec = (long)(r >> 32) % 50000}, NULL);
    for (; spins > 0; spins--) cpu_relax();
}

static enum status slow_account(void *context, const struct address *a, struct account_data *out)
{
    struct perturber *p = context;
    hold_up(p);
    return p->behind.account(p->behind.context, a, out);
}

static enum status slow_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct perturber *p = context;
    hold_up(p);
    return p->behind.storage(p->behind.context, a, key, out);
}

static enum status slow_code(void *context, const struct address *a, const struct hash *hash, struct bytes *out)
{
    struct perturber *p = context;
    return p->behind.code(p->behind.context, a, hash, out);
}

static enum status slow_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct perturber *p = context;
    return p->behind.block_hash(p->behind.context, number, out);
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

static enum status compare(const struct block_result *serial, struct block_result *found, struct error *e)
{
    if (found->access_list.account_count == 0) found->access_list = serial->access_list; /* it was not asked for */
    enum status s = results_compare(serial, found, e);
    if (s != STATUS_OK) return s;
    struct hash expected = result_digest(serial), digest = result_digest(found);
    if (hash_equal(&expected, &digest)) return STATUS_OK;
    return error_set(e, EXECUTORS_DIFFER, "the executors differ in receipts or in what they changed");
}

static enum status run_once(struct perturber *p, const struct block_task *task, const struct block_result *serial,
                            struct outcome *o)
{
    uint64_t seed = p->seed, random = random_next(&p->seed);
    size_t which = random % COUNT_OF(worker_counts);
    enum mode mode = (random >> 32) % MODES;
    atomic_store_explicit(&p->random, random, memory_order_relaxed);
    struct block_task as = *task;
    as.keep_accesses = mode == LISTING;
    as.access_list = mode == ALONG_LIST ? &serial->access_list : NULL;
    struct block_result found;
    struct error why = {STATUS_OK, ""};
    enum status s = block_execute(p->engines[which], mode == ALONG_LIST ? EXECUTOR_ACCESS_LIST : EXECUTOR_PARALLEL, &as,
                                  &found, &why);
    if (s == STATUS_OK) {
        block_seal(p->engines[which], &found);
        s = compare(serial, &found, &why);
    }
    o->runs++;
    o->speculated += found.stats.speculated;
    o->conflicts += found.stats.conflicts;
    if (s == STATUS_OK) return s;
    return error_set(&o->error, s, "run %llu (--seed %llu), %s, %u workers: %.300s", (unsigned long long)o->runs,
                     (unsigned long long)seed, mode_names[mode], worker_counts[which], why.text);
}

static void print_header(const struct perturber *p)
{
    if (!p->options->json)
        printf("%s%-18s %7s %7s %11s %10s  %s%s\n", p->colours->bold, "block", "txs", "runs", "speculative",
               "conflicts", "verdict", p->colours->off);
}

static void print_outcome(const struct perturber *p, const char *name, uint32_t txs, const struct outcome *o)
{
    bool ok = o->error.status == STATUS_OK;
    if (!p->options->json) {
        printf("%-18s %7u %7llu %11llu %10llu  %s%s%s", name, txs, (unsigned long long)o->runs,
               (unsigned long long)o->speculated, (unsigned long long)o->conflicts,
               ok ? p->colours->good : p->colours->bad, ok ? "ok" : "FAILED", p->colours->off);
        terminal_reason(ok ? "" : o->error.text, 66);
    } else {
        struct buffer line = {0};
        buffer_append_text(&line, "{\"block\":");
        json_put_text(&line, name);
        printf("%.*s,\"txs\":%u,\"runs\":%llu,\"speculated\":%llu,\"conflicts\":%llu,\"verified\":%s", (int)line.size,
               (const char *)line.data, txs, (unsigned long long)o->runs, (unsigned long long)o->speculated,
               (unsigned long long)o->conflicts, ok ? "true" : "false");
        line.size = 0;
        json_put_text(&line, o->error.text);
        if (!ok) printf(",\"error\":%.*s", (int)line.size, (const char *)line.data);
        printf("}\n");
        buffer_free(&line);
    }
    (void)fflush(stdout);
}

static enum status run_all(struct perturber *p, const struct block_task *task, bool check_header, struct outcome *o)
{
    struct block_task listing = *task, held_up = *task;
    struct block_result serial;
    listing.keep_accesses = true;
    listing.access_list = NULL;
    enum status s = block_execute(p->serial, EXECUTOR_SERIAL, &listing, &serial, &o->error);
    if (s == STATUS_OK) {
        block_seal(p->serial, &serial);
        if (check_header) s = block_check(&serial, &o->error);
    }
    p->behind = *task->view;
    struct state_view slow = {p, slow_account, slow_storage, slow_code, slow_block_hash};
    held_up.view = &slow;
    for (uint64_t i = 0; i < p->options->perturb && s == STATUS_OK && !(i > 0 && interrupted()); i++)
        s = run_once(p, &held_up, &serial, o);
    return s;
}

void perturber_run(struct perturber *p, const char *name, const struct block_task *task, bool check_header)
{
    struct outcome o = {.error = {STATUS_OK, ""}};
    enum status s = run_all(p, task, check_header, &o);
    p->blocks++;
    p->runs += o.runs;
    p->speculated += o.speculated;
    p->conflicts += o.conflicts;
    p->failed = p->failed || s != STATUS_OK;
    print_outcome(p, name, task->transaction_count, &o);
}

/* ---- all blocks -------------------------------------------------------------------------------------------------- */

static struct perturber *make_perturber(const struct options *o)
{
    struct perturber *p = base_calloc(1, sizeof *p);
    p->options = o;
    p->colours = terminal_colours();
    p->seed = o->seed;
    p->serial = engine_new(1);
    for (size_t i = 0; i < COUNT_OF(worker_counts); i++) {
        p->engines[i] = engine_new(worker_counts[i]);
        engine_share_always(p->engines[i], true);
        engine_hold_up(p->engines[i], hold_up, p);
    }
    return p;
}

static void free_perturber(struct perturber *p)
{
    engine_free(p->serial);
    for (size_t i = 0; i < COUNT_OF(worker_counts); i++) engine_free(p->engines[i]);
    free(p);
}

struct perturber *perturber_new(const struct options *o)
{
    struct perturber *p = make_perturber(o);
    print_header(p);
    return p;
}

bool perturber_end(struct perturber *p)
{
    if (!p->options->json) {
        struct buffer line = {0};
        buffer_printf(&line, "%llu runs of %llu blocks, %llu speculative executions, %llu conflicts: %s",
                      (unsigned long long)p->runs, (unsigned long long)p->blocks, (unsigned long long)p->speculated,
                      (unsigned long long)p->conflicts, p->failed ? "FAILED" : "every run as serial execution");
        terminal_wrap((const char *)line.data, (const char *)line.data + line.size, 0);
        buffer_free(&line);
    }
    bool ok = !p->failed;
    free_perturber(p);
    return ok;
}

enum status perturb_block(const struct options *o, const struct block_task *task, struct error *e)
{
    struct perturber *p = make_perturber(o);
    struct outcome found = {.error = {STATUS_OK, ""}};
    enum status s = run_all(p, task, false, &found);
    free_perturber(p);
    return s == STATUS_OK ? s : error_set(e, EXECUTORS_DIFFER, "%s", found.error.text);
}
