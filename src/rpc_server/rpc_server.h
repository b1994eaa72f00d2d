/* rpc_server: JSON-RPC over HTTP, onto a node.
 *
 *     client ──► HTTP thread (http.c): headers, limits, body ──► queue ──► executor thread: rpc_answer ──► response
 *                 one, on epoll; never executes anything         │           parse, table of methods, node (src/node)
 *                                                                └── a connection sleeps meanwhile
 *
 * Methods are a table (methods.c): name, parameters, handler. From it come the checks of arguments and their words, and
 * rpc_modules. Codes and words of errors are geth's, since tools compare them:
 *
 *     -32700 no JSON      -32600 no request   -32601 no such method   -32602 wrong arguments
 *     -32000 what the node says (nonce too low, ...)                  3 execution reverted, with what it returned
 *
 * What comes from outside is bounded before it is used: bytes of a body and of all bodies together, requests in a batch,
 * depth of the JSON, bytes of a response, gas of a call, blocks and logs of a query, filters. */
#ifndef WEFT_RPC_SERVER_RPC_SERVER_H
#define WEFT_RPC_SERVER_RPC_SERVER_H

#include "node/node.h"

enum {
    RPC_BODY_MAX = 5 << 20,     /* bytes, as geth */
    RPC_BODIES_MAX = 256 << 20, /* of all requests that are there at once */
    RPC_BATCH_SECONDS = 30, /* after which what is left of a batch is refused; a single call is bounded by its gas */
    RPC_BATCH_MAX = 1000,   /* requests, as geth */
    RPC_RESPONSE_MAX = 25 << 20, /* bytes, as geth; a single answer may be larger than that by its last part */
    RPC_DEPTH_MAX = 64,          /* of arrays and objects in each other */
    RPC_CONNECTIONS_MAX = 1000,
    RPC_IDLE_SECONDS = 120, /* then a connection is closed */
};

/* ---- requests ------------------------------------------------------------------------------------------------------ */

/* What is kept between requests: filters. One thread at a time, the node's. */
struct rpc;
struct rpc *rpc_new(struct node *node);
void rpc_free(struct rpc *r);
/* Appends the answer to a request or a batch to *out; nothing, where none is due (notifications). Any bytes will do. */
void rpc_answer(struct rpc *r, struct bytes request, struct buffer *out);
/* The names of all methods, one a line, with their parameters; for documents and tests. */
void rpc_list_methods(struct buffer *out);

/* ---- HTTP ---------------------------------------------------------------------------------------------------------- */

struct rpc_server_options {
    const char *address;     /* numeric, IPv4 or IPv6 */
    uint16_t port;           /* 0: any that is free */
    const char *cors_domain; /* origins that browsers may call from, separated by commas, or "*"; NULL: none */
    const char *hosts;       /* names in the Host header, likewise; numbers are always fine. NULL: localhost */
    uint64_t block_seconds;  /* mine so often; 0: no timer */
};
struct rpc_server;
/* Starts to serve; the node belongs to the server's executor thread until rpc_server_stop. SERVER_ADDRESS with *e set. */
enum status rpc_server_start(struct rpc_server **out, struct node *node, const struct rpc_server_options *o,
                             struct error *e);
uint16_t rpc_server_port(const struct rpc_server *s);
/* Ends what runs, refuses what waits, closes all connections, and frees. */
void rpc_server_stop(struct rpc_server *s);

#endif
