/* Failures. After the first one memory and disk may no longer agree, so nothing is read or written any more: every
 * function answers with that failure until the folder is opened anew, which shows what the disk has. */
#include "store/private.h"

#include <errno.h>
#include <sys/statvfs.h>

#define FULL_BYTES ((uint64_t)1 << 20)

static enum status status_of(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL: return STORE_FULL;
    case EACCES:
    case EPERM:
    case EROFS: return STORE_READ_ONLY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_PANIC:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE: return STORE_DAMAGED;
    default: return STORE_IO;
    }
}

enum status store_failure(const struct store *s, int code, const char *doing, struct error *e)
{
    struct statvfs space;
    /* A write for which there is half the room is no error to the database but EIO. */
    if (code == EIO && statvfs(s->folder, &space) == 0 && space.f_bavail * space.f_frsize < FULL_BYTES) code = ENOSPC;
    enum status why = status_of(code);
    return error_set(e, why, "%s: %s: %s: %s", s->folder, doing, status_text(why), mdb_strerror(code));
}

enum status store_status(const struct store *s, struct error *e)
{
    /* Partner: store_break. What it releases is the text. */
    uint32_t why = atomic_load_explicit(&s->failure.status, memory_order_acquire);
    if (why != STATUS_OK && e != NULL) *e = s->failure.error;
    return (enum status)why;
}

enum status store_break(struct store *s, const struct error *why)
{
    pthread_mutex_lock(&s->failure.lock);
    if (s->failure.status == STATUS_OK) {
        s->failure.error = *why;
        atomic_store_explicit(&s->failure.status, (uint32_t)why->status, memory_order_release);
    }
    pthread_mutex_unlock(&s->failure.lock);
    return (enum status)s->failure.status;
}

enum status store_break_by(struct store *s, int code, const char *doing, struct error *e)
{
    struct error why;
    (void)store_failure(s, code, doing, &why);
    (void)store_break(s, &why);
    return store_status(s, e);
}
