/* import: blocks from files into a store. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "cli/cli.h"
#include "json/genesis.h"

struct import {
    const struct options *options;
    struct chain *chain;
    struct store *store;
    uint64_t start_ns, shown_ns;
    uint32_t file; /* number of the one that is read, from 1 */
    bool terminal;
};

/* How often progress is shown: on a terminal over and over, else as a line for a log. */
#define SHOW_EVERY_NS 200000000u
#define LOG_EVERY_NS 60000000000u

static double per_second(double what, uint64_t ns)
{
    return ns == 0 ? 0 : what * 1e9 / (double)ns;
}

/* The time that is left, as far as the file tells: 0:07, 1:02:33; empty while nothing can be said. */
static void tell_left(char out[32], const struct chain_progress *p, uint64_t spent_ns)
{
    double part = p->file_bytes == 0 ? 0 : (double)p->file_read / (double)p->file_bytes;
    out[0] = 0;
    if (part < 0.001) return;
    uint64_t left = (uint64_t)((double)spent_ns / 1e9 * (1 - part) / part);
    unsigned h = (unsigned)(left / 3600 % 10000), m = (unsigned)(left / 60 % 60), s = (unsigned)(left % 60);
    if (h != 0)
        (void)snprintf(out, 32, "  ETA %u:%02u:%02u", h, m, s);
    else
        (void)snprintf(out, 32, "  ETA %u:%02u", m, s);
}

static void tell_progress(const struct import *i, const struct chain_progress *p, char *out, size_t size)
{
    uint64_t spent = clock_wall_ns() - i->start_ns;
    char left[32], file[32] = "";
    tell_left(left, p, spent);
    if (i->options->operand_count > 1)
        (void)snprintf(file, sizeof file, "file %u of %u  ", i->file, i->options->operand_count);
    (void)snprintf(out, size, "%sblock %llu  %.0f blocks/s  %.0f MGas/s%s", file, (unsigned long long)p->number,
                   per_second((double)p->blocks, spent), per_second((double)p->gas / 1e6, spent), left);
}

static void show(struct import *i, const struct chain_progress *p)
{
    uint64_t now = clock_wall_ns();
    if (now - i->shown_ns < (i->terminal ? SHOW_EVERY_NS : LOG_EVERY_NS)) return;
    i->shown_ns = now;
    char text[160];
    tell_progress(i, p, text, sizeof text);
    if (!i->terminal) {
        log_line("import: %s", text);
        return;
    }
    terminal_bar(p->file_bytes == 0 ? 0 : (double)p->file_read / (double)p->file_bytes, text);
}

static void notice(void *context, const char *line)
{
    const struct import *i = context;
    if (i->terminal) (void)fprintf(stderr, "\r\033[K");
    log_line("import: %s", line);
}

/* What becomes of a --history that is not what the store has had. */
static void say_history(const struct import *i)
{
    uint64_t before, now = store_history(i->store, &before);
    const struct store_head *head = store_head(i->store);
    if (now == before || head == NULL) return;
    log_line("import: --history is now %llu, was %llu: the head, block %llu, can go back to block %llu%s",
             (unsigned long long)now, (unsigned long long)before, (unsigned long long)head->number,
             (unsigned long long)store_revert_limit(i->store),
             now > before ? ", and farther with each block that comes" : "");
}

static bool step(void *context, const struct chain_progress *p)
{
    show(context, p);
    return !interrupted();
}

static void print_result(const struct import *i, enum status status)
{
    const struct chain_progress *p = chain_progress(i->chain);
    const struct store_head *head = store_durable_head(i->store);
    struct store_work work = store_work(i->store);
    uint64_t spent = clock_wall_ns() - i->start_ns;
    struct buffer out = {0};
    if (i->options->json) {
        buffer_append_text(&out, "{\"head\":");
        json_put_hex(&out, head->hash.b, 32);
        buffer_printf(&out, ",\"number\":%llu,\"state_root\":", (unsigned long long)head->number);
        json_put_hex(&out, head->state_root.b, 32);
        buffer_printf(&out,
                      ",\"blocks\":%llu,\"known\":%llu,\"txs\":%llu,\"gas\":%llu,\"seconds\":%.6f,\"execute_s\":%.6f,"
                      "\"root_s\":%.6f,\"commit_s\":%.6f,\"wait_s\":%.6f,\"commits\":%llu,\"written_bytes\":%llu,"
                      "\"reads\":%llu,\"node_reads\":%llu,"
                      "\"status\":\"%s\"}",
                      (unsigned long long)p->blocks, (unsigned long long)p->known, (unsigned long long)p->transactions,
                      (unsigned long long)p->gas, (double)spent / 1e9, (double)p->execute_ns / 1e9,
                      (double)p->root_ns / 1e9, (double)p->commit_ns / 1e9, (double)p->wait_ns / 1e9,
                      (unsigned long long)work.commits, (unsigned long long)work.written_bytes,
                      (unsigned long long)work.reads, (unsigned long long)work.node_reads, status_name(status));
    } else {
        char hash[65];
        hex_encode(hash, head->hash.b, 32);
        buffer_printf(&out,
                      "imported %llu blocks (%llu were there), %llu transactions, %.1f MGas in %.2f s: %.1f blocks/s, "
                      "%.1f MGas/s\nhead is block %llu, 0x%s",
                      (unsigned long long)p->blocks, (unsigned long long)p->known, (unsigned long long)p->transactions,
                      (double)p->gas / 1e6, (double)spent / 1e9, per_second((double)p->blocks, spent),
                      per_second((double)p->gas / 1e6, spent), (unsigned long long)head->number, hash);
        if (p->number > head->number) /* a store that cannot be written */
            buffer_printf(&out, "; blocks after it, to %llu, are not kept", (unsigned long long)p->number);
    }
    printf("%.*s\n", (int)out.size, (const char *)out.data);
    buffer_free(&out);
}

