#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "program.h"

/* A run that goes on for longer never ends. */
enum { RUN_SECONDS_MAX = 5, SHRINK_RUNS = 4000, PRINTED_PICKS = 4000 };

const char *const along_names[3] = {"nothing", "list", "wrong-list"};
const char *const model_names[3] = {"sc", "tso", "weak"};

static struct setting running;
static struct scenario scenario;

/* ---- one run ------------------------------------------------------------------------------------------------- */

static void prepare(const struct setting *s)
{
    running = *s;
    memory_model = s->model;
    world_clock_step_ns = 1;
    world_processors = 1;
    scenario_free(&scenario);
    if (s->transactions == 0) {
        world_clock_step_ns = 20000;
        world_processors = s->seed % 2 == 0 ? 1 : FIBERS;
        return;
    }
    scenario_make(&scenario, s->seed, s->profile, s->transactions);
    running.profile = scenario.profile;
    check_expect(&scenario);
}

/* With choices that have been prepared. */
static const char *run(void)
{
    /* Processor time; not for each run, beside which a system call takes long. */
    static const struct itimerval limit = {.it_value = {.tv_sec = RUN_SECONDS_MAX}};
    if (check_counts.runs % 256 == 0) (void)setitimer(ITIMER_PROF, &limit, NULL);
    if (running.transactions == 0) return check_pool(running.workers, 3, running.seed % 4 == 3);
    return check_run(&scenario, running.workers, running.along);
}

/* ---- what went wrong ------------------------------------------------------------------------------------------- */

static void print_setting(const struct schedule *picks)
{
    (void)printf("seed=%#llx profile=%s transactions=%u workers=%u model=%s along=%s picks=",
                 (unsigned long long)running.seed, profile_names[running.profile], running.transactions,
                 running.workers, model_names[running.model], along_names[running.along]);
    for (uint32_t i = 0; i < picks->count && i < PRINTED_PICKS; i++)
        (void)printf("%s%u:%u", i == 0 ? "" : ",", picks->picks[i].at, picks->picks[i].way);
    (void)printf(picks->count > PRINTED_PICKS ? " (cut)\n" : "\n");
}

void search_print_running(void)
{
    print_setting(choices_made());
    (void)fflush(stdout);
}

static void copy(struct schedule *to, const struct schedule *from)
{
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) schedule_add(to, from->picks[i].at, from->picks[i].way);
}

/* Whether something still goes wrong without picks first..end - 1; if so they are gone. What is left of the run may go
 * another way: what it then chose is kept. */
static bool drop(struct schedule *s, uint32_t first, uint32_t end)
{
    struct schedule less = {0};
    for (uint32_t i = 0; i < s->count; i++)
        if (i < first || i >= end) schedule_add(&less, s->picks[i].at, s->picks[i].way);
    choices_replay(&less);
    bool wrong = run() != NULL;
    if (wrong) copy(s, choices_made());
    free(less.picks);
    return wrong;
}

/* Halves, quarters, ... of the choices are left out as long as the run stays wrong. */
static void shrink(struct schedule *s)
{
    uint32_t runs = 0;
    for (uint32_t size = s->count / 2 + 1; size > 0; size /= 2)
        for (uint32_t first = 0; first < s->count && runs < SHRINK_RUNS; runs++)
            if (!drop(s, first, first + size < s->count ? first + size : s->count)) first += size;
}

