/* clock: three clocks, and how many processors there are for us. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(clockid_t id)
{
    struct timespec t;
    ASSERT(clock_gettime(id, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_wall_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ns(void)
{
    return now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t clock_thread_ns(void)
{
    return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Processors in this thread's affinity mask; 0 when the kernel does not tell. */
static unsigned affinity_count(void)
{
    /* The kernel refuses a mask smaller than its own, so we offer larger ones until it fits. */
    for (int processors = 1024; processors <= 1 << 16; processors *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)processors);
        if (set == NULL) return 0;
        size_t size = CPU_ALLOC_SIZE((size_t)processors);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) return (unsigned)count;
    }
    return 0;
}

/* Whole processors that the control group's quota amounts to, rounded up; 0 when there is none. Version 2 of the
 * interface has "quota period" in cpu.max, version 1 one file for each; a container sees its own group at the root. */
static unsigned quota_count(void)
{
    long long quota = 0, period = 0;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (f != NULL) {
        if (fscanf(f, "%lld %lld", &quota, &period) != 2) quota = 0; /* "max": no quota */
        (void)fclose(f);
    } else {
        f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re");
        if (f != NULL) {
            if (fscanf(f, "%lld", &quota) != 1) quota = 0;
            (void)fclose(f);
        }
        f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
        if (f != NULL) {
            if (fscanf(f, "%lld", &period) != 1) period = 0;
            (void)fclose(f);
        }
    }
    if (quota <= 0 || period <= 0) return 0;
    return (unsigned)((quota - 1) / period + 1);
}

unsigned cpu_count(void)
{
    unsigned processors = affinity_count(), quota = quota_count();
    if (processors == 0) processors = 1;
    return quota != 0 && quota < processors ? quota : processors;
}