/* Bad files and folders are input that cannot be read; blocks that do not hold failed a check. */
static enum exit_code code_of(enum status s)
{
    switch (s) {
    case STATUS_OK: return EXIT_GOOD;
    case CHAIN_INTERRUPTED: return EXIT_INTERRUPTED;
    case FILE_UNREADABLE:
    case FILE_TOO_BIG:
    case BAD_JSON:
    case BAD_FIELD:
    case UNKNOWN_FORK:
    case CHAIN_FILE:
    case CHAIN_CONFIG:
    case STORE_NONE:
    case STORE_LOCKED:
    case STORE_READ_ONLY:
    case STORE_SCHEMA:
    case STORE_FULL:
    case STORE_IO:
    case STORE_DAMAGED:
    case STORE_OTHER_CHAIN: return EXIT_BAD_INPUT;
    default: return EXIT_CHECK_FAILED;
    }
}

static enum status import_files(struct import *i, struct error *e)
{
    const struct options *o = i->options;
    enum status s = STATUS_OK, finish;
    struct error late;
    for (uint32_t k = 0; k < o->operand_count && s == STATUS_OK && ++i->file != 0; k++)
        s = chain_import(i->chain, o->operands[k], step, i, e);
    /* What is done is kept, whatever came then; but for a store that cannot be written. */
    finish = store_status(i->store, &late) != STATUS_OK ? s : chain_finish(i->chain, &late);
    if (finish != STATUS_OK && finish != s) *e = late;
    return finish != STATUS_OK ? finish : s;
}

static enum status open_all(struct import *i, struct chain_genesis *genesis, struct error *e)
{
    const struct options *o = i->options;
    struct store_options so = {.cache_bytes = (size_t)o->cache_mb << 20,
                               .history = o->history,
                               .latency_ns = o->latency_us * 1000,
                               .create = true};
    size_t cache_bytes = (size_t)(o->cache_mb == 0 ? 256 : o->cache_mb) << 20;
    struct chain_options co = {.threads = o->threads[0],
                               .executor = (o->executors & RUN_SERIAL) != 0 ? EXECUTOR_SERIAL : EXECUTOR_PARALLEL,
                               .readers = (unsigned)(o->readers < THREADS_MAX ? o->readers : THREADS_MAX),
                               .batch_blocks = o->batch,
                               .batch_bytes = cache_bytes / 7,
                               .code_bytes = cache_bytes / 8,
                               .no_recheck = o->no_recheck,
                               .folder = o->datadir,
                               .notice = notice,
                               .notice_context = i};
    enum status s = genesis_load(genesis, o->genesis, e);
    if (s == STATUS_OK) s = store_open(&i->store, o->datadir, &so, e);
    if (s == STATUS_OK) say_history(i);
    if (s == STATUS_OK) s = store_genesis(i->store, &genesis->header, genesis->state, e);
    if (s == STATUS_OK) s = chain_new(&i->chain, i->store, genesis, &co, e);
    return s;
}

enum exit_code import_command(const struct options *o)
{
    struct import i = {.options = o, .start_ns = clock_wall_ns(), .terminal = isatty(STDERR_FILENO) != 0};
    struct chain_genesis *genesis = base_calloc(1, sizeof *genesis);
    struct error e = {STATUS_OK, ""};
    enum status s = BAD_USAGE;
    if (o->datadir == NULL || o->genesis == NULL) {
        log_line("import: expected --datadir and --genesis; see weft import --help");
        return EXIT_BAD_INPUT;
    }
    interrupt_patience(0);                    /* the last commit may take its time */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* big pieces go back to the system when they are given up */
    s = open_all(&i, genesis, &e);
    if (s == STATUS_OK) {
        i.start_ns = i.shown_ns = clock_wall_ns();
        s = import_files(&i, &e);
        if (i.terminal) (void)fprintf(stderr, "\r\033[K");
        print_result(&i, s);
    }
    if (s != STATUS_OK) log_line("%s", e.text);
    chain_free(i.chain);
    store_close(i.store);
    chain_genesis_free(genesis);
    free(genesis);
    return code_of(s);
}
