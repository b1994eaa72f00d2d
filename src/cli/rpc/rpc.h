/* rpc: a client of Ethereum's JSON-RPC, as far as fetching blocks needs it.
 *
 * Every failure is one line: the URL, the method, what the node said (its HTTP status and the first line of its body,
 * or the message of its JSON), and what to do about it where that is known. A node that is asked too often (429, 503)
 * is asked again after the time that it names, for about a minute. */
#ifndef WEFT_CLI_RPC_RPC_H
#define WEFT_CLI_RPC_RPC_H

#include "cli/rpc/http.h"
#include "json/json.h"

/* How long an answer may take, in seconds, when nothing is said. */
enum { RPC_SECONDS = 600 };

struct rpc {
    const char *url;
    struct http *http;
    uint64_t next_id;
    bool has_waited; /* that the node wants fewer requests was said */
};

/* Errors as http_open gives them; nothing is sent yet. `seconds` 0: RPC_SECONDS. */
enum status rpc_open(struct rpc *r, const char *url, unsigned seconds, struct error *e);
void rpc_close(struct rpc *r);

/* Calls a method; `parameters` is the inside of a JSON array. On STATUS_OK *f is a form over the answer, f->root the
 * result (which may be null); close it with json_close.
 * NODE_UNREACHABLE (no connection, no answer, or none that is JSON-RPC), NODE_REFUSED (the node answered with an
 * error). */
enum status rpc_call(struct rpc *r, struct json_reader *f, struct error *e, const char *method, const char *parameters,
                     ...) PRINTF_LIKE(5, 6);

/* Calls one method several times with one request; parameters[i] as above. results[i] is the result of call i. */
enum status rpc_batch(struct rpc *r, struct json_reader *f, struct error *e, const char *method,
                      const char *const *parameters, size_t count, yyjson_val **results);

/* What a node says in an error object, or in an answer that is none of JSON-RPC: its first line, shortened, with what to
 * do about it. NODE_REFUSED with *e set. */
enum status rpc_refused(struct error *e, const char *url, const char *method, yyjson_val *error);

#endif
