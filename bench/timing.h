/* timing: what the micro benches share: a loop that times a piece of work, and the table they print.
 *
 *     TIME("mul", 1, out = u256_mul(out, b));     the row's name, how many times the work does it, the work
 *
 * Each row is ns for one time (CPU time of this thread): the least, the median and the most of some rounds. */
#ifndef WEFT_BENCH_TIMING_H
#define WEFT_BENCH_TIMING_H

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

enum { TIMING_ROUNDS = 15 };
/* A round is as long as this, so that the clock does not matter. */
static const uint64_t TIMING_ROUND_NS = 1000000;

/* Makes the compiler believe that what p points at is read and written. */
#define USED(p) __asm__ volatile("" : : "r"(p) : "memory")

static inline int timing_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline void timing_header(const char *what)
{
    printf("| %-34s | %12s | %12s | %12s |\n|-%.34s-|-%.12s:|-%.12s:|-%.12s:|\n", what, "ns, least", "ns, median",
           "ns, most", "----------------------------------", "------------", "------------", "------------");
}

static inline void timing_print(const char *name, double *ns, size_t rounds)
{
    qsort(ns, rounds, sizeof *ns, timing_compare);
    printf("| %-34s | %12.2f | %12.2f | %12.2f |\n", name, ns[0], ns[rounds / 2], ns[rounds - 1]);
    (void)fflush(stdout);
}

/* The work is done again and again until a round is long enough. */
#define TIME(name, each, ...)                                                                                          \
    do {                                                                                                               \
        double timing_ns[TIMING_ROUNDS];                                                                               \
        uint64_t timing_times = 1, timing_start, timing_took;                                                          \
        for (int timing_round = -1; timing_round < TIMING_ROUNDS;) {                                                   \
            timing_start = clock_thread_ns();                                                                          \
            for (uint64_t timing_i = 0; timing_i < timing_times; timing_i++) {                                         \
                __VA_ARGS__;                                                                                           \
            }                                                                                                          \
            timing_took = clock_thread_ns() - timing_start;                                                            \
            if (timing_round < 0 && timing_took < TIMING_ROUND_NS) {                                                   \
                timing_times *= 2; /* still finding out how many make a round */                                       \
                continue;                                                                                              \
            }                                                                                                          \
            if (timing_round >= 0)                                                                                     \
                timing_ns[timing_round] = (double)timing_took / (double)timing_times / (double)(each);                 \
            timing_round++;                                                                                            \
        }                                                                                                              \
        timing_print(name, timing_ns, TIMING_ROUNDS);                                                                  \
    } while (0)

#endif
