/* bench_trie: what it costs to bring a big trie up to date.
 *
 *     bench_trie [--pairs N] [--changes N] [--rounds N]
 *
 * Builds a trie of N random slots (10,000,000) in memory; then, a few rounds long, changes some (10,000: most get
 * another value, some are new, some are deleted), sorted by key as a block's changes are, and makes the root: on one
 * thread, then on the pool. Times are the medians of the rounds: CPU time of all threads, and wall time; memory is what
 * the trie's arena holds. */
#include "timing.h"
#include "trie/tree.h"

struct bench {
    struct trie *trie;
    struct hash *keys;
    size_t pairs, changes, rounds;
    uint64_t random;
};

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

static double median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, timing_compare);
    return times[count / 2];
}

static struct hash key_of(uint64_t number)
{
    struct hash h;
    for (int i = 0; i < 4; i++) {
        uint64_t word = random_next(&number);
        memcpy(h.b + 8 * i, &word, 8);
    }
    return h;
}

static void put(struct bench *b, const struct hash *key, bool gone)
{
    uint8_t value[TRIE_WORD_SIZE];
    size_t size = trie_word_encode(value, U256(random_next(&b->random) | 1));
    enum status s = trie_put(b->trie, key->b, sizeof *key, (struct bytes){value, gone ? 0 : size});
    ASSERT(s == STATUS_OK);
}

static double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void build(struct bench *b)
{
    struct hash root;
    for (size_t i = 0; i < b->pairs; i++) b->keys[i] = key_of(i);
    qsort(b->keys, b->pairs, sizeof *b->keys, compare_hashes);
    uint64_t start = clock_cpu_ns();
    for (size_t i = 0; i < b->pairs; i++) put(b, &b->keys[i], false);
    uint64_t built = clock_cpu_ns();
    trie_root(b->trie, NULL, &root);
    printf("%zu pairs: put in %.0f ms, hashed in %.0f ms (CPU), %.0f bytes a pair\n", b->pairs,
           milliseconds(built - start), milliseconds(clock_cpu_ns() - built),
           (double)b->trie->nodes.arena.reserved / (double)b->pairs);
}

static void measure(struct bench *b, struct pool *pool)
{
    double *puts = base_alloc(b->rounds * sizeof *puts), *cpus = base_alloc(b->rounds * sizeof *cpus);
    double *walls = base_alloc(b->rounds * sizeof *walls);
    struct hash *chosen = base_alloc(b->changes * sizeof *chosen), root;
    size_t before = b->trie->nodes.arena.reserved;
    for (size_t round = 0; round < b->rounds; round++) {
        for (size_t i = 0; i < b->changes; i++)
            chosen[i] = key_of(random_next(&b->random) % (b->pairs + b->pairs / 10)); /* a tenth is beyond: new */
        qsort(chosen, b->changes, sizeof *chosen, compare_hashes);
        uint64_t cpu = clock_cpu_ns();
        for (size_t i = 0; i < b->changes; i++) put(b, &chosen[i], i % 10 == 0);
        uint64_t wall = clock_wall_ns(), done = clock_cpu_ns();
        puts[round] = milliseconds(done - cpu);
        trie_root(b->trie, pool, &root);
        cpus[round] = milliseconds(clock_cpu_ns() - done);
        walls[round] = milliseconds(clock_wall_ns() - wall);
    }
    printf("%zu changes, %u threads: put %.2f ms (CPU), root %.2f ms (CPU) %.2f ms (wall), %zu KB more\n", b->changes,
           pool == NULL ? 1 : pool_workers(pool), median(puts, b->rounds), median(cpus, b->rounds),
           median(walls, b->rounds), (b->trie->nodes.arena.reserved - before) >> 10);
    free(puts);
    free(cpus);
    free(walls);
    free(chosen);
}

int main(int count, char **arguments)
{
    struct bench b = {.pairs = 10000000, .changes = 10000, .rounds = 21, .random = 1};
    for (int i = 1; i < count; i += 2) {
        size_t *to = strcmp(arguments[i], "--pairs") == 0     ? &b.pairs
                     : strcmp(arguments[i], "--changes") == 0 ? &b.changes
                     : strcmp(arguments[i], "--rounds") == 0  ? &b.rounds
                                                              : NULL;
        if (to == NULL || i + 1 == count || (*to = (size_t)strtoull(arguments[i + 1], NULL, 10)) == 0) {
            log_line("usage: bench_trie [--pairs N] [--changes N] [--rounds N]");
            return 2;
        }
    }
    b.trie = trie_new(NULL, NULL);
    b.keys = base_alloc(b.pairs * sizeof *b.keys);
    build(&b);
    measure(&b, NULL);
    struct pool *pool = pool_new(cpu_count());
    if (pool_workers(pool) > 1) measure(&b, pool);
    pool_free(pool);
    trie_free(b.trie);
    free(b.keys);
    return 0;
}
