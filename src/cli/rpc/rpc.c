/* rpc: requests, answers, and what errors mean. */
#define _GNU_SOURCE 1
#include "cli/rpc/rpc.h"

#include <stdio.h>
#include <time.h>

#include "cli/cli.h"

/* Codes of errors: a method that the node does not have or has not enabled, and too many requests, as nodes and
 * providers number it. */
enum { METHOD_NOT_FOUND = -32601, LIMIT_EXCEEDED = -32005, LIMIT_EXCEEDED_TOO = 429 };

/* Statuses of HTTP, and how a node that sends them is asked again: after 1, 2, 4, ... seconds, or what it names. */
enum { HTTP_OK = 200, HTTP_TOO_MANY_REQUESTS = 429, HTTP_UNAVAILABLE = 503, TRIES = 7, PAUSE_MAX = 30 };

enum status rpc_open(struct rpc *r, const char *url, unsigned seconds, struct error *e)
{
    *r = (struct rpc){.url = url, .http = http_open(url, seconds == 0 ? RPC_SECONDS : seconds, e), .next_id = 1};
    return r->http == NULL ? BAD_USAGE : STATUS_OK;
}

void rpc_close(struct rpc *r)
{
    http_close(r->http);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

enum { LINE_SIZE = 200 };

/* The first line of `text` that is not empty, as far as it fits. */
static void first_line(char out[LINE_SIZE], const char *text, size_t size)
{
    size_t at = 0, count = 0;
    while (at < size && (text[at] == '\n' || text[at] == '\r' || text[at] == ' ' || text[at] == '\t')) at++;
    while (at < size && text[at] != '\n' && text[at] != '\r' && text[at] != 0 && count + 1 < LINE_SIZE)
        out[count++] = text[at++];
    out[count] = 0;
}

/* What an error of a node asks its user to do. */
static const char *advice(int64_t code, const char *message)
{
    static const char *const pruned[] = {"missing trie node",      "historical state", "state not available", "pruned",
                                         "state is not available", "state histories",  "state at block"};
    if (code == METHOD_NOT_FOUND) return "; expected a node with this API enabled (geth: --http.api eth,debug)";
    for (size_t i = 0; i < COUNT_OF(pruned); i++)
        if (strcasestr(message, pruned[i]) != NULL)
            return "; the node no longer has this state: expected an archive node, or a block that it still has "
                   "(mostly the last 128)";
    return "";
}

enum status rpc_refused(struct error *e, const char *url, const char *method, yyjson_val *error)
{
    char line[LINE_SIZE] = "the node answers with an error";
    yyjson_val *message = yyjson_is_str(error) ? error : json_optional(error, "message");
    if (yyjson_is_str(message)) first_line(line, yyjson_get_str(message), yyjson_get_len(message));
    return error_set(e, NODE_REFUSED, "%s: %s: %s%s", url, method, line,
                     advice(yyjson_get_sint(json_optional(error, "code")), line));
}

static const char *http_status_text(unsigned status)
{
    switch (status) {
    case 400: return " Bad Request";
    case 401: return " Unauthorized";
    case 403: return " Forbidden";
    case 404: return " Not Found";
    case 405: return " Method Not Allowed";
    case 413: return " Content Too Large";
    case HTTP_TOO_MANY_REQUESTS: return " Too Many Requests";
    case 500: return " Internal Server Error";
    case 502: return " Bad Gateway";
    case HTTP_UNAVAILABLE: return " Service Unavailable";
    case 504: return " Gateway Timeout";
    default: return "";
    }
}

/* An answer that is no JSON-RPC: a web page, a proxy's complaint. `text` is the body before anybody parsed it. */
static enum status no_json_rpc(const struct rpc *r, struct error *e, const char *method, unsigned status,
                               const char *line)
{
    return error_set(e, NODE_UNREACHABLE, "%s: %s: expected an answer in JSON-RPC, found HTTP status %u%s%s%s%s",
                     r->url, method, status, http_status_text(status), *line == 0 ? ", empty" : ": ", line,
                     status == 401 || status == 403       ? "; does the URL have its key?"
                     : status == HTTP_OK || status == 404 ? "; is this the URL of a node's JSON-RPC?"
                                                          : "");
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* The error of an answer: of a call, or of a batch, which some nodes answer with one error in an array. */
static yyjson_val *error_of(yyjson_val *answer)
{
    if (yyjson_is_arr(answer) && yyjson_arr_size(answer) == 1) answer = yyjson_arr_get_first(answer);
    return json_optional(answer, "error");
}

static bool is_too_many(unsigned status, yyjson_val *answer)
{
    int64_t code = yyjson_get_sint(json_optional(error_of(answer), "code"));
    return status == HTTP_TOO_MANY_REQUESTS || status == HTTP_UNAVAILABLE || code == LIMIT_EXCEEDED ||
           code == LIMIT_EXCEEDED_TOO;
}

/* Waits; an interrupt ends it. */
static void wait_seconds(unsigned seconds)
{
    enum { STEPS = 20 };
    for (unsigned i = 0; i < seconds * STEPS && !interrupted(); i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000000 / STEPS}, NULL);
}

/* Sends a request once, and parses what comes back. */
static enum status post_once(struct rpc *r, struct json_reader *f, struct error *e, const char *method,
                             struct bytes body, struct http_answer *answer)
{
    *f = (struct json_reader){.file = r->url, .place = method, .error = e};
    *answer = (struct http_answer){.body = &f->text};
    enum status s = http_post(r->http, body, answer, JSON_SIZE_MAX, e);
    char line[LINE_SIZE] = "";
    if (s == STATUS_OK) {
        first_line(line, (const char *)f->text.data, f->text.size); /* parsing changes the text */
        s = json_parse(f);
        bool is_answer = s == STATUS_OK && (yyjson_is_obj(f->root) || yyjson_is_arr(f->root));
        if (is_answer && (answer->status == HTTP_OK || error_of(f->root) != NULL)) return STATUS_OK;
        s = no_json_rpc(r, e, method, answer->status, line);
    }
    json_close(f);
    return s;
}

static enum status post(struct rpc *r, struct json_reader *f, struct error *e, const char *method, struct bytes body)
{
    for (unsigned tried = 1, pause = 1;; tried++, pause *= 2) {
        struct http_answer answer;
        enum status s = post_once(r, f, e, method, body, &answer);
        bool too_many = is_too_many(answer.status, s == STATUS_OK ? f->root : NULL);
        if (!too_many || tried == TRIES || interrupted()) return s;
        if (s == STATUS_OK) json_close(f);
        if (answer.retry_after != 0) pause = answer.retry_after;
        if (pause > PAUSE_MAX) pause = PAUSE_MAX;
        if (!r->has_waited)
            log_line("%s: the node takes no more requests for now (HTTP status %u): asking again in %u s", r->url,
                     answer.status, pause);
        r->has_waited = true;
        wait_seconds(pause);
    }
}

static void put_request(struct rpc *r, struct buffer *out, const char *method, const char *parameters)
{
    buffer_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":[",
                  (unsigned long long)r->next_id++, method);
    buffer_append_text(out, parameters);
    buffer_append_text(out, "]}");
}

