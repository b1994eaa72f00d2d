/* json: blob numbers that a chain or a test has of its own (EIP-7840, EIP-7892). */
#include <stdlib.h>

#include "json/json.h"

static uint32_t read_u32(struct json_reader *f, yyjson_val *entry, const char *key)
{
    uint64_t n = json_u64(f, entry, key);
    if (n > UINT32_MAX) json_expect(f, key, "a number of at most 4 bytes");
    return (uint32_t)n;
}

static const struct fork *with_entry(struct json_reader *f, yyjson_val *entry, const struct fork *fork)
{
    uint32_t target = read_u32(f, entry, "target"), max = read_u32(f, entry, "max");
    uint32_t fraction = read_u32(f, entry, "baseFeeUpdateFraction");
    if (max == 0) json_expect(f, "max", "a number that is not 0");
    if (fraction == 0) json_expect(f, "baseFeeUpdateFraction", "a number that is not 0");
    return f->status == STATUS_OK ? fork_with_blobs(fork, target, max, fraction) : fork;
}

/* ---- by fork ----------------------------------------------------------------------------------------------------- */

/* The schedule's entry for a fork, whichever of its names it stands under; NULL when there is none. */
static yyjson_val *entry_of(yyjson_val *schedule, const struct fork *fork)
{
    yyjson_obj_iter i = yyjson_obj_iter_with(schedule);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        yyjson_val *entry = yyjson_obj_iter_get_val(key);
        if (fork_find(yyjson_get_str(key)) == fork && !yyjson_is_null(entry)) return entry;
    }
    return NULL;
}

static void use_forks(struct json_reader *f, yyjson_val *schedule, struct chain_spec *s)
{
    yyjson_val *entry = NULL;
    for (uint32_t i = 0; i < s->activation_count; i++) {
        struct activation *a = &s->activations[i];
        yyjson_val *named = entry_of(schedule, a->fork);
        if (named != NULL) entry = named;
        if (entry != NULL && a->fork->blob.max != 0) a->fork = with_entry(f, entry, a->fork);
    }
}

/* ---- by time ----------------------------------------------------------------------------------------------------- */

/* Forks that change nothing but blobs, in their order. */
static const struct fork *const blob_forks[] = {&fork_osaka, &fork_bpo1, &fork_bpo2,
                                                &fork_bpo3,  &fork_bpo4, &fork_bpo5};

/* The rules of a change of blobs alone, after `before`: by the name that it has where there is one. */
static const struct fork *next_blob_fork(const struct fork *before)
{
    for (size_t i = 0; i + 1 < COUNT_OF(blob_forks); i++)
        if (blob_forks[i] == before) return blob_forks[i + 1];
    return before;
}

/* Makes sure that something begins at that time, if there are blobs by then. */
static void begin_at(struct json_reader *f, struct chain_spec *s, uint64_t at)
{
    uint32_t n = 1;
    while (n < s->activation_count && (s->activations[n].by == BY_NUMBER || s->activations[n].at <= at)) n++;
    const struct activation *before = &s->activations[n - 1];
    if ((before->by == BY_TIMESTAMP && before->at == at) || before->fork->blob.max == 0) return;
    if (s->activation_count == CHAIN_ACTIVATIONS_MAX) {
        json_expect(f, "blobSchedule", "fewer entries");
        return;
    }
    struct activation now = {next_blob_fork(before->fork), BY_TIMESTAMP, at};
    memmove(&s->activations[n + 1], &s->activations[n], (s->activation_count - n) * sizeof now);
    s->activations[n] = now;
    s->activation_count++;
}

/* The last entry that is not after that time; NULL when there is none. */
static yyjson_val *entry_at(struct json_reader *f, yyjson_val *schedule, uint64_t at)
{
    yyjson_val *entry, *found = NULL;
    uint64_t best = 0;
    size_t i, count;
    yyjson_arr_foreach(schedule, i, count, entry)
    {
        uint64_t time = json_u64(f, entry, "timestamp");
        if (time > at || (found != NULL && time < best)) continue;
        best = time;
        found = entry;
    }
    return found;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void use_times(struct json_reader *f, yyjson_val *schedule, struct chain_spec *s)
{
    yyjson_val *entry;
    size_t i, count = yyjson_arr_size(schedule);
    uint64_t *times = base_alloc((count + 1) * sizeof *times);
    yyjson_arr_foreach(schedule, i, count, entry) times[i] = json_u64(f, entry, "timestamp");
    qsort(times, count, sizeof *times, by_time);
    for (i = 0; i < count && f->status == STATUS_OK; i++) begin_at(f, s, times[i]);
    free(times);
    for (uint32_t n = 0; n < s->activation_count && f->status == STATUS_OK; n++) {
        struct activation *a = &s->activations[n];
        entry = entry_at(f, schedule, a->by == BY_NUMBER ? 0 : a->at);
        if (entry != NULL && a->fork->blob.max != 0) a->fork = with_entry(f, entry, a->fork);
    }
}

void json_blob_schedule(struct json_reader *f, yyjson_val *schedule, struct chain_spec *s)
{
    if (schedule == NULL) return;
    if (!yyjson_is_obj(schedule) && !yyjson_is_arr(schedule)) json_expect(f, "blobSchedule", "an object or an array");
    if (yyjson_is_arr(schedule))
        use_times(f, schedule, s);
    else
        use_forks(f, schedule, s);
}
