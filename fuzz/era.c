/* Files of blocks: era1, gzip, and RLP one behind the other; and Snappy's frames alone. The first byte says which: even,
 * a file; odd, frames. */
#define _GNU_SOURCE 1
#include "chain/chain.h"
#include "chain/snappy.h"
#include "file.h"

enum { LIMIT = 1 << 20 };

static void read_frames(struct bytes in)
{
    struct buffer out = {0};
    buffer_append_text(&out, "before");
    bool good = snappy_read_frames(&out, in, LIMIT);
    FUZZ_CHECK(out.size >= 6 && memcmp(out.data, "before", 6) == 0);
    FUZZ_CHECK(!good || out.size <= LIMIT + 6);
    buffer_free(&out);
}

static void read_file(struct bytes in)
{
    static struct fuzz_file file;
    struct chain_file *f;
    struct buffer block = {0};
    struct error e = {STATUS_OK, ""};
    bool end = false;
    if (chain_file_open(&f, fuzz_file(&file, in), &e) != STATUS_OK) {
        FUZZ_CHECK(e.text[0] != 0);
        return;
    }
    enum status s;
    while ((s = chain_file_next(f, &block, &end, &e)) == STATUS_OK && !end) FUZZ_CHECK(block.size != 0);
    FUZZ_CHECK(s == STATUS_OK || e.text[0] != 0);
    buffer_free(&block);
    chain_file_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    if (data[0] % 2 == 0)
        read_file((struct bytes){data + 1, size - 1});
    else
        read_frames((struct bytes){data + 1, size - 1});
    return 0;
}
