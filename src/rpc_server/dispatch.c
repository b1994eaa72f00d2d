/* From the bytes of a request to the bytes of its answer: batches, the envelope, arguments, errors. */
#include <stdio.h>
#include <stdlib.h>

#include "rpc_server/private.h"

struct rpc *rpc_new(struct node *node)
{
    struct rpc *r = base_calloc(1, sizeof *r);
    r->node = node;
    return r;
}

void rpc_free(struct rpc *r)
{
    rpc_free_filters(r);
    arena_free(&r->arena);
    free(r);
}

void rpc_fail(struct rpc_call *c, int code, const char *format, ...)
{
    if (c->code != 0) return;
    c->code = code;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(c->message, sizeof c->message, format, arguments);
    va_end(arguments);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------ */

static void read_arguments(struct rpc_call *c, const struct rpc_method *m, yyjson_val *params)
{
    size_t count = yyjson_arr_size(params), at = 0;
    if (params != NULL && !yyjson_is_null(params) && !yyjson_is_arr(params)) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "non-array args");
        return;
    }
    for (; m->parameters[at].name != NULL; at++) {
        const struct rpc_parameter *p = &m->parameters[at];
        yyjson_val *v = at < count ? yyjson_arr_get(params, at) : NULL;
        struct rpc_words wrong;
        if (v == NULL || yyjson_is_null(v)) {
            if (!p->optional) rpc_fail(c, RPC_BAD_ARGUMENT, "missing value for required argument %zu", at);
        } else if (!rpc_read_value(p->kind, v, c->arena, &c->values[at], &wrong)) {
            rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument %zu: %s", at, wrong.text);
        }
    }
    c->value_count = (uint32_t)at;
    if (count > at) rpc_fail(c, RPC_BAD_ARGUMENT, "too many arguments, want at most %zu", at);
}

static const struct rpc_method *find_method(const char *name)
{
    for (const struct rpc_method *m = rpc_methods; m->name != NULL; m++)
        if (strcmp(m->name, name) == 0) return m;
    return NULL;
}

/* ---- the envelope --------------------------------------------------------------------------------------------------- */

/* An id is a text, a number or null; what else comes counts as none. */
static void put_id(struct buffer *out, yyjson_val *id)
{
    buffer_append_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    char *text = id != NULL && (yyjson_is_str(id) || yyjson_is_num(id)) ? yyjson_val_write(id, 0, NULL) : NULL;
    buffer_append_text(out, text == NULL ? "null" : text);
    free(text);
}

static void put_error(struct buffer *out, yyjson_val *id, int code, const char *message, struct bytes data)
{
    put_id(out, id);
    buffer_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
    json_put_text(out, message);
    if (code == RPC_REVERTED) {
        buffer_append_text(out, ",\"data\":");
        json_put_hex(out, data.data, data.size);
    }
    buffer_append_text(out, "}}");
}

static bool is_request(yyjson_val *v)
{
    yyjson_val *id = yyjson_obj_get(v, "id");
    bool fine_id = id == NULL || yyjson_is_str(id) || yyjson_is_num(id) || yyjson_is_null(id);
    return yyjson_equals_str(yyjson_obj_get(v, "jsonrpc"), "2.0") && fine_id &&
           yyjson_is_str(yyjson_obj_get(v, "method"));
}

static void answer_one(struct rpc *r, yyjson_val *request, struct buffer *out)
{
    yyjson_val *id = yyjson_obj_get(request, "id");
    if (!yyjson_is_obj(request) || !is_request(request)) {
        put_error(out, yyjson_is_obj(request) ? id : NULL, RPC_INVALID_REQUEST, "invalid request", (struct bytes){0});
        return;
    }
    struct buffer result = {0};
    struct rpc_call c = {.rpc = r, .node = r->node, .arena = &r->arena, .out = &result};
    arena_reset(c.arena);
    const char *name = yyjson_get_str(yyjson_obj_get(request, "method"));
    const struct rpc_method *m = find_method(name);
    if (m == NULL)
        rpc_fail(&c, RPC_NO_METHOD, "the method %.100s does not exist/is not available", name);
    else
        read_arguments(&c, m, yyjson_obj_get(request, "params"));
    if (c.code == 0) m->run(&c);
    if (id != NULL && c.code != 0) put_error(out, id, c.code, c.message, c.data);
    if (id != NULL && c.code == 0) {
        ASSERT(result.size > 1 && result.data[result.size - 1] == ',');
        put_id(out, id);
        buffer_append_text(out, ",\"result\":");
        buffer_append(out, result.data, result.size - 1);
        buffer_append_text(out, "}");
    }
    buffer_free(&result);
}

static void answer_batch(struct rpc *r, yyjson_val *batch, struct buffer *out)
{
    size_t begin = out->size;
    uint64_t deadline = clock_wall_ns() + (uint64_t)RPC_BATCH_SECONDS * 1000000000;
    buffer_append_text(out, "[");
    size_t i, count;
    yyjson_val *request;
    yyjson_arr_foreach(batch, i, count, request)
    {
        size_t before = out->size;
        if (out->size - begin > RPC_RESPONSE_MAX)
            put_error(out, yyjson_obj_get(request, "id"), RPC_TOO_LARGE, "response too large", (struct bytes){0});
        else if (clock_wall_ns() > deadline)
            put_error(out, yyjson_obj_get(request, "id"), RPC_TIMED_OUT, "request timed out", (struct bytes){0});
        else
            answer_one(r, request, out);
        if (out->size != before) buffer_append_text(out, ",");
    }
    if (out->size == begin + 1)
        out->size = begin; /* nothing but notifications */
    else
        out->data[out->size - 1] = ']';
}

/* Whether arrays and objects are nested too deeply. Counts brackets, but for those in texts. */
static bool is_too_deep(struct bytes text)
{
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_text) {
            if (c == '\\') i++;
            if (c == '"') in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > RPC_DEPTH_MAX) return true;
        } else if ((c == ']' || c == '}') && depth != 0) {
            depth--;
        }
    }
    return false;
}

void rpc_answer(struct rpc *r, struct bytes request, struct buffer *out)
{
    yyjson_doc *document = is_too_deep(request) ? NULL : yyjson_read((const char *)request.data, request.size, 0);
    yyjson_val *root = yyjson_doc_get_root(document);
    if (root == NULL)
        put_error(out, NULL, RPC_PARSE_ERROR, "parse error", (struct bytes){0});
    else if (!yyjson_is_arr(root))
        answer_one(r, root, out);
    else if (yyjson_arr_size(root) == 0)
        put_error(out, NULL, RPC_INVALID_REQUEST, "empty batch", (struct bytes){0});
    else if (yyjson_arr_size(root) > RPC_BATCH_MAX)
        put_error(out, NULL, RPC_INVALID_REQUEST, "batch too large", (struct bytes){0});
    else
        answer_batch(r, root, out);
    yyjson_doc_free(document);
}
