/* form: blob numbers that a chain or a test has of its own (EIP-7840). */
#include "json/json.h"

/* The schedule's entry for a fork, whichever of its names it stands under; NULL when there is none. */
static yyjson_val *entry_of(yyjson_val *schedule, const struct fork *fork)
{
    yyjson_obj_iter i = yyjson_obj_iter_with(schedule);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        if (fork_find(yyjson_get_str(key)) == fork) return yyjson_obj_iter_get_val(key);
    return NULL;
}

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

void json_blob_schedule(struct json_reader *f, yyjson_val *schedule, struct chain_spec *s)
{
    yyjson_val *entry = NULL;
    for (uint32_t i = 0; i < s->activation_count && schedule != NULL; i++) {
        struct activation *a = &s->activations[i];
        yyjson_val *named = entry_of(schedule, a->fork);
        if (named != NULL) entry = named;
        if (entry != NULL && a->fork->blob.max != 0) a->fork = with_entry(f, entry, a->fork);
    }
}
