/* bls12-381 as EIP-2537 has it, through blst. Encoding and checks are here; the curve is blst's. */
#include "crypto/bls12_381/bls12_381_private.h"
#include "crypto/crypto.h"

enum { PADDING = 16 };

/* The field's prime, highest word first. */
static const uint64_t prime[6] = {0x1a0111ea397fe69a, 0x4b1ba7b6434bacd7, 0x64774b84f38512bf,
                                  0x6730d2a0f6b0f624, 0x1eabfffeb153ffff, 0xb9feffffffffaaab};

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

/* Reads 16 zero bytes and a number below the prime. */
static bool read_fp(blst_fp *out, const uint8_t in[BLS_FP_SIZE])
{
    if ((load_be64(in) | load_be64(in + 8)) != 0) return false;
    uint64_t word[6];
    for (size_t i = 0; i < 6; i++) word[5 - i] = load_be64(in + PADDING + 8 * i);
    size_t i = 0;
    while (i < 5 && word[5 - i] == prime[i]) i++;
    if (word[5 - i] >= prime[i]) return false;
    blst_fp_from_uint64(out, word);
    return true;
}

static bool read_fp2(blst_fp2 *out, const uint8_t in[2 * BLS_FP_SIZE])
{
    return read_fp(&out->fp[0], in) && read_fp(&out->fp[1], in + BLS_FP_SIZE);
}

static void write_fp(uint8_t out[BLS_FP_SIZE], const blst_fp *in)
{
    memset(out, 0, PADDING);
    blst_bendian_from_fp(out + PADDING, in);
}

static void write_fp2(uint8_t out[2 * BLS_FP_SIZE], const blst_fp2 *in)
{
    write_fp(out, &in->fp[0]);
    write_fp(out + BLS_FP_SIZE, &in->fp[1]);
}

/* Reads a point and checks that it is on the curve. Infinity is read as (0, 0), which blst's affine points mean by
 * it. */
static bool read_g1(blst_p1_affine *out, const uint8_t in[BLS_G1_SIZE])
{
    return read_fp(&out->x, in) && read_fp(&out->y, in + BLS_FP_SIZE) && blst_p1_affine_on_curve(out);
}

static bool read_g2(blst_p2_affine *out, const uint8_t in[BLS_G2_SIZE])
{
    return read_fp2(&out->x, in) && read_fp2(&out->y, in + 2 * BLS_FP_SIZE) && blst_p2_affine_on_curve(out);
}

static void write_g1_affine(uint8_t out[BLS_G1_SIZE], const blst_p1_affine *a)
{
    write_fp(out, &a->x);
    write_fp(out + BLS_FP_SIZE, &a->y);
}

static void write_g1(uint8_t out[BLS_G1_SIZE], const blst_p1 *p)
{
    blst_p1_affine a;
    blst_p1_to_affine(&a, p);
    write_g1_affine(out, &a);
}

static void write_g2_affine(uint8_t out[BLS_G2_SIZE], const blst_p2_affine *a)
{
    write_fp2(out, &a->x);
    write_fp2(out + 2 * BLS_FP_SIZE, &a->y);
}

static void write_g2(uint8_t out[BLS_G2_SIZE], const blst_p2 *p)
{
    blst_p2_affine a;
    blst_p2_to_affine(&a, p);
    write_g2_affine(out, &a);
}

/* ---- addition ---------------------------------------------------------------------------------------------------- */

bool bls_g1_add(uint8_t out[BLS_G1_SIZE], const uint8_t in[2 * BLS_G1_SIZE])
{
    blst_p1_affine a, b;
    if (!read_g1(&a, in) || !read_g1(&b, in + BLS_G1_SIZE)) return false;
    bls_g1_add_affine(&a, &a, &b);
    write_g1_affine(out, &a);
    return true;
}

bool bls_g2_add(uint8_t out[BLS_G2_SIZE], const uint8_t in[2 * BLS_G2_SIZE])
{
    blst_p2_affine a, b;
    if (!read_g2(&a, in) || !read_g2(&b, in + BLS_G2_SIZE)) return false;
    bls_g2_add_affine(&a, &a, &b);
    write_g2_affine(out, &a);
    return true;
}

/* ---- sums of multiples ----------------------------------------------------------------------------------------- */

/* blst wants scalars with the lowest byte first. */
static void read_scalar(uint8_t out[32], const uint8_t in[32])
{
    for (size_t i = 0; i < 32; i++) out[i] = in[31 - i];
}

