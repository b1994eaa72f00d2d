/* era1 files, written here from the specification alone: what goes in comes out, and what is wrong is named. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "chain/snappy.h"
#include "crypto/crypto.h"
#include "harness.h"

enum { BLOCKS = 5, FIRST = 1000 };

/* ---- Snappy ------------------------------------------------------------------------------------------------------ */

/* CRC-32C, a bit at a time, and how frames hide it. */
static uint32_t frame_checksum(struct bytes plain)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < plain.size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bool odd = ((crc ^ (uint32_t)plain.data[i] >> bit) & 1) != 0;
            crc = (crc >> 1) ^ (odd ? 0x82f63b78u : 0);
        }
    crc ^= 0xffffffff;
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void put_le(struct buffer *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(value >> (8 * i));
        buffer_append(out, &b, 1);
    }
}

static void put_literal(struct buffer *out, const uint8_t *data, size_t size)
{
    if (size == 0) return;
    unsigned bytes = size <= 60 ? 0 : size <= 256 ? 1 : 2;
    if (bytes != 0 && harness_random_below(4) == 0) bytes++; /* longer than it need be, but right */
    put_le(out, (bytes == 0 ? size - 1 : 59 + bytes) << 2, 1);
    if (bytes != 0) put_le(out, size - 1, bytes);
    buffer_append(out, data, size);
}

static void put_copy(struct buffer *out, size_t offset, size_t size)
{
    bool is_short = size >= 4 && size <= 11 && offset < 2048;
    if (is_short && harness_random_below(3) != 0) {
        put_le(out, 1 | (size - 4) << 2 | (offset >> 8) << 5, 1);
        put_le(out, offset, 1);
        return;
    }
    unsigned bytes = harness_random_below(8) == 0 ? 4 : 2;
    put_le(out, (bytes == 2 ? 2 : 3) | (size - 1) << 2, 1);
    put_le(out, offset, bytes);
}

/* The longest match that begins before `at`, which may run into what it makes. */
static size_t find_match(struct bytes in, size_t at, size_t *offset)
{
    size_t best = 0;
    for (size_t from = at > 300 ? at - 300 : 0; from < at; from++) {
        size_t n = 0;
        while (n < 64 && at + n < in.size && in.data[from + n] == in.data[at + n]) n++;
        if (n > best) {
            best = n;
            *offset = at - from;
        }
    }
    return best;
}

static void put_compressed(struct buffer *out, struct bytes in)
{
    size_t from = 0, at = 0, offset = 0, left = in.size;
    do {
        put_le(out, (left & 127) | (left > 127 ? 128 : 0), 1);
        left >>= 7;
    } while (left != 0);
    while (at < in.size) {
        size_t size = find_match(in, at, &offset);
        if (size < 4) {
            at++;
            continue;
        }
        put_literal(out, in.data + from, at - from);
        put_copy(out, offset, size);
        from = at += size;
    }
    put_literal(out, in.data + from, at - from);
}

