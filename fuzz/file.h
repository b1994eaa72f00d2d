/* file: an input where a path is asked for. */
#ifndef WEFT_FUZZ_FILE_H
#define WEFT_FUZZ_FILE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* A file in memory; zero-initialise. */
struct fuzz_file {
    int fd; /* + 1 */
    char path[32];
};

/* Replaces what is in the file, and returns its path. */
static inline const char *fuzz_file(struct fuzz_file *f, struct bytes content)
{
    if (f->fd == 0) {
        f->fd = memfd_create("fuzz", 0) + 1;
        FUZZ_CHECK(f->fd > 0);
        (void)snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd - 1);
    }
    FUZZ_CHECK(ftruncate(f->fd - 1, 0) == 0);
    FUZZ_CHECK(pwrite(f->fd - 1, content.data, content.size, 0) == (ssize_t)content.size);
    return f->path;
}

#endif
