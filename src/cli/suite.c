/* suite: files over threads, reports in order. */
#include "cli/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct suite {
    const struct options *options;
    suite_file *run_file;
    struct suite_report *reports;
    size_t count;
    const struct file_entry **order; /* largest file first, so that the last to finish are small */
    const struct file_entry *files;
    _Atomic size_t next;
    struct progress progress;
    pthread_mutex_t printing;
    size_t printed; /* reports before it are printed; under `printing` */
};

/* Seconds that an interrupted suite has, to finish the cases at hand and say how many passed. */
enum { SUMMARY_PATIENCE = 10 };

/* ---- verdicts -------------------------------------------------------------------------------------------------- */

/* What the case cost, by executor: execution alone, as it ran beside others. */
static void put_cost(struct buffer *out, const struct tester *t)
{
    static const char *const names[] = {"serial", "parallel", "bal"};
    buffer_printf(out, ",\"gas\":%llu", (unsigned long long)t->gas);
    for (size_t i = 0; i < COUNT_OF(t->time); i++)
        if (t->time[i] != 0) buffer_printf(out, ",\"%s_ms\":%.4f", names[i], (double)t->time[i] * 1e-6);
}

static void put_case(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *verdict,
                     const char *why)
{
    struct buffer *out = &r->text;
    buffer_append_text(out, "{\"file\":");
    json_put_text(out, r->file);
    buffer_append_text(out, ",\"case\":");
    json_put_text(out, name);
    if (fork != NULL) {
        buffer_append_text(out, ",\"fork\":");
        json_put_text(out, fork);
    }
    buffer_printf(out, ",\"verdict\":\"%s\"", verdict);
    if (why != NULL) {
        buffer_append_text(out, ",\"reason\":");
        json_put_text(out, why);
    }
    put_cost(out, t);
    buffer_append_text(out, "}\n");
}

void case_passed(struct tester *t, struct suite_report *r, const char *name, const char *fork)
{
    r->passed++;
    if (t->options->json && !t->options->print_witnesses) put_case(t, r, name, fork, "passed", NULL);
}

void case_failed(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *format, ...)
{
    char why[768];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    r->failed++;
    if (t->options->json) {
        put_case(t, r, name, fork, "failed", why);
        return;
    }
    const struct colours *c = terminal_colours();
    buffer_printf(&r->text, "%sFAILED%s %s: %s%s%s%s: %s\n", c->bad, c->off, r->file, name, fork == NULL ? "" : " [",
                  fork == NULL ? "" : fork, fork == NULL ? "" : "]", why);
}

void case_skipped(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *why)
{
    r->skipped++;
    if (t->options->json) put_case(t, r, name, fork, "skipped", why);
}

void suite_cases(struct tester *t, const char *path, struct suite_report *r,
                 void (*run_case)(struct tester *t, struct suite_report *r, struct form *f, const char *name,
                                  yyjson_val *v))
{
    const char *filter = t->options->filter;
    struct form f;
    if (form_open(&f, path, &r->error) != STATUS_OK) {
        r->unreadable = true;
        return;
    }
    if (!yyjson_is_obj(f.root)) form_expect(&f, "document", "an object of test cases");
    r->unreadable = f.status != STATUS_OK;
    yyjson_obj_iter i = yyjson_obj_iter_with(f.root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL && !interrupted();) {
        const char *name = yyjson_get_str(key);
        if (filter != NULL && strstr(name, filter) == NULL && strstr(path, filter) == NULL) continue;
        uint64_t failed = r->failed;
        arena_reset(&t->arena);
        t->gas = 0;
        memset(t->time, 0, sizeof t->time);
        /* What is malformed in a case is that case's alone; the verdict says where it is. */
        f.status = STATUS_OK;
        f.file = f.place = NULL;
        f.account = f.slot = NULL;
        run_case(t, r, &f, name, yyjson_obj_iter_get_val(key));
        if (f.status != STATUS_OK && r->failed == failed)
            case_failed(t, r, name, NULL, "malformed: %.600s", r->error.text);
    }
    form_close(&f);
}

