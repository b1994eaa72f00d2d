/* json_write: the parts of JSON that need care when they are written. Any thread, with a buffer of its own. */
#ifndef WEFT_JSON_JSON_WRITE_H
#define WEFT_JSON_JSON_WRITE_H

#include "base/base.h"

/* Writes `text` as a JSON string, with its quotes; U+FFFD for bytes that are no UTF-8. */
void json_put_text(struct buffer *out, const char *text);
/* Writes 0x and the digits, in quotes. */
void json_put_hex(struct buffer *out, const void *data, size_t size);

#endif
