/* Files of blocks, in all their forms: what goes in comes out. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "chain/snappy.h"
#include "harness.h"

enum { BLOCKS = 5 };

/* [header, body...]: lists that look like blocks. */
static void make_block(struct buffer *out, struct buffer *header, struct buffer *body)
{
    struct rlp_writer w = {0};
    size_t size = 200 + harness_random_below(3000); /* long enough for the two bytes of length that put_framed writes */
    uint8_t *text = base_alloc(size);
    for (size_t i = 0; i < size; i++) text[i] = (uint8_t)harness_random();
    rlp_put_bytes(&w, text, size);
    rlp_put_list(&w, 0);
    struct bytes b = rlp_written(&w);
    buffer_append(body, b.data, b.size);
    rlp_rewind(&w, 0);
    rlp_put_u64(&w, harness_random());
    rlp_put_list(&w, 0);
    b = rlp_written(&w);
    buffer_append(header, b.data, b.size);
    rlp_rewind(&w, 0);
    rlp_put_bytes(&w, text, size);
    rlp_put_raw(&w, header->data, header->size);
    rlp_put_list(&w, 0);
    b = rlp_written(&w);
    buffer_append(out, b.data, b.size);
    rlp_writer_free(&w);
    free(text);
}

static void put_entry(struct buffer *out, unsigned type, struct bytes payload)
{
    uint8_t head[8] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)payload.size, (uint8_t)(payload.size >> 8),
                       (uint8_t)(payload.size >> 16)};
    buffer_append(out, head, sizeof head);
    buffer_append(out, payload.data, payload.size);
}

/* One frame, as it is or in Snappy's own form with literals alone. */
static void put_framed(struct buffer *out, unsigned type, const struct buffer *plain, bool compressed)
{
    struct buffer frames = {0};
    static const uint8_t name[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};
    buffer_append(&frames, name, sizeof name);
    size_t size = plain->size, whole = 4 + size + (compressed ? 5 : 0);
    uint8_t head[8] = {compressed ? 0 : 1, (uint8_t)whole, (uint8_t)(whole >> 8), (uint8_t)(whole >> 16)};
    buffer_append(&frames, head, sizeof head);
    if (compressed) {
        uint8_t literal[5] = {(uint8_t)(size | 0x80), (uint8_t)(size >> 7), 61 << 2, (uint8_t)(size - 1),
                              (uint8_t)((size - 1) >> 8)};
        buffer_append(&frames, literal, sizeof literal);
    }
    buffer_append(&frames, plain->data, size);
    put_entry(out, type, buffer_bytes(&frames));
    buffer_free(&frames);
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

TEST(files_of_blocks_are_read_in_every_form)
{
    struct buffer blocks[BLOCKS] = {{0}}, stream = {0}, era = {0};
    put_entry(&era, 0x3265, (struct bytes){0});
    for (size_t i = 0; i < BLOCKS; i++) {
        struct buffer header = {0}, body = {0};
        make_block(&blocks[i], &header, &body);
        buffer_append(&stream, blocks[i].data, blocks[i].size);
        put_framed(&era, 3, &header, false);
        put_framed(&era, 4, &body, true);
        put_entry(&era, 6, (struct bytes){(const uint8_t *)"difficulty", 10});
        buffer_free(&header);
        buffer_free(&body);
    }
    read_back(&stream, blocks, false);
    read_back(&stream, blocks, true);
    read_back(&era, blocks, false);
    for (size_t i = 0; i < BLOCKS; i++) buffer_free(&blocks[i]);
    buffer_free(&stream);
    buffer_free(&era);
}

TEST(snappy_copies_what_came_before)
{
    /* "abcd", then 12 bytes from 4 back, then 2 from 16 back. */
    static const uint8_t frame[] = {
        0x00, 15, 0, 0, 0, 0, 0, 0, 18, 3 << 2, 'a', 'b', 'c', 'd', (12 - 1) << 2 | 2, 4, 0, (2 - 1) << 2 | 2, 16};
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
    for (size_t cut = 1; cut < in.size; cut++) { /* no part of it is taken for the whole, none is read beyond */
        out.size = 0;
        CHECK(!snappy_read_frames(&out, (struct bytes){in.data, cut}, 100));
    }
    buffer_free(&in);
    buffer_free(&out);
}
