#define _GNU_SOURCE 1
#include "base/hash.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/random.h>

uint64_t hash_key[HASH_KEY_WORDS];

/* Where the system call is refused (a sandbox, an old kernel), the 16 random bytes that the kernel gives every new
 * process are stretched: they are as secret. */
static void key_from_auxv(void)
{
    uint64_t given[2] = {0, 0};
    const void *at = (const void *)getauxval(AT_RANDOM);
    ASSERT(at != NULL);
    memcpy(given, at, sizeof given);
    for (size_t i = 0; i < HASH_KEY_WORDS; i++) hash_key[i] = random_next(&given[i % 2]);
}

static __attribute__((constructor)) void make_key(void)
{
    ssize_t got;
    do {
        got = getrandom(hash_key, sizeof hash_key, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof hash_key) key_from_auxv();
}

uint64_t hash_of_bytes(uint64_t tweak, struct bytes bytes)
{
    uint64_t h = hash_mix(hash_key[10] ^ tweak, hash_key[11] ^ bytes.size), w[2];
    size_t i = 0;
    for (; i + sizeof w <= bytes.size; i += sizeof w) {
        memcpy(w, bytes.data + i, sizeof w);
        h = hash_mix(h ^ w[0] ^ hash_key[10], w[1] ^ hash_key[11]);
    }
    if (i < bytes.size) {
        w[0] = w[1] = 0;
        memcpy(w, bytes.data + i, bytes.size - i);
        h = hash_mix(h ^ w[0] ^ hash_key[10], w[1] ^ hash_key[11]);
    }
    return hash_mix(h ^ hash_key[4], hash_key[5]);
}
