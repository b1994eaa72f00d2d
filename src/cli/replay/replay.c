/* replay: real blocks, executed serially, in parallel and along an access list; checked against their headers and each
 * other. */
#include "cli/replay/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/rpc/fetch.h"
#include "cli/suite/suite.h"

enum { REPLAY_REPEAT = 3 }; /* the first run finds codes that nothing has been prepared for */

struct replay {
    const struct options *options;
    struct engine *engines[REPLAY_KINDS]; /* by enum executor_kind */
    struct engine *lister;                /* makes the access lists; NULL when nobody goes along them */
    uint32_t repeat;
    struct block_stats *runs; /* of one block, for each executor one for each repetition */
    struct replay_totals totals;
};

static bool wants(const struct replay *r, enum executor_kind kind)
{
    return replay_wants(r->options, kind);
}

/* The first executor that is wanted. */
static enum executor_kind first_wanted(const struct replay *r)
{
    enum executor_kind k = EXECUTOR_SERIAL;
    while (!wants(r, k)) k++;
    return k;
}

/* The one whose speed-up is shown: the last that is wanted. */
static enum executor_kind last_wanted(const struct replay *r)
{
    enum executor_kind k = EXECUTOR_ACCESS_LIST;
    while (!wants(r, k)) k--;
    return k;
}

/* ---- one block ------------------------------------------------------------------------------------------------- */

/* Executes the repetitions, and leaves the last result in `results`. */
static enum status execute_block(struct replay *r, const struct bundle *b, const struct block_task *task,
                                 struct block_result results[REPLAY_KINDS], struct replay_verdict *v)
{
    uint32_t repeat = r->repeat;
    enum status s = STATUS_OK;
    struct block_result listed;
    struct block_task with_list = *task;
    if (r->lister != NULL) {
        with_list.keep_accesses = true;
        s = block_execute(r->lister, EXECUTOR_SERIAL, &with_list, &listed, &v->error);
        with_list.keep_accesses = false;
        with_list.access_list = &listed.access_list;
    }
    uint32_t done = 0;
    for (; done < repeat && s == STATUS_OK && !(done > 0 && interrupted()); done++)
        for (enum executor_kind k = EXECUTOR_SERIAL; k < REPLAY_KINDS && s == STATUS_OK; k++)
            if (wants(r, k)) {
                engine_wake(r->engines[k]);
                s = block_execute(r->engines[k], k, k == EXECUTOR_ACCESS_LIST ? &with_list : task, &results[k],
                                  &v->error);
                r->runs[k * repeat + done] = results[k].stats;
            }
    for (enum executor_kind k = EXECUTOR_SERIAL; k < REPLAY_KINDS && s == STATUS_OK; k++)
        if (wants(r, k)) {
            v->stats[k] = *block_stats_median(&r->runs[k * repeat], done);
            block_seal(r->engines[k], &results[k]);
            results[k].task = task; /* the list may be gone by now */
            s = bundle_check_result(b, &results[k], &v->error);
        }
    return s;
}

static enum status replay_block(struct replay *r, struct bundle *b, struct replay_verdict *v)
{
    struct state_view view;
    struct block_task task;
    enum status s = bundle_prepare(b, r->engines[last_wanted(r)], &view, &task, &v->error);
    if (s != STATUS_OK) return s;
    struct block_result results[REPLAY_KINDS] = {{0}};
    s = execute_block(r, b, &task, results, v);
    enum executor_kind first = first_wanted(r);
    for (enum executor_kind k = first + 1; k < REPLAY_KINDS && s == STATUS_OK; k++) {
        if (!wants(r, k)) continue;
        if (!b->fork->block_access_list) results[k].access_list = results[first].access_list; /* only one made it */
        s = results_compare(&results[first], &results[k], &v->error);
        if (s == STATUS_OK && !state_diff_equal(&results[first].diff, &results[k].diff))
            s = error_set(&v->error, EXECUTORS_DIFFER, "the executors differ in what they changed");
    }
    return s;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static enum exit_code replay_all(struct replay *r, const struct bundle_list *list)
{
    replay_print_header(r->options);
    struct progress progress;
    progress_begin(&progress, "blocks", list->count);
    for (size_t i = 0; i < list->count && !interrupted(); i++) {
        struct bundle b;
        struct error e;
        if (bundle_load(&b, &list->entries[i], r->options->fork, &e) != STATUS_OK) {
            progress_clear(&progress);
            replay_unreadable(r->options, &r->totals, &list->entries[i], &e);
            progress_step(&progress);
            bundle_free(&b);
            continue;
        }
        struct replay_verdict v = replay_verdict_of(&b);
        v.status = replay_block(r, &b, &v);
        if (v.status != STATUS_OK) bundle_explain(&b, &v.error);
        replay_count(&r->totals, &v);
        progress_clear(&progress);
        replay_print_verdict(r->options, &v);
        progress_step(&progress);
        bundle_free(&b);
    }
    progress_clear(&progress);
    replay_print_totals(r->options, &r->totals);
    return replay_end(r->options, &r->totals);
}

/* Operands are paths, or with --rpc blocks. */
static enum status find_bundles(const struct options *o, struct fetcher *fetcher, struct bundle_list *list,
                                struct error *e)
{
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < o->operand_count && s == STATUS_OK; i++)
        s = o->rpc != NULL ? fetch_blocks(fetcher, list, o->operands[i], e)
                           : bundles_find(list, o->operands[i], o->filter, e);
    bundles_sort(list);
    return s;
}

