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
#include "state/layer.h"
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
weft_status api_write_grown(void *theirs, const void *ours, size_t size, size_t first);
/* The same for a structure that has not grown yet. */
static inline weft_status api_write_struct(void *theirs, const void *ours, size_t size)
{
    return api_write_grown(theirs, ours, size, size);
}

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

/* In memory, a layer over another state, or read through callbacks. */
struct weft_state {
    struct state_memory *memory; /* NULL: not in memory */
    struct state_layer *layer;   /* NULL: no layer */
    struct weft_state *base;     /* what the layer is over; referred to */
    _Atomic uint32_t references; /* the caller's handle, and layers */
    weft_state_callbacks callbacks;
};

/* An engine that the calling thread is inside of: a callback of it runs here, and nothing else of it may be begun, which
 * would wait for itself. Links to the one around it, whose callback called this one. */
struct api_inside {
    const struct weft_engine *engine;
    struct api_inside *outer;
    _Atomic bool freed; /* weft_engine_free was called on the engine from a callback */
};
/* The innermost of the calling thread; NULL: it runs no callback. */
struct api_inside *api_inside_now(void);

/* A view for one execution, and what its callbacks answered when they could not answer. */
struct api_view {
    struct state_view view;
    struct state_view below; /* under all layers */
    const struct weft_state *state;
    weft_state_callbacks callbacks;
    struct api_inside inside;     /* while a callback runs */
    _Atomic(const char *) failed; /* which callback failed first; NULL: none */
    _Atomic int32_t answer;       /* what it returned */
};
/* By the thread that called the library. */
void api_view_open(struct api_view *v, const struct weft_state *state, const struct weft_engine *engine);
/* Adds to the text of an error (may be NULL) which callback failed and what it returned. */
void api_view_explain(struct api_view *v, weft_error *error);
/* Whether callbacks of the program are behind the state. */
bool api_state_calls_back(const struct weft_state *state);

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

struct api_driver; /* driver.c: a thread with a big stack */

/* What one message runs on at a time; kept from call to call. Its memory is never given back, only what it refers to:
 * a thread that looks for a context may look at one of an engine that is being freed. */
struct api_context {
    _Alignas(128) _Atomic bool busy; /* a thread is in it; pairs as contexts.c says */
    struct state_table *table;       /* NULL: what follows is made at the next use */
    struct tx_worker worker;
    struct arena changes;
    uint8_t *stack;            /* API_STACK_SIZE bytes; NULL: not needed yet */
    _Atomic uint8_t cancelled; /* API_CANCELLED or API_TIMED_OUT: what runs here is to end */
};

/* The contexts of an engine, made as they are needed: as many as threads have called it at one time. */
enum { API_CONTEXTS_MAX = 1024 };
struct api_contexts {
    pthread_mutex_t lock; /* guards what follows, but for the atomics */
    pthread_cond_t changed;
    bool closed;                               /* somebody takes all of them */
    _Atomic uint32_t count, waiting;           /* contexts; threads that wait for one */
    struct api_context *all[API_CONTEXTS_MAX]; /* count of them; an entry never changes */
    struct code_cache *codes;                  /* of all contexts, apart from those of blocks */
    size_t code_bytes;                         /* their bound */
};

/* Something that runs and can be ended early: a block, or a message with a time limit or a word of its own to look at. */
enum { API_CANCELLED = 1, API_TIMED_OUT = 2 };
struct api_job {
    _Atomic uint8_t *cancelled; /* becomes one of the two */
    uint8_t *told;              /* the caller's own word, which becomes 1; NULL: none */
    struct engine *executes;    /* the block; NULL: it is a message */
    uint64_t deadline_ns;       /* clock_wall_ns; 0: none */
    struct api_job *next, **link;
};
/* The jobs of an engine, and the thread that looks at their deadlines, which is made with the first of them. */
struct api_control {
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed; /* of the monotonic clock */
    struct api_job *jobs;
    pthread_t timer;
    bool has_timer, ends;
    uint64_t wakes_ns;           /* when the timer looks next; 0: never */
    _Atomic uint64_t timeout_ns; /* of what begins now; 0: none */
};
void api_control_open(struct api_control *c);
void api_control_close(struct api_control *c);
/* Adds a job, with `timeout_ns` (0: none) from now, or the engine's own time limit if that is less. NO_RESOURCES when the
 * timer cannot be made. A job that is added is taken out by whoever added it, before *cancelled and *told go. */