/* ---- executing ------------------------------------------------------------------------------------------------- */

bool tester_wants(const struct tester *t, enum executor_kind kind)
{
    uint32_t choice = t->options->executors == 0 ? RUN_SERIAL : t->options->executors;
    return (choice & 1u << kind) != 0;
}

struct engine *tester_engine(struct tester *t, enum executor_kind kind)
{
    if (t->engines[kind] == NULL) {
        unsigned workers = t->options->workers;
        if (workers == 0) workers = kind == EXECUTOR_SERIAL ? 1 : 2;
        t->engines[kind] = engine_new(workers);
        engine_share_always(t->engines[kind], true); /* however small the tests' blocks are */
    }
    return t->engines[kind];
}

static bool logs_equal(const struct tx_result *a, const struct tx_result *b)
{
    if (a->log_count != b->log_count) return false;
    for (uint32_t i = 0; i < a->log_count; i++) {
        const struct log *x = &a->logs[i], *y = &b->logs[i];
        if (!address_equal(&x->address, &y->address) || !bytes_equal(x->data, y->data) ||
            x->topic_count != y->topic_count ||
            (x->topic_count != 0 && memcmp(x->topics, y->topics, x->topic_count * sizeof *x->topics) != 0))
            return false;
    }
    return true;
}

static bool requests_equal(const struct block_result *a, const struct block_result *b)
{
    if (a->request_count != b->request_count) return false;
    for (uint32_t i = 0; i < a->request_count; i++)
        if (!bytes_equal(a->requests[i], b->requests[i])) return false;
    return true;
}

enum status results_compare(const struct block_result *serial, const struct block_result *parallel, struct error *e)
{
    if (serial->status != parallel->status)
        return error_set(e, EXECUTORS_DIFFER, "serial execution says '%s', parallel '%s'", status_text(serial->status),
                         status_text(parallel->status));
    if (serial->status != STATUS_OK) return STATUS_OK;
    for (uint32_t i = 0; i < serial->task->transaction_count; i++) {
        const struct tx_result *a = &serial->transactions[i], *b = &parallel->transactions[i];
        if (a->gas_used != b->gas_used || a->cumulative_gas != b->cumulative_gas || a->outcome != b->outcome)
            return error_set(e, EXECUTORS_DIFFER,
                             "transaction %u: serial execution uses %llu gas (%s), parallel %llu (%s)", i,
                             (unsigned long long)a->gas_used, vm_status_text(a->outcome),
                             (unsigned long long)b->gas_used, vm_status_text(b->outcome));
        if (!logs_equal(a, b) || !bytes_equal(a->output, b->output))
            return error_set(e, EXECUTORS_DIFFER, "transaction %u: serial and parallel execution differ in %s", i,
                             logs_equal(a, b) ? "output" : "logs");
    }
    if (serial->gas_used != parallel->gas_used || !requests_equal(serial, parallel))
        return error_set(e, EXECUTORS_DIFFER, "serial and parallel execution differ in %s",
                         requests_equal(serial, parallel) ? "gas used" : "requests");
    struct error difference;
    if (block_compare_access_lists(&parallel->access_list, &serial->access_list, &difference) != STATUS_OK)
        return error_set(e, EXECUTORS_DIFFER, "serial and parallel execution differ: %.400s", difference.text);
    return STATUS_OK;
}

struct hash result_logs_hash(const struct block_result *r)
{
    struct rlp_writer w = {0};
    for (uint32_t i = r->task->transaction_count; i-- > 0;)
        for (uint32_t k = r->transactions[i].log_count; k-- > 0;) log_encode(&w, &r->transactions[i].logs[k]);
    rlp_put_list(&w, 0);
    struct hash out = keccak256_bytes(rlp_written(&w));
    rlp_writer_free(&w);
    return out;
}

