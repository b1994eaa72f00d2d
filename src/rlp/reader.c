/* The cursor decoder. Everything goes through read_header, the only place that looks at a prefix byte. */
#include "rlp/rlp.h"

/* Reads the big-endian payload length of a long item: `n` bytes from in->at on. Canonical: no leading zero and more
 * than 55. */
static enum status read_long_size(const struct rlp *in, size_t n, size_t *size)
{
    if ((size_t)(in->end - in->at) < 1 + n) return RLP_TRUNCATED;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | in->at[1 + i];
    if (in->at[1] == 0 || v <= 55) return RLP_NOT_CANONICAL;
    *size = v;
    return STATUS_OK;
}

static ALWAYS_INLINE enum status read_header(const struct rlp *in, struct rlp_item *out)
{
    if (UNLIKELY(in->at >= in->end)) return RLP_TRUNCATED;
    uint8_t prefix = *in->at;
    size_t header = 1, size;
    bool is_list = prefix >= 0xc0;
    if (prefix < 0x80) {
        header = 0;
        size = 1;
    } else {
        size = prefix - (is_list ? 0xc0u : 0x80u);
        if (size > 55) {
            size_t n = size - 55;
            enum status s = read_long_size(in, n, &size);
            if (s != STATUS_OK) return s;
            header = 1 + n;
        }
        if (UNLIKELY(size > (size_t)(in->end - in->at) - header)) return RLP_TRUNCATED;
        if (UNLIKELY(prefix == 0x81 && in->at[1] < 0x80))
            return RLP_NOT_CANONICAL; /* a byte below 0x80 stands for itself */
    }
    out->payload = (struct bytes){in->at + header, size};
    out->encoded = (struct bytes){in->at, header + size};
    out->is_list = is_list;
    return STATUS_OK;
}

static ALWAYS_INLINE void move_behind(struct rlp *in, const struct rlp_item *item)
{
    in->at = item->encoded.data + item->encoded.size;
}

enum status rlp_read_item(struct rlp *in, struct rlp_item *out)
{
    struct rlp_item item;
    enum status s = read_header(in, &item);
    if (s != STATUS_OK) return s;
    move_behind(in, &item);
    *out = item;
    return STATUS_OK;
}

enum status rlp_enter(struct rlp *in, struct rlp *list)
{
    struct rlp_item item;
    enum status s = read_header(in, &item);
    if (s != STATUS_OK) return s;
    if (!item.is_list) return RLP_IS_STRING;
    move_behind(in, &item);
    *list = rlp_of(item.payload);
    return STATUS_OK;
}

/* The next item, which must be a string; does not move. */
static ALWAYS_INLINE enum status peek_string(const struct rlp *in, struct rlp_item *item)
{
    enum status s = read_header(in, item);
    if (s == STATUS_OK && item->is_list) return RLP_IS_LIST;
    return s;
}

enum status rlp_read_bytes(struct rlp *in, struct bytes *out)
{
    struct rlp_item item;
    enum status s = peek_string(in, &item);
    if (s != STATUS_OK) return s;
    move_behind(in, &item);
    *out = item.payload;
    return STATUS_OK;
}

enum status rlp_read_fixed(struct rlp *in, void *out, size_t size)
{
    struct rlp_item item;
    enum status s = peek_string(in, &item);
    if (s != STATUS_OK) return s;
    if (item.payload.size != size) return RLP_WRONG_SIZE;
    move_behind(in, &item);
    memcpy(out, item.payload.data, size);
    return STATUS_OK;
}

enum status rlp_read_hash(struct rlp *in, struct hash *out)
{
    return rlp_read_fixed(in, out->b, sizeof out->b);
}

enum status rlp_read_address(struct rlp *in, struct address *out)
{
    return rlp_read_fixed(in, out->b, sizeof out->b);
}

/* The next item, which must be a number of at most `limit` bytes; does not move. */
static ALWAYS_INLINE enum status peek_number(const struct rlp *in, size_t limit, struct rlp_item *item)
{
    enum status s = peek_string(in, item);
    if (s != STATUS_OK) return s;
    if (item->payload.size != 0 && item->payload.data[0] == 0) return RLP_LEADING_ZERO;
    return item->payload.size > limit ? RLP_NUMBER_TOO_BIG : STATUS_OK;
}

enum status rlp_read_u64(struct rlp *in, uint64_t *out)
{
    struct rlp_item item;
    enum status s = peek_number(in, 8, &item);
    if (s != STATUS_OK) return s;
    move_behind(in, &item);
    uint64_t v = 0;
    for (size_t i = 0; i < item.payload.size; i++) v = v << 8 | item.payload.data[i];
    *out = v;
    return STATUS_OK;
}

enum status rlp_read_u256(struct rlp *in, struct u256 *out)
{
    struct rlp_item item;
    enum status s = peek_number(in, 32, &item);
    if (s != STATUS_OK) return s;
    move_behind(in, &item);
    *out = u256_load_be_n(item.payload.data, item.payload.size);
    return STATUS_OK;
}

enum status rlp_finish(const struct rlp *in)
{
    return rlp_at_end(in) ? STATUS_OK : RLP_TRAILING;
}

enum status rlp_count(struct rlp list, size_t *count)
{
    size_t n = 0;
    while (!rlp_at_end(&list)) {
        struct rlp_item item;
        enum status s = rlp_read_item(&list, &item);
        if (s != STATUS_OK) return s;
        n++;
    }
    *count = n;
    return STATUS_OK;
}

enum status rlp_check(struct bytes encoded)
{
    /* Depth first with a stack of list ends; `at` runs over every header of the whole item once. */
    const uint8_t *ends[RLP_DEPTH_MAX + 1];
    size_t depth = 0;
    struct rlp in = rlp_of(encoded);
    do {
        struct rlp_item item;
        enum status s = rlp_read_item(&in, &item);
        if (s != STATUS_OK) return s;
        if (item.is_list) {
            if (depth == RLP_DEPTH_MAX) return RLP_TOO_DEEP;
            ends[depth++] = in.end;
            in = rlp_of(item.payload);
        }
        while (depth > 0 && rlp_at_end(&in))
            in.end = ends[--depth]; /* the outer list goes on where the inner one ended */
    } while (depth > 0);
    return rlp_finish(&in);
}
