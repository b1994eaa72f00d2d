/* snappy: reading the framing format of Snappy, as era1 files have it. Private to chain/. */
#ifndef WEFT_CHAIN_SNAPPY_H
#define WEFT_CHAIN_SNAPPY_H

#include "base/base.h"

/* Appends what the frames in `in` hold to `out`; false when they are malformed, hold more than `limit` bytes, or
 * something else than their checksums say. */
bool snappy_read_frames(struct buffer *out, struct bytes in, size_t limit);

#endif