struct hash result_digest(const struct block_result *r)
{
    struct buffer all = {0};
    uint64_t numbers[] = {(uint64_t)r->status, r->gas_used, r->blob_gas_used, r->diff.count};
    buffer_append(&all, numbers, sizeof numbers);
    buffer_append(&all, &r->receipts_root, sizeof r->receipts_root);
    buffer_append(&all, &r->bloom, sizeof r->bloom);
    buffer_append(&all, &r->requests_hash, sizeof r->requests_hash);
    buffer_append(&all, &r->access_list_hash, sizeof r->access_list_hash);
    for (size_t i = 0; i < r->diff.count; i++) {
        const struct account_change *a = &r->diff.accounts[i];
        uint64_t account[] = {a->exists, a->storage_wiped, a->nonce, a->slot_count};
        buffer_append(&all, &a->address, sizeof a->address);
        buffer_append(&all, account, sizeof account);
        buffer_append(&all, &a->balance, sizeof a->balance);
        buffer_append(&all, &a->code_hash, sizeof a->code_hash);
        for (size_t k = 0; k < a->slot_count; k++) {
            buffer_append(&all, &a->slots[k].key, sizeof a->slots[k].key);
            buffer_append(&all, &a->slots[k].value, sizeof a->slots[k].value);
        }
    }
    struct hash out = keccak256_bytes(buffer_bytes(&all));
    buffer_free(&all);
    return out;
}

/* Executes with one executor, up to the diff. */
static enum status execute(struct tester *t, enum executor_kind kind, const struct block_task *task, bool seal,
                           struct block_result *out, struct error *error)
{
    struct engine *e = tester_engine(t, kind);
    uint64_t start = clock_wall_ns();
    enum status s = block_execute(e, kind, task, out, error);
    t->time[kind] += clock_wall_ns() - start;
    if (s != STATUS_OK) return s;
    if (seal)
        block_seal(e, out);
    else
        state_table_diff(engine_table(e), UINT32_MAX, task->fork->clear_empty, &t->arena, &out->diff);
    return STATUS_OK;
}

/* Executes once more, with another executor, and compares. */
static void execute_again(struct tester *t, enum executor_kind kind, const struct block_task *task, bool seal,
                          const struct block_result *first, struct error *difference)
{
    struct block_task again = *task;
    again.committed = NULL; /* callbacks are for the first alone */
    again.tracing = NULL;
    if (task->fork->block_access_list && again.access_list == NULL && first->status == STATUS_OK && seal &&
        hash_equal(&first->access_list_hash, &task->header->access_list_hash))
        again.access_list = &first->access_list;
    struct block_result second;
    execute(t, kind, &again, seal, &second, NULL);
    if (results_compare(first, &second, difference) != STATUS_OK || first->status != STATUS_OK) return;
    if (seal && !hash_equal(&first->receipts_root, &second.receipts_root))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in receipts");
    else if (seal && !hash_equal(&first->access_list_hash, &second.access_list_hash))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in the block access list");
    else if (!state_diff_equal(&first->diff, &second.diff))
        error_set(difference, EXECUTORS_DIFFER, "serial and parallel execution differ in what they changed");
}