enum { SCALAR_BITS = 256 };

/* Whether all points, none infinity, are in the subgroup. */
static bool all_in_g1(const blst_p1_affine *points, size_t count)
{
    if (count > 1 && ifma_available()) {
        for (size_t i = 0; i < count; i += BLS_LANES)
            if (!bls_g1_in_group_vector(points + i, count - i < BLS_LANES ? count - i : BLS_LANES)) return false;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (!blst_p1_affine_in_g1(&points[i])) return false;
    return true;
}

/* *sum = the sum of multiples of points of the curve, none infinity; false when one is not in the subgroup. */
static bool sum_g1(blst_p1 *sum, const blst_p1_affine *points, const uint8_t *scalars, size_t count,
                   struct arena *scratch)
{
    memset(sum, 0, sizeof *sum);
    if (count == 0) return true;
    if (count > 1 && count <= BLS_G1_LANES_MAX && ifma_available())
        return bls_g1_sum_vector(sum, points, scalars, count, points, count);
    if (!all_in_g1(points, count)) return false;
    if (count <= BLS_G1_FEW) {
        bls_g1_sum_few(sum, points, scalars, count, scratch);
    } else {
        const blst_p1_affine *all_points[2] = {points, NULL}; /* NULL: the rest follows the first */
        const byte *all_scalars[2] = {scalars, NULL};
        limb_t *work = arena_alloc(scratch, blst_p1s_mult_pippenger_scratch_sizeof(count), 64);
        blst_p1s_mult_pippenger(sum, all_points, count, all_scalars, SCALAR_BITS, work);
    }
    return true;
}

bool bls_g1_msm(uint8_t out[BLS_G1_SIZE], const uint8_t *in, size_t count, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    blst_p1_affine *points = ARENA_ARRAY(scratch, blst_p1_affine, count);
    uint8_t *scalars = ARENA_ARRAY(scratch, uint8_t, count *BLS_SCALAR_SIZE);
    blst_p1 sum;
    size_t used = 0;
    bool ok = false;
    for (size_t i = 0; i < count; i++, in += BLS_G1_TERM_SIZE) {
        if (!read_g1(&points[used], in)) goto done;
        read_scalar(scalars + used * BLS_SCALAR_SIZE, in + BLS_G1_SIZE);
        if (!blst_p1_affine_is_inf(&points[used])) used++;
    }
    ok = sum_g1(&sum, points, scalars, used, scratch);
    if (ok) write_g1(out, &sum);
done:
    arena_rewind(scratch, mark);
    return ok;
}

/* Whether all points, none infinity, are in the subgroup. */
static bool all_in_g2(const blst_p2_affine *points, size_t count)
{
    if (count > 1 && ifma_available()) {
        for (size_t i = 0; i < count; i += BLS_LANES)
            if (!bls_g2_in_group_vector(points + i, count - i < BLS_LANES ? count - i : BLS_LANES)) return false;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (!blst_p2_affine_in_g2(&points[i])) return false;
    return true;
}

/* *sum = the sum of multiples of points of the curve, none infinity; false when one is not in the subgroup. */
static bool sum_g2(blst_p2 *sum, const blst_p2_affine *points, const uint8_t *scalars, size_t count,
                   struct arena *scratch)
{
    memset(sum, 0, sizeof *sum);
    if (count == 0) return true;
    if (count > 1 && count <= BLS_G2_LANES_MAX && ifma_available())
        return bls_g2_sum_vector(sum, points, scalars, count, points, count);
    if (!all_in_g2(points, count)) return false;
    if (count <= BLS_G2_FEW) {
        bls_g2_sum_few(sum, points, scalars, count, scratch);
    } else {
        const blst_p2_affine *all_points[2] = {points, NULL};
        const byte *all_scalars[2] = {scalars, NULL};
        limb_t *work = arena_alloc(scratch, blst_p2s_mult_pippenger_scratch_sizeof(count), 64);
        blst_p2s_mult_pippenger(sum, all_points, count, all_scalars, SCALAR_BITS, work);
    }
    return true;
}

bool bls_g2_msm(uint8_t out[BLS_G2_SIZE], const uint8_t *in, size_t count, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    blst_p2_affine *points = ARENA_ARRAY(scratch, blst_p2_affine, count);
    uint8_t *scalars = ARENA_ARRAY(scratch, uint8_t, count *BLS_SCALAR_SIZE);
    blst_p2 sum;
    size_t used = 0;
    bool ok = false;
    for (size_t i = 0; i < count; i++, in += BLS_G2_TERM_SIZE) {
        if (!read_g2(&points[used], in)) goto done;
        read_scalar(scalars + used * BLS_SCALAR_SIZE, in + BLS_G2_SIZE);
        if (!blst_p2_affine_is_inf(&points[used])) used++;
    }
    ok = sum_g2(&sum, points, scalars, used, scratch);
    if (ok) write_g2(out, &sum);
done:
    arena_rewind(scratch, mark);
    return ok;
}

/* ---- pairing ----------------------------------------------------------------------------------------------------- */

/* The final power begins with x^(p^6 - 1), which is one for all (non-zero) x in the subfield of p^6 elements: those
 * without a second half. So end pairs that cancel, such as e(P, Q) e(P, -Q), without the power. */
static bool in_half_field(const blst_fp12 *x)
{
    limb_t any = 0;
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < COUNT_OF(x->fp6[1].fp2[0].fp[0].l); k++) any |= x->fp6[1].fp2[i / 2].fp[i % 2].l[k];
    return any == 0;
}

/* Pairs on their way through the Miller loops, and points to check alone, as their partner is infinity. */
enum { BATCH = 2 * BLS_LANES };
struct batch {
    blst_p1_affine p[BATCH], lone_p[BATCH];
    blst_p2_affine q[BATCH], lone_q[BATCH];
    size_t count, lone_ps, lone_qs;
};

/* product *= the pairings of the batch, without the final exponentiation; false when a point is not in its subgroup. */
static bool multiply_batch(blst_fp12 *product, const struct batch *b)
{
    blst_fp12 part;
    if (!all_in_g1(b->lone_p, b->lone_ps) || !all_in_g2(b->lone_q, b->lone_qs) || !all_in_g1(b->p, b->count))
        return false;
    if (ifma_available()) {
        for (size_t i = 0; i < b->count; i += BLS_LANES) {
            size_t count = b->count - i < BLS_LANES ? b->count - i : BLS_LANES;
            if (!bls_miller_loops_vector(&part, b->p + i, b->q + i, count)) return false;
            blst_fp12_mul(product, product, &part);
        }
    } else if (b->count > 0) {
        const blst_p1_affine *all_p[2] = {b->p, NULL};
        const blst_p2_affine *all_q[2] = {b->q, NULL};
        if (!all_in_g2(b->q, b->count)) return false;
        blst_miller_loop_n(&part, all_q, all_p, b->count);
        blst_fp12_mul(product, product, &part);
    }
    return true;
}

bool bls_pairing(bool *is_one, const uint8_t *in, size_t pairs)
{
    struct batch b;
    blst_fp12 product = *blst_fp12_one();
    for (size_t done = 0; done < pairs;) {
        b.count = b.lone_ps = b.lone_qs = 0;
        for (size_t i = 0; done < pairs && i < BATCH; i++, done++, in += BLS_PAIR_SIZE) {
            blst_p1_affine *p = &b.p[b.count];
            blst_p2_affine *q = &b.q[b.count];
            if (!read_g1(p, in) || !read_g2(q, in + BLS_G1_SIZE)) return false;
            bool p_finite = !blst_p1_affine_is_inf(p), q_finite = !blst_p2_affine_is_inf(q);
            if (p_finite && q_finite)
                b.count++;
            else if (p_finite) /* a pair with infinity is one */
                b.lone_p[b.lone_ps++] = *p;
            else if (q_finite)
                b.lone_q[b.lone_qs++] = *q;
        }
        if (!multiply_batch(&product, &b)) return false;
    }
    *is_one = true;
    if (in_half_field(&product)) return true;
    bls_final_exponentiation(&product, &product);
    *is_one = blst_fp12_is_one(&product);
    return true;
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

bool bls_map_fp_to_g1(uint8_t out[BLS_G1_SIZE], const uint8_t in[BLS_FP_SIZE])
{
    blst_fp u;
    if (!read_fp(&u, in)) return false;
    blst_p1 p;
    blst_map_to_g1(&p, &u, NULL);
    write_g1(out, &p);
    return true;
}

bool bls_map_fp2_to_g2(uint8_t out[BLS_G2_SIZE], const uint8_t in[2 * BLS_FP_SIZE])
{
    blst_fp2 u;
    if (!read_fp2(&u, in)) return false;
    blst_p2 p;
    blst_map_to_g2(&p, &u, NULL);
    write_g2(out, &p);
    return true;
}
