/* The body of bls_g1_sum_few and bls_g2_sum_few: included once for each group with these macros, which it undefines.
 *
 *     FEW_NAME                    of the function
 *     FEW_AFFINE, FEW_JACOBIAN    blst's types of points
 *     FEW(name), FEW_NEGATE       blst's function of that name for the group; the negation of y
 *     FEW_PARTS                   how many parts a scalar is split into
 *     FEW_SPLIT, FEW_TIMES_BASE   split a scalar to a base; multiply an affine point by that base, cheaply
 *
 * Straus: sum = 2·sum for each bit of the parts, then the multiples that have a digit there. Digits are odd and below
 * 2^(WINDOW - 1), with four zeros behind each, so a table holds P, 3P, ... 15P for each part of each point. */

void FEW_NAME(FEW_JACOBIAN *out, const FEW_AFFINE *points, const uint8_t *scalars, size_t count, struct arena *scratch)
{
    typedef FEW_AFFINE table[FEW_PARTS][MULTIPLES];
    typedef int8_t digits[FEW_PARTS][DIGITS];
    FEW_AFFINE *flat = ARENA_ARRAY(scratch, FEW_AFFINE, count * MULTIPLES);
    FEW_JACOBIAN *multiples = ARENA_ARRAY(scratch, FEW_JACOBIAN, count * MULTIPLES);
    table *tables = ARENA_ARRAY(scratch, table, count);
    digits *all_digits = ARENA_ARRAY(scratch, digits, count);

    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        FEW_JACOBIAN *m = multiples + i * MULTIPLES, doubled;
        FEW(_from_affine)(m, &points[i]);
        FEW(_double)(&doubled, m);
        for (size_t k = 1; k < MULTIPLES; k++) FEW(_add)(&m[k], &m[k - 1], &doubled);
        unsigned __int128 part[FEW_PARTS];
        FEW_SPLIT(part, scalars + 32 * i);
        for (size_t j = 0; j < FEW_PARTS; j++) {
            size_t length = write_digits(all_digits[i][j], part[j]);
            if (length > longest) longest = length;
        }
    }
    const FEW_JACOBIAN *all_multiples[2] = {multiples, NULL}; /* NULL: the rest follows the first */
    FEW(s_to_affine)(flat, all_multiples, count * MULTIPLES);
    for (size_t i = 0; i < count; i++) {
        memcpy(tables[i][0], flat + i * MULTIPLES, sizeof tables[i][0]);
        for (size_t j = 1; j < FEW_PARTS; j++)
            for (size_t k = 0; k < MULTIPLES; k++) FEW_TIMES_BASE(&tables[i][j][k], &tables[i][j - 1][k]);
    }

    memset(out, 0, sizeof *out);
    for (size_t bit = longest; bit-- > 0;) {
        FEW(_double)(out, out);
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < FEW_PARTS; j++) {
                int digit = all_digits[i][j][bit];
                if (digit == 0) continue;
                FEW_AFFINE term = tables[i][j][(digit < 0 ? -digit : digit) / 2];
                if (digit < 0) FEW_NEGATE(&term.y, &term.y);
                /* The plain formula is faster; its z is 0 where the points are equal or opposite, and there it may be
                 * wrong. */
                FEW_JACOBIAN next;
                FEW(_add_affine)(&next, out, &term);
                if (UNLIKELY(FEW(_is_inf)(&next))) FEW(_add_or_double_affine)(&next, out, &term);
                *out = next;
            }
        }
    }
}

#undef FEW_NAME
#undef FEW_AFFINE
#undef FEW_JACOBIAN
#undef FEW
#undef FEW_PARTS
#undef FEW_SPLIT
#undef FEW_TIMES_BASE
#undef FEW_NEGATE
