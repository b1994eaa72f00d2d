/* file: what reading files of blocks is made of: the bytes (file.c), and era1's entries (era.c). Private to chain/. */
#ifndef WEFT_CHAIN_FILE_H
#define WEFT_CHAIN_FILE_H

#include <zlib.h>

#include "chain/chain.h"

/* Blocks in one era1 file, at most. */
enum { ERA_BLOCKS_MAX = 8192 };
/* Type of the entry with which an era1 file begins. */
enum { ERA_VERSION = 0x3265 };

/* Where an era1 file stands, and what its accumulator and index are compared with. */
struct era {
    enum { ERA_BEGIN, ERA_BLOCKS, ERA_ACCUMULATED, ERA_INDEXED } state;
    uint64_t entry_at; /* where the entry that was read begins, in bytes that are not compressed */
    uint64_t first;    /* number of the first block */
    struct u256 total_difficulty;
    struct hash *records; /* a root for each block */
    uint64_t *positions;  /* of its header's entry */
    size_t count;
    struct buffer entry, header, body;
};

struct chain_file {
    char *path;
    gzFile file;
    bool is_era;
    uint64_t size, blocks;
    _Atomic uint64_t read; /* bytes of the file, as zlib tells; anybody may look */
    uint64_t position;     /* bytes that were read, not compressed */
    struct era era;
};

/* CHAIN_FILE: "path: block N: ...: expected this". */
enum status file_complain(const struct chain_file *f, const char *expected, struct error *e);
/* Reads `size` bytes behind what `out` holds; fewer at the end of the file. False when reading fails. */
bool file_read_more(struct chain_file *f, struct buffer *out, size_t size, size_t *got);
/* The same, and less is wrong. */
enum status file_read_all(struct chain_file *f, struct buffer *out, size_t size, struct error *e);

/* The next block of an era1 file. */
enum status era_next(struct chain_file *f, struct buffer *out, bool *end, struct error *e);
void era_free(struct era *era);

#endif
