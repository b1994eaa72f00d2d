/* era1: blocks before the merge, 8192 to a file, as archives hand them on.
 *
 *     file   := Version | block* | other entries | Accumulator | BlockIndex        and files may follow each other
 *     block  := CompressedHeader | CompressedBody | CompressedReceipts | TotalDifficulty
 *     entry  := type (2) | length (4) | zero (2) | data                            little-endian: e2store
 *
 * Compressed is: in Snappy frames. The accumulator is the SSZ root of the list of (hash of the block, total
 * difficulty), so it vouches for the headers; it is compared when it comes by, behind the blocks, each of which has
 * been checked as every imported block is. Receipts are passed over: they are made anew. */
#include <stdlib.h>

#include "chain/file.h"
#include "chain/snappy.h"
#include "crypto/crypto.h"
#include "rlp/rlp.h"

enum {
    ERA_HEADER = 3,
    ERA_BODY = 4,
    ERA_RECEIPTS = 5,
    ERA_DIFFICULTY = 6,
    ERA_ACCUMULATOR = 7,
    ERA_INDEX = 0x3266,
    ENTRY_HEAD = 8 /* bytes */
};

static uint64_t load_le(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static enum status next_entry(struct chain_file *f, unsigned *type, bool *end, struct error *e)
{
    size_t got;
    struct buffer *entry = &f->era.entry;
    entry->size = 0;
    f->era.entry_at = f->position;
    if (!file_read_more(f, entry, ENTRY_HEAD, &got)) return file_complain(f, "readable bytes", e);
    *end = got == 0;
    if (*end) return STATUS_OK;
    if (got != ENTRY_HEAD) return file_complain(f, "a whole entry: the file is cut off", e);
    *type = (unsigned)load_le(entry->data, 2);
    size_t size = (size_t)load_le(entry->data + 2, 4);
    if (load_le(entry->data + 6, 2) != 0) return file_complain(f, "an entry of e2store", e);
    if (size > CHAIN_BLOCK_MAX) return file_complain(f, "an entry of at most 256 MiB", e);
    entry->size = 0;
    return file_read_all(f, entry, size, e);
}

/* The entry that must come next. */
static enum status expect_entry(struct chain_file *f, unsigned wanted, const char *what, struct error *e)
{
    unsigned type;
    bool end;
    enum status s = next_entry(f, &type, &end, e);
    if (s == STATUS_OK && (end || type != wanted)) return file_complain(f, what, e);
    return s;
}

static enum status unpack(struct chain_file *f, struct buffer *out, struct error *e)
{
    out->size = 0;
    bool good = snappy_read_frames(out, buffer_bytes(&f->era.entry), CHAIN_BLOCK_MAX);
    return good ? STATUS_OK : file_complain(f, "Snappy frames with their checksums", e);
}

/* ---- the accumulator --------------------------------------------------------------------------------------------- */

static struct hash hash_pair(const void *left, const void *right)
{
    uint8_t both[64];
    struct hash out;
    memcpy(both, left, 32);
    memcpy(both + 32, right, 32);
    sha256(&out, both, sizeof both);
    return out;
}

/* A leaf of the accumulator. */
static struct hash record_root(const struct hash *block, const uint8_t difficulty[32])
{
    return hash_pair(block->b, difficulty);
}

/* The SSZ root of a list of at most ERA_BLOCKS_MAX records. Overwrites them. */
static struct hash list_root(struct hash *nodes, size_t count)
{
    struct hash zero = {{0}}, size = {{0}};
    size_t left = count;
    for (size_t width = ERA_BLOCKS_MAX; width > 1; width /= 2) {
        for (size_t i = 0; i < left; i += 2) nodes[i / 2] = hash_pair(&nodes[i], i + 1 < left ? &nodes[i + 1] : &zero);
        left = (left + 1) / 2;
        zero = hash_pair(&zero, &zero);
    }
    for (unsigned i = 0; i < 8; i++) size.b[i] = (uint8_t)((uint64_t)count >> (8 * i));
    return hash_pair(left == 0 ? &zero : &nodes[0], &size);
}

/* ---- a file ------------------------------------------------------------------------------------------------------ */

static void begin_file(struct era *era)
{
    if (era->records == NULL) {
        era->records = base_calloc(ERA_BLOCKS_MAX, sizeof *era->records);
        era->positions = base_calloc(ERA_BLOCKS_MAX, sizeof *era->positions);
    }
    era->state = ERA_BLOCKS;
    era->count = 0;
}

/* Notes what accumulator and index must say of the block; total difficulties must add up. */
static enum status note_block(struct chain_file *f, uint64_t at, struct error *e)
{
    struct era *era = &f->era;
    struct header h;
    uint8_t big_endian[32];
    struct rlp in = rlp_of(buffer_bytes(&era->header));
    if (header_decode(&h, &in) != STATUS_OK || !rlp_at_end(&in)) return file_complain(f, "a header", e);
    if (era->entry.size != 32) return file_complain(f, "a total difficulty of 32 bytes", e);
    for (unsigned i = 0; i < 32; i++) big_endian[i] = era->entry.data[31 - i];
    struct u256 total = u256_load_be(big_endian);
    if (era->count == 0) era->first = h.number;
    if (h.number != era->first + era->count) return file_complain(f, "blocks with numbers in a row", e);
    if (era->count != 0 && !u256_equal(total, u256_add(era->total_difficulty, h.difficulty)))
        return file_complain(f, "a total difficulty that is the one before and the block's own", e);
    era->total_difficulty = total;
    struct hash hash = keccak256_bytes(buffer_bytes(&era->header));
    era->records[era->count] = record_root(&hash, era->entry.data);
    era->positions[era->count++] = at;
    return STATUS_OK;
}

/* A block is the header and what is inside the body's list, in a list. */
static enum status read_block(struct chain_file *f, struct buffer *out, struct error *e)
{
    struct era *era = &f->era;
    struct rlp in, inside;
    uint8_t head[RLP_HEADER_MAX];
    uint64_t at = era->entry_at;
    if (era->count == ERA_BLOCKS_MAX) return file_complain(f, "at most 8192 blocks", e);
    enum status s = unpack(f, &era->header, e);
    if (s == STATUS_OK) s = expect_entry(f, ERA_BODY, "a body after the header", e);
    if (s == STATUS_OK) s = unpack(f, &era->body, e);
    if (s == STATUS_OK) s = expect_entry(f, ERA_RECEIPTS, "receipts after the body", e);
    if (s == STATUS_OK) s = expect_entry(f, ERA_DIFFICULTY, "a total difficulty after the receipts", e);
    if (s == STATUS_OK) s = note_block(f, at, e);
    if (s != STATUS_OK) return s;
    in = rlp_of(buffer_bytes(&era->body));
    if (rlp_enter(&in, &inside) != STATUS_OK || !rlp_at_end(&in)) return file_complain(f, "a body that is a list", e);
    size_t body = (size_t)(inside.end - inside.at);
    buffer_append(out, head, rlp_header(head, era->header.size + body, true));
    buffer_append(out, era->header.data, era->header.size);
    buffer_append(out, inside.at, body);
    return STATUS_OK;
}

static enum status check_accumulator(struct chain_file *f, struct error *e)
{
    struct era *era = &f->era;
    if (era->state != ERA_BLOCKS || era->count == 0) return file_complain(f, "blocks before the accumulator", e);
    struct hash root = list_root(era->records, era->count);
    if (era->entry.size != 32 || memcmp(era->entry.data, root.b, 32) != 0)
        return file_complain(f, "the accumulator of the file's headers: another one is in it", e);
    era->state = ERA_ACCUMULATED;
    return STATUS_OK;
}

static enum status check_index(struct chain_file *f, struct error *e)
{
    struct era *era = &f->era;
    const uint8_t *p = era->entry.data;
    if (era->state != ERA_ACCUMULATED) return file_complain(f, "an accumulator before the index", e);
    bool good = era->entry.size == 16 + 8 * era->count && load_le(p, 8) == era->first &&
                load_le(p + 8 + 8 * era->count, 8) == era->count;
    for (size_t i = 0; good && i < era->count; i++)
        good = load_le(p + 8 + 8 * i, 8) + era->entry_at == era->positions[i];
    if (!good) return file_complain(f, "an index of the file's blocks", e);
    era->state = ERA_INDEXED;
    return STATUS_OK;
}

enum status era_next(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    struct era *era = &f->era;
    for (;;) {
        unsigned type;
        enum status s = next_entry(f, &type, end, e);
        if (s != STATUS_OK) return s;
        if (*end && era->state != ERA_INDEXED)
            return file_complain(f, "accumulator and index at the end: the file is cut off", e);
        if (*end) return STATUS_OK;
        switch (type) {
        case ERA_VERSION:
            if (era->state != ERA_BEGIN && era->state != ERA_INDEXED)
                return file_complain(f, "accumulator and index before another file", e);
            begin_file(era);
            break;
        case ERA_HEADER:
            if (era->state != ERA_BLOCKS) return file_complain(f, "no block after the accumulator", e);
            return read_block(f, out, e);
        case ERA_BODY:
        case ERA_RECEIPTS:
        case ERA_DIFFICULTY: return file_complain(f, "a header first", e);
        case ERA_ACCUMULATOR: s = check_accumulator(f, e); break;
        case ERA_INDEX: s = check_index(f, e); break;
        default: break; /* other entries */
        }
        if (s != STATUS_OK) return s;
    }
}

void era_free(struct era *era)
{
    buffer_free(&era->entry);
    buffer_free(&era->header);
    buffer_free(&era->body);
    free(era->records);
    free(era->positions);
}
