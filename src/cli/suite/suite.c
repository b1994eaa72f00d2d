/* suite: files over threads, reports in order. */
#include "cli/suite/suite.h"

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
                 void (*run_case)(struct tester *t, struct suite_report *r, struct json_reader *f, const char *name,
                                  yyjson_val *v))
{
    const char *filter = t->options->filter;
    struct json_reader f;
    if (json_open(&f, path, &r->error) != STATUS_OK) {
        r->unreadable = true;
        return;
    }
    if (!yyjson_is_obj(f.root)) json_expect(&f, "document", "an object of test cases");
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
    json_close(&f);
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
    struct tester t = {.options = s->options,
                       .executors = s->options->executors == 0 ? RUN_SERIAL : s->options->executors,
                       .workers = s->options->workers};
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
