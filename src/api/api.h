/* api: the public C library (include/weft/weft.h) over the folders below.
 *
 *     weft.h  ── checked and converted ──►  fork, state, types, block, vm  ── copied out ──►  weft.h
 *
 * Everything that comes through weft.h is untrusted in form: pointers may be NULL, sizes and numbers out of
 * range, structures older or newer than ours. Each function checks at the edge and returns a weft_status;
 * what it hands inwards is right. What comes out is copied into the result, so that handles do not depend on
 * each other.
 *
 * This header is what the files of api/ share; nobody else includes it. */
#ifndef WEFT_API_H
#define WEFT_API_H

#include "base/base.h"
#include "block/block.h"
#include "fork/fork.h"
#include "state/memory.h"
#include "state/state.h"
#include "types/types.h"
#include "weft/weft.h"

/* ---- failures -------------------------------------------------------------------------------- */

/* The kind of failure that a status is, in weft.h's terms. */
weft_status api_kind(enum status s);
/* Fills *error (may be NULL) from a status and a text, and returns the kind of failure that the status is. */
weft_status api_fail(weft_error *error, enum status status, uint32_t transaction, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The same from an inner error; its text becomes ours. */
weft_status api_fail_from(weft_error *error, const struct error *inner, uint32_t transaction);
/* A mistake of the calling program. */
#define API_MISTAKE(error, ...) api_fail((error), API_BAD_ARGUMENT, WEFT_NO_TRANSACTION, __VA_ARGS__)

/* Whether there is memory to begin with: the reserve (base.h), and `size` bytes that are about to be asked for at once.
 * What runs out in the middle then lives on the reserve, and the next call fails here. WEFT_NO_RESOURCES. */
weft_status api_has_memory(size_t size, weft_error *error);

/* ---- structures that grow -------------------------------------------------------------------- */

/* Copies a caller's structure of `struct_size` bytes (its first member) into ours of `size` bytes: what the
 * caller does not know is zero. Refused (API_STRUCT_SIZE): smaller than `first`, the size of the first
 * version; bigger with something in the part that we do not know. */
weft_status api_read_grown(void *ours, size_t size, size_t first, const void *theirs, const char *name,
                           weft_error *error);
/* The same for a structure that has not grown yet. */
static inline weft_status api_read_struct(void *ours, size_t size, const void *theirs, const char *name,
                                          weft_error *error)
{
    return api_read_grown(ours, size, size, theirs, name, error);
}
/* Copies ours into a caller's structure; its struct_size stays, and what we do not know becomes zero.
 * WEFT_INVALID_ARGUMENT when the caller's is smaller than the first version or NULL. */
weft_status api_write_struct(void *theirs, const void *ours, size_t size);

/* ---- values ---------------------------------------------------------------------------------- */

static inline struct u256 api_number(const weft_word *w)
{
    return u256_load_be(w->b);
}
static inline weft_word api_word(struct u256 v)
{
    weft_word w;
    u256_store_be(w.b, v);
    return w;
}
static inline struct hash api_hash(const weft_word *w)
{
    struct hash h;
    memcpy(h.b, w->b, sizeof h.b);
    return h;
}
static inline weft_word api_hash_out(const struct hash *h)
{
    weft_word w;
    memcpy(w.b, h->b, sizeof w.b);
    return w;
}
static inline struct address api_address(const weft_address *a)
{
    struct address out;
    memcpy(out.b, a->b, sizeof out.b);
    return out;
}
static inline weft_address api_address_out(const struct address *a)
{
    weft_address out;
    memcpy(out.b, a->b, sizeof out.b);
    return out;
}
/* Whether a borrowed range can be one: NULL only when it is empty. */
static inline bool api_is_range(const void *data, size_t size)
{
    return data != NULL || size == 0;
}

/* ---- handles --------------------------------------------------------------------------------- */

struct weft_chain {
    struct chain_spec spec;
};

/* In memory, or read through callbacks: exactly one of the two. */
struct weft_state {
    struct state_memory *memory; /* NULL: callbacks */
    weft_state_callbacks callbacks;
};

/* An engine that the calling thread is inside of: a callback of it runs here, and nothing else of it may be begun, which
 * would wait for itself. Links to the one around it, whose callback called this one. */
struct api_inside {
    const struct weft_engine *engine;
    const struct api_inside *outer;
};
/* The innermost of the calling thread; NULL: it runs no callback. */
const struct api_inside *api_inside_now(void);

/* A view for one execution, and what its callbacks answered when they could not answer. */
struct api_view {
    struct state_view view;
    weft_state_callbacks callbacks;
    struct api_inside inside;     /* while a callback runs */
    _Atomic(const char *) failed; /* which callback failed first; NULL: none */
    _Atomic int32_t answer;       /* what it returned */
};
/* By the thread that called the library. */
void api_view_open(struct api_view *v, const struct weft_state *state, const struct weft_engine *engine);
/* Adds to the text of an error (may be NULL) which callback failed and what it returned. */
void api_view_explain(struct api_view *v, weft_error *error);

struct weft_block {
    struct block block;
    struct arena arena; /* everything that `block` refers to, but for the arrays below */
    bool decoded;       /* complete: nothing can be added */
    bool has_given_senders;
    /* weft_block_new: arrays that grow; `block` points to them */
    struct transaction *transactions;
    struct api_sender *senders; /* one for each transaction; NULL for decoded blocks */
    struct withdrawal *withdrawals;
    struct header *uncles;
    uint32_t transaction_capacity, withdrawal_capacity, uncle_capacity;
    struct block_access_list *access_list; /* NULL: none was given */
};
/* A sender that the caller gave. */
struct api_sender {
    bool given;
    struct address address;
};
/* Header fields checked (API_BAD_ARGUMENT: gas limit, extra data, field count) and converted. Extra data is
 * borrowed. */
weft_status api_header_in(struct header *out, const weft_header *in, weft_error *error);

struct api_caller; /* call.c: what single messages run on */
struct api_driver; /* driver.c: the thread on which everything runs */

struct weft_engine {
    struct engine *engine; /* NULL: given back when memory ran out; the next job makes it anew */
    struct api_driver *driver;
    uint64_t code_bytes;          /* of weft_options; 0: the default */
    uint32_t executor;            /* WEFT_EXECUTOR_ */
    _Atomic uint32_t threads;     /* that execute */
    struct api_caller *caller;    /* made at the first weft_call */
    struct arena work;            /* of the running execution: signers and such */
    _Atomic bool freed_in_a_call; /* weft_engine_free was called from a callback */

    /* Guarded by the lock of all engines (engine.c). */
    struct weft_engine *next;
    uint32_t users; /* calls that run or wait for their turn */
    int process;    /* that made it */
};
/* Runs job(context) on the engine's thread, for a call of the library: refused from a callback of this engine, for an
 * engine that is none, and in a child of fork (API_BAD_ARGUMENT); NO_MEMORY when there is none to begin with. The job
 * says with its own means how it went; if memory ran out meanwhile, the engine's is given back to the system. */
weft_status api_engine_run(weft_engine *engine, void (*job)(void *context), void *context, weft_error *error);
/* NULL when the system gives no thread. */
struct api_driver *api_driver_new(void);
/* Runs job(context) on the driver's thread, whose stack is big enough for the deepest call, and waits for it.
 * Callers take turns. */
void api_driver_run(struct api_driver *driver, void (*job)(void *context), void *context);
void api_driver_free(struct api_driver *driver);
void api_caller_free(struct api_caller *caller);

/* A receipt as it is shown, with its logs. */
struct api_receipt {
    weft_receipt shown;
    weft_bloom bloom;
    const struct log *logs; /* copied */
    uint32_t log_count;
};

struct weft_result {
    struct arena arena; /* everything below */
    bool is_call;
    bool has_state_roots; /* receipts carry a state root instead of a status */
    weft_summary summary;
    weft_stats stats;
    struct api_receipt *receipts;
    weft_account_change *accounts;
    weft_bytes *requests;
    weft_conflict *conflicts;
    weft_bytes access_list;
};
struct weft_result *api_result_new(void);
void api_result_make_receipts(struct weft_result *r, uint32_t count); /* all zero */
/* Copies a transaction's result into receipt `index`; `bloom` may be NULL. */
void api_result_take_receipt(struct weft_result *r, uint32_t index, const struct tx_result *tx,
                             const struct bloom *bloom);
void api_result_take_diff(struct weft_result *r, const struct state_diff *diff);
void api_result_take_requests(struct weft_result *r, const struct bytes *requests, uint32_t count);
void api_result_take_access_list(struct weft_result *r, const struct block_access_list *l);

#endif
