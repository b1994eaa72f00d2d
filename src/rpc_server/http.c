/* HTTP in front of JSON-RPC, on libmicrohttpd: one thread on epoll takes requests and gives responses, the executor runs
 * them, one after the other. A connection whose request waits or runs is suspended.
 *
 * Requests come from anywhere on the machine, browsers included. A page of somebody else's cannot make a browser send what
 * is executed here: only bodies of type application/json are taken, for which browsers ask first (OPTIONS), and only
 * hosts that are named, so that a name that is made to point here (DNS rebinding) does not help either. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "rpc_server/private.h"

/* ---- libmicrohttpd --------------------------------------------------------------------------------------------------- */

/* It brings some fifteen libraries along, so it is loaded when a server starts, not whenever the command does. */
#define MHD_FUNCTIONS(F)                                                                                               \
    F(start_daemon)                                                                                                    \
    F(stop_daemon)                                                                                                     \
    F(get_daemon_info)                                                                                                 \
    F(suspend_connection)                                                                                              \
    F(resume_connection)                                                                                               \
    F(lookup_connection_value)                                                                                         \
    F(create_response_from_buffer)                                                                                     \
    F(add_response_header)                                                                                             \
    F(queue_response)                                                                                                  \
    F(destroy_response)

static struct {
#define F(name) __typeof__(MHD_##name) *name;
    MHD_FUNCTIONS(F)
#undef F
} mhd;

/* False where the library is not installed, or is another than that. */
static bool load_library(void)
{
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW), *function;
    if (library == NULL) return false;
    bool complete = true;
#define F(name)                                                                                                        \
    function = dlsym(library, "MHD_" #name);                                                                           \
    complete = complete && function != NULL;                                                                           \
    memcpy(&mhd.name, &function, sizeof function); /* POSIX: they have one form */
    MHD_FUNCTIONS(F)
#undef F
    return complete;
}

/* A request, from its first byte to its response. */
struct job {
    struct MHD_Connection *connection;
    struct buffer body, answer;
    unsigned refused; /* HTTP status that it gets; 0: it is executed */
    bool done;        /* guarded by the lock while it is queued */
    struct job *next;
};

struct rpc_server {
    struct rpc_server_options options;
    struct node *node;
    struct rpc *rpc;
    struct MHD_Daemon *daemon;
    uint16_t port;
    pthread_t executor;
    pthread_mutex_t lock; /* guards the queue, done and end */
    pthread_cond_t changed;
    struct job *first, *last;
    bool end;
    size_t bodies; /* bytes of all; the HTTP thread's alone */
};

/* ---- who may ask ----------------------------------------------------------------------------------------------------- */

/* Whether `name` is in a list with commas, or the list is "*". */
static bool is_listed(const char *list, const char *name, size_t size)
{
    while (list != NULL && *list != 0) {
        size_t item = strcspn(list, ",");
        if (item == 1 && *list == '*') return true;
        if (item == size && strncasecmp(list, name, size) == 0) return true;
        list += item + (list[item] == ',');
    }
    return false;
}

/* Whether the Host header names this machine: by number, or by a name that is listed. */
static bool is_our_host(const struct rpc_server *s, const char *host)
{
    if (host == NULL) return true; /* HTTP/1.0 */
    char name[256];
    size_t size = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
    if (host[0] == '[') host++, size -= size != 0;
    if (size >= sizeof name) return false;
    memcpy(name, host, size);
    name[size] = 0;
    uint8_t number[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1) return true;
    return is_listed(s->options.hosts == NULL ? "localhost" : s->options.hosts, name, size);
}

static bool is_json(const char *type)
{
    static const char *const types[] = {"application/json", "application/json-rpc", "application/jsonrequest"};
    size_t size = type == NULL ? 0 : strcspn(type, "; ");
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (size == strlen(types[i]) && strncasecmp(type, types[i], size) == 0) return true;
    return false;
}

/* ---- responses ------------------------------------------------------------------------------------------------------- */

static const char *status_words(unsigned status)
{
    switch (status) {
    case MHD_HTTP_FORBIDDEN: return "invalid host specified\n";
    case MHD_HTTP_METHOD_NOT_ALLOWED: return "method not allowed\n";
    case MHD_HTTP_CONTENT_TOO_LARGE: return "content length too large\n";
    case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE: return "invalid content type, only application/json is supported\n";
    case MHD_HTTP_SERVICE_UNAVAILABLE: return "too much to do, or about to end\n";
    default: return "";
    }
}

/* Lets a page of an allowed origin read the answer. */
static void add_cors(const struct rpc_server *s, struct MHD_Connection *connection, struct MHD_Response *r,
                     bool preflight)
{
    const char *origin = mhd.lookup_connection_value(connection, MHD_HEADER_KIND, "Origin");
    if (origin == NULL || !is_listed(s->options.cors_domain, origin, strlen(origin))) return;
    (void)mhd.add_response_header(r, "Access-Control-Allow-Origin", origin);
    (void)mhd.add_response_header(r, "Vary", "Origin");
    if (!preflight) return;
    (void)mhd.add_response_header(r, "Access-Control-Allow-Methods", "POST, OPTIONS");
    (void)mhd.add_response_header(r, "Access-Control-Allow-Headers", "Content-Type");
    (void)mhd.add_response_header(r, "Access-Control-Max-Age", "600");
}

