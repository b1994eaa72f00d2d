/* Gas, sizes and values of each precompiled contract, and the way into crypto/. */
#include "precompile/precompile.h"

#include "base/hash.h"
#include "crypto/crypto.h"
#include "precompile/private.h"

/* A call in progress: everything that a contract's function needs. */
struct call {
    unsigned id;
    struct bytes input;
    struct precompile_memory *memory;
    struct precompile_result *out;
    struct modexp_call modexp; /* MODEXP only, from pricing it */
};

/* ---- common steps ------------------------------------------------------------------------------------------------ */

static uint64_t linear(struct gas_linear price, uint64_t units)
{
    return price.base + price.each * units;
}

static uint64_t words(size_t size)
{
    return ((uint64_t)size + 31) / 32;
}

/* Room for the output; the caller fills it. */
static inline uint8_t *output(const struct call *c, size_t size)
{
    struct buffer *b = &c->memory->output;
    uint8_t *p = b->data;
    b->size = 0;
    if (UNLIKELY(b->capacity < size || p == NULL)) p = buffer_reserve(b, size);
    c->out->output = (struct bytes){p, size};
    return p;
}

/* The output true: a word of value 1. */
static void output_true(const struct call *c)
{
    uint8_t *word = output(c, 32);
    memset(word, 0, 32);
    word[31] = 1;
}

/* The first `size` bytes of the input, with zeros behind its end. `room` is used when zeros are missing. */
static const uint8_t *padded(struct bytes input, uint8_t *room, size_t size)
{
    if (input.size >= size) return input.data;
    if (input.size > 0) memcpy(room, input.data, input.size);
    memset(room + input.size, 0, size - input.size);
    return room;
}

/* ---- the contracts of Frontier ----------------------------------------------------------------------------------- */

/* digest | v | r | s, 32 bytes each; the output is the address as a word, or nothing. */
static bool run_ecrecover(const struct call *c)
{
    uint8_t room[128];
    const uint8_t *in = padded(c->input, room, sizeof room);
    uint64_t v_high = load_be64(in + 32) | load_be64(in + 40) | load_be64(in + 48), v = load_be64(in + 56);
    if (v_high != 0 || (v != 27 && v != 28)) return true;
    struct hash digest;
    struct secp256k1_signature signature = {.recovery_id = (uint8_t)(v - 27)};
    memcpy(digest.b, in, 32);
    memcpy(signature.r, in + 64, 32);
    memcpy(signature.s, in + 96, 32);
    struct address found;
    if (!secp256k1_recover(&found, &digest, &signature)) return true;
    uint8_t *word = output(c, 32);
    memset(word, 0, 12);
    memcpy(word + 12, found.b, 20);
    return true;
}

static bool run_sha256(const struct call *c)
{
    struct hash h;
    sha256(&h, c->input.data, c->input.size);
    memcpy(output(c, 32), h.b, 32);
    return true;
}

static bool run_ripemd160(const struct call *c)
{
    uint8_t *word = output(c, 32);
    memset(word, 0, 12);
    ripemd160(word + 12, c->input.data, c->input.size);
    return true;
}

/* Nothing but a price: the way through the table would cost three times as much as this. */
static void run_identity(uint64_t cost, struct bytes input, uint64_t gas, struct precompile_result *out)
{
    bool ok = gas >= cost;
    out->ok = ok;
    out->gas_left = ok ? gas - cost : 0;
    out->output.data = ok ? input.data : NULL;
    out->output.size = ok ? input.size : 0;
}

/* ---- modexp ------------------------------------------------------------------------------------------------------ */

static bool run_modexp(const struct call *c)
{
    const struct modexp_call *call = &c->modexp;
    uint8_t *out = output(c, call->modulus_size);
    if (call->modulus_size == 0) return true;
    /* The numbers stand behind each other in the input; where it ends early, zeros follow. */
    size_t size = call->base_size + call->exponent_size + call->modulus_size;
    struct arena_mark mark = arena_mark(&c->memory->scratch);
    const uint8_t *numbers = call->numbers.data;
    if (call->numbers.size < size)
        numbers = padded(call->numbers, ARENA_ARRAY(&c->memory->scratch, uint8_t, size), size);
    modexp(out, (struct bytes){numbers, call->base_size},
           (struct bytes){numbers + call->base_size, call->exponent_size},
           (struct bytes){numbers + call->base_size + call->exponent_size, call->modulus_size});
    arena_rewind(&c->memory->scratch, mark);
    return true;
}

