/* rpc: a client of Ethereum's JSON-RPC, as far as fetching blocks needs it. */
#ifndef WEFT_CLI_RPC_H
#define WEFT_CLI_RPC_H

#include "cli/form.h"
#include "cli/http.h"

struct rpc {
    const char *url;
    struct http *http;
    uint64_t next_id;
};

/* Errors as http_open gives them; nothing is sent yet. */
enum status rpc_open(struct rpc *r, const char *url, struct error *e);
void rpc_close(struct rpc *r);

/* Calls a method; `parameters` is the inside of a JSON array. On STATUS_OK *f is a form over the answer, f->root the
 * result (which may be null); close it with form_close.
 * NODE_UNREACHABLE, NODE_REFUSED (the node answered with an error; *e names method and message, and for an unknown
 * method how to enable it), BAD_JSON. */
enum status rpc_call(struct rpc *r, struct form *f, struct error *e, const char *method, const char *parameters, ...)
    PRINTF_LIKE(5, 6);

/* Calls one method several times with one request; parameters[i] as above. results[i] is the result of call i. */
enum status rpc_batch(struct rpc *r, struct form *f, struct error *e, const char *method, const char *const *parameters,
                      size_t count, yyjson_val **results);

#endif
