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

/* Whole processors of a quota, rounded up; 0 when there is none. */
static unsigned whole(long long quota, long long period)
{
    return quota <= 0 || period <= 0 ? 0 : (unsigned)((quota - 1) / period + 1);
}

static long long read_number(const char *path)
{
    long long n = 0;
    FILE *f = fopen(path, "re");
    if (f == NULL) return 0;
    if (fscanf(f, "%lld", &n) != 1) n = 0;
    (void)fclose(f);
    return n;
}

/* "quota period", or "max period" without a quota. */
static unsigned read_quota(const char *path)
{
    long long quota = 0, period = 0;
    FILE *f = fopen(path, "re");
    if (f == NULL) return 0;
    if (fscanf(f, "%lld %lld", &quota, &period) != 2) quota = 0;
    (void)fclose(f);
    return whole(quota, period);
}

/* The control group of this process as a path below the root of version 2, "" for the root itself. A container sees its
 * own group there. */
static void find_group(char *group, size_t size)
{
    char line[1024];
    FILE *f = fopen("/proc/self/cgroup", "re");
    group[0] = 0;
    if (f == NULL) return;
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "0::/", 4) == 0) (void)snprintf(group, size, "%s", strcmp(line, "0::/") == 0 ? "" : line + 3);
    }
    (void)fclose(f);
}

/* The smallest quota of the group and of those around it; 0 when there is none. */
static unsigned quota_count(void)
{
    char group[1024], path[1100];
    unsigned least = 0;
    for (find_group(group, sizeof group);; *strrchr(group, '/') = 0) {
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        unsigned quota = read_quota(path);
        if (quota != 0 && (least == 0 || quota < least)) least = quota;
        if (group[0] == 0) break;
    }
    if (least != 0) return least;
    /* version 1 */
    return whole(read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                 read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
}

unsigned cpu_count(void)
{
    unsigned processors = affinity_count(), quota = quota_count();
    if (processors == 0) processors = 1;
    return quota != 0 && quota < processors ? quota : processors;
}
