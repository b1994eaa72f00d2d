/* suite: files over threads, reports in order. */
#define _GNU_SOURCE 1
#include "cli/suite/suite.h"

#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    bool wrote;     /* something of an array, in the form of geth's program */
};

/* Of all files that a command runs. */
struct suite_total {
    uint64_t passed, failed, skipped, files;
    bool unreadable;
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

/* The same in the form of geth's program; `why` is NULL for one that passed. With --human it is a line. */
static void put_evm_case(struct tester *t, struct suite_report *r, const char *name, const char *fork, const char *why)
{
    struct buffer *out = &r->text;
    if (t->options->human) {
        buffer_printf(out, "[%s] %s", why == NULL ? "PASS" : "FAIL", name);
        if (why != NULL) buffer_printf(out, ", err=%s, fork=%s", why, fork == NULL ? "" : fork);
        buffer_append_text(out, "\n");
        return;
    }
    buffer_append_text(out, ",\n  {\n    \"name\": ");
    json_put_text(out, name);
    buffer_printf(out, ",\n    \"pass\": %s", why == NULL ? "true" : "false");
    if (t->has_root) {
        buffer_append_text(out, ",\n    \"stateRoot\": ");
        json_put_hex(out, t->root.b, sizeof t->root.b);
    }
    buffer_append_text(out, ",\n    \"fork\": ");
    json_put_text(out, fork == NULL ? "" : fork);
    if (why != NULL) {
        buffer_append_text(out, ",\n    \"error\": ");
        json_put_text(out, why);
    }
    buffer_append_text(out, "\n  }");
}

void case_passed(struct tester *t, struct suite_report *r, const char *name, const char *fork)
{
    r->passed++;
    if (t->options->evm) {
        put_evm_case(t, r, name, fork, NULL);
        return;
    }
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
    if (t->options->evm) {
        put_evm_case(t, r, name, fork, why);
        return;
    }
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
    if (t->options->evm)
        put_evm_case(t, r, name, fork, why);
    else if (t->options->json)
        put_case(t, r, name, fork, "skipped", why);
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
    regex_t pattern;
    const char *text = t->options->pattern;
    if (text != NULL && regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0) {
        (void)error_set(&r->error, BAD_USAGE, "--run: expected an extended regular expression, found '%s'", text);
        r->unreadable = true;
        json_close(&f);
        return;
    }
    if (!yyjson_is_obj(f.root)) json_expect(&f, "document", "an object of test cases");
    r->unreadable = f.status != STATUS_OK;
    yyjson_obj_iter i = yyjson_obj_iter_with(f.root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL && !interrupted();) {
        const char *name = yyjson_get_str(key);
        if (filter != NULL && strstr(name, filter) == NULL && strstr(path, filter) == NULL) continue;
        if (text != NULL && regexec(&pattern, name, 0, NULL, 0) != 0) continue;
        uint64_t failed = r->failed;
        arena_reset(&t->arena);
        t->gas = 0;
        t->has_root = false;
        memset(t->time, 0, sizeof t->time);
        /* What is malformed in a case is that case's alone; the verdict says where it is. */
        f.status = STATUS_OK;
        f.file = f.place = NULL;
        f.account = f.slot = NULL;
        run_case(t, r, &f, name, yyjson_obj_iter_get_val(key));
        if (f.status != STATUS_OK && r->failed == failed)
            case_failed(t, r, name, NULL, "malformed: %.600s", r->error.text);
    }
    if (text != NULL) regfree(&pattern);
    json_close(&f);
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

/* As geth's program has it, all cases are one array, and each begins with what stands between two. */
static void print_text(struct suite *s, const struct buffer *text)
{
    size_t skip = s->options->evm && !s->options->human && !s->wrote && text->size != 0 ? 2 : 0;
    if (skip != 0) (void)fputs("[\n", stdout);
    s->wrote = s->wrote || text->size != 0;
    if (text->size != 0) (void)fwrite(text->data + skip, 1, text->size - skip, stdout);
}

/* Prints what is done and not printed yet, as far as no file before it is missing. */
static void print_finished(struct suite *s, size_t finished)
{
    (void)pthread_mutex_lock(&s->printing);
    s->reports[finished].done = true;
    while (s->printed < s->count && s->reports[s->printed].done) {
        struct suite_report *r = &s->reports[s->printed++];
        if (r->text.size != 0 || r->unreadable) progress_clear(&s->progress);
        print_text(s, &r->text);
        if (r->unreadable) log_line("%s", r->error.text);
        buffer_free(&r->text);
    }
    (void)pthread_mutex_unlock(&s->printing);
    progress_step(&s->progress);
}

struct tester suite_tester(const struct options *o)
{
    return (struct tester){
        .options = o, .executors = o->executors == 0 ? RUN_SERIAL : o->executors, .workers = o->workers};
}

static void run_worker(void *context, unsigned worker)
{
    (void)worker;
    struct suite *s = context;
    struct tester t = suite_tester(s->options);
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
        print_text(s, &s->reports[i].text);
        buffer_free(&s->reports[i].text);
    }
}

static enum exit_code print_summary(const struct options *o, const struct suite_total *t)
{
    (void)fflush(stdout);
    if (!o->evm)
        (void)fprintf(o->json ? stderr : stdout, "%llu passed, %llu failed, %llu skipped\n",
                      (unsigned long long)t->passed, (unsigned long long)t->failed, (unsigned long long)t->skipped);
    else if (o->human)
        printf("--\n%llu tests passed, %llu tests failed.\n", (unsigned long long)t->passed,
               (unsigned long long)(t->failed + t->skipped));
    if (o->evm) return t->unreadable ? EXIT_CHECK_FAILED : EXIT_GOOD; /* who calls it looks at the verdicts */
    if (t->unreadable) return EXIT_BAD_INPUT;
    if (t->failed != 0) return EXIT_CHECK_FAILED;
    if (t->passed != 0 || interrupted()) return EXIT_GOOD;
    log_line("nothing was checked: %llu files, %llu cases skipped; expected test cases that the options let through",
             (unsigned long long)t->files, (unsigned long long)t->skipped);
    return EXIT_BAD_INPUT;
}

/* Runs the files, and adds what they gave to *total. */
static void run_files(const struct options *o, suite_file *run_file, const struct file_list *files,
                      struct suite_total *total)
{
    struct suite s = {.options = o, .run_file = run_file, .count = files->count, .files = files->files};
    s.reports = base_calloc(files->count + 1, sizeof *s.reports);
    s.order = base_calloc(files->count + 1, sizeof *s.order);
    for (size_t i = 0; i < files->count; i++) {
        s.reports[i].file = files->files[i].path;
        s.order[i] = &files->files[i];
    }
    if (!o->trace) qsort(s.order, s.count, sizeof *s.order, larger_first);
    (void)pthread_mutex_init(&s.printing, NULL);
    progress_begin(&s.progress, "files", s.count);

