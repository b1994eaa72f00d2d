/* bench_precompile: how long every precompile vector takes.
 *
 *     WEFT_FIXTURES=FOLDER bench_precompile [--filter TEXT] [--peers FILE.tsv]
 *
 * A row is ns a call (least and median over rounds, CPU time of this thread). With --peers, a table of other engines'
 * times (first columns: vector, bytes; then ns of one engine each), the row also has the fastest peer and its time
 * divided by ours: above 1, we are faster. The output is a Markdown table.
 *
 * The peers were timed on another day, and the machine is never twice the same. So each round also times two fixed
 * pieces of work that are in the same table and leave no room for difference: 1,024-bit mpz_powm, which a peer calls
 * too, from the same library, and SHA-256 of 64 KiB by the processor's instructions. How much slower both are than that
 * day, as geometric mean, is what a row is corrected by, round by round; the ratio is the median. One is bound by the
 * multiplier and the other by a chain of instructions, as a neighbour on the same core slows these differently: when
 * row sha256/65536B is far from 1, the machine is too busy to be believed. */
#include "precompile/precompile.h"
#include "crypto/crypto.h"

#include "../tests/precompile_vectors.h"
#include "timing.h"

#include <gmp.h>
#include <math.h>

enum { ROUNDS = 15, NAME_CUT = 50 }; /* peers' tables cut names to this many characters */
static const uint64_t ROUND_NS = 2000000, REFERENCE_NS = 500000;
static const char powm_row[] = "modexp_syn/mod128B_exp1024b_odd", sha_row[] = "sha256/65536B";

static const char dashes[] = "----------------------------------------------------------------";

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

/* One 1,024-bit mpz_powm. */
static void work_powm(void)
{
    static mpz_t base, exponent, modulus, result;
    if (mpz_sgn(modulus) == 0) {
        gmp_randstate_t random;
        gmp_randinit_default(random);
        mpz_inits(base, exponent, modulus, result, NULL);
        mpz_urandomb(base, random, 1023);
        mpz_urandomb(exponent, random, 1024);
        mpz_urandomb(modulus, random, 1024);
        mpz_setbit(exponent, 1023);
        mpz_setbit(modulus, 1023);
        mpz_setbit(modulus, 0);
        gmp_randclear(random);
    }
    mpz_powm(result, base, exponent, modulus);
}

/* SHA-256 of 64 KiB. */
static void work_sha(void)
{
    static const uint8_t data[65536];
    struct hash h;
    sha256(&h, data, sizeof data);
    __asm__ volatile("" : : "r"(&h) : "memory");
}

/* ns of one piece of work, now. */
static double time_work(void (*work)(void))
{
    uint64_t start = clock_thread_ns(), ns, times = 0;
    do {
        work();
        times++;
        ns = clock_thread_ns() - start;
    } while (ns < REFERENCE_NS);
    return (double)ns / (double)times;
}

/* The least of the peers' times for a row; 0 when the table has none. */
static double best_peer(const char *table, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = table; line != NULL && *line != 0; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, key, length) != 0 || line[length] != '\t') continue;
        double best = 0;
        const char *at = line + length + 1;
        at += strcspn(at, "\t\n"); /* bytes */
        while (*at == '\t') {
            at++;
            double ns = strtod(at, NULL);
            if (ns > 0 && (best == 0 || ns < best)) best = ns;
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
    double powm_then = peers.size > 0 ? best_peer((const char *)peers.data, powm_row) : 0;
    double sha_then = peers.size > 0 ? best_peer((const char *)peers.data, sha_row) : 0;
    printf("| %-63s | %12s | %12s | %12s | %6s |\n|-%.63s-|-%.12s:|-%.12s:|-%.12s:|-%.6s:|\n", "vector", "ns, least",
           "ns, median", "best peer", "ratio", dashes, dashes, dashes, dashes, dashes);
    struct vector row;
    struct precompile_memory memory = {0};
    while (vectors_next(&v, &row)) {
        char key[256];
        snprintf(key, sizeof key, "%s/%.*s", row.family, (int)NAME_CUT, row.name);
        if (strstr(key, filter) == NULL) continue;
        double once = time_calls(&row, &memory, 1), times[ROUNDS], relative[ROUNDS];
        once = time_calls(&row, &memory, 1 + (uint64_t)(20000 / (once + 1)));
        uint64_t repeat = 1 + (uint64_t)((double)ROUND_NS / (once + 1));
        int rounds = once > 1e7 ? 3 : ROUNDS;
        for (int i = 0; i < rounds; i++) {
            double powm = time_work(work_powm), sha = time_work(work_sha);
            times[i] = time_calls(&row, &memory, repeat);
            powm += time_work(work_powm), sha += time_work(work_sha);
            relative[i] = times[i] / sqrt(powm / 2 * sha / 2);
        }
        qsort(times, (size_t)rounds, sizeof times[0], timing_compare);
        qsort(relative, (size_t)rounds, sizeof relative[0], timing_compare);
        double peer = peers.size > 0 ? best_peer((const char *)peers.data, key) : 0;
        double ratio = powm_then > 0 ? peer / sqrt(powm_then * sha_then) / relative[rounds / 2] : 0;
        printf("| %-63s | %12.1f | %12.1f | %12.1f | %6.2f |\n", key, times[0], times[rounds / 2], peer, ratio);
    }
    precompile_memory_free(&memory);
    buffer_free(&peers);
    vectors_close(&v);
    return 0;
}
