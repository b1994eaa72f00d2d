/* Tries over time: against the definition written down plainly, after every kind of change, whole and partial. */
#include <stdlib.h>

#include "trie/trie.h"

#include "harness.h"
#include "trie/slow.h"

enum { MOST = 400 };

/* The twin: a set of pairs, changed without any thought. */
struct twin {
    struct trie_pair pairs[MOST];
    uint8_t values[MOST][80];
    size_t count;
};

static size_t twin_find(const struct twin *w, const uint8_t *key, size_t key_size)
{
    size_t i = 0;
    while (i < w->count && (w->pairs[i].key_size != key_size || memcmp(w->pairs[i].key, key, key_size) != 0)) i++;
    return i;
}

static void twin_put(struct twin *w, const uint8_t *key, size_t key_size, struct bytes value)
{
    size_t i = twin_find(w, key, key_size);
    if (value.size == 0) {
        if (i == w->count) return;
        w->count--;
        w->pairs[i] = w->pairs[w->count];
        memcpy(w->values[i], w->values[w->count], sizeof w->values[i]);
        w->pairs[i].value.data = w->values[i];
        return;
    }
    if (i == w->count) w->count++;
    memcpy(w->pairs[i].key, key, key_size);
    memcpy(w->values[i], value.data, value.size);
    w->pairs[i].key_size = (uint32_t)key_size;
    w->pairs[i].value = (struct bytes){w->values[i], value.size};
}

/* Nodes by hash, as a database has them; any of them may be lost. */
struct store {
    struct hash *hashes;
    struct bytes *nodes;
    bool *lost;
    size_t count, asked;
    struct arena arena;
};

static void store_put(void *context, const struct hash *hash, struct bytes encoded)
{
    struct store *s = context;
    s->hashes = base_realloc(s->hashes, (s->count + 1) * sizeof *s->hashes);
    s->nodes = base_realloc(s->nodes, (s->count + 1) * sizeof *s->nodes);
    s->lost = base_realloc(s->lost, (s->count + 1) * sizeof *s->lost);
    s->hashes[s->count] = *hash;
    s->nodes[s->count] = (struct bytes){arena_copy(&s->arena, encoded.data, encoded.size), encoded.size};
    s->lost[s->count++] = false;
}

static bool store_get(void *context, const struct hash *hash, struct bytes *out)
{
    struct store *s = context;
    for (size_t i = 0; i < s->count; i++)
        if (!s->lost[i] && hash_equal(&s->hashes[i], hash)) {
            *out = s->nodes[i];
            s->asked++;
            return true;
        }
    return false;
}

static void store_free(struct store *s)
{
    free(s->hashes);
    free(s->nodes);
    free(s->lost);
    arena_free(&s->arena);
}

/* How keys look in a round: few that share much, so that changes meet; or hashes. */
struct key_form {
    size_t size;     /* bytes; 0: any up to 3 */
    unsigned spread; /* different values of a nibble */
};

static size_t random_key(struct key_form form, uint8_t key[TRIE_KEY_MAX])
{
    size_t size = form.size == 0 ? harness_random_below(4) : form.size;
    memset(key, 0x50, TRIE_KEY_MAX);
    size_t random = size < 3 ? size : 3, from = size == 32 && harness_random_below(2) == 0 ? 29 : 0;
    for (size_t i = 0; i < random; i++)
        key[from + i] = (uint8_t)(harness_random_below(form.spread) << 4 | harness_random_below(form.spread));
    return size;
}

static struct bytes random_value(uint8_t *out)
{
    size_t size = harness_random_below(3) == 0 ? 0 : 1 + harness_random_below(harness_random_below(2) == 0 ? 3 : 80);
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)harness_random();
    return (struct bytes){out, size};
}

