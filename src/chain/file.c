/* Files of blocks: a stream of RLP, or era1 (era.c); plain or gzip. */
#include "chain/file.h"

#include <stdlib.h>

enum status file_complain(const struct chain_file *f, const char *expected, struct error *e)
{
    return error_set(e, CHAIN_FILE, "%s: block %llu: %s: expected %s", f->path, (unsigned long long)f->blocks + 1,
                     status_text(CHAIN_FILE), expected);
}

bool file_read_more(struct chain_file *f, struct buffer *out, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        unsigned part = size - *got < (1u << 20) ? (unsigned)(size - *got) : 1u << 20;
        int n = gzread(f->file, buffer_reserve(out, part), part);
        if (n < 0) return false;
        if (n == 0) break;
        out->size += (size_t)n;
        *got += (size_t)n;
        f->position += (size_t)n;
    }
    return true;
}

enum status file_read_all(struct chain_file *f, struct buffer *out, size_t size, struct error *e)
{
    size_t got;
    if (!file_read_more(f, out, size, &got) || got != size)
        return file_complain(f, "more bytes: the file is cut off", e);
    return STATUS_OK;
}

enum status chain_file_open(struct chain_file **out, const char *path, struct error *e)
{
    uint64_t size;
    int fd;
    *out = NULL;
    enum status s = file_open(&fd, path, &size, e);
    if (s != STATUS_OK) return s;
    gzFile file = gzdopen(fd, "rb");
    ASSERT(file != NULL); /* but for memory, which ends the process elsewhere too */
    (void)gzbuffer(file, 1 << 18);
    struct chain_file *f = base_calloc(1, sizeof *f);
    *f = (struct chain_file){.path = base_strdup(path), .file = file, .size = size};
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
    era_free(&f->era);
    free(f->path);
    free(f);
}

void chain_file_progress(const struct chain_file *f, uint64_t *read, uint64_t *size)
{
    *read = atomic_load_explicit(&f->read, memory_order_relaxed);
    *size = f->size;
}

/* ---- RLP --------------------------------------------------------------------------------------------------------- */

static enum status next_rlp(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    size_t got;
    if (!file_read_more(f, out, 1, &got)) return file_complain(f, "readable bytes", e);
    *end = got == 0;
    if (*end) return STATUS_OK;
    uint8_t first = out->data[0];
    if (first < 0xc0) return file_complain(f, "an RLP list", e);
    uint64_t payload = (uint64_t)(first - 0xc0);
    if (first >= 0xf8) {
        unsigned bytes = first - 0xf7u;
        enum status s = file_read_all(f, out, bytes, e);
        if (s != STATUS_OK) return s;
        payload = 0;
        for (unsigned i = 0; i < bytes; i++) payload = payload << 8 | out->data[1 + i];
    }
    if (payload > CHAIN_BLOCK_MAX) return file_complain(f, "a block of at most 256 MiB", e);
    return file_read_all(f, out, (size_t)payload, e);
}

enum status chain_file_next(struct chain_file *f, struct buffer *out, bool *end, struct error *e)
{
    out->size = 0;
    enum status s = f->is_era ? era_next(f, out, end, e) : next_rlp(f, out, end, e);
    if (s == STATUS_OK && *end && f->blocks == 0) s = file_complain(f, "a block: the file is empty", e);
    if (s == STATUS_OK && f->size != 0 && (uint64_t)gzoffset(f->file) > f->size)
        s = file_complain(f, "a file that does not grow while it is read", e);
    if (s == STATUS_OK && !*end) f->blocks++;
    atomic_store_explicit(&f->read, (uint64_t)gzoffset(f->file), memory_order_relaxed);
    return s;
}
