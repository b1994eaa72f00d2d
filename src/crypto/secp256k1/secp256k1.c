/* ECDSA over secp256k1 through libsecp256k1: recovery for transactions and ECRECOVER, signing for tools. Where the
 * processor can, recovery goes through secp256k1_one.c, and of many signatures through secp256k1_many.c; whatever is
 * unusual there comes back to the library. */
#include "crypto/crypto.h"
#include "crypto/secp256k1/secp256k1_private.h"

#include <pthread.h>
#include <unistd.h>

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>

/* The packaged library marks its symbols with its version, so that several may live in one program. */
#define LIBRARY(name) rustsecp256k1_v0_14_##name

typedef LIBRARY(pubkey) library_key;
typedef LIBRARY(ecdsa_recoverable_signature) library_signature;

enum { KEY_SIZE = 65, KEY_TAG_SIZE = 1 }; /* 0x04, x, y */

/* x | y. */
static void text_of_key(uint8_t out[64], const library_key *key)
{
    uint8_t text[KEY_SIZE];
    size_t size = sizeof text;
    LIBRARY(ec_pubkey_serialize)
    (LIBRARY(context_static), text, &size, key, SECP256K1_EC_UNCOMPRESSED);
    memcpy(out, text + KEY_TAG_SIZE, 64);
}

/* An address is the last 20 bytes of the hash of x | y. */
static void address_of_key(struct address *out, const library_key *key)
{
    uint8_t text[64];
    text_of_key(text, key);
    struct hash h;
    keccak256_64(&h, text);
    memcpy(out->b, h.b + 12, sizeof out->b);
}

static bool is_zero(const uint8_t word[32])
{
    uint64_t any = 0;
    for (size_t i = 0; i < 32; i += 8) any |= load_be64(word + i);
    return any == 0;
}

bool secp256k1_recover_plain(struct address *out, const struct hash *digest,
                             const struct secp256k1_signature *signature)
{
    if (signature->recovery_id > 3 || is_zero(signature->r) || is_zero(signature->s)) return false;
    uint8_t compact[64];
    memcpy(compact, signature->r, 32);
    memcpy(compact + 32, signature->s, 32);

    library_signature parsed; /* parsing refuses r, s >= n; recovery refuses what has no key */
    library_key key;
    if (LIBRARY(ecdsa_recoverable_signature_parse_compact)(LIBRARY(context_static), &parsed, compact,
                                                           signature->recovery_id) == 0)
        return false;
    if (LIBRARY(ecdsa_recover)(LIBRARY(context_static), &key, &parsed, digest->b) == 0) return false;
    address_of_key(out, &key);
    return true;
}

bool secp256k1_recover(struct address *out, const struct hash *digest, const struct secp256k1_signature *signature)
{
    if (!ifma_available()) return secp256k1_recover_plain(out, digest, signature);
    if (signature->recovery_id > 3 || !secp256k1_is_scalar(signature->r) || !secp256k1_is_scalar(signature->s))
        return false;
    uint8_t key[64];
    struct hash h;
    switch (secp256k1_recover_key(key, digest, signature)) {
    case SECP256K1_FOUND: break;
    case SECP256K1_NO_KEY: return false;
    case SECP256K1_UNDECIDED: return secp256k1_recover_plain(out, digest, signature);
    }
    keccak256_64(&h, key);
    memcpy(out->b, h.b + 12, sizeof out->b);
    return true;
}

/* Fewer than this cost less one by one: eight lanes take as long as five recoveries. */
enum { LEAST_TOGETHER = 5 };

/* Signatures picked from a batch for the vector code, with their places in the batch. */
struct picked {
    size_t count, place[SECP256K1_CHUNK];
    struct hash digest[SECP256K1_CHUNK];
    struct secp256k1_signature signature[SECP256K1_CHUNK];
};