static void change(struct trie *t, struct twin *w, struct key_form form, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        uint8_t key[TRIE_KEY_MAX], bytes[80];
        size_t size = random_key(form, key);
        struct bytes value = random_value(bytes), found;
        if (w->count == MOST) value.size = 0;
        CHECK_STATUS(trie_put(t, key, size, value), STATUS_OK);
        twin_put(w, key, size, value);
        CHECK_STATUS(trie_get(t, key, size, &found), STATUS_OK);
        CHECK(bytes_equal(found, value));
    }
}

static void check_root(struct trie *t, const struct twin *w)
{
    struct hash found, expected;
    trie_root(t, NULL, &found);
    slow_root(&expected, w->pairs, w->count);
    CHECK_BYTES(found.b, expected.b, 32);
}

static const struct key_form forms[] = {{0, 2}, {0, 3}, {2, 3}, {3, 4}, {32, 2}, {32, 16}};

TEST(trie_follows_any_changes)
{
    struct twin *w = base_alloc(sizeof *w);
    for (unsigned round = 0; round < 120; round++) {
        struct key_form form = forms[round % COUNT_OF(forms)];
        struct trie *t = trie_new(NULL, NULL);
        w->count = 0;
        for (unsigned step = 0; step < 25; step++) {
            change(t, w, form, 1 + harness_random_below(20));
            check_root(t, w);
        }
        while (w->count > 0) { /* and back to nothing */
            struct trie_pair *last = &w->pairs[w->count - 1];
            CHECK_STATUS(trie_delete(t, last->key, last->key_size), STATUS_OK);
            w->count--;
            check_root(t, w);
        }
        trie_free(t);
    }
    free(w);
}

TEST(trie_from_a_root_alone_fetches_what_it_needs)
{
    struct twin *w = base_alloc(sizeof *w);
    for (unsigned round = 0; round < 60; round++) {
        struct key_form form = forms[round % COUNT_OF(forms)];
        struct store store = {0};
        struct trie_sink sink = {&store, store_put};
        struct trie_source source = {.context = &store, .node = store_get};
        struct trie *t = trie_new(NULL, NULL);
        w->count = 0;
        for (unsigned step = 0; step < 12; step++) {
            change(t, w, form, 1 + harness_random_below(step == 0 ? 200 : 20));
            struct hash root, expected;
            trie_commit(t, &sink, &root);
            slow_root(&expected, w->pairs, w->count);
            CHECK_BYTES(root.b, expected.b, 32);
            if (step % 3 == 0) { /* forgets all but the root */
                trie_free(t);
                t = trie_new(&root, &source);
            }
        }
        trie_free(t);
        store_free(&store);
    }
    free(w);
}

/* A change that cannot be made because a node is lost leaves the trie as it was; when the node is there again it can be
 * made. */
TEST(trie_says_what_is_missing_and_stays_as_it_was)
{
    struct twin *w = base_alloc(sizeof *w);
    unsigned missing = 0, made = 0;
    for (unsigned round = 0; round < 300; round++) {
        struct key_form form = forms[round % COUNT_OF(forms)];
        struct store store = {0};
        struct trie_sink sink = {&store, store_put};
        struct trie_source source = {.context = &store, .node = store_get};
        struct hash root;
        struct trie *t = trie_new(NULL, NULL);
        w->count = 0;
        change(t, w, form, 60);
        trie_commit(t, &sink, &root);
        trie_free(t);
        for (size_t i = 0; i < store.count; i++) store.lost[i] = harness_random_below(4) == 0;
        t = trie_new(&root, &source);
        for (unsigned step = 0; step < 30; step++) {
            uint8_t key[TRIE_KEY_MAX], bytes[80];
            size_t size = random_key(form, key);
            struct bytes value = random_value(bytes);
            if (w->count == MOST) value.size = 0;
            enum status s = trie_put(t, key, size, value);
            if (s == STATUS_OK)
                twin_put(w, key, size, value);
            else
                CHECK_STATUS(s, STATE_MISSING);
            missing += s != STATUS_OK;
            made += s == STATUS_OK;
            check_root(t, w);
        }
        for (size_t i = 0; i < store.count; i++) store.lost[i] = false;
        change(t, w, form, 30);
        check_root(t, w);
        trie_free(t);
        store_free(&store);
    }
    CHECK(missing > 100 && made > 100);
    free(w);
}