weft_status api_job_begin(struct api_control *c, struct api_job *job, uint64_t timeout_ns, weft_error *error);
void api_job_end(struct api_control *c, struct api_job *job);
/* The failure that a cancelled word means. */
weft_status api_cancelled(uint8_t cancelled, weft_error *error);

/* An engine. Its own memory is used again for another engine, but never given back: a handle that was an engine may be
 * asked whether it still is one. */
struct weft_engine {
    struct engine *engine; /* NULL: given back when memory ran out; the next job makes it anew */
    struct api_driver *driver;
    uint64_t code_bytes;      /* of weft_options, or the default */
    uint32_t executor;        /* WEFT_EXECUTOR_ */
    _Atomic uint32_t threads; /* that execute */
    struct arena work;        /* of the running execution: signers and such */
    struct api_contexts contexts;
    struct api_control control;
    _Atomic bool alive; /* made and not freed */
    uint32_t forks;     /* of its process, when it was made */

    /* Guarded by the lock of all engines (engine.c). */
    struct weft_engine *next;
    bool in_use;    /* alive, or being freed */
    uint32_t users; /* blocks that run or wait for their turn */
};
/* Why an engine cannot be used now by the calling thread: from a callback of it, none or freed, in a child of fork
 * (API_BAD_ARGUMENT). Takes no lock where the thread has asked about the same engine before. */
weft_status api_engine_check(const weft_engine *engine, weft_error *error);
/* Keeps an engine from being freed until it is released; refused for one that is none, was freed or is of a parent
 * process, but not from callbacks. */
weft_status api_engine_hold(weft_engine *engine, weft_error *error);
void api_engine_release(weft_engine *engine);
/* Runs job(context) on the engine's thread, for a call of the library: refused as api_engine_check does; NO_MEMORY when
 * there is none to begin with. The job says with its own means how it went; if memory ran out meanwhile, the engine's is
 * given back to the system. */
weft_status api_engine_run(weft_engine *engine, void (*job)(void *context), void *context, weft_error *error);
/* Where weft_engine_free was called from a callback of `v`: that mistake in place of `status`. */
weft_status api_view_end(struct api_view *v, weft_status status, weft_error *error);

void api_contexts_open(struct api_contexts *p, size_t code_bytes);
/* Waits until no thread is in a context, and gives back what they have. */
void api_contexts_close(struct api_contexts *p);
/* A context for the calling thread alone, to be left by it. Waits while there is none. NO_MEMORY; with `must_live` also
 * API_BAD_ARGUMENT once the engine is being freed. */
weft_status api_context_enter(weft_engine *engine, bool must_live, struct api_context **out, weft_error *error);
void api_context_leave(weft_engine *engine, struct api_context *c);
/* Runs job(argument) on a stack that is deep enough for 1,024 nested calls: the calling thread's own, if so much of it is
 * left; the context's; or that of the engine's thread, where `calls_back` says that the job calls the program, whose
 * runtime may not want to find itself on a stack that it does not know. */
void api_context_run(weft_engine *engine, struct api_context *c, bool calls_back, void (*job)(void *argument),
                     void *argument);
/* Bytes of stack that the deepest call needs, and some for callbacks; a context's own stack has as much. */
#define API_STACK_SIZE POOL_STACK_SIZE
void api_stack_free(uint8_t *stack); /* may be NULL */

/* NULL when the system gives no thread. */
struct api_driver *api_driver_new(void);
/* Runs job(context) on the driver's thread, whose stack is big enough for the deepest call, and waits for it.
 * Callers take turns. */
void api_driver_run(struct api_driver *driver, void (*job)(void *context), void *context);
void api_driver_free(struct api_driver *driver);

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
