/* One run, compared with serial execution: status, results, logs, the whole difference of the states, and the access
 * list where one is made. */
#include <stdlib.h>

#include "explore.h"

struct check_counts check_counts;

/* What serial execution gave; lives until the serial engine executes again. */
static struct engine *serial;
static struct block_result expected;
static struct state_diff expected_diff;
static struct arena expected_arena, found_arena;
static bool has_list;

/* The list that is given: the right one, or one with another balance, and what serial execution says of that. */
static struct block_access_list right_list, wrong_list;
static enum status wrong_list_status;

/* An engine for each number of workers, with a world of its own. After a run that went wrong both are left as they
 * are: nobody knows in what state. */
static struct {
    struct engine *engine;
    struct world *world;
} engines[FIBERS + 1];

static void make_engine(unsigned workers)
{
    if (engines[workers].engine != NULL) return;
    engines[workers].world = world_new();
    world_enter(engines[workers].world);
    engines[workers].engine = engine_new(workers);
    engine_share_always(engines[workers].engine, true);
}

/* The task of the scenario, with a list; `header` is made for it. */
static struct block_task task_along(const struct scenario *s, const struct block_access_list *list,
                                    struct header *header)
{
    struct block_task task = s->task;
    *header = s->header;
    task.header = header;
    if (list == NULL) return task;
    task.access_list = list;
    task.keep_accesses = false;
    if (task.fork->block_access_list) bal_hash(&header->access_list_hash, list);
    return task;
}

/* The list with one balance changed, and what becomes of it. */
static void expect_wrong_list(const struct scenario *s)
{
    static struct engine *engine;
    struct bal_account *accounts = ARENA_ARRAY(&expected_arena, struct bal_account, right_list.account_count);
    memcpy(accounts, right_list.accounts, right_list.account_count * sizeof *accounts);
    wrong_list = (struct block_access_list){accounts, right_list.account_count};
    for (uint32_t i = 0; i < right_list.account_count; i++) {
        struct bal_account *a = &accounts[(i + s->seed) % right_list.account_count];
        if (a->balance_count == 0) continue;
        struct bal_word_change *balances = ARENA_ARRAY(&expected_arena, struct bal_word_change, a->balance_count);
        memcpy(balances, a->balances, a->balance_count * sizeof *balances);
        balances[0].value = u256_add(balances[0].value, U256_ONE);
        a->balances = balances;
        break;
    }
    struct header header;
    struct block_result result;
    struct block_task task = task_along(s, &wrong_list, &header);
    if (engine == NULL) engine = engine_new(1);
    wrong_list_status = block_execute(engine, EXECUTOR_SERIAL, &task, &result, NULL);
}

void check_expect(const struct scenario *s)
{
    if (serial == NULL) serial = engine_new(1);
    struct block_task task = s->task;
    bool can_list = task.fork->clear_empty && !task.transactions_only;
    task.keep_accesses = task.keep_accesses || can_list;
    has_list = false;
    (void)block_execute(serial, EXECUTOR_SERIAL, &task, &expected, NULL);
    if (expected.status != STATUS_OK) return;
    arena_reset(&expected_arena);
    state_table_diff(engine_table(serial), UINT32_MAX, task.fork->clear_empty, &expected_arena, &expected_diff);
    has_list = can_list && expected.access_list.account_count != 0;
    if (!has_list) return;
    right_list = expected.access_list;
    expect_wrong_list(s);
}

bool check_has_list(void)
{
    return has_list;
}

/* ---- comparing ----------------------------------------------------------------------------------------------- */

static bool logs_equal(const struct tx_result *a, const struct tx_result *b)
{
    if (a->log_count != b->log_count) return false;
    for (uint32_t i = 0; i < a->log_count; i++) {
        const struct log *x = &a->logs[i], *y = &b->logs[i];
        if (!address_equal(&x->address, &y->address) || x->topic_count != y->topic_count ||
            x->data.size != y->data.size || memcmp(x->topics, y->topics, x->topic_count * sizeof x->topics[0]) != 0 ||
            (x->data.size != 0 && memcmp(x->data.data, y->data.data, x->data.size) != 0))
            return false;
    }
    return true;
}

static const char *compare_results(const struct block_result *found)
{
    for (uint32_t i = 0; i < found->task->transaction_count; i++) {
        const struct tx_result *a = &found->transactions[i], *b = &expected.transactions[i];
        if (a->gas_used != b->gas_used || a->block_gas != b->block_gas || a->gas_refunded != b->gas_refunded)
            return "other gas";
        if (a->outcome != b->outcome || a->succeeded != b->succeeded) return "another outcome";
        if (a->cumulative_gas != b->cumulative_gas) return "other cumulative gas";
        if (!logs_equal(a, b)) return "other logs";
    }
    if (found->gas_used != expected.gas_used || found->blob_gas_used != expected.blob_gas_used)
        return "other block gas";
    return NULL;
}

static const char *compare(const struct engine *engine, const struct block_result *found)
{
    const struct block_task *task = found->task;
    if (found->status != expected.status) return "another status";
    if (found->status != STATUS_OK) return found->bad != expected.bad ? "another transaction is bad" : NULL;
    const char *wrong = compare_results(found);
    if (wrong != NULL) return wrong;
    struct state_diff diff;
    arena_reset(&found_arena);
    state_table_diff(engine_table((struct engine *)(uintptr_t)engine), UINT32_MAX, task->fork->clear_empty,
                     &found_arena, &diff);
    if (!state_diff_equal(&diff, &expected_diff)) return "another state";
    if (has_list && found->access_list.account_count != 0 &&
        block_compare_access_lists(&expected.access_list, &found->access_list, NULL) != STATUS_OK)
        return "another access list";
    return NULL;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

struct execution {
    struct engine *engine;
    enum executor_kind kind;
    const struct block_task *task;
    struct block_result result;
};

static void execute(void *context)
{
    struct execution *e = context;
    (void)block_execute(e->engine, e->kind, e->task, &e->result, NULL);
}

static void count_run(const struct block_result *r)
{
    check_counts.speculated += r->stats.speculated;
    check_counts.conflicts += r->stats.conflicts;
    check_counts.reruns += r->stats.reruns - r->stats.conflicts;
    check_counts.fallbacks += r->stats.fallback != NULL;
    check_counts.invalid += r->status != STATUS_OK;
}

const char *check_run(const struct scenario *s, unsigned workers, enum along along)
{
    make_engine(workers);
    if (!has_list) along = ALONG_NOTHING;
    struct header header;
    const struct block_access_list *lists[] = {NULL, &right_list, &wrong_list};
    struct block_task task = task_along(s, lists[along], &header);
    struct execution e = {
        engines[workers].engine, along == ALONG_NOTHING ? EXECUTOR_PARALLEL : EXECUTOR_ACCESS_LIST, &task, {0}};
    invariants_begin(s, along == ALONG_WRONG_LIST);
    const char *wrong = world_run(engines[workers].world, execute, &e);
    check_counts.runs++;
    if (wrong == NULL) {
        count_run(&e.result);
        if (along == ALONG_WRONG_LIST)
            wrong = e.result.status != wrong_list_status ? "another verdict on a wrong list" : NULL;
        else
            wrong = compare(e.engine, &e.result);
    }
    if (wrong == NULL) wrong = invariants_end(e.result.status == STATUS_OK);
    if (wrong != NULL) engines[workers].engine = NULL;
    return wrong;
}
