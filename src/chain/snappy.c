/* Snappy: literals and copies of what came before (format_description.txt), in frames (framing_format.txt). */
#include "chain/snappy.h"

static uint32_t load_le(const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) v |= (uint32_t)p[i] << (8 * i);
    return v;
}

/* A number in groups of seven bits, lowest first. */
static bool read_varint(struct bytes *in, uint32_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 32 && in->size != 0; shift += 7) {
        uint8_t b = *in->data++;
        in->size--;
        *out |= (uint32_t)(b & 0x7f) << shift;
        if (b < 0x80) return true;
    }
    return false;
}

/* Copies byte by byte: what is copied may be what this copy writes. */
static bool copy_back(struct buffer *out, size_t start, uint32_t offset, uint32_t size)
{
    if (offset == 0 || offset > out->size - start) return false;
    uint8_t *to = buffer_reserve(out, size);
    for (uint32_t i = 0; i < size; i++) to[i] = *(to + i - offset);
    out->size += size;
    return true;
}

static bool read_literal(struct buffer *out, struct bytes *in, uint8_t tag)
{
    uint32_t size = tag >> 2;
    if (size >= 60) {
        unsigned bytes = size - 59;
        if (in->size < bytes) return false;
        size = load_le(in->data, bytes);
        in->data += bytes;
        in->size -= bytes;
    }
    if (size >= in->size) return false;
    buffer_append(out, in->data, (size_t)size + 1);
    in->data += (size_t)size + 1;
    in->size -= (size_t)size + 1;
    return true;
}

static bool read_block(struct buffer *out, struct bytes in, size_t limit)
{
    uint32_t size;
    size_t start = out->size;
    if (!read_varint(&in, &size) || size > limit - start) return false;
    while (in.size != 0) {
        uint8_t tag = *in.data++;
        in.size--;
        unsigned more = (tag & 3) == 1 ? 1 : (tag & 3) == 2 ? 2 : (tag & 3) == 3 ? 4 : 0;
        if ((tag & 3) == 0) {
            if (!read_literal(out, &in, tag)) return false;
        } else {
            if (in.size < more) return false;
            uint32_t offset = load_le(in.data, more);
            uint32_t length = (tag & 3) == 1 ? 4 + (tag >> 2 & 7u) : 1 + (uint32_t)(tag >> 2);
            if ((tag & 3) == 1) offset |= (uint32_t)(tag >> 5) << 8;
            in.data += more;
            in.size -= more;
            if (!copy_back(out, start, offset, length)) return false;
        }
        if (out->size - start > size) return false;
    }
    return out->size - start == size;
}

/* CRC-32C, bit by bit into a table once, masked as the frames have it. */
static uint32_t checksum(const uint8_t *data, size_t size)
{
    static _Thread_local uint32_t table[256];
    if (table[1] == 0)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t v = i;
            for (unsigned k = 0; k < 8; k++) v = v >> 1 ^ ((v & 1) != 0 ? 0x82f63b78u : 0);
            table[i] = v;
        }
    uint32_t v = UINT32_MAX;
    for (size_t i = 0; i < size; i++) v = v >> 8 ^ table[(v ^ data[i]) & 0xff];
    v = ~v;
    return (v >> 15 | v << 17) + 0xa282ead8u;
}

bool snappy_read_frames(struct buffer *out, struct bytes in, size_t limit)
{
    enum { COMPRESSED = 0, PLAIN = 1, SKIPPABLE = 0x80, CHECKSUM = 4 };
    while (in.size != 0) {
        if (in.size < 4) return false;
        uint8_t kind = in.data[0];
        size_t size = load_le(in.data + 1, 3);
        if (in.size - 4 < size) return false;
        struct bytes chunk = {in.data + 4, size};
        in.data += 4 + size;
        in.size -= 4 + size;
        if (kind >= SKIPPABLE) continue; /* among them the stream's name */
        if (kind > PLAIN || size < CHECKSUM) return false;
        uint32_t expected = load_le(chunk.data, CHECKSUM);
        size_t start = out->size;
        chunk.data += CHECKSUM;
        chunk.size -= CHECKSUM;
        if (kind == PLAIN) {
            if (chunk.size > limit - out->size) return false;
            buffer_append(out, chunk.data, chunk.size);
        } else if (!read_block(out, chunk, limit)) {
            return false;
        }
        if (checksum(out->data + start, out->size - start) != expected) return false;
    }
    return true;
}
