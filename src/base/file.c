/* file: whole files in and out. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much room each read of a file of unknown size (a pipe) gets. */
enum { READ_STEP = 1 << 16 };

/* strerror that any thread may call: the GNU one, which may or may not use `text`. */
static const char *reason(int number, char text[static 128])
{
    return strerror_r(number, text, 128);
}

enum status file_read(struct buffer *out, const char *path, size_t limit, struct error *e)
{
    *out = (struct buffer){0};
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set(e, FILE_UNREADABLE, "%s: %s", path, reason(errno, text));

    enum status s = STATUS_OK;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        s = error_set(e, FILE_UNREADABLE, "%s: %s", path, reason(errno, text));
        goto out;
    }
    if (S_ISREG(st.st_mode)) {
        if ((uint64_t)st.st_size > limit) goto too_big;
        (void)buffer_reserve(out, (size_t)st.st_size + 1);
    }
    for (;;) {
        /* One byte more than fits is enough to know that the file ends, and leaves room for the 0 behind it. */
        if (out->capacity - out->size < 2) (void)buffer_reserve(out, READ_STEP);
        ssize_t got = read(fd, out->data + out->size, out->capacity - out->size - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            s = error_set(e, FILE_UNREADABLE, "%s: %s", path, reason(errno, text));
            goto out;
        }
        if (got == 0) break;
        out->size += (size_t)got;
        if (out->size > limit) goto too_big;
    }
    out->data[out->size] = 0;
    goto out;

too_big:
    s = error_set(e, FILE_TOO_BIG, "%s: more than the %zu bytes expected at most", path, limit);
out:
    (void)close(fd);
    if (s != STATUS_OK) buffer_free(out);
    return s;
}

static bool write_all(int fd, struct bytes content)
{
    for (size_t at = 0; at < content.size;) {
        ssize_t n = write(fd, content.data + at, content.size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        at += (size_t)n;
    }
    return true;
}

/* Writes to what `path` already is and must stay: a device, a pipe, a link. */
static bool write_into(const char *path, struct bytes content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool written = write_all(fd, content);
    return close(fd) == 0 && written;
}

static bool write_and_rename(const char *path, const char *temporary, struct bytes content)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool written = write_all(fd, content);
    written = close(fd) == 0 && written;
    if (written && rename(temporary, path) == 0) return true;
    int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}

enum status file_write(const char *path, struct bytes content, struct error *e)
{
    char text[128];
    struct stat st;
    bool written;
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        written = write_into(path, content);
    } else {
        struct buffer temporary = {0};
        buffer_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
        buffer_append(&temporary, "", 1);
        written = write_and_rename(path, (const char *)temporary.data, content);
        buffer_free(&temporary);
    }
    return written ? STATUS_OK : error_set(e, FILE_UNWRITABLE, "%s: %s", path, reason(errno, text));
}