TEST(trie_roots_are_the_same_on_a_pool)
{
    enum { TRIES = 200 };
    static struct trie *tries[TRIES];
    static struct hash roots[TRIES];
    struct pool *pool = pool_new(3);
    struct hash alone, together;
    for (size_t i = 0; i < TRIES; i++) {
        tries[i] = trie_new(NULL, NULL);
        for (uint64_t k = i % 7 == 0 ? 0 : harness_random_below(i == 1 ? 5000 : 30); k > 0; k--) {
            uint8_t key[32];
            for (size_t b = 0; b < 32; b++) key[b] = (uint8_t)harness_random();
            CHECK_STATUS(trie_put(tries[i], key, 32, (struct bytes){key, 1 + k % 32}), STATUS_OK);
        }
    }
    trie_roots(tries, TRIES, pool, roots);
    for (size_t i = 0; i < TRIES; i++) {
        trie_root(tries[i], NULL, &alone);
        CHECK_BYTES(roots[i].b, alone.b, 32);
    }
    struct trie *big[2] = {trie_new(NULL, NULL), trie_new(NULL, NULL)};
    for (uint64_t k = 0; k < 4000; k++) {
        struct hash key;
        keccak256(&key, &k, sizeof k);
        for (unsigned i = 0; i < 2; i++)
            CHECK_STATUS(trie_put(big[i], key.b, 32, (struct bytes){key.b, 32}), STATUS_OK);
    }
    trie_root(big[0], pool, &together);
    trie_root(big[1], NULL, &alone);
    CHECK_BYTES(together.b, alone.b, 32);
    for (size_t i = 0; i < TRIES; i++) trie_free(tries[i]);
    trie_free(big[0]);
    trie_free(big[1]);
    pool_free(pool);
}

/* Bytes under the right hash that are no node, or no node that can be there, are refused by name. */
TEST(trie_refuses_what_is_no_node)
{
    static const struct {
        const char *hex;
        enum status expected;
    } cases[] = {
        {"c0", TRIE_BAD_NODE},
        {"01", RLP_IS_STRING},
        {"c23001", TRIE_BAD_NODE}, /* a leaf whose key would end in half a byte */
        {"c2208000", RLP_TRAILING},
        {"c22080", TRIE_BAD_NODE},                               /* a leaf without value */
        {"c24001", TRIE_BAD_NODE},                               /* no such flag */
        {"c31180c0", TRIE_BAD_NODE},                             /* three items */
        {"c21180", TRIE_BAD_NODE},                               /* an extension to nothing */
        {"c411c22001", TRIE_BAD_NODE},                           /* an extension to a leaf */
        {"d18080808080808080808080808080808080", TRIE_BAD_NODE}, /* a branch without children */
        {"d18080808080808080808080808080808001", TRIE_BAD_NODE}, /* a branch with nothing but a value */
        {"d18080808080808080808080808080808080ff", RLP_TRAILING},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t node[64];
        size_t size = strlen(cases[i].hex) / 2;
        CHECK(hex_decode(node, cases[i].hex, 2 * size));
        struct store store = {0};
        struct hash root;
        keccak256(&root, node, size);
        store_put(&store, &root, (struct bytes){node, size});
        struct trie_source source = {.context = &store, .node = store_get};
        struct trie *t = trie_new(&root, &source);
        struct bytes value;
        uint8_t key[1] = {0x12};
        enum status s = trie_get(t, key, 1, &value);
        if (s != cases[i].expected)
            FAIL("case %zu: %s instead of %s", i, status_name(s), status_name(cases[i].expected));
        trie_free(t);
        store_free(&store);
    }
}