    unsigned threads = o->threads[0] < files->count ? o->threads[0] : (unsigned)files->count;
    if (o->trace) threads = 1; /* traces come one after the other */
    struct pool *pool = pool_new(threads == 0 ? 1 : threads);
    pool_run(pool, 0, run_worker, &s);
    pool_free(pool);

    print_rest(&s);
    if (o->evm && !o->human) (void)fputs(s.wrote ? "\n]\n" : "[]\n", stdout);
    for (size_t i = 0; i < s.count; i++) {
        total->passed += s.reports[i].passed;
        total->failed += s.reports[i].failed;
        total->skipped += s.reports[i].skipped;
        total->unreadable = total->unreadable || s.reports[i].unreadable;
    }
    total->files += s.count;
    (void)pthread_mutex_destroy(&s.printing);
    free(s.reports);
    free(s.order);
}

/* Runs what each line of standard input names as soon as it is there: who writes it may wait for what comes of it. */
static enum status run_lines(const struct options *o, suite_file *run_file, struct suite_total *total, struct error *e)
{
    char *line = NULL;
    size_t capacity = 0;
    enum status s = STATUS_OK;
    for (ssize_t size; s == STATUS_OK && !interrupted() && (size = getline(&line, &capacity, stdin)) > 0;) {
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) line[--size] = 0;
        if (size == 0) break;
        struct file_list files = {0};
        s = files_find(&files, line, e);
        if (s == STATUS_OK) run_files(o, run_file, &files, total);
        files_free(&files);
        (void)fflush(stdout);
    }
    free(line);
    return s;
}

enum exit_code suite_run(const struct options *o, suite_file *run_file)
{
    interrupt_patience(SUMMARY_PATIENCE);
    struct file_list files = {0};
    struct suite_total total = {0};
    struct error error;
    enum status s = STATUS_OK;
    if (o->operand_count == 0 && !o->evm && isatty(STDIN_FILENO) != 0) {
        log_line("expected a path, or paths on standard input, one a line");
        return EXIT_BAD_INPUT;
    }
    for (uint32_t i = 0; i < o->operand_count && s == STATUS_OK; i++) s = files_find(&files, o->operands[i], &error);
    if (s == STATUS_OK && o->operand_count == 0)
        s = run_lines(o, run_file, &total, &error);
    else if (s == STATUS_OK)
        run_files(o, run_file, &files, &total);
    files_free(&files);
    if (s != STATUS_OK) {
        log_line("%s", error.text);
        return EXIT_BAD_INPUT;
    }
    return print_summary(o, &total);
}
