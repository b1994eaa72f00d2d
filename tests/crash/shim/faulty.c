/* A disk that fails: preloaded into the importer, it spoils one write to the database.
 *
 *     WEFT_FAULT=KIND:N   the N-th write or flush of state.mdb (from 1)
 *       eio      fails with EIO, and all after it
 *       enospc   fails with ENOSPC, and all after it
 *       once     fails with EIO; what comes after works
 *       short    writes the first half, and says so
 *       torn     writes the first half, and the machine is dead
 *       dead     writes nothing, and the machine is dead */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *kind;
static long when, seen;

/* Whether the file is the database, and the fault is due. */
static int due(int fd)
{
    char link[64], path[4096];
    if (kind == NULL) {
        const char *wanted = getenv("WEFT_FAULT"), *colon = wanted == NULL ? NULL : strchr(wanted, ':');
        kind = colon == NULL ? "" : wanted;
        when = colon == NULL ? 0 : atol(colon + 1);
    }
    if (when == 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 9 || memcmp(path + size - 9, "state.mdb", 9) != 0) return 0;
    seen++;
    return seen == when || (seen > when && (kind[0] == 'e'));
}

static int is(const char *name)
{
    return strncmp(kind, name, strlen(name)) == 0;
}

/* What happens to a write of `size` bytes: how many are written in truth; -1: it fails. */
static ssize_t fate(size_t size)
{
    if (is("enospc")) errno = ENOSPC;
    if (is("eio") || is("once")) errno = EIO;
    if (is("dead")) kill(getpid(), SIGKILL);
    return is("short") || is("torn") ? (ssize_t)(size / 2) : -1;
}

static ssize_t finish(ssize_t written)
{
    if (is("torn")) kill(getpid(), SIGKILL);
    return written;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (!due(fd)) return REAL(pwrite)(fd, data, size, at);
    ssize_t part = fate(size);
    return part < 0 ? -1 : finish(REAL(pwrite)(fd, data, (size_t)part, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    if (!due(fd)) return REAL(pwrite64)(fd, data, size, at);
    ssize_t part = fate(size);
    return part < 0 ? -1 : finish(REAL(pwrite64)(fd, data, (size_t)part, at));
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (!due(fd)) return REAL(write)(fd, data, size);
    ssize_t part = fate(size);
    return part < 0 ? -1 : finish(REAL(write)(fd, data, (size_t)part));
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
    if (!due(fd)) return REAL(writev)(fd, v, count);
    size_t size = 0;
    for (int i = 0; i < count; i++) size += v[i].iov_len;
    ssize_t part = fate(size);
    if (part < 0) return -1;
    /* Whole pieces and a part of one, by the plain call. */
    ssize_t done = 0;
    for (int i = 0; i < count && done < part; i++) {
        size_t left = (size_t)(part - done), piece = v[i].iov_len < left ? v[i].iov_len : left;
        done += REAL(write)(fd, v[i].iov_base, piece);
    }
    return finish(done);
}

int fdatasync(int fd)
{
    if (!due(fd)) return REAL(fdatasync)(fd);
    return fate(0) < 0 ? -1 : (int)finish(0);
}

int fsync(int fd)
{
    if (!due(fd)) return REAL(fsync)(fd);
    return fate(0) < 0 ? -1 : (int)finish(0);
}
