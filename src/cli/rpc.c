/* rpc: requests, answers, and what errors mean. */
#include "cli/rpc.h"

#include <stdio.h>

#include "cli/cli.h"

/* The node's code for a method that it does not have, or has not enabled. */
enum { METHOD_NOT_FOUND = -32601 };

enum status rpc_open(struct rpc *r, const char *url, struct error *e)
{
    *r = (struct rpc){.url = url, .http = http_open(url, e), .next_id = 1};
    return r->http == NULL ? BAD_USAGE : STATUS_OK;
}

void rpc_close(struct rpc *r)
{
    http_close(r->http);
}

static void put_request(struct rpc *r, struct buffer *out, const char *method, const char *parameters)
{
    buffer_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":[",
                  (unsigned long long)r->next_id++, method);
    buffer_append_text(out, parameters);
    buffer_append_text(out, "]}");
}

static enum status post(struct rpc *r, struct form *f, struct error *e, const char *method, struct bytes body)
{
    *f = (struct form){.file = r->url, .place = method, .error = e};
    enum status s = http_post(r->http, body, &f->text, FILE_SIZE_MAX, e);
    if (s == STATUS_OK) s = form_parse(f);
    if (s != STATUS_OK) buffer_free(&f->text);
    return s;
}

/* The result of one answer. */
static enum status result_of(struct form *f, struct error *e, const char *method, yyjson_val *answer, yyjson_val **out)
{
    yyjson_val *error = form_optional(answer, "error");
    *out = yyjson_obj_get(answer, "result");
    if (error != NULL) {
        yyjson_val *message = form_optional(error, "message");
        bool unknown = yyjson_get_sint(form_optional(error, "code")) == METHOD_NOT_FOUND;
        return error_set(e, NODE_REFUSED, "%s: %s: %s%s", f->file, method,
                         yyjson_is_str(message) ? yyjson_get_str(message) : "the node answers with an error",
                         unknown ? "; expected a node with this API enabled (geth: --http.api eth,debug)" : "");
    }
    if (*out == NULL) return error_set(e, NODE_REFUSED, "%s: %s: expected an answer with a result", f->file, method);
    return STATUS_OK;
}

enum status rpc_call(struct rpc *r, struct form *f, struct error *e, const char *method, const char *parameters, ...)
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
    if (s != STATUS_OK) form_close(f);
    return s;
}

enum status rpc_batch(struct rpc *r, struct form *f, struct error *e, const char *method, const char *const *parameters,
                      size_t count, yyjson_val **results)
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
    /* Answers may come in any order. */
    memset(results, 0, count * sizeof(yyjson_val *));
    yyjson_val *answer;
    size_t i, answers;
    yyjson_arr_foreach(f->root, i, answers, answer)
    {
        uint64_t id = yyjson_get_uint(form_optional(answer, "id"));
        if (s == STATUS_OK && id >= first && id - first < count)
            s = result_of(f, e, method, answer, &results[id - first]);
    }
    if (s == STATUS_OK && !yyjson_is_arr(f->root))
        s = result_of(f, e, method, f->root, &results[0]); /* an error for the batch as a whole */
    for (i = 0; i < count && s == STATUS_OK; i++)
        if (results[i] == NULL)
            s = error_set(e, NODE_REFUSED, "%s: %s: expected an answer to each call of a batch", f->file, method);
    if (s != STATUS_OK) form_close(f);
    return s;
}