/* ---- bn254 ------------------------------------------------------------------------------------------------------- */

static bool run_bn254_add(const struct call *c)
{
    uint8_t room[128];
    return bn254_add(output(c, 64), padded(c->input, room, sizeof room));
}

static bool run_bn254_mul(const struct call *c)
{
    uint8_t room[96];
    return bn254_mul(output(c, 64), padded(c->input, room, sizeof room));
}

enum { BN254_PAIR_SIZE = 192 };

static bool run_bn254_pairing(const struct call *c)
{
    size_t pairs = c->input.size / BN254_PAIR_SIZE;
    bool is_one;
    if (c->input.size % BN254_PAIR_SIZE != 0 || !bn254_pairing(&is_one, c->input.data, pairs)) return false;
    output_true(c);
    c->memory->output.data[31] = is_one;
    return true;
}

/* ---- blake2f ----------------------------------------------------------------------------------------------------- */

static uint32_t blake2f_rounds(struct bytes input)
{
    const uint8_t *in = input.data;
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* rounds (4 bytes, big-endian) | h (64) | m (128) | t (16), all little-endian | last block (1 byte, 0 or 1) */
enum { BLAKE2F_SIZE = 213 };

static bool run_blake2f(const struct call *c)
{
    enum { H = 4, M = 68, T = 196, LAST = 212 };
    const uint8_t *in = c->input.data;
    if (in[LAST] > 1) return false;
    uint64_t h[8], m[16], t[2];
    for (size_t i = 0; i < 8; i++) h[i] = __builtin_bswap64(load_be64(in + H + 8 * i));
    for (size_t i = 0; i < 16; i++) m[i] = __builtin_bswap64(load_be64(in + M + 8 * i));
    for (size_t i = 0; i < 2; i++) t[i] = __builtin_bswap64(load_be64(in + T + 8 * i));
    blake2f(h, m, t, in[LAST] == 1, blake2f_rounds(c->input));
    uint8_t *out = output(c, 64);
    for (size_t i = 0; i < 8; i++) store_be64(out + 8 * i, __builtin_bswap64(h[i]));
    return true;
}

/* ---- point evaluation -------------------------------------------------------------------------------------------- */

/* versioned hash (32 bytes) | z (32) | y (32) | commitment (48) | proof (48) */
static bool run_point_evaluation(const struct call *c)
{
    enum { INPUT_SIZE = 192, Z = 32, Y = 64, COMMITMENT = 96, PROOF = 144, COMMITMENT_SIZE = 48, VERSION = 0x01 };
    /* FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS, each as a word */
    static const uint8_t success[64] = {
        [30] = 0x10, [32] = 0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39,
        0xd8,        0x08,        0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4, 0x02, 0xff,
        0xfe,        0x5b,        0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
    };
    if (c->input.size != INPUT_SIZE) return false;
    const uint8_t *in = c->input.data;
    struct hash versioned;
    sha256(&versioned, in + COMMITMENT, COMMITMENT_SIZE);
    versioned.b[0] = VERSION;
    if (memcmp(versioned.b, in, 32) != 0 ||
        !kzg_verify_proof(in + COMMITMENT, in + Z, in + Y, in + PROOF, &c->memory->scratch))
        return false;
    memcpy(output(c, sizeof success), success, sizeof success);
    return true;
}

/* ---- bls12-381 --------------------------------------------------------------------------------------------------- */

static bool run_bls_g1_add(const struct call *c)
{
    return c->input.size == 2 * BLS_G1_SIZE && bls_g1_add(output(c, BLS_G1_SIZE), c->input.data);
}

static bool run_bls_g2_add(const struct call *c)
{
    return c->input.size == 2 * BLS_G2_SIZE && bls_g2_add(output(c, BLS_G2_SIZE), c->input.data);
}

static bool run_bls_g1_msm(const struct call *c)
{
    size_t count = c->input.size / BLS_G1_TERM_SIZE;
    return count > 0 && c->input.size % BLS_G1_TERM_SIZE == 0 &&
           bls_g1_msm(output(c, BLS_G1_SIZE), c->input.data, count, &c->memory->scratch);
}

static bool run_bls_g2_msm(const struct call *c)
{
    size_t count = c->input.size / BLS_G2_TERM_SIZE;
    return count > 0 && c->input.size % BLS_G2_TERM_SIZE == 0 &&
           bls_g2_msm(output(c, BLS_G2_SIZE), c->input.data, count, &c->memory->scratch);
}

static bool run_bls_pairing(const struct call *c)
{
    size_t pairs = c->input.size / BLS_PAIR_SIZE;
    if (pairs == 0 || c->input.size % BLS_PAIR_SIZE != 0) return false;
    bool is_one;
    if (!bls_pairing(&is_one, c->input.data, pairs)) return false;
    output_true(c);
    c->memory->output.data[31] = is_one;
    return true;
}

static bool run_bls_map_fp_to_g1(const struct call *c)
{
    return c->input.size == BLS_FP_SIZE && bls_map_fp_to_g1(output(c, BLS_G1_SIZE), c->input.data);
}

static bool run_bls_map_fp2_to_g2(const struct call *c)
{
    return c->input.size == 2 * BLS_FP_SIZE && bls_map_fp2_to_g2(output(c, BLS_G2_SIZE), c->input.data);
}

/* ---- P-256 ------------------------------------------------------------------------------------------------------- */

/* A word of value 1, or nothing; never fails. */
static bool run_p256verify(const struct call *c)
{
    enum { INPUT_SIZE = 160 };
    if (c->input.size == INPUT_SIZE && p256_verify(c->input.data)) output_true(c);
    return true;
}

/* ---- prices ------------------------------------------------------------------------------------------------------ */

/* Gas of a sum of `count` multiples: the more there are, the more each one is discounted, in thousandths. */
static uint64_t msm_gas(uint32_t mul, const uint16_t discount[BLS_DISCOUNTS], size_t count)
{
    size_t place = count < BLS_DISCOUNTS ? count : BLS_DISCOUNTS;
    return count == 0 ? 0 : (uint64_t)count * mul * discount[place - 1] / 1000;
}

/* What a call costs; false: it fails whatever its gas, as MODEXP and BLAKE2F can tell before they know their price. */
static bool price(struct call *c, const struct fork_precompile *rules, uint64_t *cost)
{
    size_t size = c->input.size;
    switch (c->id) {
    case PRECOMPILE_ECRECOVER: *cost = rules->ecrecover; return true;
    case PRECOMPILE_SHA256: *cost = linear(rules->sha256, words(size)); return true;
    case PRECOMPILE_RIPEMD160: *cost = linear(rules->ripemd160, words(size)); return true;
    case PRECOMPILE_MODEXP:
        if (!modexp_decode(&c->modexp, rules, c->input)) return false;
        *cost = c->modexp.gas;
        return true;
    case PRECOMPILE_BN254_ADD: *cost = rules->bn254_add; return true;
    case PRECOMPILE_BN254_MUL: *cost = rules->bn254_mul; return true;
    case PRECOMPILE_BN254_PAIRING: *cost = linear(rules->bn254_pairing, size / BN254_PAIR_SIZE); return true;
    case PRECOMPILE_BLAKE2F:
        if (size != BLAKE2F_SIZE) return false;
        *cost = (uint64_t)blake2f_rounds(c->input) * rules->blake2f_round;
        return true;
    case PRECOMPILE_POINT_EVALUATION: *cost = rules->point_evaluation; return true;
    case PRECOMPILE_BLS_G1_ADD: *cost = rules->bls_g1_add; return true;
    case PRECOMPILE_BLS_G1_MSM:
        *cost = msm_gas(rules->bls_g1_mul, bls_g1_discounts, size / BLS_G1_TERM_SIZE);
        return true;
    case PRECOMPILE_BLS_G2_ADD: *cost = rules->bls_g2_add; return true;
    case PRECOMPILE_BLS_G2_MSM:
        *cost = msm_gas(rules->bls_g2_mul, bls_g2_discounts, size / BLS_G2_TERM_SIZE);
        return true;
    case PRECOMPILE_BLS_PAIRING: *cost = linear(rules->bls_pairing, size / BLS_PAIR_SIZE); return true;
    case PRECOMPILE_BLS_MAP_FP_TO_G1: *cost = rules->bls_map_fp_to_g1; return true;
    case PRECOMPILE_BLS_MAP_FP2_TO_G2: *cost = rules->bls_map_fp2_to_g2; return true;
    case PRECOMPILE_P256VERIFY: *cost = rules->p256verify; return true;
    default: ASSERT(false);
    }
    return false;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct contract {
    const char *name;
    bool (*run)(const struct call *c); /* once it is paid. False: failed; else the output is set, where there is any */
} contracts[] = {
    [PRECOMPILE_ECRECOVER] = {"ecrecover", run_ecrecover},
    [PRECOMPILE_SHA256] = {"sha256", run_sha256},
    [PRECOMPILE_RIPEMD160] = {"ripemd160", run_ripemd160},
    [PRECOMPILE_IDENTITY] = {"identity", NULL}, /* precompile_run does it itself */
    [PRECOMPILE_MODEXP] = {"modexp", run_modexp},
    [PRECOMPILE_BN254_ADD] = {"bn254_add", run_bn254_add},
    [PRECOMPILE_BN254_MUL] = {"bn254_mul", run_bn254_mul},
    [PRECOMPILE_BN254_PAIRING] = {"bn254_pairing", run_bn254_pairing},
    [PRECOMPILE_BLAKE2F] = {"blake2f", run_blake2f},
    [PRECOMPILE_POINT_EVALUATION] = {"point_evaluation", run_point_evaluation},
    [PRECOMPILE_BLS_G1_ADD] = {"bls_g1_add", run_bls_g1_add},
    [PRECOMPILE_BLS_G1_MSM] = {"bls_g1_msm", run_bls_g1_msm},
    [PRECOMPILE_BLS_G2_ADD] = {"bls_g2_add", run_bls_g2_add},
    [PRECOMPILE_BLS_G2_MSM] = {"bls_g2_msm", run_bls_g2_msm},
    [PRECOMPILE_BLS_PAIRING] = {"bls_pairing", run_bls_pairing},
    [PRECOMPILE_BLS_MAP_FP_TO_G1] = {"bls_map_fp_to_g1", run_bls_map_fp_to_g1},
    [PRECOMPILE_BLS_MAP_FP2_TO_G2] = {"bls_map_fp2_to_g2", run_bls_map_fp2_to_g2},
};
static const struct contract p256verify = {"p256verify", run_p256verify};

static const struct contract *contract_of(unsigned id)
{
    if (id == PRECOMPILE_P256VERIFY) return &p256verify;
    return id < COUNT_OF(contracts) && contracts[id].name != NULL ? &contracts[id] : NULL;
}

const char *precompile_name(unsigned id)
{
    const struct contract *found = contract_of(id);
    return found != NULL ? found->name : NULL;
}

/* Hashes cost about as much as finding them; so does an input that is longer than what was paid, of which the contract
 * reads the beginning. */
static bool is_remembered(unsigned id, uint64_t cost, size_t input_size)
{
    return cost >= PRECOMPILE_MEMO_GAS && input_size <= cost && id != PRECOMPILE_SHA256 && id != PRECOMPILE_RIPEMD160;
}

static bool run_or_find(struct call *c)
{
    struct precompile_memo *memo = c->memory->memo;
    uint64_t hash = hash_of_bytes(c->id, c->input);
    const struct precompile_memo_entry *found = precompile_memo_find(memo, hash, c->id, c->input);
    if (found != NULL) {
        c->out->output = found->output;
        return found->ok;
    }
    bool ok = contract_of(c->id)->run(c);
    precompile_memo_keep(memo, hash, c->id, c->input, ok, ok ? c->out->output : (struct bytes){0}, c->memory);
    return ok;
}

void precompile_run(const struct fork_precompile *rules, unsigned id, struct bytes input, uint64_t gas,
                    struct precompile_memory *memory, struct precompile_result *out)
{
    if (id == PRECOMPILE_IDENTITY) {
        run_identity(linear(rules->identity, words(input.size)), input, gas, out);
        return;
    }
    struct call c = {.id = id, .input = input, .memory = memory, .out = out};
    uint64_t cost;
    *out = (struct precompile_result){0};
    if (!price(&c, rules, &cost) || gas < cost) return;
    out->ok = memory->memo != NULL && is_remembered(id, cost, input.size) ? run_or_find(&c) : contract_of(id)->run(&c);
    if (out->ok)
        out->gas_left = gas - cost;
    else
        out->output = (struct bytes){0};
}

void precompile_memory_clear(struct precompile_memory *m)
{
    arena_reset(&m->kept);
    m->kept_size = 0;
}

void precompile_memory_free(struct precompile_memory *m)
{
    buffer_free(&m->output);
    arena_free(&m->scratch);
    arena_free(&m->kept);
}
