/* http: the little of libcurl that is needed. */
#include "cli/rpc/http.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "cli/cli.h"

enum { CONNECT_SECONDS = 10 };

/* What is used of <curl/curl.h>, declared here: so a build needs no header of it, and a weft built anywhere can fetch
 * wherever the library is. These numbers and forms are libcurl's binary interface and stay as long as libcurl.so.4. */
typedef void CURL;
struct curl_slist;
enum {
    CURLE_OK = 0,
    CURLOPT_WRITEDATA = 10001,
    CURLOPT_URL = 10002,
    CURLOPT_TIMEOUT = 13,
    CURLOPT_ERRORBUFFER = 10010,
    CURLOPT_POSTFIELDS = 10015,
    CURLOPT_WRITEFUNCTION = 20011,
    CURLOPT_HTTPHEADER = 10023,
    CURLOPT_NOPROGRESS = 43,
    CURLOPT_CONNECTTIMEOUT = 78,
    CURLOPT_NOSIGNAL = 99,
    CURLOPT_ACCEPT_ENCODING = 10102,
    CURLOPT_POSTFIELDSIZE_LARGE = 30120,
    CURLOPT_PROTOCOLS = 181, /* its successor CURLOPT_PROTOCOLS_STR is only in 7.85 and later */
    CURLPROTO_HTTP_AND_HTTPS = 3,
    CURLOPT_XFERINFOFUNCTION = 20219,
    CURLINFO_RESPONSE_CODE = 0x200002,
    CURLINFO_RETRY_AFTER = 0x600039, /* 7.66 and later; before, nothing is written */
    CURL_ERROR_SIZE = 256,
};

/* The ways to fail that a user can do something about. */
enum {
    CURLE_UNSUPPORTED_PROTOCOL = 1,
    CURLE_URL_MALFORMAT = 3,
    CURLE_COULDNT_RESOLVE_HOST = 6,
    CURLE_COULDNT_CONNECT = 7,
    CURLE_OPERATION_TIMEDOUT = 28,
    CURLE_SSL_CONNECT_ERROR = 35,
    CURLE_PEER_FAILED_VERIFICATION = 60,
};

struct http {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    char why[CURL_ERROR_SIZE]; /* what libcurl says of the last failure */
};

/* libcurl brings some thirty libraries along, so it is loaded when a node is asked for, not whenever the command
 * starts. */
static struct {
    CURL *(*init)(void);
    void (*cleanup)(CURL *handle);
    int (*setopt)(CURL *handle, int option, ...);
    int (*perform)(CURL *handle);
    int (*getinfo)(CURL *handle, int info, ...);
    const char *(*strerror)(int code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
} curl;

static bool load_curl(void)
{
    static const char *const names[] = {"curl_easy_init",    "curl_easy_cleanup",  "curl_easy_setopt",
                                        "curl_easy_perform", "curl_easy_getinfo",  "curl_easy_strerror",
                                        "curl_slist_append", "curl_slist_free_all"};
    _Static_assert(sizeof curl == COUNT_OF(names) * sizeof(void *), "one name for each function");
    void *library = dlopen("libcurl.so.4", RTLD_NOW);
    if (library == NULL) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW); /* Debian's other build, which git uses */
    for (size_t i = 0; library != NULL && i < COUNT_OF(names); i++) {
        void *function = dlsym(library, names[i]);
        if (function == NULL) return false;
        memcpy((char *)&curl + i * sizeof function, &function, sizeof function); /* POSIX: they have one form */
    }
    return library != NULL;
}

/* Where an answer goes. */
struct sink {
    struct buffer *out;
    size_t limit;
    bool too_big;
};

static size_t take(char *data, size_t one, size_t size, void *context)
{
    (void)one; /* always 1 */
    struct sink *sink = context;
    if (size > sink->limit - sink->out->size) {
        sink->too_big = true;
        return 0;
    }
    buffer_append(sink->out, data, size);
    return size;
}

static int stop_when_interrupted(void *context, int64_t down_total, int64_t down, int64_t up_total, int64_t up)
{
    (void)context, (void)down_total, (void)down, (void)up_total, (void)up;
    return interrupted();
}

struct http *http_open(const char *url, unsigned seconds, struct error *e)
{
    if (!load_curl()) {
        error_set(e, BAD_USAGE, "%s: fetching needs libcurl.so.4, which is not on this machine (package libcurl4)",
                  url);
        return NULL;
    }
    struct http *h = base_calloc(1, sizeof *h);
    h->curl = curl.init();
    ASSERT(h->curl != NULL);
    h->url = base_strdup(url);
    h->headers = curl.slist_append(NULL, "Content-Type: application/json");
    curl.setopt(h->curl, CURLOPT_URL, h->url);
    curl.setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
    curl.setopt(h->curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP_AND_HTTPS);
    curl.setopt(h->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl.setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(h->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl.setopt(h->curl, CURLOPT_TIMEOUT, (long)seconds);
    curl.setopt(h->curl, CURLOPT_ERRORBUFFER, h->why);
    curl.setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl.setopt(h->curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl.setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
    return h;
}

void http_close(struct http *h)
{
    if (h == NULL) return;
    curl.cleanup(h->curl);
    curl.slist_free_all(h->headers);
    free(h->url);
    free(h);
}

static const char *advice(int code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return "; expected a URL such as http://127.0.0.1:8545";
    case CURLE_COULDNT_RESOLVE_HOST: return "; look at the name of the host";
    case CURLE_COULDNT_CONNECT: return "; is it running, and does it serve HTTP on that port (geth: --http)?";
    case CURLE_OPERATION_TIMEDOUT: return "; --rpc-timeout gives it more time";
    case CURLE_SSL_CONNECT_ERROR: return "; expected a server that speaks TLS (else http://)";
    case CURLE_PEER_FAILED_VERIFICATION: return "; expected a certificate that this machine trusts";
    default: return "";
    }
}

enum status http_post(struct http *h, struct bytes body, struct http_answer *answer, size_t limit, struct error *e)
{
    struct sink sink = {answer->body, limit, false};
    h->why[0] = 0;
    curl.setopt(h->curl, CURLOPT_POSTFIELDS, body.data);
    curl.setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (int64_t)body.size);
    curl.setopt(h->curl, CURLOPT_WRITEDATA, &sink);
    int code = curl.perform(h->curl);
    if (sink.too_big)
        return error_set(e, NODE_UNREACHABLE, "%s: expected an answer of at most %zu bytes", h->url, limit);
    if (code != CURLE_OK)
        return error_set(e, NODE_UNREACHABLE, "%s: expected a node that answers: %s%s", h->url,
                         h->why[0] != 0 ? h->why : curl.strerror(code), advice(code));
    long http_status = 0;
    int64_t retry_after = 0;
    curl.getinfo(h->curl, CURLINFO_RESPONSE_CODE, &http_status);
    curl.getinfo(h->curl, CURLINFO_RETRY_AFTER, &retry_after);
    answer->status = (unsigned)http_status;
    answer->retry_after = retry_after < 0 ? 0 : retry_after > UINT32_MAX ? UINT32_MAX : (unsigned)retry_after;
    return STATUS_OK;
}
