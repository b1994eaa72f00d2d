/* harness: see harness.h. The parent forks one child for each test, up to --jobs at a time; a child's output goes to a
 * file in memory that the parent shows when the test fails. The verdict is the exit status. */
#define _GNU_SOURCE 1
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit statuses of a child; a sanitizer's own must differ from the last two. */
enum { VERDICT_PASS = 0, VERDICT_FAIL = 1, VERDICT_SKIP = 77 };
enum { JOBS_MAX = 256, SHOWN_BYTES = 48 };

static struct test *tests; /* sorted by file, then name */
static uint64_t random_state;
static bool here; /* --here: no fork, abort on failure */

static struct {
    const char *filter;
    uint64_t seed;
    unsigned jobs, timeout;
    bool list, verbose;
} options = {.filter = "", .seed = 1, .timeout = 300};

static struct {
    unsigned passed, failed, skipped;
} counts;

/* ---- what tests call ---- */

static int compare(const struct test *a, const struct test *b)
{
    int by_file = strcmp(a->file, b->file);
    return by_file != 0 ? by_file : strcmp(a->name, b->name);
}

void harness_register(struct test *t)
{
    struct test **link = &tests;
    while (*link != NULL && compare(*link, t) < 0) link = &(*link)->next;
    t->next = *link;
    *link = t;
}

static _Noreturn void finish(int verdict)
{
    (void)fflush(NULL);
    if (here && verdict == VERDICT_FAIL) abort();
    /* At once, without exit handlers: other threads of the test may still run. */
    _exit(verdict);
}

_Noreturn void harness_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "%s:%d: failed: ", file, line);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    finish(VERDICT_FAIL);
}

_Noreturn void harness_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    finish(VERDICT_SKIP);
}

void harness_check_u64(const char *file, int line, const char *what, uint64_t found, uint64_t expected)
{
    if (found == expected) return;
    harness_fail(file, line, "%s\n    found    %llu (0x%llx)\n    expected %llu (0x%llx)", what,
                 (unsigned long long)found, (unsigned long long)found, (unsigned long long)expected,
                 (unsigned long long)expected);
}

void harness_check_i64(const char *file, int line, const char *what, int64_t found, int64_t expected)
{
    if (found == expected) return;
    harness_fail(file, line, "%s\n    found    %lld\n    expected %lld", what, (long long)found, (long long)expected);
}

void harness_check_text(const char *file, int line, const char *what, const char *found, const char *expected)
{
    if (strcmp(found, expected) == 0) return;
    harness_fail(file, line, "%s\n    found    \"%s\"\n    expected \"%s\"", what, found, expected);
}

void harness_check_bytes(const char *file, int line, const char *what, const void *found, const void *expected,
                         size_t size)
{
    const uint8_t *a = found, *b = expected;
    size_t at = 0;
    while (at < size && a[at] == b[at]) at++;
    if (at == size) return;
    /* Shown from the first difference on, with a little of what stands before it. */
    size_t from = at < 8 ? 0 : at - 8, shown = size - from < SHOWN_BYTES ? size - from : SHOWN_BYTES;
    char left[2 * SHOWN_BYTES + 1], right[2 * SHOWN_BYTES + 1];
    hex_encode(left, a + from, shown);
    hex_encode(right, b + from, shown);
    harness_fail(file, line, "%s: byte %zu of %zu differs; from byte %zu:\n    found    %s\n    expected %s", what, at,
                 size, from, left, right);
}

void harness_check_hex(const char *file, int line, const char *what, const void *found, size_t size,
                       const char *expected)
{
    if (strncmp(expected, "0x", 2) == 0) expected += 2;
    size_t digits = strlen(expected);
    if (digits % 2 != 0 || digits / 2 != size) {
        harness_fail(file, line, "%s\n    found    %zu bytes\n    expected %zu hex digits", what, size, digits);
    }
    uint8_t *bytes = base_alloc(size);
    if (!hex_decode(bytes, expected, digits)) harness_fail(file, line, "not hex: %s", expected);
    harness_check_bytes(file, line, what, found, bytes, size);
    free(bytes);
}

void harness_check_status(const char *file, int line, const char *what, enum status found, enum status expected)
{
    if (found == expected) return;
    harness_fail(file, line, "%s\n    found    %s\n    expected %s", what, status_name(found), status_name(expected));
}

uint64_t harness_random(void)
{
    return random_next(&random_state);
}

uint64_t harness_random_below(uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)harness_random() * bound) >> 64);
}

void harness_random_edge_bytes(uint8_t *out, size_t size)
{
    uint64_t kind = harness_random_below(8);
    for (size_t i = 0; i < size; i++) {
        out[i] = kind == 0 ? 0x00 : kind == 1 ? 0xff : (uint8_t)harness_random();
    }
}

/* ---- running ---- */

static void seed_for(const struct test *t)
{
    random_state = options.seed;
    for (const char *c = t->name; *c != 0; c++)
        random_state = hash_mix(random_state ^ (uint8_t)*c, 0x9fb21c651e98df25u);
}

struct child {
    pid_t pid;
    int output; /* file in memory with what the test printed */
    uint64_t started_ns;
    const struct test *test;
};

static struct child children[JOBS_MAX];

/* The time is up by the clock on the wall. A test that has worked, but not for so long, was kept waiting by the machine
 * and goes on; one that has not worked hangs. */
