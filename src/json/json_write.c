/* Writing JSON: texts and byte strings. */
#include "json/json_write.h"

/* Bytes of the character that begins at `c`; 0 when that is no UTF-8 (Unicode, table 3-7). */
static size_t character_size(const uint8_t *c)
{
    if (c[0] < 0x80) return 1;
    size_t size = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    /* The second byte's range keeps out what is longer than need be, surrogates, and what is above U+10FFFF. */
    uint8_t least = 0x80, most = 0xbf;
    if (c[0] == 0xe0) least = 0xa0;
    if (c[0] == 0xed) most = 0x9f;
    if (c[0] == 0xf0) least = 0x90;
    if (c[0] == 0xf4) most = 0x8f;
    if (c[0] < 0xc2 || c[0] > 0xf4 || c[1] < least || c[1] > most) return 0;
    for (size_t i = 2; i < size; i++)
        if (c[i] < 0x80 || c[i] > 0xbf) return 0;
    return size;
}

void json_put_text(struct buffer *out, const char *text)
{
    buffer_append(out, "\"", 1);
    for (const uint8_t *c = (const uint8_t *)text; *c != 0;) {
        size_t size = character_size(c);
        if (size == 0)
            buffer_append_text(out, "\\ufffd"); /* names of files may be any bytes, JSON may not */
        else if (*c == '"' || *c == '\\')
            buffer_printf(out, "\\%c", *c);
        else if (*c < 0x20)
            buffer_printf(out, "\\u%04x", (unsigned)*c);
        else
            buffer_append(out, c, size);
        c += size == 0 ? 1 : size;
    }
    buffer_append(out, "\"", 1);
}

void json_put_hex(struct buffer *out, const void *data, size_t size)
{
    buffer_append_text(out, "\"0x");
    hex_encode((char *)buffer_reserve(out, 2 * size + 1), data, size);
    out->size += 2 * size;
    buffer_append_text(out, "\"");
}
