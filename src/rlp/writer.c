/* The backward encoder. */
#include "rlp/rlp.h"

#include <stdlib.h>

enum { WRITER_FIRST_SIZE = 1024 };

uint8_t *rlp_writer_grow(struct rlp_writer *w, size_t size)
{
    size_t used = rlp_mark(w), capacity = (size_t)(w->end - w->start);
    size_t wanted = capacity == 0 ? WRITER_FIRST_SIZE : 2 * capacity;
    while (wanted - used < size) wanted *= 2;
    uint8_t *memory = base_alloc(wanted);
    if (used != 0) memcpy(memory + wanted - used, w->at, used);
    free(w->start);
    w->start = memory;
    w->end = memory + wanted;
    w->at = w->end - used - size;
    return w->at;
}

void rlp_writer_free(struct rlp_writer *w)
{
    free(w->start);
    *w = (struct rlp_writer){0};
}

size_t rlp_header(uint8_t out[RLP_HEADER_MAX], size_t payload_size, bool is_list)
{
    unsigned base = is_list ? 0xc0 : 0x80;
    if (payload_size <= 55) {
        out[0] = (uint8_t)(base + payload_size);
        return 1;
    }
    size_t n = (size_t)(71 - __builtin_clzll(payload_size)) / 8; /* bytes of the size */
    out[0] = (uint8_t)(base + 55 + n);
    for (size_t i = 0; i < n; i++) out[1 + i] = (uint8_t)(payload_size >> (8 * (n - 1 - i)));
    return 1 + n;
}

static void put_header(struct rlp_writer *w, size_t payload_size, bool is_list)
{
    uint8_t header[RLP_HEADER_MAX];
    size_t n = rlp_header(header, payload_size, is_list);
    memcpy(rlp_reserve(w, n), header, n);
}

void rlp_put_bytes(struct rlp_writer *w, const void *data, size_t size)
{
    rlp_put_raw(w, data, size);
    if (size != 1 || *w->at >= 0x80) put_header(w, size, false);
}

void rlp_put_u64(struct rlp_writer *w, uint64_t value)
{
    if (value != 0 && value < 0x80) {
        *rlp_reserve(w, 1) = (uint8_t)value;
        return;
    }
    size_t n = value == 0 ? 0 : (size_t)(71 - __builtin_clzll(value)) / 8;
    uint8_t *to = rlp_reserve(w, 1 + n);
    to[0] = (uint8_t)(0x80 + n);
    for (size_t i = 0; i < n; i++) to[1 + i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

void rlp_put_u256(struct rlp_writer *w, struct u256 value)
{
    if (u256_fits_u64(value)) {
        rlp_put_u64(w, value.w[0]);
        return;
    }
    uint8_t word[32];
    size_t n = u256_byte_count(value);
    u256_store_be(word, value);
    uint8_t *to = rlp_reserve(w, 1 + n);
    to[0] = (uint8_t)(0x80 + n);
    memcpy(to + 1, word + 32 - n, n);
}

void rlp_put_list(struct rlp_writer *w, size_t mark)
{
    put_header(w, rlp_mark(w) - mark, true);
}

void rlp_put_string_around(struct rlp_writer *w, size_t mark)
{
    put_header(w, rlp_mark(w) - mark, false);
}
