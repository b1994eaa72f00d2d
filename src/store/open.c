/* Opening and closing: the folder, its lock, the database and its readers. */
#define _GNU_SOURCE 1
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const table_names[TABLE_COUNT] = {"meta",   "accounts", "storage", "codes",   "headers",
                                              "bodies", "receipts", "undo",    "numbers", "lookup"};

#define MAP_BYTES_DEFAULT ((uint64_t)1 << 40)
#define CACHE_BYTES_DEFAULT ((size_t)256 << 20)

/* ---- the folder -------------------------------------------------------------------------------------------------- */

static bool join(char *out, size_t size, const char *folder, const char *name)
{
    int written = snprintf(out, size, "%s/%s", folder, name);
    return written > 0 && (size_t)written < size;
}

/* Takes the folder for this process. */
static enum status lock_folder(struct store *s, struct error *e)
{
    char path[4096];
    if (!join(path, sizeof path, s->folder, "LOCK")) return error_set(e, STORE_IO, "%s: name is too long", s->folder);
    bool made = false;
    if (s->options.create) made = mkdir(s->folder, 0777) == 0;
    if (!made && s->options.create && errno != EEXIST) return store_failure(s, errno, "making the folder", e);
    struct stat there;
    if (!s->options.create && stat(path, &there) != 0)
        return error_set(e, STORE_NONE, "%s: %s: expected a folder that weft import has made", s->folder,
                         status_text(STORE_NONE));
    if (s->options.read_only) return STATUS_OK;
    s->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_file < 0) return store_failure(s, errno, "opening LOCK", e);
    if (flock(s->lock_file, LOCK_EX | LOCK_NB) == 0) return STATUS_OK;
    return error_set(e, STORE_LOCKED, "%s: %s: expected to have the folder alone", s->folder,
                     status_text(STORE_LOCKED));
}

/* ---- the database ------------------------------------------------------------------------------------------------ */

static enum status check_schema(const struct store *s, struct bytes found, struct error *e)
{
    static const uint8_t version[4] = {0, 0, 0, STORE_SCHEMA_VERSION};
    if (bytes_equal(found, (struct bytes){version, sizeof version})) return STATUS_OK;
    unsigned number = found.size == 4 ? found.data[3] : 0;
    return error_set(e, STORE_SCHEMA, "%s: %s: found %u, expected %d; import the chain anew", s->folder,
                     status_text(STORE_SCHEMA), number, STORE_SCHEMA_VERSION);
}

static enum status no_chain(const struct store *s, struct error *e)
{
    return error_set(e, STORE_NONE, "%s: no chain in it yet", s->folder);
}

static enum status open_tables(struct store *s, struct error *e)
{
    MDB_txn *txn = NULL;
    bool reads = s->options.read_only;
    int code = mdb_txn_begin(s->env, NULL, reads ? MDB_RDONLY : 0, &txn);
    if (code != 0) return store_failure(s, code, "opening", e);
    for (unsigned i = 0; i < TABLE_COUNT && code == 0; i++)
        code = mdb_dbi_open(txn, table_names[i], reads ? 0 : MDB_CREATE, &s->table[i]);
    uint8_t version[4] = {0, 0, 0, STORE_SCHEMA_VERSION};
    MDB_val key = {6, (void *)(uintptr_t)"schema"}, value = {sizeof version, version};
    if (code == 0 && reads) code = mdb_get(txn, s->table[TABLE_META], &key, &value);
    if (code == 0 && !reads) code = mdb_put(txn, s->table[TABLE_META], &key, &value, MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) code = 0;
    enum status why = STATUS_OK;
    if (code == 0) why = check_schema(s, (struct bytes){value.mv_data, value.mv_size}, e);
    if (code == 0 && why == STATUS_OK)
        code = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if (code == MDB_NOTFOUND) return no_chain(s, e);
    return code == 0 ? why : store_failure(s, code, "opening", e);
}