static enum exit_code replay_plainly(const struct options *o, const struct bundle_list *list)
{
    struct replay r = {.options = o, .repeat = o->repeat == 0 ? REPLAY_REPEAT : o->repeat};
    r.runs = base_calloc(REPLAY_KINDS * (size_t)r.repeat, sizeof *r.runs);
    for (enum executor_kind k = EXECUTOR_SERIAL; k < REPLAY_KINDS; k++)
        if (wants(&r, k)) {
            r.engines[k] = engine_new(k == EXECUTOR_SERIAL ? 1 : o->threads[0]);
            engine_never_waits(r.engines[k], true);
        }
    if (wants(&r, EXECUTOR_ACCESS_LIST)) r.lister = engine_new(1);
    enum exit_code code = replay_all(&r, list);
    for (size_t k = 0; k < COUNT_OF(r.engines); k++) engine_free(r.engines[k]);
    engine_free(r.lister);
    free(r.runs);
    return code;
}

static enum status check_options(const struct options *o, struct error *e)
{
    if ((o->simulate_count != 0) + o->pipeline + (o->perturb != 0) > 1)
        return error_set(e, BAD_USAGE, "replay: expected one of --simulate, --pipeline and --perturb");
    if (o->executors != 0 && (o->simulate_count != 0 || o->perturb != 0))
        return error_set(e, BAD_USAGE, "replay: --executor: expected without --simulate and --perturb");
    if (o->pipeline && o->executors != 0 && o->executors != RUN_SERIAL && o->executors != RUN_PARALLEL)
        return error_set(e, BAD_USAGE, "replay: --pipeline: expected --executor serial or parallel");
    if (o->rpc == NULL && (o->cache != NULL || o->no_cache || o->rpc_seconds != 0))
        return error_set(e, BAD_USAGE, "replay: %s: expected only with --rpc",
                         o->cache != NULL ? "--cache"
                         : o->no_cache    ? "--no-cache"
                                          : "--rpc-timeout");
    if (o->cache != NULL && o->no_cache)
        return error_set(e, BAD_USAGE, "replay: expected one of --cache and --no-cache");
    return STATUS_OK;
}

enum exit_code replay_command(const struct options *o)
{
    struct bundle_list list = {0};
    struct fetcher fetcher = {0};
    struct error e;
    enum status s = check_options(o, &e);
    if (s == STATUS_OK && o->rpc != NULL) s = fetch_open(&fetcher, o, &e);
    if (s == STATUS_OK) s = find_bundles(o, &fetcher, &list, &e);
    enum exit_code (*run)(const struct options *, const struct bundle_list *) = replay_plainly;
    if (o->simulate_count != 0) run = replay_simulate;
    if (o->pipeline) run = replay_pipeline;
    if (o->perturb != 0) run = replay_perturb;
    enum exit_code code = EXIT_BAD_INPUT;
    if (s == STATUS_OK)
        code = run(o, &list);
    else
        log_line("%s", e.text);
    if (o->rpc != NULL) fetch_close(&fetcher);
    bundles_free(&list);
    return code;
}
