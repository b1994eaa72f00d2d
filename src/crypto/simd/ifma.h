/* Whether this processor has AVX-512 with 52-bit multiplications (IFMA), which the vector code of this folder needs;
 * and the mark of a function that uses them. */
#ifndef WEFT_CRYPTO_SIMD_IFMA_H
#define WEFT_CRYPTO_SIMD_IFMA_H

#include "base/base.h"

#if defined(__x86_64__)
#define IFMA __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512ifma,bmi2")))
#else
#define IFMA
#endif

/* One lane of a vector, read where the vector lies: a plain int64_t may not be taken for a part of it. */
typedef int64_t lane64 __attribute__((may_alias));

static inline bool ifma_available(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

#endif
