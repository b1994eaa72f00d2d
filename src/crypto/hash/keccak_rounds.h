/* The 24 rounds of Keccak-f[1600] (FIPS 202, section 3), written once for lanes of any width.
 *
 * This header is included once for each variant, with these defined before; it undefines them at its end:
 *
 *     KECCAK_NAME            name of the function to make: static void KECCAK_NAME(KECCAK_LANE a[25])
 *     KECCAK_TARGET          its target attribute, or nothing
 *     KECCAK_LANE            type of a lane: one 64-bit word of one state, or of several states side by side
 *     KECCAK_XOR3(a, b, c)   a ^ b ^ c; scalar variants bracket (b ^ c), which the five lanes of a column share
 *     KECCAK_CHI(a, b, c)    a ^ (~b & c)
 *     KECCAK_ROL(a, n)       rotate left by the constant n, 1..63
 *     KECCAK_XOR_RC(a, rc)   a ^ the round constant rc, in every state
 *
 * A round reads state `a` and writes state `e`; two rounds come back to `a`. Indices are constants throughout, so
 * compilers keep the arrays in registers as far as these go. */

#define KECCAK_COLUMN(s, x) KECCAK_XOR3(KECCAK_XOR3(s[x], s[(x) + 5], s[(x) + 10]), s[(x) + 15], s[(x) + 20])

/* Lane i of the old state after theta: its column's left neighbour and rotated right neighbour are folded in. */
#define KECCAK_THETA(s, i) KECCAK_XOR3(s[i], c[((i) + 4) % 5], r[((i) + 1) % 5])

/* One row of the new state: lanes i0..i4 of the old one (pi), rotated by n0..n4 (rho), mixed (chi). The first lane of
 * row 0 is not rotated. */
#define KECCAK_ROW(s, e, row, b0, i1, n1, i2, n2, i3, n3, i4, n4)                                                      \
    do {                                                                                                               \
        KECCAK_LANE x0 = (b0);                                                                                         \
        KECCAK_LANE x1 = KECCAK_ROL(KECCAK_THETA(s, i1), n1);                                                          \
        KECCAK_LANE x2 = KECCAK_ROL(KECCAK_THETA(s, i2), n2);                                                          \
        KECCAK_LANE x3 = KECCAK_ROL(KECCAK_THETA(s, i3), n3);                                                          \
        KECCAK_LANE x4 = KECCAK_ROL(KECCAK_THETA(s, i4), n4);                                                          \
        e[5 * (row)] = KECCAK_CHI(x0, x1, x2);                                                                         \
        e[5 * (row) + 1] = KECCAK_CHI(x1, x2, x3);                                                                     \
        e[5 * (row) + 2] = KECCAK_CHI(x2, x3, x4);                                                                     \
        e[5 * (row) + 3] = KECCAK_CHI(x3, x4, x0);                                                                     \
        e[5 * (row) + 4] = KECCAK_CHI(x4, x0, x1);                                                                     \
    } while (0)

#define KECCAK_ROUND(s, e, rc)                                                                                         \
    do {                                                                                                               \
        KECCAK_LANE c[5], r[5];                                                                                        \
        c[0] = KECCAK_COLUMN(s, 0), c[1] = KECCAK_COLUMN(s, 1), c[2] = KECCAK_COLUMN(s, 2);                            \
        c[3] = KECCAK_COLUMN(s, 3), c[4] = KECCAK_COLUMN(s, 4);                                                        \
        r[0] = KECCAK_ROL(c[0], 1), r[1] = KECCAK_ROL(c[1], 1), r[2] = KECCAK_ROL(c[2], 1);                            \
        r[3] = KECCAK_ROL(c[3], 1), r[4] = KECCAK_ROL(c[4], 1);                                                        \
        KECCAK_ROW(s, e, 0, KECCAK_THETA(s, 0), 6, 44, 12, 43, 18, 21, 24, 14);                                        \
        KECCAK_ROW(s, e, 1, KECCAK_ROL(KECCAK_THETA(s, 3), 28), 9, 20, 10, 3, 16, 45, 22, 61);                         \
        KECCAK_ROW(s, e, 2, KECCAK_ROL(KECCAK_THETA(s, 1), 1), 7, 6, 13, 25, 19, 8, 20, 18);                           \
        KECCAK_ROW(s, e, 3, KECCAK_ROL(KECCAK_THETA(s, 4), 27), 5, 36, 11, 10, 17, 15, 23, 56);                        \
        KECCAK_ROW(s, e, 4, KECCAK_ROL(KECCAK_THETA(s, 2), 62), 8, 55, 14, 39, 15, 41, 21, 2);                         \
        e[0] = KECCAK_XOR_RC(e[0], rc);                                                                                \
    } while (0)

KECCAK_TARGET static void KECCAK_NAME(KECCAK_LANE state[25])
{
    KECCAK_LANE a[25], e[25];
    for (int i = 0; i < 25; i++) a[i] = state[i];
    for (int i = 0; i < 24; i += 2) {
        KECCAK_ROUND(a, e, keccak_round_constants[i]);
        KECCAK_ROUND(e, a, keccak_round_constants[i + 1]);
    }
    for (int i = 0; i < 25; i++) state[i] = a[i];
}

#undef KECCAK_COLUMN
#undef KECCAK_THETA
#undef KECCAK_ROW
#undef KECCAK_ROUND
#undef KECCAK_NAME
#undef KECCAK_TARGET
#undef KECCAK_LANE
#undef KECCAK_XOR3
#undef KECCAK_CHI
#undef KECCAK_ROL
#undef KECCAK_XOR_RC
