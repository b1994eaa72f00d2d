/* Files of blocks: what goes in comes out (era_test.c has those of era1). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "chain/snappy.h"
#include "harness.h"

enum { BLOCKS = 5 };

/* Lists that look like blocks. */
static void make_block(struct buffer *out)
{
    struct rlp_writer w = {0};
    size_t size = 200 + harness_random_below(3000);
    uint8_t *text = base_alloc(size);
    for (size_t i = 0; i < size; i++) text[i] = (uint8_t)harness_random();
    rlp_put_u64(&w, harness_random());
    rlp_put_bytes(&w, text, size);
    rlp_put_list(&w, 0);
    struct bytes b = rlp_written(&w);
    buffer_append(out, b.data, b.size);
    rlp_writer_free(&w);
    free(text);
}

static void read_back(const struct buffer *text, const struct buffer *blocks, bool zipped)
{
    char path[] = "/tmp/weft-file-XXXXXX", line[256];
    struct error e;
    struct chain_file *f;
    struct buffer block = {0};
    bool end;
    close(mkstemp(path));
    CHECK_STATUS(file_write(path, buffer_bytes(text), &e), STATUS_OK);
    (void)snprintf(line, sizeof line, "gzip %s && mv %s.gz %s", path, path, path);
    CHECK(!zipped || system(line) == 0);
    CHECK_STATUS(chain_file_open(&f, path, &e), STATUS_OK);
    for (size_t i = 0; i < BLOCKS; i++) {
        enum status s = chain_file_next(f, &block, &end, &e);
        if (s != STATUS_OK) FAIL("%s", e.text);
        CHECK(!end && bytes_equal(buffer_bytes(&block), buffer_bytes(&blocks[i])));
    }
    CHECK_STATUS(chain_file_next(f, &block, &end, &e), STATUS_OK);
    CHECK(end);
    chain_file_close(f);
    buffer_free(&block);
    unlink(path);
}

TEST(files_of_blocks_are_read_plain_and_zipped)
{
    struct buffer blocks[BLOCKS] = {{0}}, stream = {0};
    for (size_t i = 0; i < BLOCKS; i++) {
        make_block(&blocks[i]);
        buffer_append(&stream, blocks[i].data, blocks[i].size);
    }
    read_back(&stream, blocks, false);
    read_back(&stream, blocks, true);
    for (size_t i = 0; i < BLOCKS; i++) buffer_free(&blocks[i]);
    buffer_free(&stream);
}

TEST(snappy_copies_what_came_before)
{
    /* "abcd", then 12 bytes from 4 back, then 2 from 16 back. */
    static const uint8_t frame[] = {0x00,   15,   0,
                                    0,      0xa8, 0x94,
                                    0x3b,   0x34, 18,
                                    3 << 2, 'a',  'b',
                                    'c',    'd',  (12 - 1) << 2 | 2,
                                    4,      0,    (2 - 1) << 2 | 2,
                                    16};
    static const uint8_t tail[] = {0};
    struct buffer in = {0}, out = {0};
    buffer_append(&in, frame, sizeof frame);
    buffer_append(&in, tail, sizeof tail);
    in.data[1] = (uint8_t)(in.size - 4);
    CHECK(snappy_read_frames(&out, buffer_bytes(&in), 100));
    CHECK_EQ_U64(out.size, 18);
    CHECK_BYTES(out.data, "abcdabcdabcdabcdab", 18);
    out.size = 0;
    CHECK(!snappy_read_frames(&out, buffer_bytes(&in), 17)); /* more than allowed */
    in.data[15] = 5;                                         /* from before the start */
    out.size = 0;
    CHECK(!snappy_read_frames(&out, buffer_bytes(&in), 100));
    in.data[15] = 4;
    in.data[5] ^= 1; /* another checksum */
    out.size = 0;
    CHECK(!snappy_read_frames(&out, buffer_bytes(&in), 100));
    in.data[5] ^= 1;
    for (size_t cut = 1; cut < in.size; cut++) { /* no part of it is taken for the whole, none is read beyond */
        out.size = 0;
        CHECK(!snappy_read_frames(&out, (struct bytes){in.data, cut}, 100));
    }
    buffer_free(&in);
    buffer_free(&out);
}
