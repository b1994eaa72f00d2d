/* http: the little of libcurl that is needed. */
#include "cli/http.h"

#include <stdlib.h>

#include "cli/cli.h"

#ifdef WEFT_CURL

#include <curl/curl.h>

enum { CONNECT_SECONDS = 10, ANSWER_SECONDS = 600 };

struct http {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
};

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
    (void)e;
    struct http *h = base_calloc(1, sizeof *h);
    h->curl = curl_easy_init();
    ASSERT(h->curl != NULL);
    h->url = base_strdup(url);
    h->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(h->curl, CURLOPT_URL, h->url);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
    curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
    return h;
}

void http_close(struct http *h)
{
    if (h == NULL) return;
    curl_easy_cleanup(h->curl);
    curl_slist_free_all(h->headers);
    free(h->url);
    free(h);
}

enum status http_post(struct http *h, struct bytes body, struct buffer *answer, size_t limit, struct error *e)
{
    struct sink sink = {answer, limit, false};
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &sink);
    CURLcode code = curl_easy_perform(h->curl);
    if (sink.too_big)
        return error_set(e, NODE_UNREACHABLE, "%s: expected an answer of at most %zu bytes", h->url, limit);
    if (code != CURLE_OK)
        return error_set(e, NODE_UNREACHABLE, "%s: expected a node that answers: %s", h->url, curl_easy_strerror(code));
    long http_status = 0;
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &http_status);
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
