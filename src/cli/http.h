/* http: posting JSON to a node, by libcurl, which is loaded at run time. */
#ifndef WEFT_CLI_HTTP_H
#define WEFT_CLI_HTTP_H

#include "base/base.h"

struct http;
/* A connection to one URL, kept open between calls. NULL with *e set (BAD_USAGE) where libcurl is not installed. */
struct http *http_open(const char *url, struct error *e);
void http_close(struct http *h);

/* Posts `body` as application/json and appends the answer to *answer. NODE_UNREACHABLE with *e set: no connection,
 * a status other than 200, an answer beyond `limit` bytes, or an interrupt. One thread. */
enum status http_post(struct http *h, struct bytes body, struct buffer *answer, size_t limit, struct error *e);

#endif