/* Frames of all kinds, one behind the other. */
static void put_frames(struct buffer *out, struct bytes plain)
{
    static const uint8_t name[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};
    buffer_append(out, name, sizeof name);
    while (plain.size != 0) {
        struct bytes part = {plain.data, 1 + harness_random_below(plain.size < 700 ? plain.size : 700)};
        struct buffer chunk = {0};
        bool compressed = harness_random_below(3) != 0;
        if (compressed)
            put_compressed(&chunk, part);
        else
            buffer_append(&chunk, part.data, part.size);
        put_le(out, compressed ? 0 : 1, 1);
        put_le(out, 4 + chunk.size, 3);
        put_le(out, frame_checksum(part), 4);
        buffer_append(out, chunk.data, chunk.size);
        buffer_free(&chunk);
        if (harness_random_below(4) == 0) { /* to be passed over: padding */
            put_le(out, 0xfe, 1);
            put_le(out, 5, 3);
            put_le(out, harness_random(), 5);
        }
        plain.data += part.size;
        plain.size -= part.size;
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

enum fault {
    NONE,
    NO_BODY,
    NO_RECEIPTS,
    NO_DIFFICULTY,
    BODY_FIRST,
    SUM,
    NUMBERS,
    ACCUMULATOR,
    NO_ACCUMULATOR,
    NO_INDEX,
    INDEX,
    CHECKSUM,
    RESERVED,
    BEHIND,
    FAULTS
};

static const char *const named[FAULTS] = {
    NULL,
    "block 3: file is no chain of blocks: expected a body after the header",
    "block 3: file is no chain of blocks: expected receipts after the body",
    "block 3: file is no chain of blocks: expected a total difficulty after the receipts",
    "block 3: file is no chain of blocks: expected a header first",
    "block 3: file is no chain of blocks: expected a total difficulty that is the one before and the block's own",
    "block 3: file is no chain of blocks: expected blocks with numbers in a row",
    "block 6: file is no chain of blocks: expected the accumulator of the file's headers: another one is in it",
    "block 6: file is no chain of blocks: expected an accumulator before the index",
    "block 6: file is no chain of blocks: expected accumulator and index at the end: the file is cut off",
    "block 6: file is no chain of blocks: expected an index of the file's blocks",
    "block 3: file is no chain of blocks: expected Snappy frames with their checksums",
    "block 3: file is no chain of blocks: expected an entry of e2store",
    "block 6: file is no chain of blocks: expected no block after the accumulator",
};

static void put_entry(struct buffer *out, unsigned type, struct bytes payload, bool reserved)
{
    put_le(out, type, 2);
    put_le(out, payload.size, 4);
    put_le(out, reserved, 2);
    buffer_append(out, payload.data, payload.size);
}

static void put_framed(struct buffer *out, unsigned type, struct bytes plain, bool wrong, bool reserved)
{
    struct buffer frames = {0};
    put_frames(&frames, plain);
    if (wrong) frames.data[14] ^= 1; /* in the first checksum */
    put_entry(out, type, buffer_bytes(&frames), reserved);
    buffer_free(&frames);
}

/* hash_tree_root, written down as it is defined: a tree over 8192 leaves, then the length. */
static struct hash tree_root(const struct hash *leaves, size_t count, size_t first, size_t width)
{
    struct hash out = {{0}}, both[2];
    if (width == 1) return first < count ? leaves[first] : out;
    if (first >= count && width > 2) { /* halves alike */
        both[0] = both[1] = tree_root(leaves, count, count, width / 2);
    } else {
        both[0] = tree_root(leaves, count, first, width / 2);
        both[1] = tree_root(leaves, count, first + width / 2, width / 2);
    }
    sha256(&out, both, sizeof both);
    return out;
}

struct made {
    struct buffer file, blocks[BLOCKS];
    struct hash leaves[BLOCKS];
    uint64_t positions[BLOCKS];
    uint64_t total;
};

static void put_block(struct made *m, size_t i, enum fault fault)
{
    struct header h = {.field_count = HEADER_FIELDS_MIN,
                       .number = FIRST + i + (fault == NUMBERS && i == 2),
                       .difficulty = U256(100 + i),
                       .uncles_hash = uncles_hash_empty,
                       .timestamp = harness_random()};
    bool here = i == 2;
    struct rlp_writer header = {0}, body = {0}, block = {0};
    header_encode(&header, &h);
    uint8_t text[900];
    for (size_t k = 0; k < sizeof text; k++) text[k] = (uint8_t)harness_random_below(3);
    rlp_put_bytes(&body, text, 1 + harness_random_below(sizeof text));
    rlp_put_list(&body, 0);
    size_t inside = rlp_mark(&body);
    struct bytes inner = rlp_written(&body);
    buffer_append(&m->blocks[i], inner.data, inner.size);
    rlp_put_list(&body, 0);
    /* The block: header, then what is inside the body. */
    rlp_put_raw(&block, m->blocks[i].data, inside);
    rlp_put_raw(&block, rlp_written(&header).data, rlp_written(&header).size);
    rlp_put_list(&block, 0);
    m->blocks[i].size = 0;
    buffer_append(&m->blocks[i], rlp_written(&block).data, rlp_written(&block).size);

    m->total += 100 + i;
    struct buffer record = {0};
    struct hash hash = keccak256_bytes(rlp_written(&header));
    buffer_append(&record, hash.b, 32);
    put_le(&record, m->total, 8);
    for (unsigned k = 0; k < 3; k++) put_le(&record, 0, 8);
    sha256(&m->leaves[i], record.data, record.size);
    if (fault == SUM && here) record.data[32] ^= 1;

    m->positions[i] = m->file.size;
    if (!(here && fault == BODY_FIRST))
        put_framed(&m->file, 3, rlp_written(&header), here && fault == CHECKSUM, here && fault == RESERVED);
    if (!(here && fault == NO_BODY)) put_framed(&m->file, 4, rlp_written(&body), false, false);
    if (!(here && fault == NO_RECEIPTS)) put_framed(&m->file, 5, rlp_written(&body), false, false);
    if (!(here && fault == NO_DIFFICULTY)) put_entry(&m->file, 6, (struct bytes){record.data + 32, 32}, false);
    buffer_free(&record);
    rlp_writer_free(&header);
    rlp_writer_free(&body);
    rlp_writer_free(&block);
}

static void put_file(struct made *m, enum fault fault)
{
    size_t start = m->file.size;
    m->total = harness_random_below(1u << 30);
    put_entry(&m->file, 0x3265, (struct bytes){0}, false);
    for (size_t i = 0; i < BLOCKS; i++) {
        m->blocks[i].size = 0;
        put_block(m, i, fault);
    }
    put_entry(&m->file, 0x0080, (struct bytes){(const uint8_t *)"other", 5}, false);
    struct hash both[2] = {tree_root(m->leaves, BLOCKS, 0, 8192), {{BLOCKS}}}, root;
    sha256(&root, both, sizeof both);
    if (fault == ACCUMULATOR) root.b[31] ^= 1;
    if (fault != NO_ACCUMULATOR) put_entry(&m->file, 7, (struct bytes){root.b, 32}, false);
    if (fault == BEHIND) put_block(m, 0, fault);
    struct buffer index = {0};
    put_le(&index, FIRST, 8);
    for (size_t i = 0; i < BLOCKS; i++) put_le(&index, m->positions[i] - m->file.size + (fault == INDEX && i == 4), 8);
    put_le(&index, BLOCKS, 8);
    if (fault != NO_INDEX) put_entry(&m->file, 0x3266, buffer_bytes(&index), false);
    buffer_free(&index);
    CHECK(m->file.size > start);
}

static void made_free(struct made *m)
{
    buffer_free(&m->file);
    for (size_t i = 0; i < BLOCKS; i++) buffer_free(&m->blocks[i]);
}

/* Reads a file to its end, or to what is wrong with it; gives the number of blocks. */
static size_t read_file(struct bytes text, const struct made *compare, enum status *s, struct error *e)
{
    char path[] = "/tmp/weft-era-XXXXXX";
    struct chain_file *f;
    struct buffer block = {0};
    bool end = false;
    size_t count = 0;
    close(mkstemp(path));
    CHECK_STATUS(file_write(path, text, e), STATUS_OK);
    CHECK_STATUS(chain_file_open(&f, path, e), STATUS_OK);
    for (;;) {
        *s = chain_file_next(f, &block, &end, e);
        if (*s != STATUS_OK || end) break;
        if (compare != NULL) CHECK(bytes_equal(buffer_bytes(&block), buffer_bytes(&compare->blocks[count % BLOCKS])));
        count++;
    }
    chain_file_close(f);
    buffer_free(&block);
    unlink(path);
    return count;
}

TEST(era1_files_are_read_and_what_is_wrong_is_named)
{
    for (enum fault fault = NONE; fault < FAULTS; fault++) {
        struct made m = {0};
        enum status s;
        struct error e;
        put_file(&m, fault);
        size_t count = read_file(buffer_bytes(&m.file), NULL, &s, &e);
        if (fault == NONE) {
            if (s != STATUS_OK) FAIL("%s", e.text);
            CHECK_EQ_U64(count, BLOCKS);
            CHECK_EQ_U64(read_file(buffer_bytes(&m.file), &m, &s, &e), BLOCKS);
        } else {
            CHECK_STATUS(s, CHAIN_FILE);
            if (strstr(e.text, named[fault]) == NULL) FAIL("'%s', expected '%s'", e.text, named[fault]);
        }
        made_free(&m);
    }
}

TEST(era1_files_follow_each_other)
{
    struct made m = {0};
    enum status s;
    struct error e;
    put_file(&m, NONE);
    put_file(&m, NONE);
    size_t count = read_file(buffer_bytes(&m.file), NULL, &s, &e);
    if (s != STATUS_OK) FAIL("%s", e.text);
    CHECK_EQ_U64(count, 2 * BLOCKS);
    made_free(&m);
}

TEST(era1_files_that_are_cut_off_are_never_taken_for_whole)
{
    struct made m = {0};
    enum status s;
    struct error e;
    put_file(&m, NONE);
    for (size_t cut = 2; cut < m.file.size; cut += 1 + harness_random_below(40)) {
        size_t count = read_file((struct bytes){m.file.data, cut}, &m, &s, &e);
        CHECK(count <= BLOCKS && (cut < m.positions[4] ? count < BLOCKS : true));
        CHECK_STATUS(s, CHAIN_FILE);
    }
    made_free(&m);
}