static enum MHD_Result respond(const struct rpc_server *s, struct MHD_Connection *connection, unsigned status,
                               struct buffer *answer)
{
    struct MHD_Response *r;
    if (status == MHD_HTTP_OK && answer != NULL && answer->size != 0) {
        r = mhd.create_response_from_buffer(answer->size, answer->data, MHD_RESPMEM_MUST_FREE);
        if (r != NULL) *answer = (struct buffer){0};
        if (r != NULL) (void)mhd.add_response_header(r, "Content-Type", "application/json");
    } else {
        const char *words = status_words(status);
        r = mhd.create_response_from_buffer(strlen(words), (void *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);
        if (r != NULL) (void)mhd.add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
    }
    if (r == NULL) return MHD_NO;
    add_cors(s, connection, r, status == MHD_HTTP_NO_CONTENT);
    enum MHD_Result queued = mhd.queue_response(connection, status, r);
    mhd.destroy_response(r);
    return queued;
}

/* ---- the executor ---------------------------------------------------------------------------------------------------- */

static struct timespec deadline_of(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

/* The next job, or NULL when it is time for a block or for the end. Holds the lock before and after. */
static struct job *next_job(struct rpc_server *s, uint64_t block_ns)
{
    while (s->first == NULL && !s->end) {
        if (block_ns == 0) {
            ASSERT(pthread_cond_wait(&s->changed, &s->lock) == 0);
            continue;
        }
        struct timespec deadline = deadline_of(block_ns);
        int result = pthread_cond_timedwait(&s->changed, &s->lock, &deadline);
        ASSERT(result == 0 || result == ETIMEDOUT);
        if (result == ETIMEDOUT) return NULL;
    }
    struct job *j = s->first;
    if (j != NULL) s->first = j->next;
    if (s->first == NULL) s->last = NULL;
    return j;
}

static void mine_by_timer(struct rpc_server *s, uint64_t *block_ns)
{
    struct error e;
    if (*block_ns == 0 || clock_wall_ns() < *block_ns) return;
    if (node_mine(s->node, &e) != STATUS_OK) log_line("no block: %s", e.text);
    *block_ns = clock_wall_ns() + s->options.block_seconds * 1000000000;
}

static void *execute(void *argument)
{
    struct rpc_server *s = argument;
    uint64_t seconds = s->options.block_seconds;
    uint64_t block_ns = seconds == 0 ? 0 : clock_wall_ns() + seconds * 1000000000;
    ASSERT(pthread_mutex_lock(&s->lock) == 0);
    for (;;) {
        struct job *j = next_job(s, block_ns);
        bool end = s->end;
        if (j == NULL && end) break;
        ASSERT(pthread_mutex_unlock(&s->lock) == 0);
        if (!end) mine_by_timer(s, &block_ns);
        if (j != NULL && end) j->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
        if (j != NULL && !end) rpc_answer(s->rpc, buffer_bytes(&j->body), &j->answer);
        ASSERT(pthread_mutex_lock(&s->lock) == 0);
        if (j == NULL) continue;
        j->done = true;
        mhd.resume_connection(j->connection); /* the HTTP thread may look at the job as soon as the lock is free */
    }
    ASSERT(pthread_mutex_unlock(&s->lock) == 0);
    return NULL;
}

/* ---- requests -------------------------------------------------------------------------------------------------------- */

/* What a request is refused for before its body is looked at; 0: nothing. */
static unsigned refusal(const struct rpc_server *s, struct MHD_Connection *connection, const char *method)
{
    const char *host = mhd.lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *type = mhd.lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
    const char *length = mhd.lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (!is_our_host(s, host)) return MHD_HTTP_FORBIDDEN;
    if (strcmp(method, "OPTIONS") == 0) return MHD_HTTP_NO_CONTENT;
    if (strcmp(method, "GET") == 0) return MHD_HTTP_OK; /* as geth: to see whether somebody is there */
    if (strcmp(method, "POST") != 0) return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (!is_json(type)) return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    if (length != NULL && strtoull(length, NULL, 10) > RPC_BODY_MAX) return MHD_HTTP_CONTENT_TOO_LARGE;
    return s->bodies > RPC_BODIES_MAX ? MHD_HTTP_SERVICE_UNAVAILABLE : 0;
}

/* A part of the body. MHD_NO closes the connection: it is longer than it may be, and nobody said so before. */
static enum MHD_Result take_body(struct rpc_server *s, struct job *j, const char *data, size_t *size)
{
    if (j->body.size + *size > RPC_BODY_MAX || s->bodies + *size > RPC_BODIES_MAX) return MHD_NO;
    buffer_append(&j->body, data, *size);
    s->bodies += *size;
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result put_in_queue(struct rpc_server *s, struct job *j)
{
    ASSERT(pthread_mutex_lock(&s->lock) == 0);
    bool end = s->end;
    if (end) {
        j->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
    } else {
        mhd.suspend_connection(j->connection);
        j->next = NULL;
        if (s->last != NULL)
            s->last->next = j;
        else
            s->first = j;
        s->last = j;
        ASSERT(pthread_cond_signal(&s->changed) == 0);
    }
    ASSERT(pthread_mutex_unlock(&s->lock) == 0);
    return end ? respond(s, j->connection, j->refused, NULL) : MHD_YES;
}

/* Called for the headers, for each part of the body, at its end, and when the connection goes on after the executor. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **request)
{
    (void)url, (void)version;
    struct rpc_server *s = context;
    struct job *j = *request;
    if (j == NULL) {
        unsigned refused = refusal(s, connection, method);
        if (refused != 0) return respond(s, connection, refused, NULL);
        j = base_calloc(1, sizeof *j);
        j->connection = connection;
        *request = j;
        return MHD_YES;
    }
    if (*size != 0) return take_body(s, j, data, size);
    ASSERT(pthread_mutex_lock(&s->lock) == 0);
    bool done = j->done;
    ASSERT(pthread_mutex_unlock(&s->lock) == 0);
    if (!done) return put_in_queue(s, j);
    return respond(s, connection, j->refused != 0 ? j->refused : MHD_HTTP_OK, &j->answer);
}

static void on_end(void *context, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode how)
{
    (void)connection, (void)how;
    struct rpc_server *s = context;
    struct job *j = *request;
    if (j == NULL) return;
    s->bodies -= j->body.size;
    buffer_free(&j->body);
    buffer_free(&j->answer);
    free(j);
    *request = NULL;
}

/* ---- from start to end ----------------------------------------------------------------------------------------------- */

union any_address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* False when it is no numeric address. */
static bool read_address(const struct rpc_server_options *o, union any_address *out)
{
    memset(out, 0, sizeof *out);
    const char *text = strcmp(o->address, "localhost") == 0 ? "127.0.0.1" : o->address;
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(o->port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(o->port);
    return true;
}

static void ignore_log(void *context, const char *format, va_list arguments)
{
    (void)context, (void)format, (void)arguments;
}

static struct MHD_Daemon *start_daemon(struct rpc_server *s, const union any_address *address)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address->plain.sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    return mhd.start_daemon(flags, s->options.port, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, ignore_log,
                            NULL, MHD_OPTION_SOCK_ADDR, &address->plain, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)RPC_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)RPC_IDLE_SECONDS,
                            MHD_OPTION_NOTIFY_COMPLETED, on_end, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void destroy(struct rpc_server *s)
{
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_cond_destroy(&s->changed);
    rpc_free(s->rpc);
    free(s);
}

enum status rpc_server_start(struct rpc_server **out, struct node *node, const struct rpc_server_options *o,
                             struct error *e)
{
    union any_address address;
    if (!load_library())
        return error_set(e, SERVER_ADDRESS,
                         "serving needs libmicrohttpd.so.12, which is not installed here (Debian: "
                         "libmicrohttpd12)");
    if (!read_address(o, &address))
        return error_set(e, SERVER_ADDRESS, "%s: expected an IPv4 or IPv6 address in numbers", o->address);
    struct rpc_server *s = base_calloc(1, sizeof *s);
    s->options = *o;
    s->node = node;
    s->rpc = rpc_new(node);
    pthread_condattr_t monotonic;
    ASSERT(pthread_condattr_init(&monotonic) == 0 && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_cond_init(&s->changed, &monotonic) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    s->daemon = start_daemon(s, &address);
    if (s->daemon == NULL) {
        (void)error_set(e, SERVER_ADDRESS, "%s:%u: cannot serve there: %s", o->address, o->port,
                        errno == 0 ? "no reason given" : strerror(errno));
        destroy(s);
        return SERVER_ADDRESS;
    }
    const union MHD_DaemonInfo *info = mhd.get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info == NULL ? o->port : info->port;
    if (!base_thread_start(&s->executor, POOL_STACK_SIZE, "weft-node", execute, s)) {
        mhd.stop_daemon(s->daemon);
        destroy(s);
        return error_set(e, NO_MEMORY, "the system gives no thread");
    }
    *out = s;
    return STATUS_OK;
}

uint16_t rpc_server_port(const struct rpc_server *s)
{
    return s->port;
}

void rpc_server_stop(struct rpc_server *s)
{
    atomic_store_explicit(&s->node->stop, 1, memory_order_relaxed); /* partner: state_is_cancelled */
    ASSERT(pthread_mutex_lock(&s->lock) == 0);
    s->end = true;
    ASSERT(pthread_cond_broadcast(&s->changed) == 0);
    ASSERT(pthread_mutex_unlock(&s->lock) == 0);
    ASSERT(pthread_join(s->executor, NULL) == 0); /* nothing is suspended any more, and nothing will be */
    mhd.stop_daemon(s->daemon);
    destroy(s);
}
