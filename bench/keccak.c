/* bench_keccak: Keccak-256 one message at a time, and many at once.
 *
 *     bench_keccak
 *
 * Rows of many messages are ns for one of them; behind the name of a variant stands how many states it works on. */
#include "crypto/crypto.h"
#include "crypto/hash/keccak_private.h"
#include "timing.h"

enum { MESSAGES = 64, LONG_SIZE = 65536 };

static uint8_t data[LONG_SIZE];

static void one_by_one(void)
{
    static const size_t sizes[] = {32, 64, 136, 1024, LONG_SIZE};
    struct hash h;
    TIME("permutation, plain", 1, keccak_permute_plain((uint64_t *)(void *)data));
    if (keccak_has_bmi()) TIME("permutation, BMI", 1, keccak_permute_bmi((uint64_t *)(void *)data));
    TIME("32 bytes, own function", 1, keccak256_32(&h, data); USED(&h));
    TIME("64 bytes, own function", 1, keccak256_64(&h, data); USED(&h));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "%zu bytes", sizes[i]);
        TIME(name, 1, keccak256(&h, data, sizes[i]); USED(&h));
    }
}

/* One of many messages, as a variant has them. */
static void many(const struct keccak_lanes *variant)
{
    static const size_t sizes[] = {32, 64, 100, 136, 532, 1024};
    static struct hash out[MESSAGES];
    struct bytes in[MESSAGES];
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        char name[40];
        for (size_t i = 0; i < MESSAGES; i++) in[i] = (struct bytes){data + 64 * i, sizes[k]};
        (void)snprintf(name, sizeof name, "%zu bytes, %s", sizes[k], variant->name);
        TIME(name, MESSAGES, keccak256_many_with(variant, out, in, MESSAGES); USED(out));
    }
}

int main(void)
{
    uint64_t random = 1;
    for (size_t i = 0; i < LONG_SIZE; i++) data[i] = (uint8_t)random_next(&random);
    timing_header("Keccak-256");
    one_by_one();
    const struct keccak_lanes *variant;
    for (unsigned i = 0; (variant = keccak_lanes_variant(i)) != NULL; i++) many(variant);
    return 0;
}