static void on_alarm(int signal_number)
{
    static uint64_t worked_ns; /* when the alarm came last */
    uint64_t now_ns = clock_cpu_ns(), timeout_ns = options.timeout * UINT64_C(1000000000);
    if (now_ns < timeout_ns && now_ns - worked_ns > timeout_ns / 1000) {
        worked_ns = now_ns;
        (void)alarm(options.timeout);
        return;
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void child_start(struct child *slot, const struct test *t)
{
    *slot = (struct child){.test = t, .started_ns = clock_wall_ns()};
    slot->output = memfd_create("test-output", 0);
    ASSERT(slot->output >= 0);
    (void)fflush(NULL);
    slot->pid = fork();
    ASSERT(slot->pid >= 0);
    if (slot->pid != 0) return;
    (void)dup2(slot->output, STDOUT_FILENO);
    (void)dup2(slot->output, STDERR_FILENO);
    (void)signal(SIGALRM, on_alarm);
    (void)alarm(options.timeout);
    seed_for(t);
    t->run();
    exit(VERDICT_PASS); /* with exit handlers, among them the leak check */
}

static void show_output(int fd)
{
    char block[4096];
    ssize_t got;
    off_t at = 0;
    while ((got = pread(fd, block, sizeof block, at)) > 0) {
        (void)fwrite(block, 1, (size_t)got, stdout);
        at += got;
    }
}

static void report_failure(const struct child *c, int status)
{
    counts.failed++;
    printf("FAIL %s (%s)", c->test->name, c->test->file);
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) == SIGALRM) {
            printf(": not done after %u s", options.timeout);
        } else {
            printf(": %s", strsignal(WTERMSIG(status)));
        }
    }
    printf("\n");
    show_output(c->output);
    printf("    again: --filter %s --seed %llu\n", c->test->name, (unsigned long long)options.seed);
}

static void report(const struct child *c, int status)
{
    double ms = (double)(clock_wall_ns() - c->started_ns) / 1e6;
    bool exited = WIFEXITED(status);
    if (exited && WEXITSTATUS(status) == VERDICT_PASS) {
        counts.passed++;
        if (options.verbose) printf("pass %s (%.0f ms)\n", c->test->name, ms);
    } else if (exited && WEXITSTATUS(status) == VERDICT_SKIP) {
        counts.skipped++;
        printf("skip %s: ", c->test->name);
        (void)fflush(stdout);
        show_output(c->output);
    } else {
        report_failure(c, status);
    }
    (void)close(c->output);
    (void)fflush(stdout);
}

/* Waits for one child and reports it. */
static void reap(unsigned jobs)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) return;
    ASSERT(pid > 0);
    for (unsigned i = 0; i < jobs; i++) {
        if (children[i].pid != pid) continue;
        report(&children[i], status);
        children[i].pid = 0;
        return;
    }
}

static struct child *free_slot(unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        if (children[i].pid == 0) return &children[i];
    }
    return NULL;
}

static bool any_running(unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        if (children[i].pid != 0) return true;
    }
    return false;
}

static bool selected(const struct test *t)
{
    return strstr(t->name, options.filter) != NULL || strstr(t->file, options.filter) != NULL;
}

static void run_all(void)
{
    for (const struct test *t = tests; t != NULL; t = t->next) {
        if (!selected(t)) continue;
        if (here) {
            printf("%s\n", t->name);
            (void)fflush(stdout);
            seed_for(t);
            t->run();
            counts.passed++;
            continue;
        }
        struct child *slot;
        while ((slot = free_slot(options.jobs)) == NULL) reap(options.jobs);
        child_start(slot, t);
    }
    while (any_running(options.jobs)) reap(options.jobs);
}

/* ---- the command line ---- */

static _Noreturn void usage(const char *why, const char *what)
{
    (void)fprintf(stderr,
                  "weft_tests: %s %s\nusage: weft_tests [--filter TEXT] [--list] [--seed N] [--jobs N] "
                  "[--timeout SECONDS] [--here] [--verbose]\n",
                  why, what);
    exit(2);
}

static uint64_t number(const char *option, const char *text, uint64_t limit)
{
    char *end;
    errno = 0;
    unsigned long long n = text != NULL ? strtoull(text, &end, 0) : 0;
    if (text == NULL || end == text || *end != 0 || errno != 0 || n > limit)
        usage("a number was expected after", option);
    return n;
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(option, "--list") == 0)
            options.list = true;
        else if (strcmp(option, "--verbose") == 0)
            options.verbose = true;
        else if (strcmp(option, "--here") == 0)
            here = true;
        else if (strcmp(option, "--filter") == 0 && value != NULL)
            options.filter = argv[++i];
        else if (strcmp(option, "--seed") == 0)
            options.seed = number(option, argv[++i < argc ? i : argc], UINT64_MAX);
        else if (strcmp(option, "--jobs") == 0)
            options.jobs = (unsigned)number(option, argv[++i < argc ? i : argc], JOBS_MAX);
        else if (strcmp(option, "--timeout") == 0)
            options.timeout = (unsigned)number(option, argv[++i < argc ? i : argc], INT_MAX);
        else
            usage("not understood:", option);
    }
    if (options.jobs == 0) options.jobs = cpu_count();
    if (options.jobs > JOBS_MAX) options.jobs = JOBS_MAX;
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (options.list) {
        for (const struct test *t = tests; t != NULL; t = t->next) {
            if (selected(t)) printf("%s\n", t->name);
        }
        return 0;
    }
    run_all();
    printf("%u passed, %u failed, %u skipped\n", counts.passed, counts.failed, counts.skipped);
    return counts.failed != 0;
}
