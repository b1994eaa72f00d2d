/* Names of storage slots: back through the hashes that contracts computed, and along Solidity's storage layout.
 *
 * A slot's place is a number, or a hash plus a small distance:
 *
 *     keccak(key . place)    the value of a mapping at `place`      (Vyper: keccak(place . key))
 *     keccak(place)          the data of a dynamic array or long string at `place`
 *
 * so a slot is a root slot and a row of steps from there. */
#include <stdlib.h>

#include "explain/explain.h"

enum { STEPS_MAX = 8, DISTANCE_MAX = 1 << 20, VYPER_SLOT_MAX = 1 << 16 };

struct step {
    bool is_mapping;   /* else: the data of an array */
    struct bytes key;  /* of a mapping */
    uint64_t distance; /* slots behind where the hash points */
};
struct place {
    struct u256 root;
    struct step steps[STEPS_MAX];
    uint32_t step_count;
};

/* ---- from a key to its place ------------------------------------------------------------------------------------- */

static bool is_small(const struct u256 *v, uint64_t most)
{
    return (v->w[1] | v->w[2] | v->w[3]) == 0 && v->w[0] <= most;
}

/* The preimage of the greatest hash that is not above `key`, if it is close enough. */
static const struct explain_preimage *preimage_below(const struct explain_trace *t, const struct u256 *key,
                                                     uint64_t *distance)
{
    uint32_t low = 0, high = t->preimage_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct u256 hash = u256_load_be(t->preimages[middle].hash.b);
        if (u256_less(*key, hash))
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0) return NULL;
    struct u256 gap = u256_sub(*key, u256_load_be(t->preimages[low - 1].hash.b));
    if (!is_small(&gap, DISTANCE_MAX)) return NULL;
    *distance = gap.w[0];
    return &t->preimages[low - 1];
}

/* Splits what was hashed into a place and, for a mapping, a key. */
static struct u256 split(const struct explain_trace *t, const struct explain_preimage *p, struct bytes *key)
{
    uint64_t distance;
    struct u256 last = u256_load_be(p->bytes + p->size - 32), first = u256_load_be(p->bytes);
    *key = (struct bytes){p->bytes, p->size - 32};
    if (p->size != 64 || is_small(&last, VYPER_SLOT_MAX) || preimage_below(t, &last, &distance) != NULL) return last;
    if (!is_small(&first, VYPER_SLOT_MAX) && preimage_below(t, &first, &distance) == NULL) return last;
    *key = (struct bytes){p->bytes + 32, 32};
    return first;
}

static void find_place(const struct explain_trace *t, struct u256 key, struct place *out)
{
    struct step found[STEPS_MAX];
    uint32_t count = 0;
    uint64_t distance;
    for (const struct explain_preimage *p; count < STEPS_MAX && (p = preimage_below(t, &key, &distance)) != NULL;) {
        struct step *s = &found[count++];
        *s = (struct step){.is_mapping = p->size > 32, .distance = distance};
        key = p->size > 32 ? split(t, p, &s->key) : u256_load_be(p->bytes);
    }
    out->root = key;
    out->step_count = count;
    for (uint32_t i = 0; i < count; i++) out->steps[i] = found[count - 1 - i];
}

/* ---- values in words --------------------------------------------------------------------------------------------- */

static void put_number(struct buffer *out, const struct u256 *v)
{
    if (is_small(v, UINT64_MAX)) {
        buffer_printf(out, "%llu", (unsigned long long)v->w[0]);
        return;
    }
    uint8_t word[32];
    char digits[65];
    u256_store_be(word, *v);
    hex_encode(digits, word, sizeof word);
    const char *start = digits;
    while (*start == '0') start++;
    buffer_printf(out, "0x%s", start);
}

static void put_bytes(struct buffer *out, const uint8_t *data, size_t size)
{
    char digits[2 * EXPLAIN_PREIMAGE_MAX + 1];
    hex_encode(digits, data, size);
    buffer_printf(out, "0x%s", digits);
}

