/* Files of blocks: a stream of RLP, plain or gzip, or era1 (e2store entries: type, length, payload in Snappy
 * frames). */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "chain/chain.h"
#include "chain/snappy.h"
#include "rlp/rlp.h"

/* Types of era1's entries. */
enum { ERA_VERSION = 0x3265, ERA_HEADER = 3, ERA_BODY = 4, ERA_ENTRY = 8 /* bytes of an entry's head */ };

struct chain_file {
    char *path;
    gzFile file;
    bool is_era;
    uint64_t size, blocks;
    uint64_t read; /* bytes of the file, as zlib tells */
    struct buffer entry, header, body;
};

static enum status complain(const struct chain_file *f, const char *expected, struct error *e)
{
    return error_set(e, CHAIN_FILE, "%s: block %llu: %s: expected %s", f->path, (unsigned long long)f->blocks + 1,
                     status_text(CHAIN_FILE), expected);
}

/* Reads `size` bytes behind what `out` holds; fewer at the end of the file. False when reading fails. */
static bool read_more(struct chain_file *f, struct buffer *out, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        unsigned part = size - *got < (1u << 20) ? (unsigned)(size - *got) : 1u << 20;
        int n = gzread(f->file, buffer_reserve(out, part), part);
        if (n < 0) return false;
        if (n == 0) break;
        out->size += (size_t)n;
        *got += (size_t)n;
    }
    return true;
}

/* The same, and less is wrong. */
static enum status read_all(struct chain_file *f, struct buffer *out, size_t size, struct error *e)
{
    size_t got;
    if (!read_more(f, out, size, &got) || got != size) return complain(f, "more bytes", e);
    return STATUS_OK;
}

enum status chain_file_open(struct chain_file **out, const char *path, struct error *e)
{
    struct stat s;
    *out = NULL;
    errno = 0;
    gzFile file = stat(path, &s) == 0 && !S_ISDIR(s.st_mode) ? gzopen(path, "rb") : NULL;
    if (file == NULL)
        return error_set(e, FILE_UNREADABLE, "%s: %s: expected a file of blocks", path,
                         errno != 0 ? strerror(errno) : "is a folder");
    (void)gzbuffer(file, 1 << 18);
    struct chain_file *f = base_calloc(1, sizeof *f);
    *f = (struct chain_file){.path = base_strdup(path), .file = file, .size = (uint64_t)s.st_size};
    int first = gzgetc(file);
    f->is_era = first == (ERA_VERSION & 0xff);
    if (first >= 0) (void)gzungetc(first, file);
    *out = f;
    return STATUS_OK;
}

void chain_file_close(struct chain_file *f)
{
    if (f == NULL) return;
    (void)gzclose(f->file);
    buffer_free(&f->entry);
    buffer_free(&f->header);
    buffer_free(&f->body);
    free(f->path);
    free(f);
}

void chain_file_progress(const struct chain_file *f, uint64_t *read, uint64_t *size)
{
    *read = f->read;
    *size = f->size;
}

/* ---- RLP --------------------------------------------------------------------------------------------------------- */

static enum status next_rlp(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    size_t got;
    if (!read_more(f, out, 1, &got)) return complain(f, "readable bytes", e);
    *end = got == 0;
    if (*end) return STATUS_OK;
    uint8_t first = out->data[0];
    if (first < 0xc0) return complain(f, "an RLP list", e);
    uint64_t payload = (uint64_t)(first - 0xc0);
    if (first >= 0xf8) {
        unsigned bytes = first - 0xf7u;
        enum status s = read_all(f, out, bytes, e);
        if (s != STATUS_OK) return s;
        payload = 0;
        for (unsigned i = 0; i < bytes; i++) payload = payload << 8 | out->data[1 + i];
    }
    if (payload > CHAIN_BLOCK_MAX) return complain(f, "a block of at most 256 MiB", e);
    return read_all(f, out, (size_t)payload, e);
}

/* ---- era1 -------------------------------------------------------------------------------------------------------- */

static enum status next_entry(struct chain_file *f, unsigned *type, bool *end, struct error *e)
{
    size_t got;
    f->entry.size = 0;
    if (!read_more(f, &f->entry, ERA_ENTRY, &got)) return complain(f, "readable bytes", e);
    *end = got == 0;
    if (*end) return STATUS_OK;
    if (got != ERA_ENTRY) return complain(f, "a whole entry", e);
    const uint8_t *p = f->entry.data;
    *type = p[0] | (unsigned)p[1] << 8;
    size_t size = p[2] | (size_t)p[3] << 8 | (size_t)p[4] << 16 | (size_t)p[5] << 24;
    if (size > CHAIN_BLOCK_MAX) return complain(f, "an entry of at most 256 MiB", e);
    f->entry.size = 0;
    return read_all(f, &f->entry, size, e);
}

/* The next entry of that type; entries of other types are passed over. */
static enum status next_of_type(struct chain_file *f, unsigned wanted, struct buffer *out, bool *end, struct error *e)
{
    unsigned type = 0;
    out->size = 0;
    do {
        enum status s = next_entry(f, &type, end, e);
        if (s != STATUS_OK || *end) return s;
    } while (type != wanted);
    return snappy_read_frames(out, buffer_bytes(&f->entry), CHAIN_BLOCK_MAX) ? STATUS_OK
                                                                             : complain(f, "Snappy frames", e);
}

/* A block is the header and what is inside the body's list, in a list. */
static enum status next_era(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    bool cut = false;
    struct rlp in, inside;
    uint8_t head[RLP_HEADER_MAX];
    enum status s = next_of_type(f, ERA_HEADER, &f->header, end, e);
    if (s != STATUS_OK || *end) return s;
    s = next_of_type(f, ERA_BODY, &f->body, &cut, e);
    if (s != STATUS_OK) return s;
    in = rlp_of(buffer_bytes(&f->body));
    if (cut || rlp_enter(&in, &inside) != STATUS_OK) return complain(f, "a body behind the header", e);
    size_t body = (size_t)(inside.end - inside.at);
    buffer_append(out, head, rlp_header(head, f->header.size + body, true));
    buffer_append(out, f->header.data, f->header.size);
    buffer_append(out, inside.at, body);
    return STATUS_OK;
}

enum status chain_file_next(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    out->size = 0;
    enum status s = f->is_era ? next_era(f, out, end, e) : next_rlp(f, out, end, e);
    if (s == STATUS_OK && !*end) f->blocks++;
    f->read = (uint64_t)gzoffset(f->file);
    return s;
}
