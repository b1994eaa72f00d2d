/* bench_recover: sender recovery, batched against one by one through libsecp256k1, both in every round.
 *
 *     bench_recover
 *
 * Rows are ns a signature (least and median over rounds, CPU time of this thread) for batches of several sizes; the
 * ratio is libsecp256k1's time divided by the batch's, median over rounds. The output is a Markdown table. */
#include "crypto/crypto.h"
#include "crypto/secp256k1/secp256k1_private.h"

#include "timing.h"

enum { ROUNDS = 25, COUNT = 512 };

int main(void)
{
    static struct secp256k1_signature signature[COUNT];
    static struct hash digest[COUNT];
    static struct address found[COUNT];
    static bool ok[COUNT];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t secret[32];
        for (size_t k = 0; k < 32; k++) {
            secret[k] = (uint8_t)random_next(&random);
            digest[i].b[k] = (uint8_t)random_next(&random);
        }
        secret[0] = 1;
        ASSERT(secp256k1_sign(&signature[i], &digest[i], secret));
    }
    secp256k1_recover_many(found, ok, digest, signature, COUNT); /* makes tables */
    static const size_t batches[] = {1, 2, 4, 6, 8, 16, 64, 512};
    printf("| %6s | %12s | %12s | %14s | %6s |\n|-------:|-------------:|-------------:|---------------:|-------:|\n",
           "batch", "ns, least", "ns, median", "library, ns", "ratio");
    for (size_t b = 0; b < COUNT_OF(batches); b++) {
        double many[ROUNDS], each[ROUNDS], ratio[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            uint64_t start = clock_thread_ns();
            for (size_t i = 0; i < 64; i++) ASSERT(secp256k1_recover_plain(&found[i], &digest[i], &signature[i]));
            uint64_t middle = clock_thread_ns();
            for (size_t i = 0; i < COUNT; i += batches[b]) {
                size_t count = batches[b] < COUNT - i ? batches[b] : COUNT - i;
                secp256k1_recover_many(found + i, ok + i, digest + i, signature + i, count);
            }
            uint64_t end = clock_thread_ns();
            each[round] = (double)(middle - start) / 64;
            many[round] = (double)(end - middle) / (double)COUNT;
            ratio[round] = each[round] / many[round];
        }
        qsort(each, ROUNDS, sizeof each[0], timing_compare);
        qsort(many, ROUNDS, sizeof many[0], timing_compare);
        qsort(ratio, ROUNDS, sizeof ratio[0], timing_compare);
        printf("| %6zu | %12.0f | %12.0f | %14.0f | %6.2f |\n", batches[b], many[0], many[ROUNDS / 2], each[ROUNDS / 2],
               ratio[ROUNDS / 2]);
    }
    return 0;
}