/* Where the database is mapped: LMDB does not tell, the kernel does. NULL when it cannot be found. */
static void *find_map(int file)
{
    struct stat wanted;
    FILE *maps = fstat(file, &wanted) == 0 ? fopen("/proc/self/maps", "re") : NULL;
    unsigned long start, inode;
    void *found = NULL;
    char line[4352];
    while (maps != NULL && found == NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%*x %*s %*s %*s %lu", &start, &inode) == 2 && inode == wanted.st_ino &&
            strstr(line, "state.mdb") != NULL)
            found = (void *)start;
    if (maps != NULL) (void)fclose(maps);
    return found;
}

static enum status open_database(struct store *s, struct error *e)
{
    char path[4096];
    if (!join(path, sizeof path, s->folder, "state.mdb"))
        return error_set(e, STORE_IO, "%s: name is too long", s->folder);
    struct stat st;
    bool there = stat(path, &st) == 0;
    /* LMDB would wait for a pipe's writer without end. */
    if (there && !S_ISREG(st.st_mode)) return error_set(e, STORE_IO, "%s: expected a file that weft import made", path);
    if (there && st.st_size == 0 && s->options.read_only) return no_chain(s, e);
    int code = mdb_env_create(&s->env);
    if (code == 0) code = mdb_env_set_maxdbs(s->env, TABLE_COUNT);
    if (code == 0) code = mdb_env_set_maxreaders(s->env, READERS + 8);
    if (code == 0) code = mdb_env_set_mapsize(s->env, s->options.map_bytes);
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMEMINIT;
    if (s->options.careless) flags |= MDB_NOSYNC;
    if (s->options.read_only) flags |= MDB_RDONLY;
    if (code == 0) code = mdb_env_open(s->env, path, flags, 0666);
    mdb_filehandle_t file;
    if (code == 0 && mdb_env_get_fd(s->env, &file) == 0) s->map = find_map(file);
    if (code == ENOENT && s->options.read_only) return no_chain(s, e);
    return code == 0 ? open_tables(s, e) : store_failure(s, code, "opening state.mdb", e);
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

struct reader *reader_take(struct store *s)
{
    static _Atomic uint32_t threads;
    static _Thread_local uint32_t mine;
    if (mine == 0) mine = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    uint32_t at = mine % READERS;
    for (uint32_t tried = 1; atomic_flag_test_and_set_explicit(&s->readers[at].busy, memory_order_acquire); tried++) {
        at = (at + 1) % READERS;
        if (tried % READERS == 0) sched_yield();
    }
    struct reader *r = &s->readers[at];
    uint64_t generation = atomic_load_explicit(&s->generation, memory_order_acquire);
    int code = 0;
    if (r->open && r->generation != generation) {
        mdb_txn_reset(r->txn);
        r->open = false;
    }
    if (!r->open) code = r->txn == NULL ? mdb_txn_begin(s->env, NULL, MDB_RDONLY, &r->txn) : mdb_txn_renew(r->txn);
    if (code != 0) {
        reader_give(r);
        (void)store_break_by(s, code, "reading", NULL);
        return NULL;
    }
    if (!r->open) r->cursor_open[0] = r->cursor_open[1] = false;
    r->open = true;
    r->generation = generation;
    return r;
}

MDB_cursor *reader_cursor(struct store *s, struct reader *r, enum table t)
{
    unsigned i = t == TABLE_STORAGE;
    if (r == NULL) return NULL;
    if (r->cursor_open[i]) return r->cursor[i];
    int code = r->cursor[i] == NULL ? mdb_cursor_open(r->txn, s->table[t], &r->cursor[i])
                                    : mdb_cursor_renew(r->txn, r->cursor[i]);
    if (code != 0) (void)store_break_by(s, code, "reading", NULL);
    r->cursor_open[i] = code == 0;
    return code == 0 ? r->cursor[i] : NULL;
}

/* Pages of files that this process has mapped and looked at: the third number of statm. When it cannot be had, many. */
static size_t mapped_pages(const struct store *s)
{
    char text[128];
    unsigned long pages = ULONG_MAX;
    ssize_t size = s->statm_file < 0 ? -1 : pread(s->statm_file, text, sizeof text - 1, 0);
    if (size > 0) {
        text[size] = 0;
        (void)sscanf(text, "%*u %*u %lu", &pages);
    }
    return pages;
}

/* A sixth of a cache of 512 MiB, and what is beyond: who gives that much has memory. */
static size_t map_bound(size_t cache_bytes)
{
    const size_t small = (size_t)512 << 20;
    return cache_bytes <= small ? cache_bytes / 6 : small / 6 + (cache_bytes - small);
}

void map_was_read(struct store *s)
{
    enum { LOOK_BYTES = 2 << 20 }; /* 16 times leaf, one page above it, and what the kernel maps around them */
    size_t bound = map_bound(s->options.cache_bytes);
    uint32_t most = (uint32_t)(bound / LOOK_BYTES) + 1;
    if ((atomic_fetch_add_explicit(&s->touches, 1, memory_order_relaxed) + 1) % most != 0) return;
    MDB_envinfo info;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (s->map == NULL || mapped_pages(s) <= bound / page) return;
    if (mdb_env_info(s->env, &info) == 0) (void)madvise(s->map, (info.me_last_pgno + 1) * page, MADV_DONTNEED);
}

void reader_give(struct reader *r)
{
    if (r == NULL) return;
    atomic_flag_clear_explicit(&r->busy, memory_order_release);
}

void readers_release(struct store *s)
{
    atomic_fetch_add_explicit(&s->generation, 1, memory_order_release);
    for (unsigned i = 0; i < READERS; i++) {
        struct reader *r = &s->readers[i];
        if (atomic_flag_test_and_set_explicit(&r->busy, memory_order_acquire))
            continue; /* is renewed when it is taken next */
        if (r->open) mdb_txn_reset(r->txn);
        r->open = false;
        reader_give(r);
    }
}

bool was_found(struct store *s, int code)
{
    if (code != 0 && code != MDB_NOTFOUND) (void)store_break_by(s, code, "reading", NULL);
    return code == 0;
}

bool table_get(struct store *s, struct reader *r, enum table t, const void *key, size_t size, struct bytes *out)
{
    MDB_val k = {size, (void *)(uintptr_t)key}, v;
    if (r == NULL) return false;
    map_was_read(s);
    int code = mdb_get(r->txn, s->table[t], &k, &v);
    if (!was_found(s, code)) return false;
    *out = (struct bytes){v.mv_data, v.mv_size};
    return true;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

/* The value of a key of the meta table as an array of `size` bytes. */
static bool get_meta(struct store *s, struct reader *r, const char *name, void *out, size_t size)
{
    struct bytes b;
    if (!table_get(s, r, TABLE_META, name, strlen(name), &b) || b.size != size) return false;
    memcpy(out, b.data, size);
    return true;
}

static enum status read_meta(struct store *s, struct error *e)
{
    uint8_t head[8 + 32 + 32 + 32] = {0}, next[8] = {0}, first[8] = {0}, history[8];
    struct reader *r = reader_take(s);
    s->next_id = 1;
    s->history_before = STORE_HISTORY;
    s->undo_first = 0;
    s->has_head = get_meta(s, r, "head", head, sizeof head);
    bool good = !s->has_head || (get_meta(s, r, "next id", next, 8) && get_meta(s, r, "undo first", first, 8));
    if (get_meta(s, r, "history", history, 8)) s->history_before = load_be64(history);
    reader_give(r);
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    if (!good) return error_set(e, STORE_DAMAGED, "%s: %s: meta table", s->folder, status_text(STORE_DAMAGED));
    if (!s->has_head) return STATUS_OK;
    s->head.number = load_be64(head);
    memcpy(s->head.hash.b, head + 8, 32);
    memcpy(s->head.state_root.b, head + 40, 32);
    s->head.total_difficulty = u256_load_be(head + 72);
    s->next_id = load_be64(next);
    s->undo_first = load_be64(first);
    s->durable = s->head;
    s->has_durable = true;
    return STATUS_OK;
}

enum status store_rollback(struct store *s, struct error *e)
{
    ASSERT(!s->applying.begun);
    enum status why = commit_wait(s, e);
    if (why != STATUS_OK) return why;
    batch_free(&s->pending);
    tries_free(s->tries);
    at_hand_clear(s);
    arena_reset(&s->view_codes);
    why = read_meta(s, e);
    s->tries = tries_new(s);
    s->tries_size = s->tries_base = tries_bytes(s->tries);
    return why;
}

enum status store_open(struct store **out, const char *folder, const struct store_options *o, struct error *e)
{
    struct store *s = base_alloc_aligned(_Alignof(struct store), sizeof *s);
    memset(s, 0, sizeof *s);
    *out = NULL;
    s->options = *o;
    if (s->options.cache_bytes == 0) s->options.cache_bytes = CACHE_BYTES_DEFAULT;
    if (s->options.map_bytes == 0) s->options.map_bytes = MAP_BYTES_DEFAULT;
    s->folder = base_strdup(folder);
    s->lock_file = -1;
    s->statm_file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    pthread_mutex_init(&s->code_lock, NULL);
    pthread_mutex_init(&s->failure.lock, NULL);
    s->pending.accounts.value_size = s->sealed.accounts.value_size = sizeof(struct account_record);
    s->pending.slots.value_size = s->sealed.slots.value_size = sizeof(struct u256);
    enum status why = lock_folder(s, e);
    if (why == STATUS_OK) why = open_database(s, e);
    if (why == STATUS_OK) why = read_meta(s, e);
    if (why == STATUS_OK) why = settle_history(s, e);
    if (why != STATUS_OK) {
        store_close(s);
        return why;
    }
    /* Of what may be kept, a quarter is for trie nodes (commit.c), the rest for accounts, slots, and what waits for a
     * commit. */
    s->account_cache = flat_cache_new(sizeof(struct account_record), s->options.cache_bytes / 8);
    s->slot_cache = flat_cache_new(sizeof(struct u256), s->options.cache_bytes / 4);
    at_hand_open(s);
    s->tries = tries_new(s);
    s->stage = stage_new(s);
    *out = s;
    return STATUS_OK;
}

void store_close(struct store *s)
{
    if (s == NULL) return;
    (void)commit_wait(s, NULL);
    stage_free(s->stage);
    changes_free(&s->applying.work.set);
    buffer_free(&s->applying.work.undo);
    tries_free(s->tries);
    at_hand_close(s);
    flat_cache_free(s->account_cache);
    flat_cache_free(s->slot_cache);
    batch_free(&s->pending);
    batch_free(&s->sealed);
    for (unsigned i = 0; i < READERS; i++) {
        for (unsigned k = 0; k < 2; k++)
            if (s->readers[i].cursor[k] != NULL) mdb_cursor_close(s->readers[i].cursor[k]);
        if (s->readers[i].txn != NULL) mdb_txn_abort(s->readers[i].txn);
    }
    if (s->env != NULL) mdb_env_close(s->env);
    if (s->lock_file >= 0) close(s->lock_file);
    if (s->statm_file >= 0) close(s->statm_file);
    pthread_mutex_destroy(&s->code_lock);
    pthread_mutex_destroy(&s->failure.lock);
    arena_free(&s->view_codes);
    free(s->folder);
    free(s);
}

uint64_t store_history(const struct store *s, uint64_t *before)
{
    if (before != NULL) *before = s->history_before;
    return s->options.history;
}

struct store_work store_work(const struct store *s)
{
    return (struct store_work){.reads = s->reads,
                               .node_reads = s->node_reads,
                               .hits = s->hits,
                               .commits = s->commits,
                               .commit_ns = s->commit_ns,
                               .written_bytes = s->written_bytes,
                               .read_ns = s->read_ns};
}