enum status tester_execute(struct tester *t, const struct block_task *task, bool seal, struct block_result *out,
                           struct error *error, struct error *difference)
{
    difference->status = STATUS_OK;
    enum executor_kind kind = EXECUTOR_SERIAL;
    while (!tester_wants(t, kind)) kind++;
    enum status s = execute(t, kind, task, seal, out, error);
    if (s == STATUS_OK) t->gas += out->gas_used;
    while (++kind <= EXECUTOR_ACCESS_LIST && difference->status == STATUS_OK)
        if (tester_wants(t, kind)) execute_again(t, kind, task, seal, out, difference);
    return s;
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

/* Prints what is done and not printed yet, as far as no file before it is missing. */
static void print_finished(struct suite *s, size_t finished)
{
    (void)pthread_mutex_lock(&s->printing);
    s->reports[finished].done = true;
    while (s->printed < s->count && s->reports[s->printed].done) {
        struct suite_report *r = &s->reports[s->printed++];
        if (r->text.size != 0 || r->unreadable) progress_clear(&s->progress);
        if (r->text.size != 0) (void)fwrite(r->text.data, 1, r->text.size, stdout);
        if (r->unreadable) log_line("%s", r->error.text);
        buffer_free(&r->text);
    }
    (void)pthread_mutex_unlock(&s->printing);
    progress_step(&s->progress);
}

static void run_worker(void *context, unsigned worker)
{
    (void)worker;
    struct suite *s = context;
    struct tester t = {.options = s->options};
    for (;;) {
        size_t n = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
        if (n >= s->count || interrupted()) break;
        size_t file = (size_t)(s->order[n] - s->files);
        s->run_file(&t, s->files[file].path, &s->reports[file]);
        print_finished(s, file);
    }
    for (size_t i = 0; i < COUNT_OF(t.engines); i++)
        if (t.engines[i] != NULL) engine_free(t.engines[i]);
    arena_free(&t.arena);
}

static int larger_first(const void *a, const void *b)
{
    const struct file_entry *x = *(const struct file_entry *const *)a, *y = *(const struct file_entry *const *)b;
    return x->size != y->size ? (x->size < y->size ? 1 : -1) : (x < y ? -1 : x > y);
}

/* What is there is printed even when files before it were never reached. */
static void print_rest(struct suite *s)
{
    progress_clear(&s->progress);
    for (size_t i = s->printed; i < s->count; i++) {
        if (s->reports[i].text.size != 0) (void)fwrite(s->reports[i].text.data, 1, s->reports[i].text.size, stdout);
        buffer_free(&s->reports[i].text);
    }
}

static enum exit_code print_summary(const struct suite *s)
{
    uint64_t passed = 0, failed = 0, skipped = 0;
    bool unreadable = false;
    for (size_t i = 0; i < s->count; i++) {
        passed += s->reports[i].passed;
        failed += s->reports[i].failed;
        skipped += s->reports[i].skipped;
        unreadable = unreadable || s->reports[i].unreadable;
    }
    (void)fflush(stdout);
    (void)fprintf(s->options->json ? stderr : stdout, "%llu passed, %llu failed, %llu skipped\n",
                  (unsigned long long)passed, (unsigned long long)failed, (unsigned long long)skipped);
    if (unreadable) return EXIT_BAD_INPUT;
    if (failed != 0) return EXIT_CHECK_FAILED;
    if (passed != 0 || interrupted()) return EXIT_GOOD;
    log_line("nothing was checked: %zu files, %llu cases skipped; expected test cases that the options let through",
             s->count, (unsigned long long)skipped);
    return EXIT_BAD_INPUT;
}

enum exit_code suite_run(const struct options *o, suite_file *run_file)
{
    interrupt_patience(SUMMARY_PATIENCE);
    struct file_list files = {0};
    struct error error;
    for (uint32_t i = 0; i < o->operand_count; i++)
        if (files_find(&files, o->operands[i], &error) != STATUS_OK) {
            log_line("%s", error.text);
            files_free(&files);
            return EXIT_BAD_INPUT;
        }
    struct suite s = {.options = o, .run_file = run_file, .count = files.count, .files = files.files};
    s.reports = base_calloc(files.count + 1, sizeof *s.reports);
    s.order = base_calloc(files.count + 1, sizeof *s.order);
    for (size_t i = 0; i < files.count; i++) {
        s.reports[i].file = files.files[i].path;
        s.order[i] = &files.files[i];
    }
    if (!o->trace) qsort(s.order, s.count, sizeof *s.order, larger_first);
    (void)pthread_mutex_init(&s.printing, NULL);
    progress_begin(&s.progress, "files", s.count);

    unsigned threads = o->threads[0] < files.count ? o->threads[0] : (unsigned)files.count;
    if (o->trace) threads = 1; /* traces come one after the other */
    struct pool *pool = pool_new(threads == 0 ? 1 : threads);
    pool_run(pool, 0, run_worker, &s);
    pool_free(pool);

    print_rest(&s);
    enum exit_code code = print_summary(&s);
    (void)pthread_mutex_destroy(&s.printing);
    free(s.reports);
    free(s.order);
    files_free(&files);
    return code;
}
