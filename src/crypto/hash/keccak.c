/* keccak-256: the sponge around the permutation, for one message and for many at once.
 *
 * Keccak-256 is SHA3-256 with the older padding: one byte 0x01 behind the message and the top bit of the block's last
 * byte. */
#include "crypto/crypto.h"
#include "crypto/hash/keccak_private.h"

const struct hash keccak_empty = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
                                   0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
                                   0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};
const struct hash keccak_empty_trie = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45,
                                        0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c,
                                        0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

/* Behind the message, and at the end of the last block. */
static const uint64_t PAD_FIRST = 0x01, PAD_LAST = UINT64_C(0x80) << 56;

/* Words are little-endian in the sponge. */
static inline uint64_t load_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void store_le64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, 8);
}

/* The last `size` (0..7) bytes of a message with the padding's first byte behind them. */
static inline uint64_t load_tail(const uint8_t *p, size_t size)
{
    uint64_t v = PAD_FIRST << (8 * size);
    for (size_t i = 0; i < size; i++) v ^= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Absorbs a full block, or the last one with its padding, into the words state[0], state[stride], ... */
static ALWAYS_INLINE void absorb_block(uint64_t *state, size_t stride, const uint8_t *p)
{
    for (size_t i = 0; i < KECCAK_RATE_WORDS; i++) state[i * stride] ^= load_le64(p + 8 * i);
}

static ALWAYS_INLINE void absorb_last(uint64_t *state, size_t stride, const uint8_t *p, size_t size)
{
    size_t words = size / 8;
    for (size_t i = 0; i < words; i++) state[i * stride] ^= load_le64(p + 8 * i);
    state[words * stride] ^= load_tail(p + 8 * words, size % 8);
    state[(KECCAK_RATE_WORDS - 1) * stride] ^= PAD_LAST;
}

static ALWAYS_INLINE void squeeze(struct hash *out, const uint64_t *state, size_t stride)
{
    for (size_t i = 0; i < 4; i++) store_le64(out->b + 8 * i, state[i * stride]);
}

static inline void permute(uint64_t state[25])
{
    if (LIKELY(keccak_has_bmi()))
        keccak_permute_bmi(state);
    else
        keccak_permute_plain(state);
}

/* ---- one message --------------------------------------------------------------------------------------------- */

/* Absorbs the rest of a message into a state and writes its hash. */
static void finish(struct hash *out, uint64_t state[25], const uint8_t *p, size_t size)
{
    for (; size >= KECCAK_RATE; p += KECCAK_RATE, size -= KECCAK_RATE) {
        absorb_block(state, 1, p);
        permute(state);
    }
    absorb_last(state, 1, p, size);
    permute(state);
    squeeze(out, state, 1);
}

void keccak256(struct hash *out, const void *data, size_t size)
{
    uint64_t state[25] = {0};
    finish(out, state, data, size);
}

void keccak256_32(struct hash *out, const uint8_t data[32])
{
    uint64_t state[25] = {load_le64(data),      load_le64(data + 8), load_le64(data + 16),
                          load_le64(data + 24), PAD_FIRST,           [KECCAK_RATE_WORDS - 1] = PAD_LAST};
    permute(state);
    squeeze(out, state, 1);
}

void keccak256_64(struct hash *out, const uint8_t data[64])
{
    uint64_t state[25] = {load_le64(data),
                          load_le64(data + 8),
                          load_le64(data + 16),
                          load_le64(data + 24),
                          load_le64(data + 32),
                          load_le64(data + 40),
                          load_le64(data + 48),
                          load_le64(data + 56),
                          PAD_FIRST,
                          [KECCAK_RATE_WORDS - 1] = PAD_LAST};
    permute(state);
    squeeze(out, state, 1);
}

/* ---- many messages -------------------------------------------------------------------------------------------- */

/* Each lane works through one message, a block per step; a lane that is done takes the next message. So messages of any
 * sizes share the permutations, and only at the end do lanes run empty. The last lane alone finishes as a single
 * message. */

enum { LANES_MAX = 8 };

struct lane {
    const uint8_t *at;
    size_t left;      /* bytes not yet absorbed */
    struct hash *out; /* NULL: the lane is empty */
    bool last;        /* the last block was absorbed in this step */
};

/* Absorbs one block of a lane's message into its column of the state. */
static ALWAYS_INLINE void lane_absorb(struct lane *l, uint64_t *column, size_t stride)
{
    l->last = l->left < KECCAK_RATE;
    if (l->last) {
        absorb_last(column, stride, l->at, l->left);
    } else {
        absorb_block(column, stride, l->at);
        l->at += KECCAK_RATE;
        l->left -= KECCAK_RATE;
    }
}

static ALWAYS_INLINE void many(size_t lanes, void (*permute_lanes)(uint64_t *), struct hash *out,
                               const struct bytes *in, size_t count)
{
    _Alignas(64) uint64_t state[25 * LANES_MAX] = {0};
    struct lane lane[LANES_MAX] = {0};
    size_t next = 0, busy = 0;
    for (; next < count && next < lanes; next++, busy++)
        lane[next] = (struct lane){in[next].data, in[next].size, &out[next], false};

    while (busy > 1) {
        for (size_t k = 0; k < lanes; k++)
            if (lane[k].out != NULL) lane_absorb(&lane[k], state + k, lanes);
        permute_lanes(state);
        for (size_t k = 0; k < lanes; k++) {
            if (lane[k].out == NULL || !lane[k].last) continue;
            squeeze(lane[k].out, state + k, lanes);
            for (size_t i = 0; i < 25; i++) state[i * lanes + k] = 0;
            lane[k].out = NULL;
            if (next < count) {
                lane[k] = (struct lane){in[next].data, in[next].size, &out[next], false};
                next++;
            } else {
                busy--;
            }
        }
    }
    for (size_t k = 0; k < lanes; k++) {
        if (lane[k].out == NULL) continue;
        uint64_t alone[25];
        for (size_t i = 0; i < 25; i++) alone[i] = state[i * lanes + k];
        finish(lane[k].out, alone, lane[k].at, lane[k].left);
    }
}

void keccak256_many_with(const struct keccak_lanes *variant, struct hash *out, const struct bytes *in, size_t count)
{
    if (variant->lanes == 8)
        many(8, variant->permute, out, in, count);
    else
        many(4, variant->permute, out, in, count);
}

void keccak256_many(struct hash *out, const struct bytes *in, size_t count)
{
    const struct keccak_lanes *variant = keccak_lanes_for(count);
    if (variant != NULL) {
        keccak256_many_with(variant, out, in, count);
        return;
    }
    for (size_t i = 0; i < count; i++) keccak256(&out[i], in[i].data, in[i].size);
}
