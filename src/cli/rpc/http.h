/* http: posting JSON to a node, by libcurl, which is loaded at run time. */
#ifndef WEFT_CLI_RPC_HTTP_H
#define WEFT_CLI_RPC_HTTP_H

#include "base/base.h"

struct http;
/* A connection to one URL, kept open between calls; an answer may take so many seconds. NULL with *e set (BAD_USAGE)
 * where libcurl is not installed. */
struct http *http_open(const char *url, unsigned seconds, struct error *e);
void http_close(struct http *h);

struct http_answer {
    unsigned status;      /* 200, 429, ... */
    unsigned retry_after; /* seconds, as the header Retry-After has it; 0: it was not sent */
    struct buffer *body;  /* the caller's: what was sent is appended, whatever the status */
};
/* Posts `body` as application/json. NODE_UNREACHABLE with *e set: no connection, no answer in time, one of more than
 * `limit` bytes, or an interrupt. One thread. */
enum status http_post(struct http *h, struct bytes body, struct http_answer *answer, size_t limit, struct error *e);

#endif
