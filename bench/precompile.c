/* bench_precompile: how long every precompile vector takes.
 *
 *     WEFT_FIXTURES=FOLDER bench_precompile [--filter TEXT] [--peers FILE.tsv]
 *
 * Each row prints ns a call (min, median, max over rounds, CPU time of this thread). With --peers, a table of other engines' times
 * (first columns: vector, bytes; then ns of one engine each), the fastest peer and its time divided by ours: above 1, we are faster.
 * The peers were timed on another day, so first compare a row that leaves no room for difference, such as sha256/65536B. */
#include "precompile/precompile.h"

#include "../tests/precompile_vectors.h"

enum { ROUNDS = 15, NAME_MAX_SIZE = 63 }; /* peers' tables cut names to this many characters */
static const uint64_t ROUND_NS = 2000000;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times `repeat` calls and returns ns a call. */
static double time_calls(const struct vector *row, struct precompile_memory *memory, uint64_t repeat)
{
    struct precompile_result r;
    uint64_t start = clock_thread_ns();
    for (uint64_t i = 0; i < repeat; i++) {
        precompile_run(&vectors_osaka.precompile, row->address, row->input, UINT64_C(1) << 50, memory, &r);
        __asm__ volatile("" : : "r"(&r) : "memory");
    }
    return (double)(clock_thread_ns() - start) / (double)repeat;
}

/* The least of the peers' times for a row; 0 when the table has none. */
static double best_peer(const char *table, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = table; line != NULL && *line != 0; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, key, length) != 0 || line[length] != '\t')
            continue;
        double best = 0;
        const char *at = line + length + 1;
        at += strcspn(at, "\t\n"); /* bytes */
        while (*at == '\t') {
            at++;
            double ns = strtod(at, NULL);
            if (ns > 0 && (best == 0 || ns < best))
                best = ns;
            at += strcspn(at, "\t\n");
        }
        return best;
    }
    return 0;
}

int main(int count, char **arguments)
{
    const char *filter = "";
    struct buffer peers = {0};
    for (int i = 1; i < count; i++) {
        struct error e;
        if (strcmp(arguments[i], "--filter") == 0 && i + 1 < count) {
            filter = arguments[++i];
        } else if (strcmp(arguments[i], "--peers") == 0 && i + 1 < count) {
            if (file_read(&peers, arguments[++i], (size_t)1 << 24, &e) != STATUS_OK) {
                log_line("%s", e.text);
                return 2;
            }
        } else {
            log_line("usage: bench_precompile [--filter TEXT] [--peers FILE]");
            return 2;
        }
    }
    struct vectors v;
    if (!vectors_open(&v)) {
        log_line("precompile-vectors.tsv is not in $WEFT_FIXTURES");
        return 2;
    }
    printf("%-64s %12s %12s %12s %12s %7s\n", "ns a call", "min", "median", "max", "best peer", "ratio");
    struct vector row;
    struct precompile_memory memory = {0};
    while (vectors_next(&v, &row)) {
        char key[256];
        snprintf(key, sizeof key, "%s/%s", row.family, row.name);
        if (strstr(key, filter) == NULL)
            continue;
        key[NAME_MAX_SIZE] = 0;
        double once = time_calls(&row, &memory, 1), times[ROUNDS];
        once = time_calls(&row, &memory, 1 + (uint64_t)(20000 / (once + 1)));
        uint64_t repeat = 1 + (uint64_t)((double)ROUND_NS / (once + 1));
        int rounds = once > 1e7 ? 3 : ROUNDS;
        for (int i = 0; i < rounds; i++)
            times[i] = time_calls(&row, &memory, repeat);
        qsort(times, (size_t)rounds, sizeof times[0], compare);
        double peer = peers.size > 0 ? best_peer((const char *)peers.data, key) : 0;
        printf("%-64s %12.1f %12.1f %12.1f %12.1f %7.2f\n", key, times[0], times[rounds / 2], times[rounds - 1], peer,
               peer / times[0]);
    }
    precompile_memory_free(&memory);
    buffer_free(&peers);
    vectors_close(&v);
    return 0;
}