static bool starts(const char *text, const char *with)
{
    return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

static void put_text(struct buffer *out, struct bytes text)
{
    bool printable = true;
    for (size_t i = 0; i < text.size; i++) printable = printable && text.data[i] >= 0x20 && text.data[i] < 0x7f;
    if (printable)
        buffer_printf(out, "\"%.*s\"", (int)text.size, (const char *)text.data);
    else
        put_bytes(out, text.data, text.size);
}

/* Letters at the start of a word, if it is a text with zeros behind it; else 0. */
static size_t letters_in(const uint8_t *word)
{
    size_t count = 0;
    while (count < 32 && word[count] >= 0x20 && word[count] < 0x7f) count++;
    for (size_t i = count; i < 32; i++)
        if (word[i] != 0) return 0;
    return count;
}

/* A mapping's key. `type` is the id of its type, NULL when that is not known. */
static void put_key(struct buffer *out, struct bytes key, const char *type)
{
    if (key.size != 32) {
        put_text(out, key);
        return;
    }
    struct u256 word = u256_load_be(key.data);
    size_t letters = letters_in(key.data);
    if (letters > 2 && (type == NULL || starts(type, "t_bytes"))) {
        put_text(out, (struct bytes){key.data, letters});
        return;
    }
    bool is_address = word.w[3] == 0 && word.w[2] >> 32 == 0;
    if (starts(type, "t_address") || starts(type, "t_contract") ||
        (type == NULL && is_address && (word.w[2] != 0 || word.w[1] >> 32 != 0)))
        put_bytes(out, key.data + 12, 20);
    else if (starts(type, "t_bytes"))
        put_bytes(out, key.data, 32);
    else if (starts(type, "t_bool"))
        buffer_append_text(out, u256_is_zero(word) ? "false" : "true");
    else if (starts(type, "t_int") && word.w[3] >> 63 != 0 && (~word.w[1] | ~word.w[2] | ~word.w[3]) == 0)
        buffer_printf(out, "-%llu", (unsigned long long)(0 - word.w[0]));
    else
        put_number(out, &word);
}

/* ---- without a layout -------------------------------------------------------------------------------------------- */

/* Slots that proxies agreed on (EIP-1967): one below the hash of a name. */
static const char *agreed_name(const struct u256 *slot)
{
    static const char *const names[] = {"eip1967.proxy.implementation", "eip1967.proxy.admin", "eip1967.proxy.beacon"};
    if (is_small(slot, UINT64_MAX)) return NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct hash h;
        keccak256(&h, names[i], strlen(names[i]));
        if (u256_equal(u256_sub(u256_load_be(h.b), U256_ONE), *slot)) return names[i];
    }
    return NULL;
}

/* False when nothing is known but the number. */
static bool put_place(struct buffer *out, const struct place *p)
{
    const char *agreed = agreed_name(&p->root);
    if (agreed != NULL && p->step_count == 0) {
        buffer_append_text(out, agreed);
        return true;
    }
    if (p->step_count == 0) {
        if (!is_small(&p->root, UINT64_MAX)) return false;
        buffer_printf(out, "slot %llu", (unsigned long long)p->root.w[0]);
        return true;
    }
    buffer_append_text(out, p->steps[0].is_mapping ? "mapping at slot " : "array at slot ");
    put_number(out, &p->root);
    buffer_append_text(out, " ");
    for (uint32_t i = 0; i < p->step_count; i++) {
        const struct step *s = &p->steps[i];
        if (!s->is_mapping) {
            buffer_printf(out, "[word %llu]", (unsigned long long)s->distance);
            continue;
        }
        buffer_append_text(out, "[");
        put_key(out, s->key, NULL);
        buffer_append_text(out, "]");
        if (s->distance != 0) buffer_printf(out, " + %llu", (unsigned long long)s->distance);
        if (s->distance != 0 && i + 1 < p->step_count) buffer_append_text(out, " ");
    }
    return true;
}

/* ---- along a layout ---------------------------------------------------------------------------------------------- */

struct walk {
    const struct explain_layout *layout;
    const struct place *place;
    struct buffer *out;
    uint32_t depth;
};

static const struct explain_type *type_of(const struct walk *w, const char *id)
{
    for (uint32_t i = 0; id != NULL && i < w->layout->type_count; i++)
        if (strcmp(w->layout->types[i].id, id) == 0) return &w->layout->types[i];
    return NULL;
}

static uint64_t slots_of(uint64_t size)
{
    return size / 32 + (size % 32 != 0);
}

static bool walk_type(struct walk *w, const char *id, uint64_t distance, uint32_t step);

