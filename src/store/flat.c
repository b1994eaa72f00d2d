/* Tables by flat key. */
#include "store/flat.h"

#include <stdlib.h>

/* ---- the map -------------------------------------------------------------------------------------------------- */

enum { MAP_START = 64 };

void *flat_map_find(const struct flat_map *m, const struct flat_key *k)
{
    if (m->count == 0) return NULL;
    for (size_t i = flat_key_hash(k) & m->mask;; i = (i + 1) & m->mask) {
        uint32_t cell = m->cells[i];
        if (cell == 0) return NULL;
        if (flat_key_equal(flat_map_key(m, cell - 1), k)) return flat_map_value(m, cell - 1);
    }
}

static void map_index(struct flat_map *m, size_t entry)
{
    size_t i = flat_key_hash(flat_map_key(m, entry)) & m->mask;
    while (m->cells[i] != 0) i = (i + 1) & m->mask;
    m->cells[i] = (uint32_t)entry + 1;
}

static void map_grow(struct flat_map *m)
{
    m->capacity = m->capacity == 0 ? MAP_START : 2 * m->capacity;
    ASSERT(m->capacity < UINT32_MAX);
    m->entries = base_realloc(m->entries, m->capacity * (sizeof(struct flat_key) + m->value_size));
    free(m->cells);
    m->mask = 2 * m->capacity - 1;
    m->cells = base_calloc(m->mask + 1, sizeof *m->cells);
    for (size_t i = 0; i < m->count; i++) map_index(m, i);
}

void *flat_map_put(struct flat_map *m, const struct flat_key *k)
{
    void *found = flat_map_find(m, k);
    if (found != NULL) return found;
    if (m->count == m->capacity) map_grow(m);
    *flat_map_key(m, m->count) = *k;
    memset(flat_map_value(m, m->count), 0, m->value_size);
    map_index(m, m->count);
    return flat_map_value(m, m->count++);
}

size_t flat_map_bytes(const struct flat_map *m)
{
    return m->capacity * (sizeof(struct flat_key) + m->value_size + 2 * sizeof *m->cells);
}

void flat_map_clear(struct flat_map *m)
{
    if (m->count != 0) memset(m->cells, 0, (m->mask + 1) * sizeof *m->cells);
    m->count = 0;
}

void flat_map_free(struct flat_map *m)
{
    free(m->entries);
    free(m->cells);
    *m = (struct flat_map){.value_size = m->value_size};
}

/* ---- the cache ------------------------------------------------------------------------------------------------ */

enum { WAYS = 8, USED_ALL = 32 << 20 };

/* Eight keys and their values behind it. A place is given up when the hand comes by and nobody has asked for it since
 * it came by last. */
struct cache_set {
    atomic_flag lock;
    uint8_t used, asked; /* a bit for each place */
    uint8_t hand;
    struct flat_key key[WAYS];
};

struct flat_cache {
    size_t value_size, set_size, mask;
    uint8_t *sets;
};

struct flat_cache *flat_cache_new(size_t value_size, size_t bytes)
{
    struct flat_cache *c = base_calloc(1, sizeof *c);
    size_t size = sizeof(struct cache_set) + WAYS * value_size;
    size_t sets = 1;
    while (2 * sets * size <= bytes) sets *= 2;
    *c = (struct flat_cache){value_size, size, sets - 1, base_calloc(sets, size)};
    if (sets * size >= USED_ALL) base_use_all(c->sets, sets * size); /* keys are random: soon every page is used */
    return c;
}

void flat_cache_free(struct flat_cache *c)
{
    if (c == NULL) return;
    free(c->sets);
    free(c);
}

static struct cache_set *set_lock(struct flat_cache *c, const struct flat_key *k)
{
    struct cache_set *s = (struct cache_set *)(void *)(c->sets + (flat_key_hash(k) & c->mask) * c->set_size);
    flag_lock(&s->lock);
    return s;
}

static void set_unlock(struct cache_set *s)
{
    flag_unlock(&s->lock);
}

static unsigned set_find(const struct cache_set *s, const struct flat_key *k)
{
    unsigned i = 0;
    while (i < WAYS && ((s->used >> i & 1) == 0 || !flat_key_equal(&s->key[i], k))) i++;
    return i;
}

static void *set_value(const struct flat_cache *c, struct cache_set *s, unsigned i)
{
    return (uint8_t *)(s + 1) + i * c->value_size;
}

bool flat_cache_get(struct flat_cache *c, const struct flat_key *k, void *value)
{
    struct cache_set *s = set_lock(c, k);
    unsigned i = set_find(s, k);
    if (i < WAYS) {
        s->asked |= (uint8_t)(1 << i);
        memcpy(value, set_value(c, s, i), c->value_size);
    }
    set_unlock(s);
    return i < WAYS;
}

void flat_cache_put(struct flat_cache *c, const struct flat_key *k, const void *value)
{
    struct cache_set *s = set_lock(c, k);
    unsigned i = set_find(s, k);
    if (i == WAYS) {
        i = s->hand;
        while (s->used == 0xff && (s->asked >> i & 1) != 0) {
            s->asked &= (uint8_t)~(1 << i);
            i = (i + 1) % WAYS;
        }
        while (s->used != 0xff && (s->used >> i & 1) != 0) i = (i + 1) % WAYS;
        s->hand = (uint8_t)((i + 1) % WAYS);
        s->used |= (uint8_t)(1 << i);
        s->asked &= (uint8_t)~(1 << i);
        s->key[i] = *k;
    }
    memcpy(set_value(c, s, i), value, c->value_size);
    set_unlock(s);
}