static void report(const char *why)
{
    static char text[400];
    struct schedule picks = {0};
    (void)snprintf(text, sizeof text, "%s", why); /* it lives in the world */
    copy(&picks, choices_made());
    (void)printf("FAILED: %s\nfound as: ", text);
    print_setting(&picks);
    (void)fflush(stdout);
    shrink(&picks);
    choices_replay(&picks);
    const char *again = run();
    (void)printf("smaller:  ");
    print_setting(&picks);
    (void)printf("which gives: %s\n", again == NULL ? "nothing: the run cannot be repeated" : again);
    free(picks.picks);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_counts(double seconds, bool held)
{
    const struct check_counts *c = &check_counts;
    (void)printf("%llu runs in %.1f s (%.0f a second): %llu speculative executions, %llu again, %llu conflicts, "
                 "%llu executed serially, %llu invalid blocks: %s\n",
                 (unsigned long long)c->runs, seconds, (double)c->runs / seconds, (unsigned long long)c->speculated,
                 (unsigned long long)c->reruns, (unsigned long long)c->conflicts, (unsigned long long)c->fallbacks,
                 (unsigned long long)c->invalid, held ? "as serial" : "FAILED");
}

/* ---- searching ----------------------------------------------------------------------------------------------- */

/* Eight transactions and three workers are enough for most faults, and leave room for what they need besides. */
static struct setting choose_setting(const struct search *s, uint64_t *random)
{
    struct setting setting = {.seed = random_next(random), .profile = s->profile};
    uint32_t size = random_below(random, 10);
    setting.transactions = size < 4   ? 3 + random_below(random, 3)
                           : size < 9 ? 6 + random_below(random, 5)
                                      : 12 + random_below(random, TRANSACTIONS_MAX - 11);
    setting.workers = random_below(random, 2) != 0 ? 3 : 2 + random_below(random, FIBERS - 1);
    setting.model = (enum model)random_below(random, 3);
    if (s->transactions != 0) setting.transactions = s->transactions;
    if (s->pool) {
        setting.transactions = 0;
        setting.workers = 2 + random_below(random, 3);
    }
    if (s->workers != 0) setting.workers = s->workers;
    if (s->model >= 0) setting.model = (enum model)s->model;
    return setting;
}

bool search_random(const struct search *s)
{
    uint64_t random = s->seed;
    double start = now();
    bool held = true;
    while (held && check_counts.runs < s->runs && (s->seconds == 0 || now() - start < s->seconds)) {
        struct setting setting = choose_setting(s, &random);
        prepare(&setting);
        uint32_t along = random_below(&random, 8);
        if (s->along > ALONG_NOTHING && !check_has_list()) continue;
        if (setting.transactions != 0 && check_has_list() && along <= ALONG_WRONG_LIST)
            running.along = (enum along)along;
        if (s->along >= 0) running.along = (enum along)s->along;
        for (uint32_t i = 0; i < s->block_runs && held; i++) {
            choices_random(random_next(&random));
            const char *wrong = run();
            held = wrong == NULL;
            if (!held) report(wrong);
        }
    }
    print_counts(now() - start, held);
    return held;
}

bool search_depth_first(const struct search *s)
{
    uint64_t random = s->seed, blocks = 0, complete = 0;
    double start = now();
    bool held = true;
    while (held && check_counts.runs < s->runs && (s->seconds == 0 || now() - start < s->seconds)) {
        struct setting setting = choose_setting(s, &random);
        if (s->transactions == 0 && !s->pool) setting.transactions = 3 + random_below(&random, 2);
        if (s->workers == 0) setting.workers = 2 + (random_below(&random, 4) == 0);
        prepare(&setting);
        bool more = true;
        blocks++;
        choices_first(s->deviations);
        for (uint32_t i = 0; i < s->block_runs && held && more; i++) {
            const char *wrong = run();
            held = wrong == NULL;
            if (!held) report(wrong);
            more = held && choices_next();
        }
        complete += held && !more;
    }
    (void)printf("depth first, %u deviations: %llu blocks, %llu of them completely\n", s->deviations,
                 (unsigned long long)blocks, (unsigned long long)complete);
    print_counts(now() - start, held);
    return held;
}

/* ---- again --------------------------------------------------------------------------------------------------- */

static const char *value_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? "" : at + strlen(name);
}

static uint32_t index_of(const char *value, const char *const *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (strncmp(value, names[i], strlen(names[i])) == 0) return i;
    return 0;
}

static bool replay_text(const char *text)
{
    struct setting s = {.seed = strtoull(value_of(text, "seed="), NULL, 0),
                        .profile = (enum profile)index_of(value_of(text, "profile="), profile_names, PROFILES),
                        .transactions = (uint32_t)strtoul(value_of(text, "transactions="), NULL, 10),
                        .workers = (unsigned)strtoul(value_of(text, "workers="), NULL, 10),
                        .model = (enum model)index_of(value_of(text, "model="), model_names, COUNT_OF(model_names)),
                        .along = (enum along)index_of(value_of(text, "along="), along_names, COUNT_OF(along_names))};
    if (s.transactions > TRANSACTIONS_MAX || s.workers < 2 || s.workers > FIBERS) {
        (void)fprintf(stderr, "explore: this is no schedule: %s\n", text);
        return false;
    }
    struct schedule picks = {0};
    const char *at = value_of(text, "picks=");
    while (*at >= '0' && *at <= '9') {
        char *end;
        uint32_t place = (uint32_t)strtoul(at, &end, 10), way = *end == ':' ? (uint32_t)strtoul(end + 1, &end, 10) : 0;
        schedule_add(&picks, place, way);
        at = *end == ',' ? end + 1 : end;
    }
    prepare(&s);
    running.profile = s.profile;
    choices_replay(&picks);
    const char *wrong = run();
    (void)printf("%s, %llu steps, %u choices\n", wrong == NULL ? "as serial" : wrong, (unsigned long long)world_steps(),
                 choices_at);
    free(picks.picks);
    return wrong == NULL;
}

bool search_replay(const char *text)
{
    FILE *file = fopen(text, "r");
    if (file == NULL) return replay_text(text);
    char *line = NULL;
    size_t room = 0;
    bool held = true, found = false;
    while (getline(&line, &room, file) > 0 && !found) {
        found = strstr(line, "picks=") != NULL;
        if (found) held = replay_text(line);
    }
    if (!found) (void)fprintf(stderr, "explore: %s has no line with a schedule\n", text);
    free(line);
    (void)fclose(file);
    return found && held;
}
