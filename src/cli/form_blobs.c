/* form: blob numbers that a chain or a test has of its own (EIP-7840). */
#include "cli/form.h"

/* The schedule's entry for a fork, whichever of its names it stands under; NULL when there is none. */
static yyjson_val *entry_of(yyjson_val *schedule, const struct fork *fork)
{
    yyjson_obj_iter i = yyjson_obj_iter_with(schedule);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        if (fork_find(yyjson_get_str(key)) == fork) return yyjson_obj_iter_get_val(key);
    return NULL;
}

static uint32_t read_u32(struct form *f, yyjson_val *entry, const char *key)
{
    uint64_t n = form_u64(f, entry, key);
    if (n > UINT32_MAX) form_expect(f, key, "a number of at most 4 bytes");
    return (uint32_t)n;
}

static void read_entry(struct form *f, yyjson_val *entry, struct fork *out)
{
    bool as_block = out->blob.max_per_tx == out->blob.max;
    out->blob.target = read_u32(f, entry, "target");
    out->blob.max = read_u32(f, entry, "max");
    out->blob.update_fraction = read_u32(f, entry, "baseFeeUpdateFraction");
    if (as_block || out->blob.max < out->blob.max_per_tx) out->blob.max_per_tx = out->blob.max;
    if (out->blob.max == 0) form_expect(f, "max", "a number that is not 0");
    if (out->blob.update_fraction == 0) form_expect(f, "baseFeeUpdateFraction", "a number that is not 0");
}

void form_blob_schedule(struct form *f, yyjson_val *schedule, struct chain_spec *s, struct fork *own)
{
    yyjson_val *entry = NULL;
    for (uint32_t i = 0; i < s->activation_count && schedule != NULL; i++) {
        const struct fork *fork = s->activations[i].fork;
        yyjson_val *named = entry_of(schedule, fork);
        if (named != NULL) entry = named;
        if (entry == NULL || fork->blob.max == 0) continue;
        own[i] = *fork;
        read_entry(f, entry, &own[i]);
        s->activations[i].fork = &own[i];
    }
}