static void recover_picked(struct address *out, bool *ok, const struct picked *p)
{
    bool found[SECP256K1_CHUNK];
    uint8_t key[SECP256K1_CHUNK][64];
    struct hash hash[SECP256K1_CHUNK];
    struct bytes text[SECP256K1_CHUNK];
    if (p->count >= LEAST_TOGETHER)
        secp256k1_recover_keys(key, found, p->digest, p->signature, p->count);
    else
        memset(found, 0, sizeof found);
    for (size_t i = 0; i < p->count; i++) {
        if (!found[i]) memset(key[i], 0, sizeof key[i]);
        text[i] = (struct bytes){key[i], sizeof key[i]};
    }
    keccak256_many(hash, text, p->count);
    for (size_t i = 0; i < p->count; i++) {
        size_t at = p->place[i];
        ok[at] = found[i];
        if (found[i])
            memcpy(out[at].b, hash[i].b + 12, sizeof out[at].b);
        else
            ok[at] = secp256k1_recover(&out[at], &p->digest[i], &p->signature[i]);
    }
}

void secp256k1_recover_many(struct address *out, bool *ok, const struct hash *digest,
                            const struct secp256k1_signature *signature, size_t count)
{
    if (!ifma_available()) {
        for (size_t i = 0; i < count; i++) ok[i] = secp256k1_recover_plain(&out[i], &digest[i], &signature[i]);
        return;
    }
    struct picked p;
    p.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct secp256k1_signature *s = &signature[i];
        if (s->recovery_id > 1 || !secp256k1_is_scalar(s->r) || !secp256k1_is_scalar(s->s)) {
            ok[i] = secp256k1_recover(&out[i], &digest[i], s);
            continue;
        }
        p.place[p.count] = i;
        p.digest[p.count] = digest[i];
        p.signature[p.count] = *s;
        if (++p.count == SECP256K1_CHUNK) {
            recover_picked(out, ok, &p);
            p.count = 0;
        }
    }
    recover_picked(out, ok, &p);
}

/* ---- secret keys ----------------------------------------------------------------------------------------------- */

/* Work with secret keys needs a context of one's own: made once, at the first use, and kept until the process ends. */
static LIBRARY(context) * signing_context;
static pthread_once_t signing_once = PTHREAD_ONCE_INIT;

static void make_signing_context(void)
{
    void *memory = base_alloc(LIBRARY(context_preallocated_size)(SECP256K1_CONTEXT_NONE));
    signing_context = LIBRARY(context_preallocated_create)(memory, SECP256K1_CONTEXT_NONE);
}

bool secp256k1_sign(struct secp256k1_signature *out, const struct hash *digest, const uint8_t secret[32])
{
    pthread_once(&signing_once, make_signing_context);
    library_signature made;
    if (LIBRARY(ecdsa_sign_recoverable)(signing_context, &made, digest->b, secret, NULL, NULL) == 0) return false;
    uint8_t compact[64];
    int recovery_id = 0;
    LIBRARY(ecdsa_recoverable_signature_serialize_compact)(LIBRARY(context_static), compact, &recovery_id, &made);
    memcpy(out->r, compact, 32);
    memcpy(out->s, compact + 32, 32);
    out->recovery_id = (uint8_t)recovery_id;
    return true;
}

bool secp256k1_address_of_secret(struct address *out, const uint8_t secret[32])
{
    pthread_once(&signing_once, make_signing_context);
    library_key key;
    if (LIBRARY(ec_pubkey_create)(signing_context, &key, secret) == 0) return false;
    address_of_key(out, &key);
    return true;
}

void secp256k1_base_multiple(uint8_t out[64], const uint8_t factor[32])
{
    pthread_once(&signing_once, make_signing_context);
    library_key key;
    ASSERT(LIBRARY(ec_pubkey_create)(signing_context, &key, factor) == 1);
    text_of_key(out, &key);
}

void secp256k1_random_points(uint8_t out[SECP256K1_LANES][64])
{
    pthread_once(&signing_once, make_signing_context);
    enum { FREE = SECP256K1_LANES - 1 };
    library_key key[FREE], last;
    const library_key *all[FREE];
    uint8_t secret[FREE][32];
    ASSERT(getentropy(secret, sizeof secret) == 0);
    for (size_t i = 0; i < FREE; i++) {
        secret[i][0] &= 0x7f; /* below the order */
        ASSERT(LIBRARY(ec_pubkey_create)(signing_context, &key[i], secret[i]) == 1);
        text_of_key(out[i], &key[i]);
        all[i] = &key[i];
    }
    ASSERT(LIBRARY(ec_pubkey_combine)(LIBRARY(context_static), &last, all, FREE) == 1);
    ASSERT(LIBRARY(ec_pubkey_negate)(LIBRARY(context_static), &last) == 1);
    text_of_key(out[FREE], &last);
}
