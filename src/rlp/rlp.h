/* rlp: reading and writing Recursive Length Prefix, Ethereum's wire encoding (Yellow Paper, appendix B).
 *
 * Reading is a cursor over bytes that somebody else owns. Nothing is copied or allocated; every length is checked
 * before it is used; a list is a cursor inside a cursor:
 *
 *     block  [ header [...] | transactions [ tx | tx | ... ] | uncles [...] ]
 *              ^at                                                         ^end
 *     rlp_enter(&block, &header) makes `header` the inside of the first list and moves `block` behind it.
 *
 * Only the canonical form is accepted: shortest length, no leading zero in numbers. Whoever is done with a list calls
 * rlp_finish, which refuses what is left over.
 *
 * Writing goes backwards, from the last item to the first, so that the length of a list is known when its header is
 * written. No pass for measuring, no moving:
 *
 *     start ........ free ........ at [ what is written already ] end
 *     size_t mark = rlp_mark(&w);     nothing of the list yet
 *     rlp_put_u64(&w, b);             second item
 *     rlp_put_u64(&w, a);             first item
 *     rlp_put_list(&w, mark);         [a, b]
 */
#ifndef WEFT_RLP_H
#define WEFT_RLP_H

#include "base/base.h"
#include "u256/u256.h"

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* A window on encoded bytes. Valid while the bytes live; copy it freely to look ahead. */
struct rlp {
    const uint8_t *at;  /* next byte to read */
    const uint8_t *end; /* one past the last */
};

/* One item, taken apart. */
struct rlp_item {
    struct bytes payload; /* content of the string, or the encoded items of the list */
    struct bytes encoded; /* header and payload */
    bool is_list;
};

static inline struct rlp rlp_of(struct bytes encoded)
{
    return (struct rlp){encoded.data, encoded.data + encoded.size};
}
static inline bool rlp_at_end(const struct rlp *in)
{
    return in->at == in->end;
}
/* Whether the next item is a list; false at the end. */
static inline bool rlp_next_is_list(const struct rlp *in)
{
    return in->at < in->end && *in->at >= 0xc0;
}

/* All reading functions return STATUS_OK and move behind the item, or say what is wrong and leave *in and *out
 * untouched. What each may return besides RLP_TRUNCATED and RLP_NOT_CANONICAL stands with it. Any thread. */

/* Any item. */
enum status rlp_read_item(struct rlp *in, struct rlp_item *out);
/* A list: *list becomes its inside. RLP_IS_STRING. */
enum status rlp_enter(struct rlp *in, struct rlp *list);
/* A string of any size; borrowed. RLP_IS_LIST. */
enum status rlp_read_bytes(struct rlp *in, struct bytes *out);
/* A string of exactly `size` bytes, copied. RLP_IS_LIST, RLP_WRONG_SIZE. */
enum status rlp_read_fixed(struct rlp *in, void *out, size_t size);
enum status rlp_read_hash(struct rlp *in, struct hash *out);
enum status rlp_read_address(struct rlp *in, struct address *out);
/* A number without leading zeros. RLP_IS_LIST, RLP_LEADING_ZERO, RLP_NUMBER_TOO_BIG. */
enum status rlp_read_u64(struct rlp *in, uint64_t *out);
enum status rlp_read_u256(struct rlp *in, struct u256 *out);

/* RLP_TRAILING unless everything was read. */
enum status rlp_finish(const struct rlp *in);
/* Counts the items of a list without entering them. */
enum status rlp_count(struct rlp list, size_t *count);

/* Deepest nesting that rlp_check follows; block access lists need 6. */
enum { RLP_DEPTH_MAX = 1024 };

/* Checks that `encoded` is one item, canonical all the way down, with nothing behind it. RLP_TRAILING, RLP_TOO_DEEP. */
enum status rlp_check(struct bytes encoded);

/* ---- writing ------------------------------------------------------------------------------------------------- */

/* Owned memory that fills from the end. Zero-initialise; free with rlp_writer_free. One thread at a time. */
struct rlp_writer {
    uint8_t *start; /* of the memory */
    uint8_t *at;    /* first written byte */
    uint8_t *end;   /* of the memory */
};

/* Bytes written so far: a place to come back to. */
static inline size_t rlp_mark(const struct rlp_writer *w)
{
    return (size_t)(w->end - w->at);
}
/* What was written; valid until the writer is used again. */
static inline struct bytes rlp_written(const struct rlp_writer *w)
{
    return (struct bytes){w->at, rlp_mark(w)};
}
/* Forgets what was written after `mark`; mark 0 empties the writer and keeps its memory. */
static inline void rlp_rewind(struct rlp_writer *w, size_t mark)
{
    if (w->start != NULL) w->at = w->end - mark;
}
void rlp_writer_free(struct rlp_writer *w);

/* Makes room for `size` bytes in front and returns where they go; they count as written. */
uint8_t *rlp_writer_grow(struct rlp_writer *w, size_t size); /* slow path of rlp_reserve */
static inline uint8_t *rlp_reserve(struct rlp_writer *w, size_t size)
{
    if (UNLIKELY((size_t)(w->at - w->start) < size)) return rlp_writer_grow(w, size);
    return w->at -= size;
}

/* Bytes as they are: an item that is encoded already, or a type byte. */
static inline void rlp_put_raw(struct rlp_writer *w, const void *data, size_t size)
{
    if (size != 0) memcpy(rlp_reserve(w, size), data, size);
}
/* One string. */
void rlp_put_bytes(struct rlp_writer *w, const void *data, size_t size);
/* One number, without leading zeros; 0 is the empty string. */
void rlp_put_u64(struct rlp_writer *w, uint64_t value);
void rlp_put_u256(struct rlp_writer *w, struct u256 value);
static inline void rlp_put_hash(struct rlp_writer *w, const struct hash *h)
{
    uint8_t *to = rlp_reserve(w, 33);
    to[0] = 0xa0;
    memcpy(to + 1, h->b, 32);
}
static inline void rlp_put_address(struct rlp_writer *w, const struct address *a)
{
    uint8_t *to = rlp_reserve(w, 21);
    to[0] = 0x94;
    memcpy(to + 1, a->b, 20);
}
/* Everything written since `mark` becomes the inside of one list, or the content of one string of more than one
 * byte. */
void rlp_put_list(struct rlp_writer *w, size_t mark);
void rlp_put_string_around(struct rlp_writer *w, size_t mark);

/* Longest header, and writing one into plain memory: for callers that build small items by themselves (trie nodes).
 * Returns the header's size. */
enum { RLP_HEADER_MAX = 9 };
size_t rlp_header(uint8_t out[RLP_HEADER_MAX], size_t payload_size, bool is_list);

#endif
