/* file: whole files in and out. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* How much room each read of a file of unknown size (a pipe) gets. */
enum { READ_STEP = 1 << 16 };

/* strerror that any thread may call: the GNU one, which may or may not use `text`. */
static const char *reason(int number, char text[static 128])
{
    return strerror_r(number, text, 128);
}

/* How long a named pipe may have no writer. */
enum { PIPE_WAIT_MS = 10000 };

/* Why this is no input; NULL: it is one. */
static const char *refusal(int fd, const struct stat *st)
{
    if (S_ISDIR(st->st_mode)) return "is a folder, expected a file";
    if (S_ISBLK(st->st_mode)) return "is a block device, expected a file";
    bool is_null = st->st_rdev == makedev(1, 3);
    if (S_ISCHR(st->st_mode) && !is_null && !isatty(fd)) return "is a device, expected a file";
    return NULL;
}

/* Only a pipe with a name can be without a writer. */
static bool is_named_pipe(int fd, const struct stat *st)
{
    enum { PIPES = 0x50495045 }; /* the file system of pipes without a name */
    struct statfs system;
    return S_ISFIFO(st->st_mode) && fstatfs(fd, &system) == 0 && system.f_type != PIPES;
}

static bool has_writer(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready;
    while ((ready = poll(&p, 1, PIPE_WAIT_MS)) < 0 && errno == EINTR);
    return ready > 0;
}

enum status file_open(int *fd, const char *path, uint64_t *size, struct error *e)
{
    char text[128];
    struct stat st;
    /* Standard input may be a socket, which cannot be opened by name; opening a named pipe would wait for a writer
     * without end. */
    *fd = strcmp(path, "/dev/stdin") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                          : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        enum status s = error_set(e, FILE_UNREADABLE, "%s: %s", path, reason(errno, text));
        if (*fd >= 0) (void)close(*fd);
        return s;
    }
    const char *why = refusal(*fd, &st);
    if (why == NULL && is_named_pipe(*fd, &st) && !has_writer(*fd)) why = "is a pipe without a writer";
    if (why != NULL) {
        (void)close(*fd);
        return error_set(e, FILE_UNREADABLE, "%s: %s", path, why);
    }
    (void)fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) & ~O_NONBLOCK);
    if (size != NULL) *size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return STATUS_OK;
}

enum status file_read(struct buffer *out, const char *path, size_t limit, struct error *e)
{
    *out = (struct buffer){0};
    char text[128];
    uint64_t size;
    int fd;
    enum status s = file_open(&fd, path, &size, e);
    if (s != STATUS_OK) return s;
    if (size > limit) goto too_big;
    if (size != 0) (void)buffer_reserve(out, (size_t)size + 2);
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
        if (size != 0 && out->size > size) {
            s = error_set(e, FILE_UNREADABLE, "%s: grows while it is read", path);
            goto out;
        }
    }
    (void)buffer_reserve(out, 1);
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