/* The result of one answer. */
static enum status result_of(struct json_reader *f, struct error *e, const char *method, yyjson_val *answer,
                             yyjson_val **out)
{
    yyjson_val *error = json_optional(answer, "error");
    *out = yyjson_obj_get(answer, "result");
    if (error != NULL) return rpc_refused(e, f->file, method, error);
    if (*out == NULL) return error_set(e, NODE_REFUSED, "%s: %s: expected an answer with a result", f->file, method);
    return STATUS_OK;
}

enum status rpc_call(struct rpc *r, struct json_reader *f, struct error *e, const char *method, const char *parameters,
                     ...)
{
    struct buffer body = {0};
    char text[512];
    va_list args;
    va_start(args, parameters);
    int size = vsnprintf(text, sizeof text, parameters, args);
    va_end(args);
    ASSERT(size >= 0 && (size_t)size < sizeof text);
    put_request(r, &body, method, text);
    enum status s = post(r, f, e, method, buffer_bytes(&body));
    buffer_free(&body);
    if (s != STATUS_OK) return s;
    s = result_of(f, e, method, f->root, &f->root);
    if (s != STATUS_OK) json_close(f);
    return s;
}

/* Sorts the answers of a batch by call; they may come in any order. */
static enum status sort_answers(struct json_reader *f, struct error *e, const char *method, uint64_t first,
                                size_t count, yyjson_val **results)
{
    if (error_of(f->root) != NULL) return rpc_refused(e, f->file, method, error_of(f->root));
    enum status s = STATUS_OK;
    yyjson_val *answer;
    size_t i, answers;
    memset(results, 0, count * sizeof(yyjson_val *));
    yyjson_arr_foreach(f->root, i, answers, answer)
    {
        uint64_t id = yyjson_get_uint(json_optional(answer, "id"));
        bool is_ours = id >= first && id - first < count;
        if (s != STATUS_OK) break;
        if (is_ours)
            s = result_of(f, e, method, answer, &results[id - first]);
        else if (json_optional(answer, "error") != NULL)
            s = rpc_refused(e, f->file, method, json_optional(answer, "error"));
    }
    for (i = 0; i < count && s == STATUS_OK; i++)
        if (results[i] == NULL)
            s = error_set(e, NODE_REFUSED, "%s: %s: expected an answer to each call of a batch", f->file, method);
    return s;
}

enum status rpc_batch(struct rpc *r, struct json_reader *f, struct error *e, const char *method,
                      const char *const *parameters, size_t count, yyjson_val **results)
{
    struct buffer body = {0};
    uint64_t first = r->next_id;
    buffer_append_text(&body, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buffer_append_text(&body, ",");
        put_request(r, &body, method, parameters[i]);
    }
    buffer_append_text(&body, "]");
    enum status s = post(r, f, e, method, buffer_bytes(&body));
    buffer_free(&body);
    if (s != STATUS_OK) return s;
    s = sort_answers(f, e, method, first, count, results);
    if (s != STATUS_OK) json_close(f);
    return s;
}