/* The members, or variables, that have a part in the slot at `distance`. */
static bool walk_members(struct walk *w, const struct explain_member *members, uint32_t count, struct u256 distance,
                         uint32_t step, bool is_inner)
{
    const struct explain_member *only = NULL;
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct explain_type *t = type_of(w, members[i].type);
        struct u256 gap = u256_sub(distance, members[i].slot);
        if (t == NULL || u256_less(distance, members[i].slot) || !is_small(&gap, UINT64_MAX)) continue;
        if (gap.w[0] >= slots_of(t->size)) continue;
        if (found++ == 0) only = &members[i];
    }
    if (found == 0) return false;
    if (found == 1) {
        buffer_printf(w->out, "%s%s", is_inner ? "." : "", only->label);
        return walk_type(w, only->type, u256_sub(distance, only->slot).w[0], step);
    }
    if (step != w->place->step_count) return false;
    buffer_append_text(w->out, is_inner ? ".{" : "{");
    const char *between = "";
    for (uint32_t i = 0; i < count; i++) {
        struct u256 gap = u256_sub(distance, members[i].slot);
        const struct explain_type *t = type_of(w, members[i].type);
        if (t == NULL || u256_less(distance, members[i].slot) || !is_small(&gap, slots_of(t->size) - 1)) continue;
        buffer_printf(w->out, "%s%s", between, members[i].label);
        between = ", ";
    }
    buffer_append_text(w->out, "}");
    return true;
}

/* Elements of an array of `base`, `distance` slots behind its start. Short elements share slots. */
static bool walk_elements(struct walk *w, const char *base, uint64_t distance, uint32_t step)
{
    const struct explain_type *t = type_of(w, base);
    if (t == NULL || t->size == 0) return false;
    if (t->size <= 16) {
        uint64_t each = 32 / t->size;
        buffer_printf(w->out, "[%llu..%llu]", (unsigned long long)(distance * each),
                      (unsigned long long)(distance * each + each - 1));
        return step == w->place->step_count;
    }
    uint64_t slots = slots_of(t->size);
    buffer_printf(w->out, "[%llu]", (unsigned long long)(distance / slots));
    return walk_type(w, base, distance % slots, step);
}

static bool walk_type(struct walk *w, const char *id, uint64_t distance, uint32_t step)
{
    const struct explain_type *t = type_of(w, id);
    const struct step *next = step < w->place->step_count ? &w->place->steps[step] : NULL;
    if (t == NULL || ++w->depth > 4 * STEPS_MAX) return false;
    switch (t->encoding) {
    case TYPE_MAPPING:
        if (next == NULL || !next->is_mapping || distance != 0) return false;
        buffer_append_text(w->out, "[");
        put_key(w->out, next->key, t->key);
        buffer_append_text(w->out, "]");
        return walk_type(w, t->value, next->distance, step + 1);
    case TYPE_ARRAY:
        if (distance != 0) return false;
        if (next == NULL) {
            buffer_append_text(w->out, ".length");
            return true;
        }
        return !next->is_mapping && walk_elements(w, t->base, next->distance, step + 1);
    case TYPE_BYTES:
        if (next != NULL && next->is_mapping) return false;
        if (next != NULL) buffer_printf(w->out, " (word %llu)", (unsigned long long)next->distance);
        return true;
    case TYPE_INPLACE: break;
    }
    if (t->member_count != 0) return walk_members(w, t->members, t->member_count, U256(distance), step, true);
    if (t->base != NULL) return walk_elements(w, t->base, distance, step);
    return next == NULL;
}

static const struct explain_layout *layout_of(const struct explain_layout *layouts, uint32_t count,
                                              const struct address *a)
{
    for (uint32_t i = 0; i < count; i++)
        if (address_equal(&layouts[i].address, a)) return &layouts[i];
    return NULL;
}

void explain_name_slots(struct explain_trace *t, const struct explain_layout *layouts, uint32_t layout_count,
                        struct arena *arena)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < t->location_count; i++) {
        struct explain_location *l = &t->locations[i];
        if (l->field != FIELD_SLOT) continue;
        struct place place;
        find_place(t, l->key, &place);
        const struct explain_layout *layout = layout_of(layouts, layout_count, &l->address);
        text.size = 0;
        bool named = false;
        if (layout != NULL) {
            struct walk w = {layout, &place, &text, 0};
            named = walk_members(&w, layout->variables, layout->variable_count, place.root, 0, false);
        }
        if (!named) {
            text.size = 0;
            named = put_place(&text, &place);
        }
        if (!named) continue;
        buffer_append(&text, "", 1);
        l->name = arena_copy(arena, text.data, text.size);
    }
    buffer_free(&text);
}
