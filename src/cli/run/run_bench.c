/* run: timing a call. Runs are timed in batches of so many that the clock does not matter; the machine is warm: code is
 * translated, the state it reads is loaded. */
#include <stdlib.h>

#include "cli/run/run.h"

#define WARM_UP_NS UINT64_C(200000000)
#define BATCH_NS UINT64_C(50000)
/* Most batches that are kept for the median; of more, every second is forgotten. */
enum { SAMPLES_MAX = 1 << 16 };

static uint64_t time_batch(struct run *r, uint64_t count)
{
    uint64_t start = clock_wall_ns();
    for (uint64_t i = 0; i < count; i++) run_once(r);
    return clock_wall_ns() - start;
}

/* Warms up, and finds out how many runs make a batch. */
static uint64_t batch_size(struct run *r)
{
    uint64_t start = clock_wall_ns(), runs = 0;
    do {
        run_once(r);
        runs++;
    } while (clock_wall_ns() - start < WARM_UP_NS && !interrupted());
    uint64_t one = time_batch(r, runs > 100 ? 100 : 1) / (runs > 100 ? 100 : 1);
    return one >= BATCH_NS ? 1 : BATCH_NS / (one + 1) + 1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void run_bench(struct run *r, uint32_t seconds)
{
    double *samples = base_alloc(SAMPLES_MAX * sizeof *samples);
    uint64_t batch = batch_size(r), start = clock_wall_ns();
    size_t count = 0, stride = 1, taken = 0;
    struct run_times t = {.min_ns = 1e300};
    do {
        double each = (double)time_batch(r, batch) / (double)batch;
        t.runs += batch;
        if (each < t.min_ns) t.min_ns = each;
        if (each > t.max_ns) t.max_ns = each;
        if (taken++ % stride != 0) continue;
        if (count == SAMPLES_MAX) {
            for (size_t i = 0; i < SAMPLES_MAX / 2; i++) samples[i] = samples[2 * i];
            count /= 2;
            stride *= 2;
        }
        samples[count++] = each;
    } while (clock_wall_ns() - start < seconds * UINT64_C(1000000000) && !interrupted());
    qsort(samples, count, sizeof *samples, by_size);
    t.median_ns = samples[count / 2];
    free(samples);
    r->times = t;
}
