/* The explorer's command line; docs/exploring.md. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "search.h"

static const char usage[] =
    "explore: runs the parallel executor through chosen interleavings and compares with serial execution\n"
    "  --depth-first       all interleavings of small blocks with few deviations, instead of random ones\n"
    "  --deviations N      preemptions and old values in a run, at most (2)\n"
    "  --runs N            stop after so many runs (100000)\n"
    "  --seconds N         and after so many seconds\n"
    "  --block-runs N      runs of each block (200; depth first 200000)\n"
    "  --seed N            of the search (1)\n"
    "  --profile NAME      mix, spend, chain, reborn, counter or switch (any)\n"
    "  --transactions N    of each block, up to 32 (small ones mostly)\n"
    "  --workers N         2 to 8 (any)\n"
    "  --model NAME        sc, tso or weak (any)\n"
    "  --along WHAT        nothing, list or wrong-list (any)\n"
    "  --pool              jobs on the worker pool instead of blocks\n"
    "  --replay WHAT       one run, as printed of a failure, or a file with it\n"
    "  --mutant NAME       weaken one place in the sources; --sites: print all mutants, after the search\n"
    "Exit codes: 0 as serial, 1 something went wrong, 2 wrong usage\n";

enum { OPTION_SITES = 256 };

static void on_signal(int number)
{
    (void)printf("FAILED: %s in: ", number == SIGPROF ? "no end" : "a crash");
    search_print_running();
    _exit(1);
}

static void catch_signals(void)
{
    static uint8_t stack[64 << 10];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    static const int numbers[] = {SIGPROF, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    (void)sigaltstack(&other, NULL);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
        (void)sigaction(numbers[i], &action, NULL);
    }
}

static int wrong_usage(const char *what, const char *value)
{
    (void)fprintf(stderr, "explore: %s: %s\n%s", what, value, usage);
    return 2;
}

static int index_of(const char *value, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(value, names[i]) == 0) return i;
    return -1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"depth-first", no_argument, NULL, 'd'},
        {"deviations", required_argument, NULL, 'n'},
        {"runs", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 't'},
        {"block-runs", required_argument, NULL, 'b'},
        {"seed", required_argument, NULL, 's'},
        {"profile", required_argument, NULL, 'p'},
        {"transactions", required_argument, NULL, 'x'},
        {"workers", required_argument, NULL, 'w'},
        {"model", required_argument, NULL, 'm'},
        {"along", required_argument, NULL, 'a'},
        {"pool", no_argument, NULL, 'P'},
        {"replay", required_argument, NULL, 'R'},
        {"mutant", required_argument, NULL, 'M'},
        {"sites", no_argument, NULL, OPTION_SITES},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct search s = {.seed = 1, .model = -1, .along = -1, .runs = 100000, .deviations = 2};
    const char *replay = NULL;
    bool depth_first = false, sites = false;
    sites_begin();
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'd': depth_first = true; break;
        case 'n': s.deviations = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'r': s.runs = strtoull(optarg, NULL, 10); break;
        case 't':
            s.seconds = strtod(optarg, NULL);
            s.runs = UINT64_MAX;
            break;
        case 'b': s.block_runs = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 's': s.seed = strtoull(optarg, NULL, 0); break;
        case 'p':
            if (index_of(optarg, profile_names, PROFILES) < 0) return wrong_usage("no such profile", optarg);
            s.profile = (enum profile)index_of(optarg, profile_names, PROFILES);
            break;
        case 'x': s.transactions = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'w': s.workers = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'm':
            s.model = index_of(optarg, model_names, COUNT_OF(model_names));
            if (s.model < 0) return wrong_usage("no such model", optarg);
            break;
        case 'a':
            s.along = index_of(optarg, along_names, COUNT_OF(along_names));
            if (s.along < 0) return wrong_usage("no such thing", optarg);
            break;
        case 'P': s.pool = true; break;
        case 'R': replay = optarg; break;
        case 'M':
            if (!sites_mutate(optarg)) return wrong_usage("no such mutant", optarg);
            break;
        case OPTION_SITES: sites = true; break;
        case 'h': (void)fputs(usage, stdout); return 0;
        default: (void)fputs(usage, stderr); return 2;
        }
    }
    if (s.transactions > TRANSACTIONS_MAX || s.workers == 1 || s.workers > FIBERS)
        return wrong_usage("out of range", s.workers == 1 || s.workers > FIBERS ? "workers" : "transactions");
    if (s.pool && s.along >= 0) return wrong_usage("not of a pool", "along");
    if (s.block_runs == 0) s.block_runs = depth_first ? 200000 : 200;
    catch_signals();
    bool held = replay != NULL ? search_replay(replay) : depth_first ? search_depth_first(&s) : search_random(&s);
    if (sites) sites_print();
    if (sites && !s.pool && replay == NULL) invariants_print();
    return held ? 0 : 1;
}
