/* Whose signature is it, and which address does somebody make. */
#include "types/types_private.h"

/* Half the order of secp256k1's group, rounded down: the greatest low s (EIP-2). */
static const struct u256 half_order = {
    {0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}};

static bool is_allowed(const struct signature *signature, bool low_s)
{
    return signature->y_parity <= 1 && !(low_s && u256_less(half_order, signature->s));
}

/* What the rules say before anything is recovered. */
static bool transaction_allowed(const struct transaction *tx, struct signature_rules rules)
{
    bool other_rules = tx->type == TX_LEGACY && tx->has_chain_id && !rules.chain_id;
    return !other_rules && is_allowed(&tx->signature, rules.low_s);
}

static enum status recover(struct address *out, const struct hash *digest, const struct signature *signature)
{
    struct secp256k1_signature wire = {.recovery_id = signature->y_parity};
    u256_store_be(wire.r, signature->r);
    u256_store_be(wire.s, signature->s);
    struct address found;
    if (!secp256k1_recover(&found, digest, &wire)) return TX_BAD_SIGNATURE;
    *out = found;
    return STATUS_OK;
}

enum status transaction_sender(struct address *out, const struct transaction *tx, struct signature_rules rules)
{
    if (!transaction_allowed(tx, rules)) return TX_BAD_SIGNATURE;
    struct hash digest;
    transaction_signing_hash(&digest, tx);
    return recover(out, &digest, &tx->signature);
}

/* One by one what recover does at once; recovery itself for a run of them together. */
enum status transactions_senders(struct address *out, const struct transaction *transactions, uint32_t count,
                                 struct signature_rules rules, uint32_t *bad)
{
    enum { TOGETHER = 32 };
    for (uint32_t first = 0; first < count; first += TOGETHER) {
        uint32_t n = count - first < TOGETHER ? count - first : TOGETHER;
        struct hash digests[TOGETHER];
        struct secp256k1_signature wire[TOGETHER];
        bool ok[TOGETHER];
        for (uint32_t i = 0; i < n; i++) {
            const struct transaction *tx = &transactions[first + i];
            wire[i].recovery_id = tx->signature.y_parity;
            u256_store_be(wire[i].r, tx->signature.r);
            u256_store_be(wire[i].s, tx->signature.s);
            transaction_signing_hash(&digests[i], tx);
        }
        secp256k1_recover_many(out + first, ok, digests, wire, n);
        for (uint32_t i = 0; i < n; i++) {
            if (!ok[i] || !transaction_allowed(&transactions[first + i], rules)) {
                *bad = first + i;
                return TX_BAD_SIGNATURE;
            }
        }
    }
    *bad = count;
    return STATUS_OK;
}

enum status authorization_authority(struct address *out, const struct authorization *a)
{
    if (!is_allowed(&a->signature, true)) return TX_BAD_SIGNATURE;
    struct hash digest;
    authorization_signing_hash(&digest, a);
    return recover(out, &digest, &a->signature);
}

static struct address low_20_bytes(const struct hash *h)
{
    struct address a;
    memcpy(a.b, h->b + 12, sizeof a.b);
    return a;
}

struct address create_address(const struct address *sender, uint64_t nonce)
{
    uint8_t list[32] = {0, 0x94}; /* list header, string header, address, nonce of at most 9 bytes */
    size_t size = 2 + sizeof sender->b;
    memcpy(list + 2, sender->b, sizeof sender->b);
    if (nonce == 0 || nonce >= 0x80) {
        size_t n = nonce == 0 ? 0 : (size_t)(71 - __builtin_clzll(nonce)) / 8;
        list[size++] = (uint8_t)(0x80 + n);
        while (n-- > 0) list[size++] = (uint8_t)(nonce >> (8 * n));
    } else {
        list[size++] = (uint8_t)nonce;
    }
    list[0] = (uint8_t)(0xc0 + size - 1);
    struct hash h;
    keccak256(&h, list, size);
    return low_20_bytes(&h);
}

struct address create2_address(const struct address *sender, const struct hash *salt, const struct hash *init_code_hash)
{
    uint8_t text[1 + 20 + 32 + 32] = {0xff};
    memcpy(text + 1, sender->b, 20);
    memcpy(text + 21, salt->b, 32);
    memcpy(text + 53, init_code_hash->b, 32);
    struct hash h;
    keccak256(&h, text, sizeof text);
    return low_20_bytes(&h);
}
