/* hex: bytes to digits and back. */
#include <errno.h>
#include <stdlib.h>

#include "base/base.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void hex_encode(char *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = 0;
}

/* hex_digit for every char plus one, 0 where there is no digit: hex_decode reads fixtures and pre-states of many
 * megabytes. */
#define DIGIT(c, value) [c] = (value) + 1
static const uint8_t digit_plus_one[256] = {
    DIGIT('0', 0),  DIGIT('1', 1),  DIGIT('2', 2),  DIGIT('3', 3),  DIGIT('4', 4),  DIGIT('5', 5),
    DIGIT('6', 6),  DIGIT('7', 7),  DIGIT('8', 8),  DIGIT('9', 9),  DIGIT('a', 10), DIGIT('b', 11),
    DIGIT('c', 12), DIGIT('d', 13), DIGIT('e', 14), DIGIT('f', 15), DIGIT('A', 10), DIGIT('B', 11),
    DIGIT('C', 12), DIGIT('D', 13), DIGIT('E', 14), DIGIT('F', 15),
};
#undef DIGIT

#if defined(__SSE2__)
/* Decodes 16 digits into 8 bytes; false when one of them is none. Reads all before it writes. */
static bool decode_16(uint8_t *out, const char *text)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)text);
    /* Bytes are unsigned: what lies below '0' or 'a' becomes large, and min_epu8 tells what is small enough. */
    __m128i number = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_number = _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(9)), number);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    if (_mm_movemask_epi8(_mm_or_si128(is_number, is_letter)) != 0xffff) return false;
    __m128i value = _mm_or_si128(_mm_and_si128(is_number, number),
                                 _mm_andnot_si128(is_number, _mm_add_epi8(letter, _mm_set1_epi8(10))));
    /* In each pair the first digit, in the low byte, is the high half. */
    __m128i pairs = _mm_or_si128(_mm_slli_epi16(value, 4), _mm_srli_epi16(value, 8));
    _mm_storel_epi64((__m128i *)(void *)out,
                     _mm_packus_epi16(_mm_and_si128(pairs, _mm_set1_epi16(0xff)), _mm_setzero_si128()));
    return true;
}
#endif

bool hex_decode(uint8_t *out, const char *text, size_t digits)
{
    ASSERT(digits % 2 == 0);
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= digits; i += 16)
        if (!decode_16(out + i / 2, text + i)) return false;
#endif
    for (; i < digits; i += 2) {
        unsigned high = digit_plus_one[(uint8_t)text[i]], low = digit_plus_one[(uint8_t)text[i + 1]];
        if (high == 0 || low == 0) return false;
        out[i / 2] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}

bool text_number(const char *text, const char **end, uint64_t *out)
{
    char *stop;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X'); /* a 0 alone does not mean octal digits */
    errno = 0;
    unsigned long long n = strtoull(text, &stop, hex ? 16 : 10);
    if (stop == text || *text < '0' || *text > '9' || errno != 0) return false;
    *out = n;
    *end = stop;
    return true;
}
