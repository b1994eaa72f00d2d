/* hex: bytes to digits and back. */
#include "base/base.h"

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

bool hex_decode(uint8_t *out, const char *text, size_t digits)
{
    ASSERT(digits % 2 == 0);
    for (size_t i = 0; i < digits; i += 2) {
        unsigned high = digit_plus_one[(uint8_t)text[i]], low = digit_plus_one[(uint8_t)text[i + 1]];
        if (high == 0 || low == 0) return false;
        out[i / 2] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}
