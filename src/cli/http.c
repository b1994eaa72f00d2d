/* http: the little of libcurl that is needed. */
#include "cli/http.h"

#include <stdlib.h>

#include "cli/cli.h"

#ifdef WEFT_CURL

#include <curl/curl.h>
#include <dlfcn.h>

enum { CONNECT_SECONDS = 10, ANSWER_SECONDS = 600 };

struct http {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
};

/* libcurl brings some thirty libraries along, so it is loaded when a node is asked for, not whenever the command starts. */
static struct {
    CURL *(*init)(void);
    void (*cleanup)(CURL *handle);
    CURLcode (*setopt)(CURL *handle, CURLoption option, ...);
    CURLcode (*perform)(CURL *handle);
    CURLcode (*getinfo)(CURL *handle, CURLINFO info, ...);
    const char *(*strerror)(CURLcode code);
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

static int stop_when_interrupted(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                                 curl_off_t up)
{
    (void)context, (void)down_total, (void)down, (void)up_total, (void)up;
    return interrupted();
}

struct http *http_open(const char *url, struct error *e)
{
    if (!load_curl()) {
        error_set(e, BAD_USAGE, "%s: expected libcurl.so.4 on this machine (libcurl4)", url);
        return NULL;
    }
    struct http *h = base_calloc(1, sizeof *h);
    h->curl = curl.init();
    ASSERT(h->curl != NULL);
    h->url = base_strdup(url);
    h->headers = curl.slist_append(NULL, "Content-Type: application/json");
    curl.setopt(h->curl, CURLOPT_URL, h->url);
    curl.setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
    curl.setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(h->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl.setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(h->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl.setopt(h->curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS);
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

enum status http_post(struct http *h, struct bytes body, struct buffer *answer, size_t limit, struct error *e)
{
    struct sink sink = {answer, limit, false};
    curl.setopt(h->curl, CURLOPT_POSTFIELDS, body.data);
    curl.setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl.setopt(h->curl, CURLOPT_WRITEDATA, &sink);
    CURLcode code = curl.perform(h->curl);
    if (sink.too_big)
        return error_set(e, NODE_UNREACHABLE, "%s: expected an answer of at most %zu bytes", h->url, limit);
    if (code != CURLE_OK)
        return error_set(e, NODE_UNREACHABLE, "%s: expected a node that answers: %s", h->url, curl.strerror(code));
    long http_status = 0;
    curl.getinfo(h->curl, CURLINFO_RESPONSE_CODE, &http_status);
    if (http_status != 200)
        return error_set(e, NODE_UNREACHABLE, "%s: expected HTTP status 200, found %ld", h->url, http_status);
    return STATUS_OK;
}

#else

struct http *http_open(const char *url, struct error *e)
{
    error_set(e, BAD_USAGE, "%s: expected a weft that was built with libcurl (libcurl4-openssl-dev)", url);
    return NULL;
}

void http_close(struct http *h)
{
    (void)h;
}

enum status http_post(struct http *h, struct bytes body, struct buffer *answer, size_t limit, struct error *e)
{
    (void)h, (void)body, (void)answer, (void)limit;
    return error_set(e, NODE_UNREACHABLE, "%s", status_text(NODE_UNREACHABLE));
}

#endif
